/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The provisioning loop against a provider, a modem and a link that do what the test says. The card
 * itself is in the integration tests. */

#include <string.h>

#include "base/error.h"
#include "fixture-provision.h"
#include "fixture.h"
#include "provision/act.h"
#include "provision/ladder.h"
#include "provision/observe.h"
#include "provision/retry.h"

static void
test_in_place (Test *test, gconstpointer data)
{
  const char *iccid;

  run_online (test, CONNECT_CONFIGURED);
  g_assert_nonnull (test->result);
  g_assert_true (g_variant_lookup (test->result, "iccid", "&s", &iccid));
  g_assert_cmpstr (iccid, ==, ICCID);
  g_assert_cmpuint (provider.looks + provider.orders + bearer.ups, ==, 0);
  assert_fact (test, JOURNAL_ASKED, NULL);
}

static void
test_connects_once (Test *test, gconstpointer data)
{
  run_online (test, CONNECT_NONE);
  g_assert_nonnull (test->result);
  g_assert_cmpuint (bearer.ups, ==, 1);
  g_assert_cmpuint (provider.looks, ==, 0);
}

static void
test_other_link (Test *test, gconstpointer data)
{
  run_online (test, CONNECT_OTHER);
  assert_failed (test, ESIM_ERROR_DATA_FAILED);
  g_assert_cmpuint (bearer.ups, ==, 0);
}

