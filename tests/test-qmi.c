/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* apdu/qmi with the real libqmi, in front of a stand-in for qmi-proxy that plays exchanges of
 * qmi.conversation, in a network namespace of its own. */

#include <glib/gstdio.h>
#include <string.h>

#include "apdu/channel.h"
#include "apdu/memory.h"
#include "base/error.h"
#include "bed.h"
#include "pace.h"
#include "qmux.h"

#define DEVICE "/dev/null" /* libqmi wants a character device; nobody opens it */
#define OPEN "connect allocate slots select "
#define EVERY(name)                                                                                \
  name "2 " name "3 " name "4 " name "5 " name "6 " name "7 " name "8 " name "9 " name "10 " name  \
       "11 " name "12 " name "13 " name "14 " name "15 " name "16 " name "17 " name "18 " name     \
       "19 "

extern const ChannelDriver channel_qmi, channel_qmi_mbim;

static const Framing framing
    = { "qmi.conversation", "qmi-proxy", QMUX_HEAD, qmux_length, qmux_set_transaction };

static void
bed_up (Bed *bed, const char *names)
{
  bed_set_up (bed, &channel_qmi, DEVICE, &framing, names);
}

static void
test_eid (void)
{
  Bed bed;

  bed_up (&bed, OPEN "eid release free");
  read_eid (&bed);
  g_assert_false (g_file_test (bed.memory, G_FILE_TEST_EXISTS)); /* nothing is left to remember */
  bed_down (&bed);

  bed_up (&bed, OPEN "eid-shuffled release free");
  read_eid (&bed);
  bed_down (&bed);
}

/* Parts before, after and around the announcement, in any order, and a stray one. */
static void
test_long_answers (void)
{
  const char *const ways[] = { "info", "info-after", "info-mixed", "info-stray" };
  g_autoptr (GBytes) first = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *names = g_strdup_printf (OPEN "%s release free", ways[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) info = NULL;
      Channel *channel;
      Bed bed;

      bed_up (&bed, names);
      channel = open_channel (&bed);
      info = get_info (channel, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (info), ==, 127);
      g_assert_cmpmem (g_bytes_get_data (info, NULL), 3, "\xbf\x22\x7c", 3);
      g_assert_true (first == NULL || g_bytes_equal (first, info));
      if (first == NULL)
        first = g_bytes_ref (info);
      channel_close (channel);
      bed_down (&bed);
    }
}

static void
info_fails (const char *way, EsimError code)
{
  g_autofree char *names = g_strdup_printf (OPEN "%s release free", way);
  g_autoptr (GError) error = NULL;
  Channel *channel;
  Bed bed;

  bed_up (&bed, names);
  bed.target.quirks.apdu_timeout_s = 1;
  channel = open_channel (&bed);
  g_assert_null (get_info (channel, NULL, &error));
  g_assert_error (error, ESIM_ERROR, (int) code);
  channel_close (channel);
  bed_down (&bed);
}

static void
test_broken_long_answers (void)
{
  info_fails ("info-cut", ESIM_ERROR_CHANNEL);
  info_fails ("info-long", ESIM_ERROR_CHANNEL);
  info_fails ("info-other", ESIM_ERROR_CHANNEL);
  info_fails ("info-missing", ESIM_ERROR_TIMED_OUT);
}

static void
test_broken_answers (void)
{
  const char *const ways[] = { "eid-cut", "eid-none", "eid-no-result", "eid-refused" };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *names = g_strdup_printf (OPEN "%s release free", ways[i]);
      Channel *channel;
      Bed bed;

      bed_up (&bed, names);
      channel = open_channel (&bed);
      eid_fails (channel, NULL, ESIM_ERROR_CHANNEL);
      channel_close (channel);
      bed_down (&bed);
    }
}

/* What is told of the slots that are not in use, too. */
static void
list_slots (const char *names, const char *expected)
{
  g_autoptr (GArray) slots = NULL;
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  Bed bed;

  bed_up (&bed, names);
  slots = channel_list_slots (&channel_qmi, &bed.target, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < slots->len; i++)
    {
      const ChannelSlot *slot = &g_array_index (slots, ChannelSlot, i);

      g_string_append_printf (told, "%d%s ", slot->kind, slot->eid);
    }
  g_assert_cmpstr (told->str, ==, expected);
  bed_down (&bed);
}

