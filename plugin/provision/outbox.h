/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A card's notifications to their servers: read (card), sent (network), removed (card). Each is on
 * its way once at most, and none waits for another one's server. Main thread only. */

#pragma once

#include "card/card.h"
#include "provision/journal.h"

typedef struct _Outbox Outbox;

/** outbox_new: of CARD, which outlives it; failed tries are written into JOURNAL. CHANGED is called
 * with DATA whenever one is no longer on its way; it may be on none's stack of outbox_send(). */
Outbox *outbox_new (Card *card, Journal *journal, void (*changed) (gpointer data), gpointer data);

/** outbox_close: CHANGED is not called any more, and what is on its way is cancelled; frees it when
 * all have come home. */
void outbox_close (Outbox *self);

/** outbox_cancel_unwanted: cancels what is on its way though no round waits for it any more. */
void outbox_cancel_unwanted (Outbox *self);
gboolean outbox_is_idle (Outbox *self);

/** outbox_has: whether the notification with that due_key() is on its way. */
gboolean outbox_has (Outbox *self, const char *key);

/* What one round is for. */
typedef enum
{
  OUTBOX_DUE, /* those whose next try is due */
  OUTBOX_ALL,
  OUTBOX_ONE, /* the one with the given sequence number */
} OutboxWhich;

typedef struct
{
  OutboxWhich which;
  guint64 sequence;
  GBytes *ci_pem;   /* whom to trust */
  guint patience_s; /* the round ends then, what is on its way goes on; 0: no limit */
} OutboxWish;

typedef struct
{
  guint sent, left;      /* removed from the card; not taken, or not removed */
  gboolean card_trouble; /* the card could not be reached: ERROR is no server's */
} OutboxCount;

/** OutboxDone: ERROR is the first failure: a server's, the card's, NOT_FOUND (no such sequence),
 * CANCELLED, TIMED_OUT. Not called from within outbox_send(), except where the modem is away. The
 * card's facts are up to date where it could be read. */
typedef void (*OutboxDone) (const OutboxCount *count, const GError *error, gpointer data);

/** outbox_send: a round. One that is on its way already is waited for. PROGRESS and CANCELLABLE may
 * be NULL; cancelled, it ends at once, and what no other round waits for is given up; what a server
 * took is removed all the same. */
void outbox_send (Outbox *self, const OutboxWish *wish, Progress *progress,
                  GCancellable *cancellable, OutboxDone done, gpointer data);
