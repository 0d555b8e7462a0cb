/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The provisioning loop against a provider, a modem and a link that do what the test says: what is
 * ordered and what is not, across cuts. The card itself is in the integration tests. */

#include <string.h>

#include "base/error.h"
#include "provision/journal.h"
#include "provision/ladder.h"
#include "provision/observe.h"
#include "provision/provision.h"
#include "provision/retry.h"

#define EID "89049032123451234512345678901235"
#define ICCID "8988307000000000015"

/* What the fake provider has, is told to do, and was asked. */
static struct
{
  guint orders, looks;
  gboolean there;        /* a reservation for EID */
  gboolean lose_answers; /* orders are made, their answers lost */
  gboolean lose_orders;  /* orders are lost altogether */
  EsimError refuse;      /* orders are refused so, where not 0 */
  ReservationStatus status;
} provider;

static struct
{
  ConnectLevel level;
  guint ups;
} bearer;

static ProviderSession *
fake_open (const ProviderAccess *access, Progress *progress, GError **error)
{
  g_assert_nonnull (progress);
  g_assert_cmpstr (access->user, ==, "AC1");
  return (ProviderSession *) &provider;
}

static void
fake_close (ProviderSession *self)
{
}

static Reservation *
make_reservation (void)
{
  Reservation *self = g_new0 (Reservation, 1);

  self->sid = g_strdup ("HP1");
  self->status = provider.status;
  self->eid = g_strdup (EID);
  self->iccid = g_strdup ("");
  self->sim_sid = g_strdup ("");
  self->smdp_address = g_strdup ("");
  self->matching_id = g_strdup ("");
  self->activation_code = g_strdup ("");
  self->error_code = g_strdup (provider.status == RESERVATION_FAILED ? "83501" : "");
  self->error_message = g_strdup ("");
  return self;
}

static GPtrArray *
fake_list (ProviderSession *self, const char *eid, GCancellable *cancellable, GError **error)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) reservation_free);

  provider.looks++;
  g_assert_cmpstr (eid, ==, EID);
  if (provider.there)
    g_ptr_array_add (list, make_reservation ());
  return list;
}

static Reservation *
fake_get (ProviderSession *self, const char *sid, GCancellable *cancellable, GError **error)
{
  provider.looks++;
  g_assert_cmpstr (sid, ==, "HP1");
  g_assert_true (provider.there);
  return make_reservation ();
}

static Reservation *
fake_reserve (ProviderSession *self, const char *eid, GCancellable *cancellable, GError **error)
{
  provider.orders++;
  if (provider.refuse)
    {
      error_set (error, provider.refuse, "provider", "refused");
      return NULL;
    }
  provider.there = !provider.lose_orders;
  if (!provider.lose_answers && !provider.lose_orders)
    return make_reservation ();
  error_set (error, ESIM_ERROR_RESERVATION_UNSETTLED, "provider", "no answer");
  return NULL;
}

static const ProviderDriver fake_provider = {
  .name = "fake",
  .open = fake_open,
  .close = fake_close,
  .list_reservations = fake_list,
  .get_reservation = fake_get,
  .reserve = fake_reserve,
};

static ConnectStatus *
fake_observe (const ModemSnapshot *modem, const ConnectSettings *settings,
              GCancellable *cancellable, GError **error)
{
  ConnectStatus *status = g_new0 (ConnectStatus, 1);

  status->level = bearer.level;
  status->interface = g_strdup ("wwan0");
  status->bearer = g_strdup ("/bearer/1");
  return status;
}

static gboolean
fake_up (const ModemSnapshot *modem, const ConnectSettings *settings, GCancellable *cancellable,
         GError **error)
{
  g_assert_cmpstr (settings->apn, ==, "super");
  bearer.ups++;
  bearer.level = CONNECT_CONFIGURED;
  return TRUE;
}

static const ConnectDriver fake_connect
    = { .name = "fake", .observe = fake_observe, .up = fake_up };

static gboolean
fake_climb (const ModemSnapshot *modem, ModemRung rung, GCancellable *cancellable, GError **error)
{
  return TRUE;
}

static const ModemDriver fake_modem = { .name = "fake", .climb = fake_climb };
static const ChannelDriver fake_channel = { .name = "fake" };

typedef struct
{
  char *dir;
  Policy *policy;
  Card *card;
  Provision *provision;
  gboolean finished;
  GVariant *result;
} Test;

