/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* decide() over every combination of what can be wanted and seen: what never happens, and that
 * there is always an end. */

#include <glib.h>
#include <string.h>

#include "decide-answers.h"

static gboolean
is_ours (CardSight card)
{
  return card == CARD_OURS_DISABLED || card == CARD_OURS_DISABLED_FOREIGN_ENABLED
         || card == CARD_OURS_ENABLED;
}

static gboolean
is_foreign_enabled (CardSight card)
{
  return card == CARD_FOREIGN_ENABLED || card == CARD_OURS_DISABLED_FOREIGN_ENABLED;
}

static gboolean
is_left_closed (const Wanted *wanted, const Observed *seen)
{
  return seen->closed && !wanted->asked && seen->link == LINK_NONE;
}

typedef void (*Check) (const Wanted *wanted, const Observed *seen, const Decision *next);

typedef struct
{
  const Answers *answers;
  Check check;
} Walk;

static void
walk (gconstpointer data)
{
  const Walk *self = data;
  Wanted wanted[N_WANTED];

  for (guint w = 0; w < N_WANTED; w++)
    wanted[w] = wanted_of (w);
  for (guint o = 0; o < N_OBSERVED; o++)
    {
      Observed seen = observed_of (o);

      for (guint w = 0; w < N_WANTED; w++)
        self->check (&wanted[w], &seen, answer_of (self->answers, w, o));
    }
}

static void
check_order (const Wanted *wanted, const Observed *seen, const Decision *next)
{
  if (next->step != STEP_RESERVE)
    return;
  g_assert_cmpint (seen->reservation, ==, RESERVATION_SIGHT_NONE);
  g_assert_true (wanted->provider);
  g_assert_cmpint (seen->network, ==, NETWORK_YES);
  g_assert_cmpint (seen->card, !=, CARD_UNKNOWN);
  g_assert_false (is_ours (seen->card));
  g_assert_true (wanted->asked || !is_foreign_enabled (seen->card));
  g_assert_false (seen->exhausted);
}

static void
check_download (const Wanted *wanted, const Observed *seen, const Decision *next)
{
  if (next->step != STEP_DOWNLOAD)
    return;
  g_assert_cmpint (seen->reservation, ==, RESERVATION_SIGHT_AVAILABLE);
  g_assert_cmpint (seen->sim, ==, SIM_SIGHT_RIGHT);
  g_assert_cmpint (seen->modem, !=, MODEM_SIGHT_GONE);
  g_assert_cmpint (seen->network, ==, NETWORK_YES);
  g_assert_cmpint (seen->card, !=, CARD_UNKNOWN);
  g_assert_false (is_ours (seen->card));
  g_assert_true (wanted->asked || !is_foreign_enabled (seen->card));
}

static void
check_switch (const Wanted *wanted, const Observed *seen, const Decision *next)
{
  if (next->step == STEP_ENABLE)
    {
      g_assert_true (seen->card == CARD_OURS_DISABLED
                     || (seen->card == CARD_OURS_DISABLED_FOREIGN_ENABLED && wanted->asked));
      g_assert_false (seen->rolled_back);
      g_assert_cmpint (seen->modem, !=, MODEM_SIGHT_GONE);
    }
  if (next->step == STEP_ROLL_BACK)
    {
      g_assert_true (wanted->roll_back && seen->previous && !seen->rolled_back);
      g_assert_cmpint (seen->card, ==, CARD_OURS_ENABLED);
      g_assert_true (seen->exhausted || seen->modem == MODEM_SIGHT_LOST
                     || seen->modem == MODEM_SIGHT_LATE);
    }
}