static void
test_list_slots (void)
{
  list_slots ("connect allocate slots slots-two free", "2 389044145000000000000000000000125 ");
  list_slots ("connect allocate slots slots-bare free", "0 1 ");
  list_slots ("connect allocate slots slots-information-cut free", "3 0 ");
}

static void
test_slots (void)
{
  Bed bed;

  bed_up (&bed, "connect allocate slots-unknown select eid release free");
  read_eid (&bed);
  bed_down (&bed);

  /* Physical slot 2 is UIM's slot 1. */
  bed_up (&bed, "connect allocate slots-second select eid release free");
  bed.target.slot = 1;
  read_eid (&bed);
  bed_down (&bed);

  bed_up (&bed, "connect allocate select eid release free");
  bed.target.quirks.slot_mapping = FALSE;
  read_eid (&bed);
  bed_down (&bed);

  bed_up (&bed, "connect allocate slots-idle free");
  open_fails (&bed, ESIM_ERROR_UNSUPPORTED, NULL, NULL);

  bed_up (&bed, "connect allocate slots-cut free");
  bed.target.slot = 1;
  open_fails (&bed, ESIM_ERROR_UNSUPPORTED, NULL, NULL);
}

static void
test_refusals (void)
{
  Bed bed;

  bed_up (&bed, "connect allocate slots "
                "select-denied free");
  open_fails (&bed, ESIM_ERROR_UNSUPPORTED, "qmi-result", "82");
  bed_up (&bed, "connect allocate slots "
                "select-busy free");
  open_fails (&bed, ESIM_ERROR_BUSY, "sw", "6A81");
  bed_up (&bed, "connect allocate slots "
                "select-full free");
  open_fails (&bed, ESIM_ERROR_BUSY, "qmi-result", "68");
  bed_up (&bed, "connect allocate-full");
  open_fails (&bed, ESIM_ERROR_BUSY, NULL, NULL);
}

static void
test_no_applet (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) aid = NULL;
  Bed bed;
  gpointer device;
  guint number = 77;

  bed_up (&bed, "connect allocate slots select-none select-refused release-2 free");
  aid = g_bytes_new_static ("\xa0\0\0\5\x59\x10\x10\xff\xff\xff\xff\x89\0\0\1\0", 16);
  device = channel_qmi.open_device (&bed.target, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (channel_qmi.open_logical (device, aid, &number, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_NO_EUICC);
  g_clear_error (&error);
  /* A modem that takes the card's no for a yes: the channel is closed again. */
  g_assert_false (channel_qmi.open_logical (device, aid, &number, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_NO_EUICC);
  g_assert_cmpstr (error_get_raw (error, "sw"), ==, "6A82");
  g_assert_cmpuint (number, ==, 77);
  channel_qmi.close_device (device);
  bed_down (&bed);
}

/* The number of what may be open is not known: all that the client may have is closed. */
static void
test_success_without_channel (void)
{
  Bed bed;

  bed_up (&bed, "connect allocate slots select-broken every-1 " EVERY ("every-") "free");
  open_fails (&bed, ESIM_ERROR_CHANNEL, NULL, NULL);
}

static void
test_unplugged (void)
{
  Bed bed;
  Channel *channel;

  bed_up (&bed, OPEN "eid-hangup");
  channel = open_channel (&bed);
  g_timer_start (bed.timer);
  eid_fails (channel, NULL, ESIM_ERROR_DEVICE_GONE);
  eid_fails (channel, NULL, ESIM_ERROR_DEVICE_GONE);
  channel_close (channel);
  g_assert_true (pace_within (g_timer_elapsed (bed.timer, NULL), 1));
  bed_down (&bed);

  bed_up (&bed, "connect-hangup");
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

  bed_up (&bed, OPEN "eid-silent release free");
  channel = open_channel (&bed);
  thread = cancel_soon (cancellable);
  eid_fails (channel, cancellable, ESIM_ERROR_CANCELLED);
  channel_close (channel);
  g_thread_join (thread);
  g_assert_true (pace_within (g_timer_elapsed (bed.timer, NULL), 3));
  bed_down (&bed);
}

static void
test_timed_out (void)
{
  Bed bed;
  Channel *channel;

  bed_up (&bed, OPEN "eid-silent release free");
  bed.target.quirks.apdu_timeout_s = 1;
  channel = open_channel (&bed);
  eid_fails (channel, NULL, ESIM_ERROR_TIMED_OUT);
  channel_close (channel);
  bed_down (&bed);
}

static void
recover (Bed *bed, guint remembered)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) left = NULL;

  g_assert_true (channel_recover (&channel_qmi, &bed->target, &error));
  g_assert_no_error (error);
  left = memory_recall (bed->memory, DEVICE);
  g_assert_cmpuint (left->len, ==, remembered);
  bed_down (bed);
}