static void
write_file (Test *test, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (test->dir, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
}

static void
load_policy (Test *test)
{
  g_autofree char *path = g_build_filename (test->dir, "esimd.conf", NULL);
  g_autofree char *text = g_strdup_printf ("[provision]\nmode=on-request\nprovider=twilio\n"
                                           "fleet=HF00000000000000000000000000000000\n"
                                           "poll-interval=1\nreservation-timeout=2\n"
                                           "[data]\nconnect=auto\n"
                                           "[provider twilio]\napi=twilio\n"
                                           "credentials=%s/secret\n",
                                           test->dir);
  g_autoptr (GError) error = NULL;

  write_file (test, "secret", "user=AC1\nsecret=x\n");
  write_file (test, "esimd.conf", text);
  test->policy = policy_load (path, NULL, &error);
  g_assert_no_error (error);
}

static CardFacts *
make_facts (const char *iccid, ProfileState state)
{
  CardFacts *facts = g_new0 (CardFacts, 1);

  g_atomic_ref_count_init (&facts->refs);
  facts->eid = g_strdup (EID);
  facts->profiles = g_ptr_array_new_with_free_func ((GDestroyNotify) profile_free);
  if (iccid)
    {
      Profile *profile = g_new0 (Profile, 1);

      profile->iccid = g_strdup (iccid);
      profile->state = state;
      profile->class = PROFILE_OPERATIONAL;
      g_ptr_array_add (facts->profiles, profile);
    }
  return facts;
}

static void
set_modem (Test *test, const char *iccid, ModemState state)
{
  Quirks quirks = QUIRKS_DEFAULT;
  g_autoptr (ModemSnapshot) modem = modem_snapshot_new ("fake");
  g_autoptr (CardAccess) access = NULL;

  g_free (modem->iccid);
  modem->iccid = g_strdup (iccid);
  modem->state = state;
  access = card_access_new (&fake_channel, modem, "/dev/null", &quirks, NULL, EID);
  card_set_modem (test->card, &fake_modem, modem, access);
}

static void
on_finished (Test *test, GVariant *result)
{
  test->finished = TRUE;
  g_clear_pointer (&test->result, g_variant_unref);
  test->result = result ? g_variant_ref (result) : NULL;
}

static void
open_provision (Test *test)
{
  static const ProviderDriver *const providers[] = { &fake_provider, NULL };
  static const ConnectDriver *const connects[] = { &fake_connect, NULL };
  g_autofree char *state = g_build_filename (test->dir, "state", NULL);

  test->provision = provision_new (test->card, test->policy, providers, connects, state);
  g_signal_connect_swapped (test->provision, "finished", G_CALLBACK (on_finished), test);
}

static void
set_up (Test *test, gconstpointer data)
{
  g_autoptr (Queue) cards = queue_new ("card");
  g_autoptr (Queue) net = queue_new ("net");

  memset (&provider, 0, sizeof provider);
  memset (&bearer, 0, sizeof bearer);
  test->dir = g_dir_make_tmp ("test-provision-XXXXXX", NULL);
  load_policy (test);
  test->card = card_new (1, EID, cards, net);
  set_modem (test, "", MODEM_STATE_FAILED);
  open_provision (test);
}

static void
close_provision (Test *test)
{
  provision_stop (test->provision, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_signal_handlers_disconnect_by_data (test->provision, test);
  g_clear_object (&test->provision);
}

static void
tear_down (Test *test, gconstpointer data)
{
  const char *remove[] = { "rm", "-r", test->dir, NULL };

  close_provision (test);
  g_clear_object (&test->card);
  policy_unref (test->policy);
  g_clear_pointer (&test->result, g_variant_unref);
  g_spawn_sync (NULL, (char **) remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
  g_free (test->dir);
}

static Journal *
journal_of (Test *test)
{
  g_autofree char *state = g_build_filename (test->dir, "state", NULL);
  g_autoptr (GError) error = NULL;
  Journal *journal = journal_open (state, EID, &error);

  g_assert_no_error (error);
  return journal;
}

/* What a crash leaves of a person's run, KEY and VALUE besides; then the service starts again, has
 * read the card, and runs to the end. */
static void
restart_and_run (Test *test, const char *key, const char *value)
{
  g_autoptr (Journal) journal = NULL;

  close_provision (test);
  journal = journal_of (test);
  g_assert_true (journal_set (journal, NULL, JOURNAL_ASKED, "1", key, value, NULL));
  open_provision (test);
  test->finished = FALSE;
  provision_start (test->provision, FALSE, NULL, NULL);
  while (!test->finished)
    g_main_context_iteration (NULL, TRUE);
}

static void
set_facts (Test *test, const char *iccid, ProfileState state)
{
  g_autoptr (CardFacts) facts = make_facts (iccid, state);

  card_set_facts (test->card, facts);
}

static void
assert_failed (Test *test, EsimError code)
{
  g_assert_null (test->result);
  g_assert_error ((GError *) provision_error (test->provision), ESIM_ERROR, (int) code);
  g_assert_cmpstr (provision_state (test->provision), ==, "idle");
}

static void
assert_fact (Test *test, const char *key, const char *value)
{
  g_autoptr (Journal) journal = journal_of (test);
  g_autofree char *found = journal_get (journal, key);

  g_assert_cmpstr (found, ==, value);
}

static void
test_in_place (Test *test, gconstpointer data)
{
  const char *iccid;

  set_facts (test, ICCID, PROFILE_ENABLED);
  set_modem (test, ICCID, MODEM_STATE_CONNECTED);
  bearer.level = CONNECT_CONFIGURED;
  restart_and_run (test, JOURNAL_ASKED, "1");
  g_assert_nonnull (test->result);
  g_assert_true (g_variant_lookup (test->result, "iccid", "&s", &iccid));
  g_assert_cmpstr (iccid, ==, ICCID);
  g_assert_cmpuint (provider.looks + provider.orders + bearer.ups, ==, 0);
  assert_fact (test, JOURNAL_ASKED, NULL);
}

static void
test_connects_once (Test *test, gconstpointer data)
{
  set_facts (test, ICCID, PROFILE_ENABLED);
  set_modem (test, ICCID, MODEM_STATE_REGISTERED);
  restart_and_run (test, JOURNAL_ASKED, "1");
  g_assert_nonnull (test->result);
  g_assert_cmpuint (bearer.ups, ==, 1);
  g_assert_cmpuint (provider.looks, ==, 0);
}

static void
test_other_link (Test *test, gconstpointer data)
{
  set_facts (test, ICCID, PROFILE_ENABLED);
  set_modem (test, ICCID, MODEM_STATE_CONNECTED);
  bearer.level = CONNECT_OTHER;
  restart_and_run (test, JOURNAL_ASKED, "1");
  assert_failed (test, ESIM_ERROR_DATA_FAILED);
  g_assert_cmpuint (bearer.ups, ==, 0);
}

/* Never ripens: one order, then late; the next run looks at the same one. */
static void
test_late (Test *test, gconstpointer data)
{
  set_facts (test, NULL, PROFILE_DISABLED);
  provider.status = RESERVATION_RESERVING;
  restart_and_run (test, JOURNAL_ASKED, "1");
  assert_failed (test, ESIM_ERROR_RESERVATION_LATE);
  g_assert_cmpuint (provider.orders, ==, 1);
  assert_fact (test, JOURNAL_RESERVATION, "HP1");
  assert_fact (test, JOURNAL_INTENT, NULL);
  restart_and_run (test, JOURNAL_ASKED, "1");
  g_assert_cmpuint (provider.orders, ==, 1);
}

/* The answer is lost, the order is there: found by EID, not ordered again. */
static void
test_lost_answer (Test *test, gconstpointer data)
{
  set_facts (test, NULL, PROFILE_DISABLED);
  provider.lose_answers = TRUE;
  restart_and_run (test, JOURNAL_ASKED, "1");
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
  set_facts (test, NULL, PROFILE_DISABLED);
  provider.refuse = ESIM_ERROR_OUT_OF_STOCK;
  restart_and_run (test, JOURNAL_ASKED, "1");
  assert_failed (test, ESIM_ERROR_OUT_OF_STOCK);
  g_assert_cmpuint (provider.orders, ==, 1);
  assert_fact (test, JOURNAL_INTENT, NULL);
  assert_fact (test, JOURNAL_RESERVATION, NULL);
}

static void
test_failed (Test *test, gconstpointer data)
{
  set_facts (test, NULL, PROFILE_DISABLED);
  provider.there = TRUE;
  provider.status = RESERVATION_FAILED;
  restart_and_run (test, JOURNAL_ASKED, "1");
  assert_failed (test, ESIM_ERROR_RESERVATION_FAILED);
  g_assert_cmpstr (error_get_raw (provision_error (test->provision), "code"), ==, "83501");
  g_assert_cmpuint (provider.orders, ==, 0);
  assert_fact (test, JOURNAL_DISMISSED, "HP1");
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/provision/in-place", test_in_place);
  add ("/provision/connects-once", test_connects_once);
  add ("/provision/other-link", test_other_link);
  add ("/provision/order/late", test_late);
  add ("/provision/order/lost-answer", test_lost_answer);
  add ("/provision/order/cut-after-intent", test_cut_after_intent);
  add ("/provision/order/refused", test_refused);
  add ("/provision/order/failed", test_failed);
  add ("/provision/suspended", test_suspended);
  add ("/provision/bad-settle", test_bad_settle);
  add ("/provision/stop", test_stop);
  g_test_add_func ("/provision/ours", test_ours);
  g_test_add_func ("/provision/delays", test_delays);
  return g_test_run ();
}