/* A step waits for, or works with, only what is not there yet. */
static void
check_links (const Wanted *wanted, const Observed *seen, const Decision *next)
{
  if (next->step == STEP_CONNECT || next->step == STEP_VERIFY_DATA)
    {
      g_assert_true (wanted->connect);
      g_assert_cmpint (seen->card, ==, CARD_OURS_ENABLED);
      g_assert_cmpint (seen->modem, ==, MODEM_SIGHT_REGISTERED);
      g_assert_cmpint (seen->link, !=, LINK_OTHER);
    }
  if (next->step == STEP_VERIFY_DATA)
    g_assert_true (wanted->verify && seen->link == LINK_CONFIGURED);
  if (next->step == STEP_SEND_NOTIFICATIONS)
    g_assert_true (seen->notifications && seen->network == NETWORK_YES);
}

static void
check_done (const Wanted *wanted, const Observed *seen, const Decision *next)
{
  if (next->step != STEP_DONE)
    return;
  g_assert_cmpint (seen->card, ==, CARD_OURS_ENABLED);
  g_assert_cmpint (seen->modem, ==, MODEM_SIGHT_REGISTERED);
  g_assert_false (seen->notifications && seen->network == NETWORK_YES);
  if (!wanted->connect || is_left_closed (wanted, seen))
    return;
  g_assert_cmpint (seen->link, >=, LINK_CONFIGURED);
  if (wanted->verify)
    g_assert_cmpint (seen->link, ==, LINK_VERIFIED);
}

/* What someone closed is opened only for someone who asks. */
static void
check_closed (const Wanted *wanted, const Observed *seen, const Decision *next)
{
  if (is_left_closed (wanted, seen))
    g_assert_true (next->step != STEP_CONNECT && next->step != STEP_VERIFY_DATA);
}

/* Ours does not come on line: never given up while there is something to go back to; where there
 * is not, it stays and is tried on; and after going back it is over. */
static void
check_roll_back (const Wanted *wanted, const Observed *seen, const Decision *next)
{
  gboolean possible = wanted->roll_back && seen->previous && !seen->rolled_back
                      && seen->modem != MODEM_SIGHT_GONE;

  if (seen->card == CARD_OURS_ENABLED)
    {
      if (next->verdict == VERDICT_MODEM_NOT_BACK || next->verdict == VERDICT_NOT_REGISTERED
          || next->verdict == VERDICT_EXHAUSTED)
        g_assert_false (possible);
      if (next->step == STEP_ROLL_BACK)
        g_assert_true (possible);
      if (next->verdict == VERDICT_NOT_REGISTERED)
        g_assert_cmpuint (next->look_again_s, >, 0);
      g_assert_cmpint (next->step, !=, STEP_ENABLE);
    }
  else if (seen->rolled_back && is_ours (seen->card) && seen->modem != MODEM_SIGHT_LOST)
    g_assert_cmpint (next->verdict, ==, VERDICT_ROLLED_BACK);
}

/* With everything in place nothing is asked of anyone, whatever else is known or not. */
static void
check_second_run (const Wanted *wanted, const Observed *seen, const Decision *next)
{
  if (seen->card == CARD_OURS_ENABLED && seen->modem == MODEM_SIGHT_REGISTERED
      && (seen->link == LINK_VERIFIED || (seen->link == LINK_CONFIGURED && !wanted->verify))
      && !seen->notifications)
    g_assert_cmpint (next->step, ==, STEP_DONE);
}

static void
check_answer (const Wanted *wanted, const Observed *seen, const Decision *next)
{
  (void) wanted;
  g_assert_cmpint (next->step, >=, 0);
  g_assert_cmpint (next->step, <, STEP_LAST);
  g_assert_nonnull (next->reason);
  g_assert_cmpint (next->verdict != VERDICT_NONE, ==, next->step == STEP_GIVE_UP);
  g_assert_true (next->look_again_s == 0 || next->step == STEP_GIVE_UP);
  if (seen->exhausted)
    g_assert_true (next->step == STEP_DONE || next->step == STEP_GIVE_UP
                   || next->step == STEP_ROLL_BACK);
}

/* ---- always an end: every outcome that a step can have leads to DONE or GIVE_UP ---- */

typedef struct
{
  Observed all[64];
  guint n;
} Outcomes;

