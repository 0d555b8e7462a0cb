/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* When each notification that failed is tried again, and how that is kept in the card's journal. */

#pragma once

#include "lpa/es10b.h"
#include "provision/journal.h"

/* A notification's past and future; all 0 for one that was never tried. */
typedef struct
{
  guint tries;      /* in vain */
  gint64 next_s;    /* wall clock: the next one */
  char *error;      /* of the last one; NULL: none */
  gboolean offline; /* that found no way to the network */
} Due;

/** due_delay_s: how long to wait after TRIES in vain, from 1: 30 s, doubling up to 6 h. */
gint64 due_delay_s (guint tries);

/** due_wait_s: how long after NOW_S a try at NEXT_S is, 0: now. A time farther away than any delay
 * is a clock's that was wrong, and counts as now. */
gint64 due_wait_s (gint64 now_s, gint64 next_s);

/** due_key: its name in the journal: a card may count anew after a reset, so SEQUENCE alone is not
 * enough. ICCID may be NULL. The caller frees. */
char *due_key (GBytes *sequence, guint event, const char *iccid);

/** due_sequence: SEQUENCE as people and D-Bus have it. */
guint64 due_sequence (GBytes *sequence);

/** due_read: what JOURNAL has of KEY; due_clear() what it is put into. */
Due due_read (Journal *journal, const char *key);
void due_clear (Due *self);

/** due_failed: a try of KEY failed with PROBLEM at NOW_S; on disk when it returns. */
gboolean due_failed (Journal *journal, const char *key, gint64 now_s, const GError *problem,
                     GError **error);

/** due_online: a network is there again at NOW_S: the next try of a KEY whose last one found none
 * is brought forward, to due_delay_s (1) after that one at the soonest, for networks that come and
 * go. */
gboolean due_online (Journal *journal, const char *key, gint64 now_s, GError **error);

/** due_keep: forgets all of JOURNAL's notifications but those in KEYS (a set of strings), which are
 * still on the card. */
gboolean due_keep (Journal *journal, GHashTable *keys, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Due, due_clear)
