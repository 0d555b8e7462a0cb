/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The registry and its reader: which way to a card is taken, what is remembered of it, and when a
 * card comes and goes. The card answers what es10-calls.h knows. */

#include "card/registry.h"

#include <glib/gstdio.h>

#include "card/reader.h"
#include "card/ways.h"
#include "es10-calls.h"

static const char *const channel_names[] = { "mbim", "qmi", "qmi-mbim", "qrtr", "at", NULL };

#define EID "89049032123451234512345678901235"

/* What one kind of channel does, and what was asked of it. */
typedef struct
{
  EsimError refuses; /* at opening the device; FAILED: it does not */
  gboolean raw;      /* with the modem's own word */
  guint opened, recovered;
} Behaviour;

static Behaviour mbim, at;

static gpointer
open_as (Behaviour *self, GError **error)
{
  GError *refused = NULL;

  self->opened++;
  if (self->refuses == ESIM_ERROR_FAILED)
    return self;
  error_set (&refused, self->refuses, "fake", "refused");
  if (self->raw)
    error_add_raw (refused, "mbim-status", "00000002");
  g_propagate_error (error, refused);
  return NULL;
}

static gpointer
open_mbim (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  return open_as (&mbim, error);
}

static gpointer
open_at (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  return open_as (&at, error);
}

static gboolean
card_open_logical (gpointer self, GBytes *aid, guint *number, GCancellable *cancellable,
                   GError **error)
{
  *number = 1;
  return TRUE;
}

static GBytes *
card_transmit (gpointer self, guint number, GBytes *apdu, GCancellable *cancellable, GError **error)
{
  g_autofree char *hex = to_hex (g_bytes_get_data (apdu, NULL), g_bytes_get_size (apdu));

  for (gsize i = 0; i < G_N_ELEMENTS (functions); i++)
    if (g_str_equal (hex + 10, functions[i].request))
      {
        g_autofree char *answer = g_strconcat (functions[i].answer, "9000", NULL);

        return from_hex (answer);
      }
  return from_hex ("6A80");
}

static gboolean
card_close_logical (gpointer self, guint number, GError **error)
{
  return TRUE;
}

static gboolean
card_recover (gpointer self, GError **error)
{
  ((Behaviour *) self)->recovered++;
  return TRUE;
}

static void
card_close_device (gpointer self)
{
}

#define CARD_VERBS                                                                                 \
  .open_logical = card_open_logical, .transmit = card_transmit,                                    \
  .close_logical = card_close_logical, .recover = card_recover, .close_device = card_close_device

static const ChannelDriver channel_mbim_like
    = { .name = "mbim", .open_device = open_mbim, CARD_VERBS };
static const ChannelDriver channel_at_like = { .name = "at", .open_device = open_at, CARD_VERBS };
static const ChannelDriver channel_carried
    = { .name = "qmi-mbim", .port = "mbim", .open_device = open_at, CARD_VERBS };
static const ChannelDriver *const channels[]
    = { &channel_mbim_like, &channel_carried, &channel_at_like, NULL };

/* A modem with an MBIM port and two AT ports. */
static ModemSnapshot *
make_modem (void)
{
  ModemSnapshot *modem = modem_snapshot_new ("fake");

  g_free (modem->device);
  modem->device = g_strdup ("/sys/devices/fake");
  g_free (modem->model);
  modem->model = g_strdup ("EM05-G");
  modem_snapshot_add_port (modem, "at", "/dev/ttyUSB2");
  modem_snapshot_add_port (modem, "mbim", "/dev/cdc-wdm0");
  modem_snapshot_add_port (modem, "gps", "/dev/ttyUSB1");
  modem_snapshot_add_port (modem, "at", "/dev/ttyUSB3");
  return modem;
}

static GPtrArray *
find (const Quirks *quirks, const CardAccess *worked, const char *remembered)
{
  g_autoptr (ModemSnapshot) modem = make_modem ();
  const WaysOrder order
      = { .channels = channels, .quirks = quirks, .worked = worked, .remembered = remembered };

  return ways_find (modem, &order);
}

static void
assert_ways (GPtrArray *ways, const char *wanted)
{
  g_autoptr (GString) found = g_string_new (NULL);

  for (guint i = 0; i < ways->len; i++)
    {
      const CardAccess *way = ways->pdata[i];

      g_string_append_printf (found, "%s%s:%s", i ? " " : "", way->driver->name,
                              way->device + strlen ("/dev/"));
    }
  g_assert_cmpstr (found->str, ==, wanted);
}

static void
test_order (void)
{
  Quirks quirks = QUIRKS_DEFAULT;
  g_autoptr (GPtrArray) list = find (&quirks, NULL, NULL);
  g_autoptr (GPtrArray) remembered = find (&quirks, NULL, "at");
  g_autoptr (GPtrArray) worked = find (&quirks, list->pdata[2], "mbim");
  g_autoptr (GPtrArray) named = NULL, carried = NULL;

  assert_ways (list, "mbim:cdc-wdm0 at:ttyUSB2 at:ttyUSB3");
  assert_ways (remembered, "at:ttyUSB2 at:ttyUSB3 mbim:cdc-wdm0");
  assert_ways (worked, "at:ttyUSB3 at:ttyUSB2 mbim:cdc-wdm0");
  quirks.transports = "qmi,at";
  named = find (&quirks, NULL, "mbim");
  assert_ways (named, "at:ttyUSB2 at:ttyUSB3");
  quirks.transports = "qmi-mbim,at";
  carried = find (&quirks, NULL, NULL);
  assert_ways (carried, "qmi-mbim:cdc-wdm0 at:ttyUSB2 at:ttyUSB3");
}

