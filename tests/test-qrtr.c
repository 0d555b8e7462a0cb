/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* apdu/qrtr with the real libqmi and libqrtr-glib, in front of a modem that plays exchanges of
 * qmi.conversation: test-qrtr on a stand-in for the kernel's QRTR, test-qrtr-node on the kernel's.
 */

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed.h"
#include "pace.h"
#include "qmux.h"
#include "qrtr-kernel.h"

#define MODEM "qrtr-modem"

extern const ChannelDriver channel_qrtr;

static const Framing framing
    = { "qmi.conversation", MODEM, QMUX_HEAD, qmux_length, qmux_set_transaction };

static void
set_up (Bed *bed, QrtrKind kind, const char *names)
{
  bed_set_up (bed, &channel_qrtr, qrtr_kernel_modem (), &framing, names);
  qrtr_kernel_start (kind, MODEM);
}

/* SOCKETS: how many there were, all of them closed by now. */
static void
tear_down (Bed *bed, int sockets)
{
  int counted = qrtr_kernel_stop ();

  g_assert_true (counted == sockets || counted == -1);
  g_assert_false (g_file_test (bed->memory, G_FILE_TEST_EXISTS));
  bed_down (bed);
}

/* Opening fails with CODE and WORDS, and nothing is left open; returns how many sockets there were.
 */
