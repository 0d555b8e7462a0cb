/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The queue job that reads the card of one modem, by the first way that leads to it. */

#pragma once

#include "card/card.h"

/* What the job was given and what it found; the queue's data. */
typedef struct
{
  GPtrArray *ways;       /* of CardAccess, see ways.h */
  char *device;          /* the modem's */
  gboolean known;        /* there is an eUICC in it */
  gboolean several;      /* the modem has several slots, to be listed */
  const char *recovered; /* the driver whose predecessor's channels are closed by now; NULL: none */
  CardAccess *worked;    /* NULL: none did */
  gboolean verdict;      /* those before it failed by the modem's own word */
  CardFacts *facts;
  GArray *slots; /* of ChannelSlot; NULL: not told */
} CardReader;

/** card_reader_new: takes WAYS over, which has one at least. */
CardReader *card_reader_new (GPtrArray *ways, const char *device, gboolean known,
                             const char *recovered);
void card_reader_free (gpointer self);

/** card_reader_work: a QueueWork: opens the channel, reads facts, closes; by the next way where one
 * fails as another may mend. */
gboolean card_reader_work (gpointer self, GCancellable *cancellable, GError **error);
