/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Every combination of what can be wanted and seen, by number, and what decide() answers to it. */

#pragma once

#include <glib.h>

#include "decide.h"

/* One combination as mixed-radix digits, wanted flags last. */
enum
{
  N_OBSERVED = NETWORK_LAST * CARD_LAST * RESERVATION_SIGHT_LAST * SIM_SIGHT_LAST * MODEM_SIGHT_LAST
               * LINK_LAST * 32,
  N_WANTED = 32,
};

static Observed
observed_of (guint n)
{
  Observed seen = { 0 };

  seen.network = n % NETWORK_LAST, n /= NETWORK_LAST;
  seen.card = n % CARD_LAST, n /= CARD_LAST;
  seen.reservation = n % RESERVATION_SIGHT_LAST, n /= RESERVATION_SIGHT_LAST;
  seen.sim = n % SIM_SIGHT_LAST, n /= SIM_SIGHT_LAST;
  seen.modem = n % MODEM_SIGHT_LAST, n /= MODEM_SIGHT_LAST;
  seen.link = n % LINK_LAST, n /= LINK_LAST;
  seen.notifications = n & 1;
  seen.previous = n & 2;
  seen.rolled_back = n & 4;
  seen.exhausted = n & 8;
  seen.closed = n & 16;
  return seen;
}

static guint
number_of (const Observed *seen)
{
  guint n = seen->notifications + 2U * seen->previous + 4U * seen->rolled_back
            + 8U * seen->exhausted + 16U * seen->closed;

  n = n * LINK_LAST + seen->link;
  n = n * MODEM_SIGHT_LAST + seen->modem;
  n = n * SIM_SIGHT_LAST + seen->sim;
  n = n * RESERVATION_SIGHT_LAST + seen->reservation;
  n = n * CARD_LAST + seen->card;
  return n * NETWORK_LAST + seen->network;
}

static Wanted
wanted_of (guint n)
{
  return (Wanted){
    .asked = n & 1, .provider = n & 2, .connect = n & 4, .verify = n & 8, .roll_back = n & 16
  };
}

/* What decide() answers to every combination. It gives a few dozen different answers, so a byte for
 * each combination is enough, and all tests look at the same table. */
typedef struct
{
  Decision distinct[G_MAXUINT8 + 1];
  guint n_distinct;
  guint8 *answers; /* N_WANTED * N_OBSERVED indices into DISTINCT */
} Answers;

static gboolean
is_same (const Decision *a, const Decision *b)
{
  return a->step == b->step && a->verdict == b->verdict && a->reason == b->reason
         && a->look_again_s == b->look_again_s;
}

static guint8
index_of (Answers *self, const Decision *decision)
{
  guint i = 0;

  while (i < self->n_distinct && !is_same (&self->distinct[i], decision))
    i++;
  g_assert_cmpuint (i, <, G_N_ELEMENTS (self->distinct));
  if (i == self->n_distinct)
    self->distinct[self->n_distinct++] = *decision;
  return (guint8) i;
}

static Answers *
ask_everything (void)
{
  Answers *self = g_new0 (Answers, 1);

  self->answers = g_malloc ((gsize) N_WANTED * N_OBSERVED);
  for (guint o = 0; o < N_OBSERVED; o++)
    {
      Observed seen = observed_of (o);

      for (guint w = 0; w < N_WANTED; w++)
        {
          Wanted wanted = wanted_of (w);
          Decision next = decide (&wanted, &seen);

          self->answers[w * N_OBSERVED + o] = index_of (self, &next);
        }
    }
  return self;
}

static const Decision *
answer_of (const Answers *self, guint wanted, guint observed)
{
  return &self->distinct[self->answers[wanted * N_OBSERVED + observed]];
}