static int
fails (QrtrKind kind, EsimError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  int sockets;
  Bed bed;

  set_up (&bed, kind, "");
  g_assert_null (channel_open (&channel_qrtr, &bed.target, NULL, NULL, &error));
  g_assert_error (error, ESIM_ERROR, (int) code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_true (pace_within (g_timer_elapsed (bed.timer, NULL), 3));
  sockets = qrtr_kernel_stop ();
  bed_down (&bed);
  return sockets;
}

/* The knock, the bus, and the client; nothing is asked of QMI's CTL, which QRTR does not have. */
static void
test_eid (void)
{
  Bed bed;

  set_up (&bed, QRTR_WHOLE, "slots select eid release");
  read_eid (&bed);
  tear_down (&bed, 3);
}

/* By indications: parts after the announcement, and around it. */
static void
test_long_answers (void)
{
  const char *const ways[] = { "info", "info-after", "info-mixed", "info-stray" };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *names = g_strdup_printf ("slots select %s release", ways[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) info = NULL;
      Channel *channel;
      Bed bed;

      set_up (&bed, QRTR_WHOLE, names);
      channel = open_channel (&bed);
      info = get_info (channel, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (info), ==, 127);
      g_assert_cmpmem (g_bytes_get_data (info, NULL), 3, "\xbf\x22\x7c", 3);
      channel_close (channel);
      tear_down (&bed, 3);
    }
}

static void
test_no_qrtr (void)
{
  /* It is not libqrtr-glib that finds that out. */
  g_assert_cmpint (fails (QRTR_NONE, ESIM_ERROR_UNSUPPORTED, "no QRTR"), ==, 0);
  g_assert_cmpint (fails (QRTR_NO_NAMES, ESIM_ERROR_UNSUPPORTED, "no QRTR"), ==, 1);
}

static void
test_no_node (void)
{
  g_autoptr (GTimer) timer = g_timer_new ();

  fails (QRTR_NO_MODEM, ESIM_ERROR_DEVICE_GONE, "there is no qrtr://");
  fails (QRTR_NO_UIM, ESIM_ERROR_UNSUPPORTED, "has no UIM service");
  g_assert_true (pace_within (g_timer_elapsed (timer, NULL), 2));
}

static void
test_silent_name_service (void)
{
  fails (QRTR_SILENT, ESIM_ERROR_TIMED_OUT, "name service");
  fails (QRTR_UNENDING, ESIM_ERROR_TIMED_OUT, "name service");
}

static void
test_no_address (void)
{
  g_autoptr (GError) error = NULL;
  Bed bed;

  set_up (&bed, QRTR_WHOLE, "");
  bed.target.device = "/dev/qrtr0";
  g_assert_null (channel_open (&channel_qrtr, &bed.target, NULL, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_DEVICE_GONE);
  tear_down (&bed, 2);
}

/* A modem that crashes takes its node along. */
static void
test_gone (void)
{
  Bed bed;
  Channel *channel;

  set_up (&bed, QRTR_WHOLE, "slots select eid-hangup");
  channel = open_channel (&bed);
  g_timer_start (bed.timer);
  eid_fails (channel, NULL, ESIM_ERROR_DEVICE_GONE);
  eid_fails (channel, NULL, ESIM_ERROR_DEVICE_GONE);
  channel_close (channel);
  g_assert_true (pace_within (g_timer_elapsed (bed.timer, NULL), 1));
  tear_down (&bed, 3);

  set_up (&bed, QRTR_WHOLE, "slots select info-hangup");
  channel = open_channel (&bed);
  g_assert_null (get_info (channel, NULL, NULL));
  channel_close (channel);
  tear_down (&bed, 3);
}

/* Between any two steps, at once. */
static void
test_gone_while_opening (void)
{
  g_autoptr (GTimer) timer = g_timer_new ();

  for (guint later = 0; later < 3; later++)
    fails (QRTR_FLEETING + later, ESIM_ERROR_DEVICE_GONE, "qrtr://0");
  g_assert_true (pace_within (g_timer_elapsed (timer, NULL), 2));
}

/* By another thread, in the middle of an APDU; closing is not cancelled. */
static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Bed bed;
  Channel *channel;
  GThread *thread;

  set_up (&bed, QRTR_WHOLE, "slots select eid-silent release");
  channel = open_channel (&bed);
  thread = cancel_soon (cancellable);
  eid_fails (channel, cancellable, ESIM_ERROR_CANCELLED);
  channel_close (channel);
  g_thread_join (thread);
  g_assert_true (pace_within (g_timer_elapsed (bed.timer, NULL), 3));
  tear_down (&bed, 3);
}

static void
test_cancelled_before (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Bed bed;

  g_cancellable_cancel (cancellable);
  set_up (&bed, QRTR_WHOLE, ""); /* the modem hears nothing */
  g_assert_null (channel_open (&channel_qrtr, &bed.target, NULL, cancellable, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
  tear_down (&bed, 2);
}

static void
test_timed_out (void)
{
  Bed bed;
  Channel *channel;

  set_up (&bed, QRTR_WHOLE, "slots select eid-silent release");
  bed.target.quirks.apdu_timeout_s = 1;
  channel = open_channel (&bed);
  eid_fails (channel, NULL, ESIM_ERROR_TIMED_OUT);
  channel_close (channel);
  tear_down (&bed, 3);
}

/* A dead predecessor's socket is closed, and with it what the modem had for it. */
static void
test_nothing_to_recover (void)
{
  g_autoptr (GError) error = NULL;
  Channel *channel;
  Bed bed;

  set_up (&bed, QRTR_WHOLE, "slots select release");
  g_assert_true (channel_recover (&channel_qrtr, &bed.target, &error));
  channel = open_channel (&bed);
  g_assert_false (g_file_test (bed.memory, G_FILE_TEST_EXISTS));
  channel_close (channel);
  tear_down (&bed, 3);
}

static void
test_power_cycle (void)
{
  g_autoptr (GError) error = NULL;
  Bed bed;

  set_up (&bed, QRTR_WHOLE, "slots off on");
  g_assert_true (channel_power_cycle (&channel_qrtr, &bed.target, NULL, &error));
  g_assert_no_error (error);
  tear_down (&bed, 3);
}

/* What a program leaves that is killed with a channel open: the modem hears of it. */
static void
test_killed (void)
{
  int status;
  pid_t child;
  Bed bed;

  set_up (&bed, QRTR_WHOLE, "slots select");
  child = fork ();
  if (child == 0)
    {
      open_channel (&bed);
      kill (getpid (), SIGKILL);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  tear_down (&bed, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* The first network namespace alone has QRTR. */
  if (!qrtr_kernel_is_real () && !bed_enter_namespace ())
    return 0;
  g_test_add_func ("/qrtr/eid", test_eid);
  g_test_add_func ("/qrtr/long-answers", test_long_answers);
  g_test_add_func ("/qrtr/no-node", test_no_node);
  g_test_add_func ("/qrtr/no-address", test_no_address);
  g_test_add_func ("/qrtr/gone", test_gone);
  g_test_add_func ("/qrtr/cancelled", test_cancelled);
  g_test_add_func ("/qrtr/cancelled-before", test_cancelled_before);
  g_test_add_func ("/qrtr/timed-out", test_timed_out);
  g_test_add_func ("/qrtr/nothing-to-recover", test_nothing_to_recover);
  g_test_add_func ("/qrtr/power-cycle", test_power_cycle);
  if (qrtr_kernel_is_real ())
    {
      g_test_add_func ("/qrtr/killed", test_killed);
      return g_test_run ();
    }
  g_test_add_func ("/qrtr/no-qrtr", test_no_qrtr);
  g_test_add_func ("/qrtr/silent-name-service", test_silent_name_service);
  g_test_add_func ("/qrtr/gone-while-opening", test_gone_while_opening);
  return g_test_run ();
}