static void
add (Outcomes *outcomes, Observed seen)
{
  g_assert_cmpuint (outcomes->n, <, G_N_ELEMENTS (outcomes->all));
  outcomes->all[outcomes->n++] = seen;
}

static void
add_looked_up (Outcomes *outcomes, Observed seen)
{
  for (int r = RESERVATION_SIGHT_NONE; r < RESERVATION_SIGHT_LAST; r++)
    for (int s = SIM_SIGHT_WRONG; s < SIM_SIGHT_LAST; s++)
      {
        seen.reservation = (ReservationSight) r;
        if (r == RESERVATION_SIGHT_AVAILABLE || r == RESERVATION_SIGHT_INSTALLED)
          seen.sim = (SimSight) s;
        add (outcomes, seen);
      }
}

/* The registration's time begins anew once the Sim was changed. */
static void
add_sim (Outcomes *outcomes, Observed seen, SimSight sim)
{
  seen.sim = sim;
  if (seen.modem == MODEM_SIGHT_LATE)
    seen.modem = MODEM_SIGHT_SEARCHING;
  add (outcomes, seen);
}

static void
add_card_outcomes (Outcomes *outcomes, Step step, Observed seen)
{
  if (step == STEP_READ_CARD)
    for (int c = CARD_EMPTY; c < CARD_LAST; c++)
      {
        seen.card = (CardSight) c;
        add (outcomes, seen);
      }
  else if (step == STEP_DOWNLOAD)
    {
      seen.card = seen.card == CARD_FOREIGN_ENABLED ? CARD_OURS_DISABLED_FOREIGN_ENABLED
                                                    : CARD_OURS_DISABLED;
      seen.notifications = FALSE;
      add (outcomes, seen);
      seen.notifications = TRUE;
      add (outcomes, seen);
    }
  else if (step == STEP_ENABLE)
    {
      seen.previous = seen.card == CARD_OURS_DISABLED_FOREIGN_ENABLED;
      seen.card = CARD_OURS_ENABLED;
      seen.notifications = TRUE;
      seen.link = LINK_NONE;
      seen.modem = MODEM_SIGHT_OTHER_PROFILE;
      add (outcomes, seen);
      seen.modem = MODEM_SIGHT_GONE;
      add (outcomes, seen);
    }
  else if (step == STEP_ROLL_BACK)
    {
      seen.rolled_back = TRUE;
      add (outcomes, seen); /* it failed */
      seen.card = CARD_OURS_DISABLED_FOREIGN_ENABLED;
      add (outcomes, seen);
    }
}

static void
add_modem_outcomes (Outcomes *outcomes, Step step, Observed seen)
{
  if (step == STEP_WAIT_MODEM)
    for (int m = MODEM_SIGHT_OTHER_PROFILE; m < MODEM_SIGHT_LAST; m++)
      {
        if (m == MODEM_SIGHT_LATE
            || (m == MODEM_SIGHT_OTHER_PROFILE && seen.card == CARD_OURS_ENABLED
                && seen.modem == MODEM_SIGHT_OTHER_PROFILE))
          continue;
        seen.modem = (ModemSight) m;
        add (outcomes, seen);
      }
  else if (step == STEP_WAIT_REGISTRATION)
    {
      seen.modem = MODEM_SIGHT_LATE;
      add (outcomes, seen);
      seen.modem = MODEM_SIGHT_REGISTERED;
      add (outcomes, seen);
    }
  else if (step == STEP_CONNECT || step == STEP_VERIFY_DATA)
    {
      seen.link = step == STEP_CONNECT ? LINK_CONFIGURED : LINK_VERIFIED;
      add (outcomes, seen);
    }
}

