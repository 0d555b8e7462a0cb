/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The outbox's two kinds of card job and its network job, as values handed from thread to thread.
 */

#pragma once

#include "lpa/notify.h"
#include "provision/outbox.h"

/* One notification on its way. */
typedef struct
{
  Outbox *outbox; /* main thread only, as is ROUNDS */
  GPtrArray *rounds;
  PendingNotification *one;
  char *key; /* due_key() */
  GBytes *ci_pem;
  Journal *journal;
  Progress *progress; /* may be NULL */
  GCancellable *cancellable;
} Letter;

/** letter_send: worker: to its server; a try in vain is written down. */
gboolean letter_send (gpointer letter, GCancellable *cancellable, GError **error);
void letter_free (Letter *self);

/* Reads those of the card that are wanted. */
typedef struct
{
  OutboxWhich which;
  guint64 sequence;
  CardAccess *access;
  Journal *journal;
  Progress *progress;
  GHashTable *taken;  /* keys that a server took, but that the card still has */
  GHashTable *listed; /* keys of all that the card has */
  GHashTable *gone;   /* of TAKEN: removed by now */
  GPtrArray *pending; /* of PendingNotification */
  CardFacts *facts;   /* NULL: as they were */
} Collection;

gboolean collection_read (gpointer collection, GCancellable *cancellable, GError **error);
void collection_free (gpointer collection);

/* Removes what was taken. */
typedef struct
{
  CardAccess *access;
  GPtrArray *letters; /* of Letter, owned */
  CardFacts *facts;
} Removal;

gboolean removal_remove (gpointer removal, GCancellable *cancellable, GError **error);
void removal_free (gpointer removal);
