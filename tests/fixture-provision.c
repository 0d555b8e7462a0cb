/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A provider, a modem, a link and a card that do what a test of provisioning says. */

#include "fixture-provision.h"

#include <string.h>

#include "base/error.h"

FakeProvider provider;
FakeBearer bearer;
FakeChannel channel;

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
  if (provider.on_list)
    provider.on_list (provider.data);
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
  if (provider.on_order)
    provider.on_order (provider.data);
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

const ProviderDriver fake_provider = {
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

  bearer.looks++;
  status->level = bearer.level;
  status->interface = g_strdup (bearer.interface);
  status->apn = g_strdup ("super");
  status->bearer = g_strdup ("/bearer/1");
  return status;
}

static gboolean
fake_up (const ModemSnapshot *modem, const ConnectSettings *settings, GCancellable *cancellable,
         GError **error)
{
  g_assert_cmpstr (settings->apn, ==, "super");
  bearer.ups++;
  if (bearer.refuse)
    {
      error_set (error, bearer.refuse, "connect", "refused");
      return FALSE;
    }
  bearer.level = CONNECT_CONFIGURED;
  return TRUE;
}

const ConnectDriver fake_connect
    = { .name = "fake", .stack = "fake", .observe = fake_observe, .up = fake_up };

static gboolean
fake_climb (const ModemSnapshot *modem, ModemRung rung, GCancellable *cancellable, GError **error)
{
  return TRUE;
}

static gboolean
fake_enable (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  channel.enabled++;
  return TRUE;
}

static const ModemDriver fake_modem
    = { .name = "fake", .climb = fake_climb, .enable = fake_enable };

/* The card is out of reach; what matters is what was asked before. */
static gpointer
fake_open_device (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  channel.opened++;
  if (channel.on_open)
    channel.on_open (cancellable);
  error_set (error, ESIM_ERROR_NO_EUICC, "apdu", "no card");
  return NULL;
}

static const ChannelDriver fake_channel = { .name = "fake", .open_device = fake_open_device };

static void
write_file (Test *test, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (test->dir, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error);
  g_assert_no_error (error);
}

void
load_policy (Test *test, const char *more)
{
  g_autofree char *path = g_build_filename (test->dir, "esimd.conf", NULL);
  g_autofree char *text = g_strdup_printf ("[provision]\nmode=%s\nprovider=twilio\n"
                                           "fleet=HF00000000000000000000000000000000\n"
                                           "poll-interval=1\nreservation-timeout=2\n"
                                           "registration-timeout=2\nmodem-timeout=1\n"
                                           "[data]\nconnect=auto\n%s"
                                           "[provider twilio]\napi=twilio\n"
                                           "credentials=%s/secret\n",
                                           test->mode, more, test->dir);
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&test->policy, policy_unref);
  write_file (test, "secret", "user=AC1\nsecret=x\n");
  write_file (test, "esimd.conf", text);
  test->policy = policy_load (path, NULL, &error);
  g_assert_no_error (error);
}

