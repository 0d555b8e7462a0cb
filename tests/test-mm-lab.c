/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* modem/mm and connect/mm against the real ModemManager and the lab's modem: run by tests/lab/run.
 * The tests are one story, told in order. */

#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "connect/connect.h"

#define PATIENCE_S 30
#define ICCID "8988307000000000017"
#define IMSI "901700000000017"

extern const ModemDriver modem_mm;
extern const ConnectDriver connect_mm;

typedef struct
{
  gpointer watch;
  char *device;
  ModemSnapshot *now; /* NULL: no modem */
  guint gone;         /* how often it went */
  guint published;
} Story;

/* One verb on a worker, while the main thread goes on watching, as in esimd. */
typedef struct _Work Work;
struct _Work
{
  void (*run) (Work *self);
  ModemSnapshot *modem;
  ConnectSettings settings;
  ModemRung rung;
  GCancellable *cancellable;
  gboolean ok, over;
  ConnectStatus *status;
  GError *error;
};

static void
run_climb (Work *self)
{
  self->ok = modem_mm.climb (self->modem, self->rung, self->cancellable, &self->error);
}

static void
run_enable (Work *self)
{
  self->ok = modem_mm.enable (self->modem, self->cancellable, &self->error);
}

static void
run_up (Work *self)
{
  self->ok = connect_mm.up (self->modem, &self->settings, self->cancellable, &self->error);
}

static void
run_down (Work *self)
{
  self->ok = connect_mm.down (self->modem, self->cancellable, &self->error);
}

static void
run_observe (Work *self)
{
  self->status = connect_mm.observe (self->modem, &self->settings, self->cancellable, &self->error);
  self->ok = self->status != NULL;
}

static gboolean
wake (gpointer data)
{
  ((Work *) data)->over = TRUE;
  return G_SOURCE_REMOVE;
}

static gpointer
thread_main (gpointer data)
{
  ((Work *) data)->run (data);
  g_idle_add (wake, data);
  return NULL;
}

static Work
work_on (Story *story, void (*run) (Work *))
{
  return (Work){ .run = run,
                 .modem = modem_snapshot_ref (story->now),
                 .settings
                 = { .apn = "super", .ip_type = "ipv4", .roaming = TRUE, .metric = 700 } };
}

static void
work_clear (Work *self)
{
  modem_snapshot_unref (self->modem);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->status, connect_status_free);
  g_clear_error (&self->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Work, work_clear)

static void
finish (Work *self, GThread *thread)
{
  while (!self->over)
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
}

static void
do_work (Work *self)
{
  finish (self, g_thread_new ("work", thread_main, self));
  if (self->error)
    g_test_message ("%s", self->error->message);
  g_assert_true (self->ok == (self->error == NULL));
}

static void
succeed (Work *self)
{
  do_work (self);
  g_assert_no_error (self->error);
}

static void
expect_level (Story *story, const char *apn, ConnectLevel level)
{
  g_auto (Work) look = work_on (story, run_observe);

  look.settings.apn = apn;
  succeed (&look);
  g_assert_cmpstr (connect_level_name (look.status->level), ==, connect_level_name (level));
}