static void
test_suspended (Test *test, gconstpointer data)
{
  set_facts (test, NULL, PROFILE_DISABLED);
  provision_suspend (test->provision);
  g_assert_cmpstr (provision_state (test->provision), ==, "suspended");
  close_provision (test);
  open_provision (test);
  g_assert_cmpstr (provision_state (test->provision), ==, "suspended");
  provision_start (test->provision, FALSE, NULL, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (test->finished);
  g_assert_cmpuint (provider.looks, ==, 0);
}

static void
test_bad_settle (Test *test, gconstpointer data)
{
  provision_start (test->provision, TRUE, "perhaps", NULL);
  g_assert_true (test->finished);
  assert_failed (test, ESIM_ERROR_INVALID_ARGUMENT);
}

static void
test_stop (Test *test, gconstpointer data)
{
  set_facts (test, NULL, PROFILE_DISABLED);
  g_clear_object (&test->provision);
  open_provision (test);
  provision_start (test->provision, TRUE, NULL, NULL);
  provision_stop (test->provision, TRUE);
  g_assert_true (test->finished);
  assert_failed (test, ESIM_ERROR_CANCELLED);
}

static void
be_slow (GCancellable *cancellable)
{
  (void) cancellable;
  g_usleep (G_USEC_PER_SEC / 5);
}

/* A run that a person asked for, with its first step out. */
static void
start_slow_step (Test *test)
{
  channel.on_open = be_slow;
  provision_start (test->provision, TRUE, NULL, NULL);
  while (channel.opened == 0)
    g_main_context_iteration (NULL, FALSE);
}

/* What was stopped ends as stopped; what was asked for after that does not. */
static void
test_start_after_stop (Test *test, gconstpointer data)
{
  start_slow_step (test);
  provision_stop (test->provision, TRUE);
  provision_start (test->provision, TRUE, NULL, NULL);
  g_assert_true (provision_is_stopping (test->provision));
  run_to_end (test);
  g_assert_cmpuint (test->ends, ==, 1);
  g_assert_error ((GError *) provision_error (test->provision), ESIM_ERROR, ESIM_ERROR_CANCELLED);
  run_to_end (test);
  g_assert_cmpuint (test->ends, ==, 2);
  g_assert_cmpuint (channel.opened, ==, 2);
  assert_failed (test, ESIM_ERROR_NO_EUICC);
}

static void
test_stop_after_start_after_stop (Test *test, gconstpointer data)
{
  start_slow_step (test);
  provision_stop (test->provision, TRUE);
  provision_start (test->provision, TRUE, NULL, NULL);
  provision_stop (test->provision, TRUE);
  while (test->ends < 2)
    g_main_context_iteration (NULL, TRUE);
  assert_failed (test, ESIM_ERROR_CANCELLED);
  g_assert_cmpuint (channel.opened, ==, 1);
}

static void
expect_link_was_asked (GCancellable *cancellable)
{
  (void) cancellable;
  g_assert_cmpuint (bearer.looks, ==, 1);
}

/* What connection is displaced is asked before the card is opened, not while it is held. */
static void
test_asks_before_opening (Test *test, gconstpointer data)
{
  g_autoptr (CardFacts) facts = make_facts ("8944500000000000017", PROFILE_ENABLED);
  g_autoptr (CardFacts) ours = make_facts (ICCID, PROFILE_DISABLED);

  g_ptr_array_extend_and_steal (facts->profiles, g_steal_pointer (&ours->profiles));
  ours->profiles = g_ptr_array_new ();
  card_set_facts (test->card, facts);
  set_modem (test, "8944500000000000017", MODEM_STATE_CONNECTED);
  channel.on_open = expect_link_was_asked;
  run_anew (test);
  assert_failed (test, ESIM_ERROR_NO_EUICC);
  g_assert_cmpuint (channel.opened, ==, 1);
}

/* The verify-host HOST over INTERFACE. */
static gboolean
verify (Test *test, const char *host, const char *interface, GError **error)
{
  static const ConnectDriver *const connects[] = { &fake_connect, NULL };
  g_autofree char *more = g_strdup_printf ("verify-host=%s\n", host);
  Act *act = g_new0 (Act, 1);
  gboolean good;

  load_policy (test, more);
  bearer.interface = interface;
  act->policy = policy_ref (test->policy);
  act->journal = journal_of (test);
  act->progress = progress_new (NULL, NULL);
  act->modem = modem_snapshot_ref (card_modem (test->card));
  act->connects = connects;
  good = act_verify (act, NULL, error);
  act_free (act);
  return good;
}

static void
test_verify (Test *test, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  resolver_install ();
  verify (test, "one.test", "lo", &error);
  g_assert_no_error (error);
  /* The first of its addresses is no use. */
  verify (test, "two.test", "lo", &error);
  g_assert_no_error (error);
  g_assert_false (verify (test, "nowhere.test", "lo", &error));
  g_clear_error (&error);
  /* Bound to nothing, it would be reached by any other way. */
  g_assert_false (verify (test, "one.test", "", &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_DATA_FAILED);
}

/* ---- a connection that ends ---- */

static void
spin (guint ms)
{
  gint64 end = g_get_monotonic_time () + ms * 1000;

  while (g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

static void
lose_connection (Test *test, ModemEnded ended)
{
  set_modem (test, ICCID, MODEM_STATE_CONNECTED);
  channel.ended = ended;
  bearer.level = CONNECT_NONE;
  set_modem (test, ICCID, MODEM_STATE_REGISTERED);
}

static void
test_dropped_comes_back (Test *test, gconstpointer data)
{
  run_online (test, CONNECT_CONFIGURED);
  for (guint i = 1; i <= 2; i++)
    {
      lose_connection (test, MODEM_ENDED_BY_NETWORK);
      run_to_end (test);
      g_assert_nonnull (test->result);
      g_assert_cmpuint (bearer.ups, ==, i);
    }
}

static void
test_closed_stays_closed (Test *test, gconstpointer data)
{
  run_online (test, CONNECT_CONFIGURED);
  lose_connection (test, MODEM_ENDED_BY_CLIENT);
  assert_fact (test, JOURNAL_CLOSED, "1");
  spin (1500);
  g_assert_cmpuint (bearer.ups, ==, 0);
  /* Nor after a restart. */
  close_provision (test);
  open_provision (test);
  provision_start (test->provision, FALSE, NULL, NULL);
  run_to_end (test);
  g_assert_nonnull (test->result);
  g_assert_cmpuint (bearer.ups, ==, 0);
  /* Whoever opens it again has it looked after again. */
  set_modem (test, ICCID, MODEM_STATE_CONNECTED);
  assert_fact (test, JOURNAL_CLOSED, NULL);
  lose_connection (test, MODEM_ENDED_BY_NETWORK);
  run_to_end (test);
  g_assert_cmpuint (bearer.ups, ==, 1);
}

/* A stack that does not say who ended it; but a modem that is another one since was not closed. */
static void
test_ended_unknown (Test *test, gconstpointer data)
{
  run_online (test, CONNECT_CONFIGURED);
  lose_connection (test, MODEM_ENDED_NOT);
  spin (1500);
  g_assert_cmpuint (bearer.ups, ==, 0);
  channel.path = "/modem/2";
  set_modem (test, ICCID, MODEM_STATE_REGISTERED);
  run_to_end (test);
  g_assert_cmpuint (bearer.ups, ==, 1);
}

/* On request nothing is done unasked. */
static void
test_dropped_stays_so_on_request (Test *test, gconstpointer data)
{
  run_online (test, CONNECT_CONFIGURED);
  lose_connection (test, MODEM_ENDED_BY_NETWORK);
  spin (1500);
  g_assert_cmpuint (bearer.ups, ==, 0);
}

/* The last one that was asked for is tried on, and goes on once a network takes it. */
static void
test_tried_on (Test *test, gconstpointer data)
{
  set_facts (test, ICCID, PROFILE_ENABLED);
  set_modem (test, ICCID, MODEM_STATE_SEARCHING);
  run_anew (test);
  assert_failed (test, ESIM_ERROR_NOT_REGISTERED);
  assert_fact (test, JOURNAL_ASKED, "1");
  set_modem (test, ICCID, MODEM_STATE_REGISTERED);
  run_to_end (test);
  g_assert_nonnull (test->result);
  g_assert_cmpuint (bearer.ups, ==, 1);
  assert_fact (test, JOURNAL_ASKED, NULL);
}

/* A modem that takes longer than anyone waits: what was asked for goes on when it is there. */
static void
test_modem_back_late (Test *test, gconstpointer data)
{
  set_facts (test, ICCID, PROFILE_ENABLED);
  set_modem (test, "", MODEM_STATE_FAILED);
  run_anew (test);
  assert_failed (test, ESIM_ERROR_MODEM_NOT_BACK);
  set_modem (test, ICCID, MODEM_STATE_SEARCHING);
  while (!provision_is_running (test->provision))
    g_main_context_iteration (NULL, TRUE);
  set_modem (test, ICCID, MODEM_STATE_REGISTERED);
  run_to_end (test);
  g_assert_nonnull (test->result);
  g_assert_cmpuint (bearer.ups, ==, 1);
}

/* Away altogether when it is looked for, as an AT modem is that ModemManager probes anew. */
static void
test_modem_away (Test *test, gconstpointer data)
{
  set_facts (test, ICCID, PROFILE_ENABLED);
  card_set_modem (test->card, NULL, NULL, NULL);
  run_anew (test);
  assert_failed (test, ESIM_ERROR_MODEM_NOT_BACK);
}

static gboolean
on_reprobed (gpointer data)
{
  if (channel.enabled == 0)
    return G_SOURCE_CONTINUE;
  channel.path = "/modem/2";
  set_modem (data, ICCID, MODEM_STATE_DISABLED);
  return G_SOURCE_REMOVE;
}

static gboolean
on_registered (gpointer data)
{
  if (channel.enabled < 2)
    return G_SOURCE_CONTINUE;
  set_modem (data, ICCID, MODEM_STATE_REGISTERED);
  return G_SOURCE_REMOVE;
}

/* ModemManager drops a modem that was just powered up, and the next one is powered down again. */
static void
test_woken_anew (Test *test, gconstpointer data)
{
  set_facts (test, ICCID, PROFILE_ENABLED);
  set_modem (test, ICCID, MODEM_STATE_DISABLED);
  g_timeout_add (50, on_reprobed, test);
  g_timeout_add (50, on_registered, test);
  run_anew (test);
  g_assert_nonnull (test->result);
  g_assert_cmpuint (channel.enabled, ==, 2);
}

/* Why it was gone back is still known when everything else is forgotten. */
static void
test_rolled_back_is_told_later (Test *test, gconstpointer data)
{
  g_autoptr (Journal) journal = journal_of (test);

  close_provision (test);
  g_assert_true (
      journal_set (journal, NULL, JOURNAL_ROLLED_BACK, "1", JOURNAL_FALLEN, "too far out", NULL));
  open_provision (test);
  g_assert_nonnull (strstr (provision_detail (test->provision), "too far out"));
  set_facts (test, ICCID, PROFILE_DISABLED);
  provision_start (test->provision, FALSE, NULL, NULL);
  run_to_end (test);
  assert_failed (test, ESIM_ERROR_NOT_REGISTERED);
  g_assert_nonnull (strstr (provision_error (test->provision)->message, "too far out"));
}

static void
test_ours (void)
{
  g_autoptr (CardFacts) facts = make_facts (ICCID, PROFILE_ENABLED);
  g_autoptr (CardFacts) foreign = make_facts ("8944500000000000017", PROFILE_ENABLED);

  g_assert_cmpstr (observe_ours (facts, NULL), ==, ICCID);
  g_assert_cmpstr (observe_ours (facts, ICCID), ==, ICCID);
  g_assert_null (observe_ours (facts, "8988307000000000023"));
  g_assert_null (observe_ours (foreign, NULL));
  g_assert_cmpint (observe_card (facts, ICCID), ==, CARD_OURS_ENABLED);
  g_assert_cmpint (observe_card (foreign, ICCID), ==, CARD_FOREIGN_ENABLED);
  g_assert_true (ladder_same_iccid ("89883070000000000015", "8988307000000000001F"));
  g_assert_false (ladder_same_iccid ("8988307000000000015", "8988307000000000023"));
  g_assert_false (ladder_same_iccid ("", ICCID));
}

static void
test_delays (void)
{
  g_autoptr (GError) limited = NULL;

  error_set (&limited, ESIM_ERROR_RATE_LIMITED, "provider", "slow down");
  error_add_raw (limited, "retry-after", "700");
  g_assert_cmpuint (retry_delay_ms (limited, 1), ==, 700000);
  for (guint attempt = 1; attempt < 40; attempt++)
    {
      g_assert_cmpuint (retry_delay_ms (NULL, attempt), >=, 500);
      g_assert_cmpuint (retry_delay_ms (NULL, attempt), <=, 300000);
    }
  g_assert_true (retry_is_worth (limited));
  limited->code = ESIM_ERROR_CREDENTIALS;
  g_assert_false (retry_is_worth (limited));
}

static void
add (const char *path, void (*test) (Test *test, gconstpointer data))
{
  g_test_add (path, Test, NULL, set_up, test, tear_down);
}

static void
add_automatic (const char *path, void (*test) (Test *test, gconstpointer data))
{
  g_test_add (path, Test, "automatic", set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/provision/in-place", test_in_place);
  add ("/provision/connects-once", test_connects_once);
  add ("/provision/other-link", test_other_link);
  add ("/provision/suspended", test_suspended);
  add ("/provision/bad-settle", test_bad_settle);
  add ("/provision/stop", test_stop);
  add ("/provision/start-after-stop", test_start_after_stop);
  add ("/provision/stop-after-start-after-stop", test_stop_after_start_after_stop);
  add ("/provision/asks-before-opening", test_asks_before_opening);
  add ("/provision/verify", test_verify);
  add_automatic ("/provision/dropped/comes-back", test_dropped_comes_back);
  add_automatic ("/provision/dropped/closed-stays-closed", test_closed_stays_closed);
  add_automatic ("/provision/dropped/unknown", test_ended_unknown);
  add ("/provision/dropped/on-request", test_dropped_stays_so_on_request);
  add ("/provision/tried-on", test_tried_on);
  add ("/provision/woken-anew", test_woken_anew);
  add ("/provision/modem-away", test_modem_away);
  add ("/provision/modem-back-late", test_modem_back_late);
  add_automatic ("/provision/rolled-back-is-told-later", test_rolled_back_is_told_later);
  g_test_add_func ("/provision/ours", test_ours);
  g_test_add_func ("/provision/delays", test_delays);
  return g_test_run ();
}