static void
add_provider_outcomes (Outcomes *outcomes, Step step, Observed seen)
{
  if (step == STEP_WAIT_NETWORK)
    {
      seen.network = NETWORK_YES;
      add (outcomes, seen);
    }
  else if (step == STEP_LOOK_UP_RESERVATION || step == STEP_RESERVE)
    add_looked_up (outcomes, seen);
  else if (step == STEP_WAIT_RESERVATION)
    for (int r = RESERVATION_SIGHT_LATE; r < RESERVATION_SIGHT_LAST; r++)
      {
        seen.reservation = (ReservationSight) r;
        add (outcomes, seen);
      }
  else if (step == STEP_PREPARE_SIM || step == STEP_WAIT_SIM)
    {
      add_sim (outcomes, seen, SIM_SIGHT_RIGHT);
      if (step == STEP_PREPARE_SIM)
        add_sim (outcomes, seen, SIM_SIGHT_SCHEDULED);
    }
  else if (step == STEP_SEND_NOTIFICATIONS)
    {
      seen.notifications = FALSE;
      add (outcomes, seen);
    }
}

enum
{
  RANK_UNKNOWN = 0,
  RANK_ON_PATH = 255,
  RANK_MAX = 30,
};

/* What was ordered is in the journal and can't be looked up as never ordered; a reservation ripens
 * and never goes back (a server that says otherwise meets the time limit). */
static gboolean
is_possible (Step step, const Observed *before, const Observed *after)
{
  if (after->exhausted != before->exhausted)
    return TRUE;
  if (step == STEP_LOOK_UP_RESERVATION && before->reservation != RESERVATION_SIGHT_UNKNOWN)
    return after->reservation >= before->reservation;
  return step != STEP_RESERVE || after->reservation != RESERVATION_SIGHT_NONE;
}

/* A search for the longest way to an end. RANKS has what is known of each state so far. */
typedef struct
{
  const Answers *answers;
  guint wanted; /* its number */
  guint8 *ranks;
} Search;

static guint8 rank_of (Search *self, const Observed *seen, guint orders);

/* The longest way from an outcome of STEP, taken in the state SEEN. */
static guint8
rank_of_outcomes (Search *self, Step step, const Observed *seen, guint orders)
{
  Observed exhausted = *seen;
  Outcomes outcomes;
  guint8 rank = 0;

  outcomes.n = 0;
  add_card_outcomes (&outcomes, step, *seen);
  add_modem_outcomes (&outcomes, step, *seen);
  add_provider_outcomes (&outcomes, step, *seen);
  g_assert_cmpuint (outcomes.n, >, 0);
  exhausted.exhausted = TRUE;
  if (!seen->exhausted)
    add (&outcomes, exhausted);
  for (guint i = 0; i < outcomes.n; i++)
    if (is_possible (step, seen, &outcomes.all[i]))
      rank = MAX (rank, rank_of (self, &outcomes.all[i], orders));
  return rank;
}

/* The longest way from SEEN to an end, in steps; meeting a state again on the way is a cycle.
 * ORDERS counts what was spent on this way. */
static guint8
rank_of (Search *self, const Observed *seen, guint orders)
{
  guint number = number_of (seen);
  guint8 *rank = &self->ranks[number];
  Step step = answer_of (self->answers, self->wanted, number)->step;
  guint8 rest;

  if (*rank == RANK_ON_PATH)
    g_error ("a cycle through %s", step_name (step));
  if (*rank != RANK_UNKNOWN)
    return *rank;
  orders += step == STEP_RESERVE;
  g_assert_cmpuint (orders, <=, 1);
  if (step == STEP_DONE || step == STEP_GIVE_UP)
    return *rank = 1;

  *rank = RANK_ON_PATH;
  rest = rank_of_outcomes (self, step, seen, orders);
  g_assert_cmpuint (rest, <, RANK_MAX);
  return *rank = (guint8) (rest + 1);
}

static void
test_ends (gconstpointer data)
{
  g_autofree guint8 *ranks = g_malloc (N_OBSERVED);

  for (guint w = 0; w < N_WANTED; w++)
    {
      Search search = { data, w, ranks };

      memset (ranks, RANK_UNKNOWN, N_OBSERVED);
      for (guint o = 0; o < N_OBSERVED; o++)
        if (ranks[o] == RANK_UNKNOWN)
          {
            Observed seen = observed_of (o);

            rank_of (&search, &seen, 0);
          }
    }
}