/* Runs the shell's COMMAND in tests/lab and returns what it printed; it must succeed. */
static char *
run (const char *command)
{
  g_autofree char *lab = g_test_build_filename (G_TEST_DIST, "lab", NULL);
  const char *argv[] = { "sh", "-c", command, NULL };
  g_autoptr (GError) error = NULL;
  char *out = NULL;
  int status;

  g_spawn_sync (lab, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &status,
                &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s", command, error->message);
  return out;
}

static void
expect_output (const char *command, const char *printed)
{
  g_autofree char *out = run (command);

  if (strstr (out, printed) == NULL)
    g_error ("%s printed, without \"%s\":\n%s", command, printed, out);
}

static void
on_changed (const char *device, ModemSnapshot *snapshot, gpointer data)
{
  Story *story = data;

  g_test_message ("%s: %s", device, snapshot ? modem_state_name (snapshot->state) : "gone");
  /* One physical modem, whatever ModemManager makes of it. */
  if (story->device == NULL)
    story->device = g_strdup (device);
  g_assert_cmpstr (device, ==, story->device);
  story->published++;
  if (snapshot == NULL)
    {
      g_assert_nonnull (story->now);
      story->gone++;
    }
  else if (story->now)
    g_assert_false (modem_snapshot_equal (story->now, snapshot));
  g_clear_pointer (&story->now, modem_snapshot_unref);
  story->now = snapshot ? modem_snapshot_ref (snapshot) : NULL;
}

static gboolean
on_tick (G_GNUC_UNUSED gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Waits until the modem is in STATE, under another path than NOT_PATH (may be NULL). */
static void
wait_for (Story *story, ModemState state, const char *not_path)
{
  gint64 end = g_get_monotonic_time () + PATIENCE_S * G_USEC_PER_SEC;
  guint tick = g_timeout_add (100, on_tick, NULL);

  while (story->now == NULL || story->now->state != state
         || g_strcmp0 (story->now->path, not_path) == 0)
    {
      if (g_get_monotonic_time () > end)
        g_error ("the modem is %s, not %s",
                 story->now ? modem_state_name (story->now->state) : "gone",
                 modem_state_name (state));
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (tick);
}

static void
test_failed (gconstpointer data)
{
  Story *story = (Story *) data;

  wait_for (story, MODEM_STATE_FAILED, NULL);
  g_assert_cmpint (story->now->failure, ==, MODEM_FAILURE_NO_PROFILE);
  g_assert_cmpstr (story->now->stack, ==, "modemmanager");
  g_assert_cmpstr (story->now->device, ==, story->device);
  g_assert_true (g_str_has_prefix (story->now->device, "/sys/"));
  g_assert_cmpuint (strlen (story->now->eid), ==, 32);
  g_assert_cmpstr (story->now->iccid, ==, "");
  g_assert_cmpuint (strlen (story->now->imei), ==, 15);
  g_assert_cmpuint (story->now->n_ports, ==, 1);
  g_assert_cmpstr (story->now->ports[0].kind, ==, "mbim");
  g_assert_cmpstr (story->now->ports[0].device, ==, "/dev/cdc-wdm0");
  g_assert_cmpuint (story->now->slot, ==, 0);
  /* With the SIM in it from the start, not in two halves. */
  g_assert_cmpuint (story->published, ==, 1);
}

static void
test_failed_has_no_data (gconstpointer data)
{
  Story *story = (Story *) data;
  g_auto (Work) up = work_on (story, run_up);

  do_work (&up);
  g_assert_error (up.error, ESIM_ERROR, ESIM_ERROR_NOT_REGISTERED);
  expect_level (story, "super", CONNECT_NONE);
}

static void
test_cancelled_climb (gconstpointer data)
{
  Story *story = (Story *) data;
  g_auto (Work) climb = work_on (story, run_climb);

  climb.cancellable = g_cancellable_new ();
  g_cancellable_cancel (climb.cancellable);
  do_work (&climb);
  g_assert_error (climb.error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
  g_assert_nonnull (story->now);
}

static void
test_reprobe (gconstpointer data)
{
  Story *story = (Story *) data;
  g_autofree char *path = g_strdup (story->now->path);
  g_auto (Work) climb = work_on (story, run_climb);

  g_free (run ("./ctl modem set tell=nothing"));
  g_free (run ("./ctl euicc add_profile state=enabled iccid=" ICCID " imsi=" IMSI));
  climb.rung = MODEM_RUNG_REPROBE;
  succeed (&climb);
  wait_for (story, MODEM_STATE_DISABLED, path);
  g_assert_cmpuint (story->gone, ==, 1);
  g_assert_cmpstr (story->now->iccid, ==, ICCID);
  g_assert_cmpstr (story->now->imsi, ==, IMSI);
  g_assert_cmpint (story->now->failure, ==, MODEM_FAILURE_NONE);
}

static void
test_disabled_has_no_data (gconstpointer data)
{
  g_auto (Work) up = work_on ((Story *) data, run_up);

  do_work (&up);
  g_assert_error (up.error, ESIM_ERROR, ESIM_ERROR_NOT_REGISTERED);
}

static void
test_enable (gconstpointer data)
{
  Story *story = (Story *) data;
  g_auto (Work) enable = work_on (story, run_enable);

  succeed (&enable);
  wait_for (story, MODEM_STATE_REGISTERED, NULL);
  /* ModemManager tells of these a moment after the state. */
  for (guint i = 0; i < 100 && !(story->now->roaming && *story->now->operator_name); i++)
    {
      g_usleep (50 * 1000);
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
  g_assert_true (story->now->roaming);
  g_assert_cmpstr (story->now->operator_name, ==, "esimd Visited");
}

static void
test_wrong_apn (gconstpointer data)
{
  Story *story = (Story *) data;
  g_auto (Work) up = work_on (story, run_up);

  up.settings.apn = "wrong.example";
  do_work (&up);
  g_assert_error (up.error, ESIM_ERROR, ESIM_ERROR_APN_REFUSED);
  expect_level (story, "super", CONNECT_NONE);
  expect_level (story, "wrong.example", CONNECT_NONE);
}

static void
test_roaming_not_allowed (gconstpointer data)
{
  Story *story = (Story *) data;
  g_auto (Work) up = work_on (story, run_up);

  up.settings.roaming = FALSE;
  do_work (&up);
  g_assert_error (up.error, ESIM_ERROR, ESIM_ERROR_NOT_AUTHORIZED);
  expect_level (story, "super", CONNECT_NONE);
}

/* A push at a modem that is just connecting is refused, and the connection comes up. */
static void
test_up_and_busy (gconstpointer data)
{
  Story *story = (Story *) data;
  g_auto (Work) up = work_on (story, run_up);
  g_auto (Work) climb = work_on (story, run_climb);
  GThread *thread;

  g_free (run ("./ctl modem set connect_seconds=1.5"));
  thread = g_thread_new ("up", thread_main, &up);
  g_usleep (700 * 1000);
  do_work (&climb);
  g_assert_error (climb.error, ESIM_ERROR, ESIM_ERROR_MODEM);
  finish (&up, thread);
  g_assert_no_error (up.error);
  g_free (run ("./ctl modem set connect_seconds=0.05"));
  wait_for (story, MODEM_STATE_CONNECTED, NULL);
}

static void
test_carries_ip (gconstpointer data)
{
  g_auto (Work) look = work_on ((Story *) data, run_observe);

  succeed (&look);
  g_assert_cmpint (look.status->level, ==, CONNECT_CONFIGURED);
  g_assert_cmpstr (look.status->interface, ==, "wwan0");
  g_assert_cmpstr (look.status->apn, ==, "super");
  g_assert_nonnull (strchr (look.status->address, '/'));
  g_assert_cmpstr (look.status->gateway, !=, "");
  g_assert_true (g_str_has_prefix (look.status->bearer, "/org/freedesktop/ModemManager1/Bearer/"));
  expect_output ("ip addr show wwan0", look.status->address);
  expect_output ("ip route show default dev wwan0", "metric 700");
  expect_output ("ping -c 1 -W 5 -I wwan0 198.51.100.7", "1 received");
  expect_output ("./ctl modem sessions", "\"made\": 1");
}

static void
test_second_up (gconstpointer data)
{
  Story *story = (Story *) data;
  g_auto (Work) again = work_on (story, run_up);
  g_auto (Work) repair = work_on (story, run_up);

  succeed (&again);
  g_free (run ("ip addr flush dev wwan0"));
  expect_level (story, "super", CONNECT_UP);
  succeed (&repair);
  expect_level (story, "super", CONNECT_CONFIGURED);
  expect_output ("ping -c 1 -W 5 -I wwan0 198.51.100.7", "1 received");
  expect_output ("./ctl modem sessions", "\"made\": 1");
}

static void
test_others_connection (gconstpointer data)
{
  Story *story = (Story *) data;
  g_auto (Work) up = work_on (story, run_up);

  expect_level (story, "other.example", CONNECT_OTHER);
  up.settings.apn = "other.example";
  do_work (&up);
  g_assert_error (up.error, ESIM_ERROR, ESIM_ERROR_DATA_FAILED);
  expect_level (story, "super", CONNECT_CONFIGURED);
  expect_output ("./ctl modem sessions", "\"made\": 1");
}

static void
test_down (gconstpointer data)
{
  Story *story = (Story *) data;
  g_auto (Work) down = work_on (story, run_down);
  g_auto (Work) again = work_on (story, run_down);

  succeed (&down);
  expect_level (story, "super", CONNECT_NONE);
  expect_output ("./ctl modem sessions", "\"active\": 0");
  expect_output ("ip link show wwan0", "state DOWN");
  succeed (&again);
  wait_for (story, MODEM_STATE_REGISTERED, NULL);
  g_assert_cmpint (story->now->ended, ==, MODEM_ENDED_BY_CLIENT);
}

/* The network ends the session: what is left on the interface does not count, and is cleared. */
static void
test_dropped (gconstpointer data)
{
  Story *story = (Story *) data;
  g_auto (Work) up = work_on (story, run_up);
  g_auto (Work) down = work_on (story, run_down);

  succeed (&up);
  wait_for (story, MODEM_STATE_CONNECTED, NULL);
  g_assert_cmpint (story->now->ended, ==, MODEM_ENDED_NOT);
  g_free (run ("./ctl modem drop"));
  wait_for (story, MODEM_STATE_REGISTERED, NULL);
  g_assert_cmpint (story->now->ended, ==, MODEM_ENDED_BY_NETWORK);
  expect_level (story, "super", CONNECT_NONE);
  succeed (&down);
  expect_output ("ip -4 route show table all dev wwan0 | wc -l", "0\n");
  expect_output ("ip -4 addr show wwan0 | wc -l", "0\n");
}

static guint32
modem_manager_pid (void)
{
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = g_dbus_connection_call_sync (
      bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "GetConnectionUnixProcessID", g_variant_new ("(s)", "org.freedesktop.ModemManager1"),
      G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  guint32 pid;

  g_assert_no_error (error);
  g_variant_get (answer, "(u)", &pid);
  return pid;
}

static void
test_restart (gconstpointer data)
{
  Story *story = (Story *) data;
  g_auto (Work) climb = work_on (story, run_climb);
  guint gone = story->gone;

  g_assert_cmpint (kill (modem_manager_pid (), SIGKILL), ==, 0);
  while (story->now)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (story->gone, ==, gone + 1);
  do_work (&climb);
  g_assert_error (climb.error, ESIM_ERROR, ESIM_ERROR_MODEM);
  modem_mm.rescan (story->watch);
  g_free (run ("LD_PRELOAD=$LAB_PRELOAD setsid /usr/sbin/ModemManager --test-no-suspend-resume "
               ">/dev/null 2>&1 &"));
  wait_for (story, MODEM_STATE_DISABLED, NULL);
  g_assert_cmpstr (story->now->iccid, ==, ICCID);
}

static void
test_unplugged (gconstpointer data)
{
  Story *story = (Story *) data;

  g_free (run ("./ctl modem unplug"));
  while (story->now)
    g_main_context_iteration (NULL, TRUE);
  g_free (run ("./ctl modem plug"));
  wait_for (story, MODEM_STATE_DISABLED, NULL);
}

/* ModemManager 1.20 can reset an MBIM modem of Intel's only; later ones also one like this. */
static void
test_reset (gconstpointer data)
{
  Story *story = (Story *) data;
  g_autofree char *path = g_strdup (story->now->path);
  g_auto (Work) climb = work_on (story, run_climb);

  climb.rung = MODEM_RUNG_RESET;
  do_work (&climb);
  if (climb.error)
    g_assert_error (climb.error, ESIM_ERROR, ESIM_ERROR_UNSUPPORTED);
  wait_for (story, MODEM_STATE_DISABLED, climb.error ? NULL : path);
  g_assert_cmpstr (story->now->iccid, ==, ICCID);
}

int
main (int argc, char **argv)
{
  Story story = { 0 };
  int status;

  g_test_init (&argc, &argv, NULL);
  if (g_getenv ("LAB_DIR") == NULL)
    g_error ("run me by tests/lab/run");
  story.watch = modem_mm.start (on_changed, &story);
  g_test_add_data_func ("/mm-lab/01-failed", &story, test_failed);
  g_test_add_data_func ("/mm-lab/02-failed-has-no-data", &story, test_failed_has_no_data);
  g_test_add_data_func ("/mm-lab/03-cancelled-climb", &story, test_cancelled_climb);
  g_test_add_data_func ("/mm-lab/04-reprobe", &story, test_reprobe);
  g_test_add_data_func ("/mm-lab/05-disabled-has-no-data", &story, test_disabled_has_no_data);
  g_test_add_data_func ("/mm-lab/06-enable", &story, test_enable);
  g_test_add_data_func ("/mm-lab/07-wrong-apn", &story, test_wrong_apn);
  g_test_add_data_func ("/mm-lab/08-roaming-not-allowed", &story, test_roaming_not_allowed);
  g_test_add_data_func ("/mm-lab/09-up-and-busy", &story, test_up_and_busy);
  g_test_add_data_func ("/mm-lab/10-carries-ip", &story, test_carries_ip);
  g_test_add_data_func ("/mm-lab/11-second-up", &story, test_second_up);
  g_test_add_data_func ("/mm-lab/12-others-connection", &story, test_others_connection);
  g_test_add_data_func ("/mm-lab/13-down", &story, test_down);
  g_test_add_data_func ("/mm-lab/14-dropped", &story, test_dropped);
  g_test_add_data_func ("/mm-lab/15-restart", &story, test_restart);
  g_test_add_data_func ("/mm-lab/16-unplugged", &story, test_unplugged);
  g_test_add_data_func ("/mm-lab/17-reset", &story, test_reset);
  status = g_test_run ();
  modem_mm.stop (story.watch);
  g_clear_pointer (&story.now, modem_snapshot_unref);
  g_free (story.device);
  return status;
}