/* A dead client is closed as itself; one that has no channel may be somebody else's by now. */
static void
test_recover (void)
{
  Bed bed;

  bed_up (&bed, "connect allocate slots bury-1 " EVERY ("bury-") "free-7 free");
  memory_add (bed.memory, DEVICE, 7);
  recover (&bed, 0);

  bed_up (&bed, "connect allocate slots bury-1-refused " EVERY ("bury-") "free");
  memory_add (bed.memory, DEVICE, 7);
  recover (&bed, 0);

  bed_up (&bed, "connect allocate slots free");
  memory_add (bed.memory, "/dev/zero", 7); /* another life */
  recover (&bed, 0);

  bed_up (&bed, "connect allocate slots free");
  g_assert_true (g_file_set_contents (bed.memory, "rubbish 7 \xff 99999999999999999999", -1, NULL));
  recover (&bed, 0);
}

/* What a killed process leaves behind. */
static void
test_remembered_while_open (void)
{
  Bed bed;
  Channel *channel;
  g_autoptr (GArray) cids = NULL;

  bed_up (&bed, OPEN "release free");
  channel = open_channel (&bed);
  cids = memory_recall (bed.memory, DEVICE);
  g_assert_cmpuint (cids->len, ==, 1);
  g_assert_cmpuint (g_array_index (cids, guint, 0), ==, 1);
  channel_close (channel);
  bed_down (&bed);
}

static void
test_power_cycle (void)
{
  g_autoptr (GError) error = NULL;
  Bed bed;

  bed_up (&bed, "connect allocate slots off on free connect allocate slots off-unknown free");
  g_assert_true (channel_power_cycle (&channel_qmi, &bed.target, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpfloat (g_timer_elapsed (bed.timer, NULL), >=, 1);
  g_assert_false (channel_power_cycle (&channel_qmi, &bed.target, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_UNSUPPORTED);
  bed_down (&bed);
}

/* No proxy is started: ModemManager's would end with us. */
static void
test_no_proxy (void)
{
  g_autoptr (GError) error = NULL;
  Bed bed;

  bed_up (&bed, NULL);
  g_assert_null (channel_open (&channel_qmi_mbim, &bed.target, NULL, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CHANNEL);
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
  g_test_add_func ("/qmi/eid", test_eid);
  g_test_add_func ("/qmi/long-answers", test_long_answers);
  g_test_add_func ("/qmi/broken-long-answers", test_broken_long_answers);
  g_test_add_func ("/qmi/broken-answers", test_broken_answers);
  g_test_add_func ("/qmi/slots", test_slots);
  g_test_add_func ("/qmi/list-slots", test_list_slots);
  g_test_add_func ("/qmi/refusals", test_refusals);
  g_test_add_func ("/qmi/no-applet", test_no_applet);
  g_test_add_func ("/qmi/success-without-channel", test_success_without_channel);
  g_test_add_func ("/qmi/unplugged", test_unplugged);
  g_test_add_func ("/qmi/cancelled", test_cancelled);
  g_test_add_func ("/qmi/timed-out", test_timed_out);
  g_test_add_func ("/qmi/recover", test_recover);
  g_test_add_func ("/qmi/remembered-while-open", test_remembered_while_open);
  g_test_add_func ("/qmi/power-cycle", test_power_cycle);
  g_test_add_func ("/qmi/no-proxy", test_no_proxy);
  g_test_add_func ("/qmi/no-device", test_no_device);
  return g_test_run ();
}
