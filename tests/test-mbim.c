/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* apdu/mbim with the real libmbim, in front of a stand-in for mbim-proxy that plays exchanges of
 * mbim.conversation, in a network namespace of its own. */

#include <string.h>

#include "apdu/channel.h"
#include "base/error.h"
#include "bed.h"
#include "pace.h"

#define DEVICE "/dev/null" /* libmbim wants a character device; nobody opens it */

extern const ChannelDriver channel_mbim, channel_qmi_mbim;

static gsize
message_length (const guint8 *header)
{
  return GUINT32_FROM_LE (*(const guint32 *) (header + 4));
}

static void
set_transaction (guint8 *message, const guint8 *from)
{
  memcpy (message + 8, from + 8, 4);
}

static const Framing framing
    = { "mbim.conversation", "mbim-proxy", 12, message_length, set_transaction };

static void
bed_up (Bed *bed, const char *names)
{
  bed_set_up (bed, &channel_mbim, DEVICE, &framing, names);
}

static void
test_eid (void)
{
  Bed bed;

  bed_up (&bed, "connect open slot select eid release close");
  read_eid (&bed);
  bed_down (&bed);
}

/* QMI inside MBIM: the real libqmi over the real libmbim. */
static void
test_carried (void)
{
  Bed bed;

  bed_set_up (&bed, &channel_qmi_mbim, DEVICE, &framing,
              "qmi-connect open qmi-subscribe qmi-allocate qmi-slots qmi-select qmi-eid "
              "qmi-release qmi-free close");
  read_eid (&bed);
  bed_down (&bed);
}

static void
test_quirks (void)
{
  Bed bed;

  bed_up (&bed, "connect open capability select eid release close");
  bed.target.quirks.slot_mapping = FALSE;
  memcpy (bed.target.quirks.terminal_capability, "\x83\x01\x07", 3);
  bed.target.quirks.terminal_capability_len = 3;
  read_eid (&bed);
  bed_down (&bed);
}

static void
test_slots (void)
{
  Bed bed;

  bed_up (&bed, "connect open slot-unknown select eid release close");
  read_eid (&bed);
  bed_down (&bed);

  bed_up (&bed, "connect open slot-other close");
  open_fails (&bed, ESIM_ERROR_UNSUPPORTED, NULL, NULL);

  bed_up (&bed, "connect open slot-other select eid release close");
  bed.target.slot = 1;
  read_eid (&bed);
  bed_down (&bed);

  bed_up (&bed, "connect open slot-unknown close");
  bed.target.slot = 1;
  open_fails (&bed, ESIM_ERROR_UNSUPPORTED, NULL, NULL);
}

static void
test_no_channel_free (void)
{
  Bed bed;

  bed_up (&bed, "connect open slot select-busy close");
  open_fails (&bed, ESIM_ERROR_BUSY, "mbim-status", "87430001");
}