/* The way of a bare card where all goes well, by name. */
static void
test_bare_card (void)
{
  static const Step steps[] = { STEP_READ_CARD,        STEP_LOOK_UP_RESERVATION, STEP_RESERVE,
                                STEP_WAIT_RESERVATION, STEP_PREPARE_SIM,         STEP_WAIT_SIM,
                                STEP_DOWNLOAD,         STEP_SEND_NOTIFICATIONS,  STEP_ENABLE,
                                STEP_WAIT_MODEM,       STEP_WAIT_REGISTRATION,   STEP_CONNECT,
                                STEP_VERIFY_DATA,      STEP_SEND_NOTIFICATIONS,  STEP_DONE };
  Wanted wanted = { .provider = true, .connect = true, .verify = true };
  Observed seen = { .network = NETWORK_YES, .modem = MODEM_SIGHT_OTHER_PROFILE };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      Decision next = decide (&wanted, &seen);

      g_assert_cmpstr (step_name (next.step), ==, step_name (steps[i]));
      if (next.step == STEP_READ_CARD)
        seen.card = CARD_EMPTY;
      else if (next.step == STEP_LOOK_UP_RESERVATION)
        seen.reservation = RESERVATION_SIGHT_NONE;
      else if (next.step == STEP_RESERVE)
        seen.reservation = RESERVATION_SIGHT_PENDING;
      else if (next.step == STEP_WAIT_RESERVATION)
        seen.reservation = RESERVATION_SIGHT_AVAILABLE, seen.sim = SIM_SIGHT_WRONG;
      else if (next.step == STEP_PREPARE_SIM)
        seen.sim = SIM_SIGHT_SCHEDULED;
      else if (next.step == STEP_WAIT_SIM)
        seen.sim = SIM_SIGHT_RIGHT;
      else if (next.step == STEP_DOWNLOAD)
        seen.card = CARD_OURS_DISABLED, seen.notifications = true;
      else if (next.step == STEP_SEND_NOTIFICATIONS)
        seen.notifications = false;
      else if (next.step == STEP_ENABLE)
        seen.card = CARD_OURS_ENABLED, seen.notifications = true;
      else if (next.step == STEP_WAIT_MODEM)
        seen.modem = MODEM_SIGHT_SEARCHING;
      else if (next.step == STEP_WAIT_REGISTRATION)
        seen.modem = MODEM_SIGHT_REGISTERED;
      else if (next.step == STEP_CONNECT)
        seen.link = LINK_CONFIGURED;
      else if (next.step == STEP_VERIFY_DATA)
        seen.link = LINK_VERIFIED;
    }
}

/* The numbering itself: a walk that skips combinations would prove nothing. */
static void
test_numbering (void)
{
  for (guint o = 0; o < N_OBSERVED; o++)
    {
      Observed seen = observed_of (o);

      g_assert_cmpuint (number_of (&seen), ==, o);
    }
}

int
main (int argc, char **argv)
{
  static const Check checks[]
      = { check_order,      check_download, check_switch, check_links,    check_done,
          check_second_run, check_answer,   check_closed, check_roll_back };
  static const char *const names[] = { "order",      "download", "switch", "links",    "done",
                                       "second-run", "answer",   "closed", "roll-back" };
  Answers *answers = ask_everything ();
  Walk walks[G_N_ELEMENTS (checks)];
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/decide/numbering", test_numbering);
  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      g_autofree char *path = g_strconcat ("/decide/never/", names[i], NULL);

      walks[i] = (Walk){ answers, checks[i] };
      g_test_add_data_func (path, &walks[i], walk);
    }
  g_test_add_data_func ("/decide/ends", answers, test_ends);
  g_test_add_func ("/decide/bare-card", test_bare_card);
  status = g_test_run ();
  g_free (answers->answers);
  g_free (answers);
  return status;
}