CardFacts *
make_facts (const char *iccid, ProfileState state)
{
  CardFacts *facts = g_new0 (CardFacts, 1);

  g_atomic_ref_count_init (&facts->refs);
  facts->eid = g_strdup (EID);
  facts->profiles = g_ptr_array_new_with_free_func ((GDestroyNotify) profile_free);
  facts->notifications = g_ptr_array_new ();
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

void
set_modem (Test *test, const char *iccid, ModemState state)
{
  Quirks quirks = QUIRKS_DEFAULT;
  g_autoptr (ModemSnapshot) modem = modem_snapshot_new ("fake");
  g_autoptr (CardAccess) access = NULL;

  g_free (modem->iccid);
  modem->iccid = g_strdup (iccid);
  modem->state = state;
  modem->ended = channel.ended;
  g_free (modem->path);
  modem->path = g_strdup (channel.path);
  access = card_access_new (&fake_channel, modem, "/dev/null", &quirks, NULL, EID);
  card_set_modem (test->card, &fake_modem, modem, access);
}

static void
on_finished (Test *test, GVariant *result)
{
  test->finished = TRUE;
  test->ends++;
  g_clear_pointer (&test->result, g_variant_unref);
  test->result = result ? g_variant_ref (result) : NULL;
}

void
open_provision (Test *test)
{
  static const ProviderDriver *const providers[] = { &fake_provider, NULL };
  static const ConnectDriver *const connects[] = { &fake_connect, NULL };
  g_autofree char *state = g_build_filename (test->dir, "state", NULL);

  test->provision = provision_new (test->card, test->policy, providers, connects, state);
  g_signal_connect_swapped (test->provision, "finished", G_CALLBACK (on_finished), test);
}

void
set_up (Test *test, gconstpointer data)
{
  g_autoptr (Queue) cards = queue_new ("card");
  g_autoptr (Queue) net = queue_new ("net");

  memset (&provider, 0, sizeof provider);
  memset (&bearer, 0, sizeof bearer);
  memset (&channel, 0, sizeof channel);
  bearer.interface = "wwan0";
  channel.path = "/modem/1";
  test->dir = g_dir_make_tmp ("test-provision-XXXXXX", NULL);
  test->mode = data ? data : "on-request";
  load_policy (test, "");
  test->card = card_new (1, EID, cards, net);
  set_modem (test, "", MODEM_STATE_FAILED);
  open_provision (test);
}

void
close_provision (Test *test)
{
  provision_stop (test->provision, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_signal_handlers_disconnect_by_data (test->provision, test);
  g_clear_object (&test->provision);
}

void
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

Journal *
journal_of (Test *test)
{
  g_autofree char *state = g_build_filename (test->dir, "state", NULL);
  g_autoptr (GError) error = NULL;
  Journal *journal = journal_open (state, EID, &error);

  g_assert_no_error (error);
  return journal;
}

void
run_to_end (Test *test)
{
  test->finished = FALSE;
  while (!test->finished)
    g_main_context_iteration (NULL, TRUE);
}

/* What a crash leaves of a person's run, KEY and VALUE besides; then the service starts again, has
 * read the card, and runs to the end. */
void
restart_and_run (Test *test, const char *key, const char *value)
{
  g_autoptr (Journal) journal = NULL;

  close_provision (test);
  journal = journal_of (test);
  g_assert_true (journal_set (journal, NULL, JOURNAL_ASKED, "1", key, value, NULL));
  open_provision (test);
  provision_start (test->provision, FALSE, NULL, NULL);
  run_to_end (test);
}

void
run_anew (Test *test)
{
  restart_and_run (test, JOURNAL_ASKED, "1");
}

void
run_online (Test *test, ConnectLevel level)
{
  set_facts (test, ICCID, PROFILE_ENABLED);
  set_modem (test, ICCID, level == CONNECT_NONE ? MODEM_STATE_REGISTERED : MODEM_STATE_CONNECTED);
  bearer.level = level;
  run_anew (test);
}

void
run_bare (Test *test)
{
  set_facts (test, NULL, PROFILE_DISABLED);
  run_anew (test);
}

void
set_facts (Test *test, const char *iccid, ProfileState state)
{
  g_autoptr (CardFacts) facts = make_facts (iccid, state);

  card_set_facts (test->card, facts);
}

void
assert_failed (Test *test, EsimError code)
{
  g_assert_null (test->result);
  g_assert_error ((GError *) provision_error (test->provision), ESIM_ERROR, (int) code);
  g_assert_cmpstr (provision_state (test->provision), ==, "idle");
}

void
assert_fact (Test *test, const char *key, const char *value)
{
  g_autoptr (Journal) journal = journal_of (test);
  g_autofree char *found = journal_get (journal, key);

  g_assert_cmpstr (found, ==, value);
}
