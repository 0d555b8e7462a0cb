/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What can't be observed again about one card, on disk: one file a card, one line a fact. */

#pragma once

#include <gio/gio.h>

/* The facts there are. Unknown ones of another version are kept. */
#define JOURNAL_INTENT "intent"             /* seconds: an order is about to be sent */
#define JOURNAL_INTENT_KNOWN "intent-known" /* matching-ID mode: SIDs that were there before it */
#define JOURNAL_INTENT_EID "intent-eid"     /* account: for which card; "" with a matching ID */
#define JOURNAL_CUT_OFF "cut-off"           /* account: SIDs of orders whose job is not over */
#define JOURNAL_RESERVATION "reservation"   /* SID HP… */
#define JOURNAL_SIM "sim"                   /* SID HS… */
#define JOURNAL_ICCID "iccid"               /* of the profile that is ours */
#define JOURNAL_BEFORE "before"             /* ICCID that was enabled before ours */
#define JOURNAL_BEFORE_APN "before-apn"     /* that it was connected with, where it was */
#define JOURNAL_ROLLED_BACK "rolled-back"   /* how often that was gone back to, or tried */
#define JOURNAL_FALLEN "fallen"             /* why, in words */
#define JOURNAL_CLOSED "closed"             /* someone closed the connection */
#define JOURNAL_DISMISSED                                                                          \
  "dismissed" /* SIDs that a person said, or their failure says, not to use */
#define JOURNAL_SUSPENDED "suspended"
#define JOURNAL_ASKED "asked"    /* a person's run is under way */
#define JOURNAL_RUNG "rung"      /* of the ladder, that brought the modem back the last time */
#define JOURNAL_NOTICE "notice-" /* begins one for each notification that failed: see due.h */

typedef struct _Journal Journal;

/** journal_open: the journal of the card EID in DIR, which is made (mode 0700) where it is not
 * there. A line that is no fact, such as one torn by a power cut, is left out. The functions below
 * may be called by any thread. */
Journal *journal_open (const char *dir, const char *eid, GError **error);

/** journal_open_account: the same for orders at the provider NAME that are for no card here; its
 * JOURNAL_RESERVATION is a list. */
Journal *journal_open_account (const char *dir, const char *name, GError **error);
Journal *journal_ref (Journal *self);
void journal_unref (Journal *self);

/** journal_get: the value of KEY, NULL where there is none. The caller frees. */
char *journal_get (Journal *self, const char *key);
gint64 journal_get_number (Journal *self, const char *key);

/** journal_keys: those that begin with PREFIX, NULL-terminated. The caller frees. */
char **journal_keys (Journal *self, const char *prefix);

/* Writing waits for the disk, for milliseconds as a rule: one file of a few hundred bytes, synced,
 * and nothing where nothing changes. Steps write on their worker. The main thread writes only a few
 * times a run or a person's call, never in a loop: a wish begins or ends (asked, suspended), a fact
 * that the next step stands on, which must not begin before it is on disk (iccid, dismissed), a
 * connection is closed, and the next tries of notifications. */

/** journal_set: KEY, VALUE pairs (VALUE NULL: removed) up to a NULL; on disk, all or none, when it
 * returns. Writes nothing where nothing changes. */
gboolean journal_set (Journal *self, GError **error, ...) G_GNUC_NULL_TERMINATED;

/** journal_is_taken: whether another card's journal in the same folder has VALUE as its KEY,
 * or in the list that it is. */
gboolean journal_is_taken (Journal *self, const char *key, const char *value);

/** journal_is_ordered_elsewhere: whether another journal in the same folder has an order for the
 * card EID out, the answer of which may still come: an intent not older than an order may take to
 * show up in the provider's list. Who orders writes the own intent first, then asks this, then
 * looks at the list: of two at the same moment at least one sees the other. */
gboolean journal_is_ordered_elsewhere (Journal *self, const char *eid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Journal, journal_unref)
