/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What provisioning orders and what it does not, across cuts, lost answers, and another who orders
 * for the same card. */

#include "base/error.h"
#include "fixture-provision.h"
#include "provision/order.h"

/* Never ripens: one order, then late; the next run looks at the same one. */
static void
test_late (Test *test, gconstpointer data)
{
  provider.status = RESERVATION_RESERVING;
  run_bare (test);
  assert_failed (test, ESIM_ERROR_RESERVATION_LATE);
  g_assert_cmpuint (provider.orders, ==, 1);
  assert_fact (test, JOURNAL_RESERVATION, "HP1");
  assert_fact (test, JOURNAL_INTENT, NULL);
  run_anew (test);
  g_assert_cmpuint (provider.orders, ==, 1);
}

/* The answer is lost, the order is there: found by EID, not ordered again. */
static void
test_lost_answer (Test *test, gconstpointer data)
{
  provider.lose_answers = TRUE;
  run_bare (test);
  assert_failed (test, ESIM_ERROR_RESERVATION_LATE);
  g_assert_cmpuint (provider.orders, ==, 1);
  assert_fact (test, JOURNAL_RESERVATION, "HP1");
  assert_fact (test, JOURNAL_INTENT, NULL);
}

/* Cut between the intent and the answer. */
static void
test_cut_after_intent (Test *test, gconstpointer data)
{
  set_facts (test, NULL, PROFILE_DISABLED);
  provider.there = TRUE;
  restart_and_run (test, JOURNAL_INTENT, "1700000000");
  g_assert_cmpuint (provider.orders, ==, 0);
  assert_fact (test, JOURNAL_RESERVATION, "HP1");
  assert_fact (test, JOURNAL_INTENT, NULL);
}

/* What was refused was not ordered: no intent stays behind. */
static void
test_refused (Test *test, gconstpointer data)
{
  provider.refuse = ESIM_ERROR_OUT_OF_STOCK;
  run_bare (test);
  assert_failed (test, ESIM_ERROR_OUT_OF_STOCK);
  g_assert_cmpuint (provider.orders, ==, 1);
  assert_fact (test, JOURNAL_INTENT, NULL);
  assert_fact (test, JOURNAL_RESERVATION, NULL);
}

static void
test_failed (Test *test, gconstpointer data)
{
  provider.there = TRUE;
  provider.status = RESERVATION_FAILED;
  run_bare (test);
  assert_failed (test, ESIM_ERROR_RESERVATION_FAILED);
  g_assert_cmpstr (error_get_raw (provision_error (test->provision), "code"), ==, "83501");
  g_assert_cmpuint (provider.orders, ==, 0);
  assert_fact (test, JOURNAL_DISMISSED, "HP1");
}

/* ---- two who order ---- */

static Journal *
account_of (Test *test)
{
  g_autofree char *state = g_build_filename (test->dir, "state", NULL);
  g_autoptr (GError) error = NULL;
  Journal *journal = journal_open_account (state, "twilio", &error);

  g_assert_no_error (error);
  return journal;
}

/* What Provider.Reserve does for a card that is here. */
static Order *
reserve (Test *test, GError **error)
{
  Order *order = g_new0 (Order, 1);

  order->driver = &fake_provider;
  order->policy = policy_ref (test->policy);
  order->provider = g_strdup ("twilio");
  order->journal = account_of (test);
  order->progress = progress_new (NULL, NULL);
  order->eid = g_strdup (EID);
  order_turn (order, NULL, error);
  return order;
}

static void
set_intent (Journal *journal, const char *eid, int age_s)
{
  g_autofree char *when
      = g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC - age_s);

  g_assert_true (journal_set (journal, NULL, JOURNAL_INTENT, when, JOURNAL_INTENT_EID, eid, NULL));
}

static gboolean
on_answer (gpointer data)
{
  g_autoptr (Journal) account = account_of (data);

  provider.there = TRUE;
  g_assert_true (journal_set (account, NULL, JOURNAL_INTENT, NULL, JOURNAL_INTENT_EID, NULL, NULL));
  return G_SOURCE_REMOVE;
}

/* Provision waits for the order that Reserve has out, and goes on with what came of it. */
static void
test_provision_behind_reserve (Test *test, gconstpointer data)
{
  g_autoptr (Journal) account = account_of (test);

  set_intent (account, EID, 0);
  g_timeout_add (100, on_answer, test);
  run_bare (test);
  g_assert_cmpuint (provider.orders, ==, 0);
  assert_fact (test, JOURNAL_RESERVATION, "HP1");
}

static void
reserve_meanwhile (gpointer data)
{
  g_autoptr (GError) error = NULL;
  Order *order;

  provider.on_order = NULL;
  order = reserve (data, &error);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_BUSY);
  g_assert_null (order->sid);
  order_free (order);
}

/* Reserve in the very moment in which Provision's order is on its way. */
static void
test_reserve_behind_provision (Test *test, gconstpointer data)
{
  provider.on_order = reserve_meanwhile;
  provider.data = test;
  run_bare (test);
  g_assert_cmpuint (provider.orders, ==, 1);
  assert_fact (test, JOURNAL_RESERVATION, "HP1");
}

/* Another's order is made between the first look and the order. */
static void
appear (gpointer data)
{
  provider.there = provider.looks >= GPOINTER_TO_UINT (data);
}

static void
test_provision_finds_anothers (Test *test, gconstpointer data)
{
  provider.on_list = appear;
  provider.data = GUINT_TO_POINTER (2);
  run_bare (test);
  g_assert_cmpuint (provider.orders, ==, 0);
  assert_fact (test, JOURNAL_RESERVATION, "HP1");
  assert_fact (test, JOURNAL_INTENT, NULL);
}

static void
test_reserve_finds_anothers (Test *test, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Journal) account = account_of (test);
  g_autofree char *intent = NULL;
  Order *order;

  provider.there = TRUE;
  order = reserve (test, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (order->sid, ==, "HP1");
  g_assert_false (order->ordered);
  order_free (order);
  g_assert_cmpuint (provider.orders, ==, 0);
  intent = journal_get (account, JOURNAL_INTENT);
  g_assert_null (intent);
}

/* One that was cut off long ago, or is for another card, keeps no one. */
static void
test_old_and_other_intents (Test *test, gconstpointer data)
{
  g_autoptr (Journal) account = account_of (test);

  set_intent (account, EID, 3600);
  run_bare (test);
  g_assert_cmpuint (provider.orders, ==, 1);
  set_intent (account, "89049032123451234512345678901136", 0);
  g_assert_false (journal_is_ordered_elsewhere (account, EID));
}

static void
add (const char *path, void (*test) (Test *test, gconstpointer data))
{
  g_test_add (path, Test, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/order/late", test_late);
  add ("/order/lost-answer", test_lost_answer);
  add ("/order/cut-after-intent", test_cut_after_intent);
  add ("/order/refused", test_refused);
  add ("/order/failed", test_failed);
  add ("/order/two/provision-behind-reserve", test_provision_behind_reserve);
  add ("/order/two/reserve-behind-provision", test_reserve_behind_provision);
  add ("/order/two/provision-finds-anothers", test_provision_finds_anothers);
  add ("/order/two/reserve-finds-anothers", test_reserve_finds_anothers);
  add ("/order/two/old-and-other-intents", test_old_and_other_intents);
  return g_test_run ();
}