static void
test_no_applet (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) aid = NULL;
  Bed bed;
  gpointer device;
  guint number = 77;

  bed_up (&bed, "connect open slot select-none select-refused release-2 close");
  aid = g_bytes_new_static ("\xa0\0\0\5\x59\x10\x10\xff\xff\xff\xff\x89\0\0\1\0", 16);
  device = channel_mbim.open_device (&bed.target, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (channel_mbim.open_logical (device, aid, &number, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_NO_EUICC);
  g_clear_error (&error);
  /* A modem that takes the card's no for a yes: the channel is closed again. */
  g_assert_false (channel_mbim.open_logical (device, aid, &number, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_NO_EUICC);
  g_assert_cmpstr (error_get_raw (error, "sw"), ==, "6A82");
  g_assert_cmpuint (number, ==, 77);
  channel_mbim.close_device (device);
  bed_down (&bed);
}

/* The number of what may be open is not known: the whole group is closed. */
static void
test_broken_answer (void)
{
  Bed bed;

  bed_up (&bed, "connect open slot select-broken recover close");
  open_fails (&bed, ESIM_ERROR_CHANNEL, NULL, NULL);
}

static void
test_invalid_channel (void)
{
  Bed bed;
  Channel *channel;

  bed_up (&bed, "connect open slot select eid-invalid release close");
  channel = open_channel (&bed);
  eid_fails (channel, NULL, ESIM_ERROR_CHANNEL);
  channel_close (channel);
  bed_down (&bed);
}

static void
test_unplugged (void)
{
  Bed bed;
  Channel *channel;

  bed_up (&bed, "connect open slot select eid-hangup");
  channel = open_channel (&bed);
  g_timer_start (bed.timer);
  eid_fails (channel, NULL, ESIM_ERROR_DEVICE_GONE);
  eid_fails (channel, NULL, ESIM_ERROR_DEVICE_GONE);
  channel_close (channel);
  g_assert_true (pace_within (g_timer_elapsed (bed.timer, NULL), 1));
  bed_down (&bed);
}

static void
test_unplugged_while_opening (void)
{
  Bed bed;

  bed_up (&bed, "connect open-hangup");
  open_fails (&bed, ESIM_ERROR_DEVICE_GONE, NULL, NULL);
}

/* By another thread, in the middle of an APDU; closing is not cancelled. */
static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Bed bed;
  Channel *channel;
  GThread *thread;

  bed_up (&bed, "connect open slot select eid-silent release close");
  channel = open_channel (&bed);
  thread = cancel_soon (cancellable);
  eid_fails (channel, cancellable, ESIM_ERROR_CANCELLED);
  channel_close (channel);
  g_thread_join (thread);
  g_assert_true (pace_within (g_timer_elapsed (bed.timer, NULL), 3));
  bed_down (&bed);
}

static void
test_cancelled_before (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Bed bed;

  g_cancellable_cancel (cancellable);
  bed_up (&bed, ""); /* nothing is said */
  g_assert_null (channel_open (&channel_mbim, &bed.target, NULL, cancellable, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
  bed_down (&bed);
}

static void
test_timed_out (void)
{
  Bed bed;
  Channel *channel;

  bed_up (&bed, "connect open slot select eid-silent release close");
  bed.target.quirks.apdu_timeout_s = 1;
  channel = open_channel (&bed);
  eid_fails (channel, NULL, ESIM_ERROR_TIMED_OUT);
  channel_close (channel);
  bed_down (&bed);
}

static void
test_recover (void)
{
  g_autoptr (GError) error = NULL;
  Bed bed;

  bed_up (&bed, "connect open slot recover close connect open slot recover-invalid close "
                "connect open slot recover-failed close");
  g_assert_true (channel_recover (&channel_mbim, &bed.target, &error));
  g_assert_no_error (error);
  g_assert_true (channel_recover (&channel_mbim, &bed.target, &error));
  g_assert_no_error (error);
  g_assert_false (channel_recover (&channel_mbim, &bed.target, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CHANNEL);
  bed_down (&bed);
}

static void
test_power_cycle (void)
{
  g_autoptr (GError) error = NULL;
  Bed bed;

  bed_up (&bed, "connect open slot reset close connect open slot reset-unknown close");
  g_assert_true (channel_power_cycle (&channel_mbim, &bed.target, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (channel_power_cycle (&channel_mbim, &bed.target, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_UNSUPPORTED);
  bed_down (&bed);
}

/* No proxy is started: ModemManager's would end with us. */
static void
test_no_proxy (void)
{
  Bed bed;

  bed_up (&bed, NULL);
  open_fails (&bed, ESIM_ERROR_CHANNEL, NULL, NULL);
}

static void
test_no_device (void)
{
  Bed bed;

  bed_up (&bed, "");
  bed.target.device = "/dev/cdc-wdm-that-is-not-there";
  open_fails (&bed, ESIM_ERROR_DEVICE_GONE, NULL, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK); /* libqmi warns of DEVICE */
  if (!bed_enter_namespace ())
    return 0;
  g_test_add_func ("/mbim/eid", test_eid);
  g_test_add_func ("/mbim/carried", test_carried);
  g_test_add_func ("/mbim/quirks", test_quirks);
  g_test_add_func ("/mbim/slots", test_slots);
  g_test_add_func ("/mbim/no-channel-free", test_no_channel_free);
  g_test_add_func ("/mbim/no-applet", test_no_applet);
  g_test_add_func ("/mbim/broken-answer", test_broken_answer);
  g_test_add_func ("/mbim/invalid-channel", test_invalid_channel);
  g_test_add_func ("/mbim/unplugged", test_unplugged);
  g_test_add_func ("/mbim/unplugged-while-opening", test_unplugged_while_opening);
  g_test_add_func ("/mbim/cancelled", test_cancelled);
  g_test_add_func ("/mbim/cancelled-before", test_cancelled_before);
  g_test_add_func ("/mbim/timed-out", test_timed_out);
  g_test_add_func ("/mbim/recover", test_recover);
  g_test_add_func ("/mbim/power-cycle", test_power_cycle);
  g_test_add_func ("/mbim/no-proxy", test_no_proxy);
  g_test_add_func ("/mbim/no-device", test_no_device);
  return g_test_run ();
}