/* Reads by MBIM, which fails with CODE, else by AT. */
static CardReader *
read_card (EsimError code, gboolean raw, gboolean known, GError **error)
{
  const Quirks quirks = QUIRKS_DEFAULT;
  CardReader *reader = card_reader_new (find (&quirks, NULL, NULL), "", known, NULL);

  mbim = (Behaviour){ .refuses = code, .raw = raw };
  at = (Behaviour){ .refuses = ESIM_ERROR_FAILED };
  card_reader_work (reader, NULL, error);
  return reader;
}

static void
assert_led_on (EsimError code, gboolean raw, gboolean known, gboolean verdict)
{
  g_autoptr (GError) error = NULL;
  CardReader *reader = read_card (code, raw, known, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (reader->worked->device, ==, "/dev/ttyUSB2");
  g_assert_cmpstr (reader->facts->eid, ==, EID);
  g_assert_cmpint (reader->verdict, ==, verdict);
  g_assert_cmpstr (reader->recovered, ==, "at");
  g_assert_cmpuint (at.recovered, ==, 1);
  card_reader_free (reader);
}

static void
assert_ended (EsimError code)
{
  g_autoptr (GError) error = NULL;
  CardReader *reader = read_card (code, FALSE, FALSE, &error);

  g_assert_error (error, ESIM_ERROR, (int) code);
  g_assert_null (reader->worked);
  g_assert_cmpuint (at.opened, ==, 0);
  card_reader_free (reader);
}

static void
test_next_way (void)
{
  assert_led_on (ESIM_ERROR_UNSUPPORTED, FALSE, FALSE, TRUE);
  assert_led_on (ESIM_ERROR_CHANNEL, TRUE, FALSE, TRUE);
  assert_led_on (ESIM_ERROR_CHANNEL, FALSE, FALSE, FALSE); /* such as: no proxy is running */
  assert_led_on (ESIM_ERROR_NO_EUICC, FALSE, TRUE, TRUE);
  assert_ended (ESIM_ERROR_NO_EUICC); /* a plain SIM, most likely */
  assert_ended (ESIM_ERROR_DEVICE_GONE);
  assert_ended (ESIM_ERROR_TIMED_OUT);
  assert_ended (ESIM_ERROR_CANCELLED);
}

/* When no way leads to it, "no eUICC" is said only where all say so. */
static void
test_all_fail (void)
{
  const Quirks quirks = QUIRKS_DEFAULT;
  g_autoptr (GError) error = NULL;
  CardReader *reader = card_reader_new (find (&quirks, NULL, NULL), "", TRUE, NULL);

  mbim = (Behaviour){ .refuses = ESIM_ERROR_NO_EUICC };
  at = (Behaviour){ .refuses = ESIM_ERROR_CHANNEL };
  g_assert_false (card_reader_work (reader, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CHANNEL);
  g_assert_cmpuint (at.opened, ==, 2); /* both ports */
  card_reader_free (reader);
}

/* ---- the registry, with a modem that a test moves ---- */

typedef struct
{
  ModemChanged changed;
  gpointer data;
} FakeStack;

static FakeStack stack;

static gpointer
stack_start (ModemChanged changed, gpointer data)
{
  stack = (FakeStack){ changed, data };
  return &stack;
}

static void
stack_nothing (gpointer self)
{
}

static const ModemDriver modem_fake
    = { .name = "fake", .start = stack_start, .stop = stack_nothing, .rescan = stack_nothing };
static const ModemDriver *const modems[] = { &modem_fake, NULL };

typedef struct
{
  char *dir;
  Registry *registry;
} Test;

static void
start (Test *test)
{
  test->registry = registry_new (modems, channels, test->dir);
  registry_start (test->registry);
}

static void
stop (Test *test)
{
  registry_stop (test->registry);
  while (!registry_is_idle (test->registry))
    g_main_context_iteration (NULL, TRUE);
  g_clear_object (&test->registry);
}

static void
set_up (Test *test, gconstpointer data)
{
  test->dir = g_dir_make_tmp ("test-card-XXXXXX", NULL);
  mbim = at = (Behaviour){ .refuses = ESIM_ERROR_FAILED };
  start (test);
}

static void
tear_down (Test *test, gconstpointer data)
{
  g_autofree char *models = g_build_filename (test->dir, "models", NULL);

  stop (test);
  g_remove (models);
  g_rmdir (test->dir);
  g_free (test->dir);
}

static void
show (ModemSnapshot *modem)
{
  stack.changed ("/sys/devices/fake", modem, stack.data);
}

/* The card's access once the modem is there and its card read. */
static const CardAccess *
plug (Test *test)
{
  g_autoptr (ModemSnapshot) modem = make_modem ();
  GPtrArray *cards = registry_cards (test->registry);

  show (modem);
  while (!registry_is_idle (test->registry))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (cards->len, ==, 1);
  g_assert_cmpstr (card_eid (cards->pdata[0]), ==, EID);
  return card_access (cards->pdata[0]);
}

static void
test_remembered (Test *test, gconstpointer data)
{
  const CardAccess *access;

  mbim = (Behaviour){ .refuses = ESIM_ERROR_CHANNEL, .raw = TRUE };
  access = plug (test);
  g_assert_cmpstr (access->device, ==, "/dev/ttyUSB2");
  g_assert_cmpstr (access->eid, ==, EID);
  g_assert_cmpuint (mbim.opened, ==, 1);
  stop (test);
  start (test);
  access = plug (test);
  g_assert_cmpstr (access->driver->name, ==, "at");
  g_assert_cmpuint (mbim.opened, ==, 1); /* not asked again */
}

/* What may pass is kept for as long as the modem is there, but not for other modems. */
static void
test_not_remembered (Test *test, gconstpointer data)
{
  g_autoptr (ModemSnapshot) changed = make_modem ();

  mbim.refuses = ESIM_ERROR_CHANNEL;
  g_assert_cmpstr (plug (test)->driver->name, ==, "at");
  mbim.refuses = ESIM_ERROR_FAILED;
  changed->state = MODEM_STATE_REGISTERED;
  show (changed);
  g_assert_cmpstr (card_access (registry_cards (test->registry)->pdata[0])->driver->name, ==, "at");
  stop (test);
  start (test);
  g_assert_cmpstr (plug (test)->driver->name, ==, "mbim");
}

/* A modem that leaves takes its card along after a while; one that we have sent away does not. */
static void
test_away (Test *test, gconstpointer data)
{
  GPtrArray *cards = registry_cards (test->registry);
  gint64 until;

  registry_set_patience (test->registry, 1);
  plug (test);
  card_excuse (cards->pdata[0], 2);
  show (NULL);
  until = g_get_monotonic_time () + 1500 * 1000;
  while (g_get_monotonic_time () < until)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (10 * 1000);
    }
  g_assert_cmpuint (cards->len, ==, 1);
  while (cards->len > 0)
    g_main_context_iteration (NULL, TRUE);
}

/* A policy with TEXT as its known modems. */
static Policy *
make_policy (Test *test, const char *text)
{
  g_autofree char *conf = g_build_filename (test->dir, "esimd.conf", NULL);
  g_autofree char *quirks = g_build_filename (test->dir, "quirks.conf", NULL);
  g_autoptr (GError) error = NULL;
  Policy *policy = policy_load (conf, NULL, &error);

  g_assert_true (g_file_set_contents (quirks, text, -1, NULL));
  policy_load_quirks (policy, quirks, conf, channel_names, &error);
  g_assert_no_error (error);
  g_remove (quirks);
  return policy;
}

/* A modem that a failed try harms is left alone until its stack says that it has an eUICC. */
static void
test_known_only (Test *test, gconstpointer data)
{
  g_autoptr (Policy) policy = make_policy (test, "[modem X]\nmodel=EM05*\nknown-only=yes\n");
  g_autoptr (ModemSnapshot) plain = make_modem (), known = make_modem ();

  registry_set_policy (test->registry, policy);
  show (plain);
  registry_rescan (test->registry, FALSE);
  g_assert_true (registry_is_idle (test->registry));
  g_assert_cmpuint (mbim.opened, ==, 0);
  known->failure = MODEM_FAILURE_NO_PROFILE;
  show (known);
  g_assert_false (registry_is_idle (test->registry));
}

/* A Reload is heeded by cards that are there. */
static void
test_new_policy (Test *test, gconstpointer data)
{
  g_autoptr (Policy) policy
      = make_policy (test, "[modem X]\nstack=fake\ntransports=at\nsegment-size=9\n");
  const CardAccess *access = plug (test);

  g_assert_cmpstr (access->driver->name, ==, "mbim");
  g_assert_cmpuint (access->target.quirks.segment_size, ==, 255);
  registry_set_policy (test->registry, policy);
  access = card_access (registry_cards (test->registry)->pdata[0]);
  g_assert_cmpstr (access->driver->name, ==, "at");
  g_assert_cmpuint (access->target.quirks.segment_size, ==, 9);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/card/order", test_order);
  g_test_add_func ("/card/next-way", test_next_way);
  g_test_add_func ("/card/all-fail", test_all_fail);
  g_test_add ("/card/remembered", Test, NULL, set_up, test_remembered, tear_down);
  g_test_add ("/card/not-remembered", Test, NULL, set_up, test_not_remembered, tear_down);
  g_test_add ("/card/away", Test, NULL, set_up, test_away, tear_down);
  g_test_add ("/card/known-only", Test, NULL, set_up, test_known_only, tear_down);
  g_test_add ("/card/new-policy", Test, NULL, set_up, test_new_policy, tear_down);
  return g_test_run ();
}
