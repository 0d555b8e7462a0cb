/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The queue job that reads one card. */

#pragma once

#include "card/card.h"

/* What the job was given and what it found; the queue's data. */
typedef struct
{
  CardAccess *access;
  char *device;     /* the modem's */
  gboolean recover; /* close first what a crashed predecessor left open */
  gboolean recovered;
  CardFacts *facts;
} CardReader;

CardReader *card_reader_new (CardAccess *access, const char *device, gboolean recover);
void card_reader_free (gpointer self);

/** card_reader_work: a QueueWork: opens the channel, reads facts, closes. */
gboolean card_reader_work (gpointer self, GCancellable *cancellable, GError **error);
