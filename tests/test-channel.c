/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* apdu/channel over a scripted driver: what it asks of a modem, word by word, and that it closes
 * what it has opened on every path. */

#include "fake-channel.h"

#define GSMA "A0000005591010FFFFFFFF8900000100"
#define FIVEBER "A0000005591010FFFFFFFF8900050500"

static char *
code (EsimError error)
{
  return g_strdup_printf ("!%d", error);
}

static ChannelTarget
target_of (Script *script)
{
  return (ChannelTarget){ .device = script->name, .quirks = QUIRKS_DEFAULT };
}

static Channel *
open_channel (Script *script, ChannelTarget target, Progress *progress)
{
  g_autoptr (GError) error = NULL;
  Channel *channel = channel_open (&fake, &target, progress, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (channel);
  g_assert_cmpuint (script->open, ==, 1);
  return channel;
}

/* Sends COMMAND and compares the response. */
static void
store (Channel *channel, const char *command, const char *expected)
{
  g_autoptr (GBytes) request = from_hex (command);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) response = channel_store_data (channel, request, NULL, &error);
  g_autofree char *hex = NULL;

  g_assert_no_error (error);
  hex = to_hex (g_bytes_get_data (response, NULL), g_bytes_get_size (response));
  g_assert_cmpstr (hex, ==, expected);
}

static void
store_fails (Channel *channel, const char *command, GCancellable *cancellable, EsimError expected,
             const char *sw)
{
  g_autoptr (GBytes) request = from_hex (command);
  g_autoptr (GError) error = NULL;

  g_assert_null (channel_store_data (channel, request, cancellable, &error));
  g_assert_error (error, ESIM_ERROR, (int) expected);
  g_assert_cmpstr (error_get_raw (error, "sw"), ==, sw);
}

static void
test_eid (void)
{
  Script script;
  g_autoptr (Progress) progress = progress_new (NULL, NULL);
  Channel *channel;

  script_init (&script);
  expect (&script, "open " GSMA, "1");
  expect (&script, "81E2910006BF3E035C015A", "BF3E055A0389049000");
  expect (&script, "close 1", "");
  channel = open_channel (&script, target_of (&script), progress);
  g_assert_true (channel_progress (channel) == progress);
  g_assert_cmpuint (channel_quirks (channel)->segment_size, ==, 255);
  channel_rest (channel); /* but this device was nobody's before */
  store (channel, "BF3E035C015A", "BF3E055A038904");
  g_assert_cmpuint (progress_get_cost (progress).apdus, ==, 1);
  g_assert_cmpuint (progress_get_cost (progress).apdu_bytes, ==, 11 + 9);
  channel_close (channel);
  script_end (&script);
}

static char *
repeated (const char *byte, gsize times)
{
  GString *hex = g_string_new (NULL);

  for (gsize i = 0; i < times; i++)
    g_string_append (hex, byte);
  return g_string_free (hex, FALSE);
}

/* SGP.22, 5.7.2: P1 11 for more to come, 91 for the last; P2 counts from 00. */
static void
test_chaining (void)
{
  Script script;
  g_autofree char *full = repeated ("AB", 255);
  g_autofree char *command = g_strconcat (full, full, "CD", NULL);
  g_autofree char *first = g_strconcat ("82E21100FF", full, NULL);
  g_autofree char *second = g_strconcat ("82E21101FF", full, NULL);
  g_autofree char *exact = g_strconcat ("82E29100FF", full, NULL);
  Channel *channel;

  script_init (&script);
  expect (&script, "open " GSMA, "2");
  expect (&script, first, "9000");
  expect (&script, second, "AA9000"); /* not part of the answer */
  expect (&script, "82E2910201CD", "BB9000");
  expect (&script, exact, "9120"); /* a proactive command waits: success all the same */
  expect (&script, "close 2", "");
  channel = open_channel (&script, target_of (&script), NULL);
  store (channel, command, "BB");
  store (channel, full, "");
  channel_close (channel);
  script_end (&script);
}

static void
test_quirks (void)
{
  Script script;
  ChannelTarget target;
  Channel *channel;

  script_init (&script);
  target = target_of (&script);
  target.quirks.segment_size = 2;
  target.quirks.append_le = TRUE;
  expect (&script, "open " GSMA, "3");
  expect (&script, "83E2110002010200", "9000");
  expect (&script,
          "83E21101020304"
          "00",
          "9000");
  expect (&script, "83E29102010500", "9000");
  expect (&script, "close 3", "");
  channel = open_channel (&script, target, NULL);
  store (channel, "0102030405", "");
  channel_close (channel);
  script_end (&script);
}

/* ISO 7816-4: channels 4 to 19 have a class byte of their own. */
static void
test_high_channel (void)
{
  Script script;
  Channel *channel;

  script_init (&script);
  expect (&script, "open " GSMA, "4");
  expect (&script, "C0E291000101", "6105");
  expect (&script, "C0C0000005", "01020304059000");
  expect (&script, "close 4", "");
  channel = open_channel (&script, target_of (&script), NULL);
  store (channel, "01", "0102030405");
  channel_close (channel);

  expect (&script, "open " GSMA, "19");
  expect (&script, "CFE291000101", "9000");
  expect (&script, "close 19", "");
  channel = open_channel (&script, target_of (&script), NULL);
  store (channel, "01", "");
  channel_close (channel);
  script_end (&script);
}

static void
test_get_response (void)
{
  Script script;
  g_autoptr (Progress) progress = progress_new (NULL, NULL);
  Channel *channel;

  script_init (&script);
  expect (&script, "open " GSMA, "1");
  expect (&script, "81E291000101", "6100");
  expect (&script, "81C0000000", "0A0B6102");
  expect (&script, "81C0000002", "0C0D6101");
  expect (&script, "81C0000001", "0E9000");
  expect (&script, "close 1", "");
  channel = open_channel (&script, target_of (&script), progress);
  store (channel, "01", "0A0B0C0D0E");
  g_assert_cmpuint (progress_get_cost (progress).apdus, ==, 4);
  channel_close (channel);
  script_end (&script);
}

static void
test_wrong_le (void)
{
  Script script;
  ChannelTarget target;
  Channel *channel;

  script_init (&script);
  target = target_of (&script);
  expect (&script, "open " GSMA, "1");
  expect (&script, "81E291000101", "6C03");
  expect (&script, "81E29100010103", "0102039000");
  expect (&script, "81E291000102", "6105");
  expect (&script, "81C0000005", "6C02");
  expect (&script, "81C0000002", "AABB9000");
  /* A card that never likes a length is not asked for ever. */
  expect (&script, "81E291000103", "6C03");
  expect (&script, "81E29100010303", "6C04");
  expect (&script, "close 1", "");
  channel = open_channel (&script, target, NULL);
  store (channel, "01", "010203");
  store (channel, "02", "AABB");
  store_fails (channel, "03", NULL, ESIM_ERROR_CARD_REFUSED, "6C04");
  channel_close (channel);

  target.quirks.append_le = TRUE;
  expect (&script, "open " GSMA, "1");
  expect (&script, "81E29100010100", "6C03");
  expect (&script, "81E29100010103", "9000");
  expect (&script, "close 1", "");
  channel = open_channel (&script, target, NULL);
  store (channel, "01", "");
  channel_close (channel);
  script_end (&script);
}

static void
test_channel_lost (void)
{
  Script script;
  Channel *channel;
  g_autofree char *full = repeated ("AB", 255);
  g_autofree char *command = g_strconcat (full, "CD", NULL);
  g_autofree char *first = g_strconcat ("82E21100FF", full, NULL);

  script_init (&script);
  expect (&script, "open " GSMA, "1");
  expect (&script, "81E291000101", "6881");
  expect (&script, "close 1", "");
  expect (&script, "open " GSMA, "2"); /* another number than before */
  expect (&script, "82E291000101", "029000");
  /* Lost in the middle: the card may have acted, so the command is not repeated. */
  expect (&script, first, "9000");
  expect (&script, "82E2910101CD", "6881");
  /* Lost twice in a row: given up. */
  expect (&script, "82E291000103", "6881");
  expect (&script, "close 2", "");
  expect (&script, "open " GSMA, "1");
  expect (&script, "81E291000103", "6881");
  expect (&script, "close 1", "");
  channel = open_channel (&script, target_of (&script), NULL);
  store (channel, "01", "02");
  store_fails (channel, command, NULL, ESIM_ERROR_CARD_REFUSED, "6881");
  store_fails (channel, "03", NULL, ESIM_ERROR_CARD_REFUSED, "6881");
  channel_close (channel);
  script_end (&script);
}

static void
test_channel_lost_for_good (void)
{
  Script script;
  Channel *channel;
  g_autofree char *busy = code (ESIM_ERROR_BUSY);

  script_init (&script);
  expect (&script, "open " GSMA, "1");
  expect (&script, "81E291000101", "6881");
  expect (&script, "close 1", "");
  expect (&script, "open " GSMA, busy);
  channel = open_channel (&script, target_of (&script), NULL);
  store_fails (channel, "01", NULL, ESIM_ERROR_BUSY, NULL);
  store_fails (channel, "01", NULL, ESIM_ERROR_CHANNEL, NULL);
  channel_close (channel); /* nothing to close twice */
  script_end (&script);
}

static void
test_refused (void)
{
  Script script;
  Channel *channel;

  script_init (&script);
  expect (&script, "open " GSMA, "1");
  expect (&script, "81E291000101", "6985");
  expect (&script, "81E291000101", "9300");
  expect (&script, "close 1", "");
  channel = open_channel (&script, target_of (&script), NULL);
  store_fails (channel, "01", NULL, ESIM_ERROR_CARD_REFUSED, "6985");
  store_fails (channel, "01", NULL, ESIM_ERROR_CARD_BUSY, "9300");
  channel_close (channel);
  script_end (&script);
}

static void
test_rubbish (void)
{
  Script script;
  Channel *channel;

  script_init (&script);
  expect (&script, "open " GSMA, "1");
  expect (&script, "81E291000101", "");
  expect (&script, "81E291000101", "90");
  expect (&script, "81E291000101", "6110");
  expect (&script, "81C0000010", "6110"); /* more, and more, and nothing comes */
  expect (&script, "close 1", "");
  channel = open_channel (&script, target_of (&script), NULL);
  store_fails (channel, "01", NULL, ESIM_ERROR_CARD_RUBBISH, NULL);
  store_fails (channel, "01", NULL, ESIM_ERROR_CARD_RUBBISH, NULL);
  store_fails (channel, "01", NULL, ESIM_ERROR_CARD_RUBBISH, NULL);
  channel_close (channel);
  script_end (&script);
}

static void
test_without_end (void)
{
  Script script;
  Channel *channel;
  g_autofree char *data = repeated ("AB", 256);
  g_autofree char *answer = g_strconcat (data, "6100", NULL);

  script_init (&script);
  expect (&script, "open " GSMA, "1");
  expect (&script, "81E291000101", "6100");
  for (guint i = 0; i < 1024 * 1024 / 256 + 1; i++)
    expect (&script, "81C0000000", answer);
  expect (&script, "81E291000101", "6101");
  for (guint i = 0; i < 8193; i++)
    expect (&script, "81C0000001", "AB6101");
  expect (&script, "close 1", "");
  channel = open_channel (&script, target_of (&script), NULL);
  store_fails (channel, "01", NULL, ESIM_ERROR_CARD_RUBBISH, NULL);
  store_fails (channel, "01", NULL, ESIM_ERROR_CARD_RUBBISH, NULL);
  channel_close (channel);
  script_end (&script);
}

static void
test_sizes (void)
{
  Script script;
  Channel *channel;
  g_autofree char *huge = repeated ("00", 255 * 256 + 1);

  script_init (&script);
  expect (&script, "open " GSMA, "1");
  expect (&script, "close 1", "");
  channel = open_channel (&script, target_of (&script), NULL);
  store_fails (channel, "", NULL, ESIM_ERROR_INVALID_ARGUMENT, NULL);
  store_fails (channel, huge, NULL, ESIM_ERROR_INVALID_ARGUMENT, NULL);
  channel_close (channel);
  script_end (&script);
}

static void
test_unplugged (void)
{
  Script script;
  Channel *channel;
  g_autofree char *gone = code (ESIM_ERROR_DEVICE_GONE);

  script_init (&script);
  expect (&script, "open " GSMA, "1");
  expect (&script, "81E291000101", gone);
  expect (&script, "close 1", gone); /* asked for all the same */
  channel = open_channel (&script, target_of (&script), NULL);
  store_fails (channel, "01", NULL, ESIM_ERROR_DEVICE_GONE, NULL);
  channel_close (channel);
  script_end (&script);
}

static void
test_cancelled_between (void)
{
  Script script;
  ChannelTarget target;
  Channel *channel;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  script_init (&script);
  target = target_of (&script);
  target.quirks.segment_size = 1;
  expect (&script, "open " GSMA, "1");
  expect (&script, "81E211000101", "9000");
  expect (&script, "close 1", "");
  channel = open_channel (&script, target, NULL);
  script.cancel_after = cancellable;
  store_fails (channel, "0102", cancellable, ESIM_ERROR_CANCELLED, NULL);
  channel_close (channel);
  script_end (&script);
}

static void
open_fails (Script *script, EsimError expected)
{
  g_autoptr (GError) error = NULL;
  ChannelTarget target = target_of (script);

  g_assert_null (channel_open (&fake, &target, NULL, NULL, &error));
  g_assert_error (error, ESIM_ERROR, (int) expected);
  script_end (script);
}

static void
test_other_aids (void)
{
  Script script;
  Channel *channel;
  g_autofree char *none = code (ESIM_ERROR_NO_EUICC);

  script_init (&script);
  expect (&script, "open " GSMA, none);
  expect (&script, "open " FIVEBER, "1");
  expect (&script, "81E291000101", "6881");
  expect (&script, "close 1", "");
  expect (&script, "open " FIVEBER, "1"); /* the one that was found */
  expect (&script, "81E291000101", "9000");
  expect (&script, "close 1", "");
  channel = open_channel (&script, target_of (&script), NULL);
  store (channel, "01", "");
  channel_close (channel);
  script_end (&script);
}

static void
test_no_euicc (void)
{
  Script script;
  g_autofree char *none = code (ESIM_ERROR_NO_EUICC);

  script_init (&script);
  expect (&script, "open " GSMA, none);
  expect (&script, "open " FIVEBER, none);
  expect (&script, "open A0000005591010000000008900000300", none);
  expect (&script, "open A0000005591010FFFFFFFF8900000177", none);
  expect (&script, "open A06573746B6D65FFFFFFFF4953442D52", none);
  open_fails (&script, ESIM_ERROR_NO_EUICC);
}

static void
test_no_channel_free (void)
{
  Script script;
  g_autofree char *busy = code (ESIM_ERROR_BUSY);

  script_init (&script);
  expect (&script, "open " GSMA, busy);
  open_fails (&script, ESIM_ERROR_BUSY);
}

static void
test_no_device (void)
{
  Script script;
  g_autofree char *gone = code (ESIM_ERROR_DEVICE_GONE);

  script_init (&script);
  expect (&script, "device", gone);
  open_fails (&script, ESIM_ERROR_DEVICE_GONE);
}

static void
test_recover (void)
{
  Script script;
  ChannelTarget target;
  g_autoptr (GError) error = NULL;
  g_autofree char *late = code (ESIM_ERROR_TIMED_OUT);

  script_init (&script);
  target = target_of (&script);
  expect (&script, "recover", "");
  expect (&script, "recover", late);
  g_assert_true (channel_recover (&fake, &target, &error));
  g_assert_no_error (error);
  g_assert_false (channel_recover (&fake, &target, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_TIMED_OUT);
  script_end (&script);
}

static void
test_power_cycle (void)
{
  Script script;
  ChannelTarget target;
  ChannelDriver without = fake;
  g_autoptr (GError) error = NULL;

  without.power_cycle = NULL;
  script_init (&script);
  target = target_of (&script);
  expect (&script, "power", "");
  g_assert_true (channel_power_cycle (&fake, &target, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (channel_power_cycle (&without, &target, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_UNSUPPORTED);
  script_end (&script);
}

static gboolean
is_right (gpointer data, Channel *channel, GCancellable *cancellable, GError **error)
{
  store (channel, "EE", "");
  if (*(gboolean *) data)
    return TRUE;
  error_set (error, ESIM_ERROR_NO_EUICC, "fake", "another card");
  return FALSE;
}

static void
test_rest (void)
{
  Script script;
  ChannelDriver lent = fake;
  ChannelTarget target;
  gboolean right = TRUE;
  Channel *channel;

  lent.borrows = TRUE;
  script_init (&script);
  target = target_of (&script);
  expect (&script, "open " GSMA, "1");
  expect (&script, "close 1", "");
  expect (&script, "open " GSMA, "2");
  expect (&script, "82E2910001EE", "9000");
  expect (&script, "82E291000101", "029000");
  expect (&script, "close 2", "");
  expect (&script, "open " GSMA, "1");
  expect (&script, "81E2910001EE", "9000");
  expect (&script, "close 1", "");
  channel = channel_open (&lent, &target, NULL, NULL, NULL);
  g_assert_nonnull (channel);
  channel_on_wake (channel, is_right, &right);
  channel_rest (channel);
  channel_rest (channel);
  g_assert_cmpuint (script.open, ==, 0);
  store (channel, "01", "02");
  /* Another card's session is nothing to go on with, and the modem is not waited for twice. */
  right = FALSE;
  channel_rest (channel);
  store_fails (channel, "03", NULL, ESIM_ERROR_NO_EUICC, NULL);
  store_fails (channel, "03", NULL, ESIM_ERROR_CHANNEL, NULL);
  channel_close (channel);
  script_end (&script);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/channel/eid", test_eid);
  g_test_add_func ("/channel/chaining", test_chaining);
  g_test_add_func ("/channel/quirks", test_quirks);
  g_test_add_func ("/channel/high-channel", test_high_channel);
  g_test_add_func ("/channel/get-response", test_get_response);
  g_test_add_func ("/channel/wrong-le", test_wrong_le);
  g_test_add_func ("/channel/lost", test_channel_lost);
  g_test_add_func ("/channel/lost-for-good", test_channel_lost_for_good);
  g_test_add_func ("/channel/refused", test_refused);
  g_test_add_func ("/channel/rubbish", test_rubbish);
  g_test_add_func ("/channel/without-end", test_without_end);
  g_test_add_func ("/channel/sizes", test_sizes);
  g_test_add_func ("/channel/unplugged", test_unplugged);
  g_test_add_func ("/channel/cancelled-between", test_cancelled_between);
  g_test_add_func ("/channel/other-aids", test_other_aids);
  g_test_add_func ("/channel/no-euicc", test_no_euicc);
  g_test_add_func ("/channel/no-channel-free", test_no_channel_free);
  g_test_add_func ("/channel/no-device", test_no_device);
  g_test_add_func ("/channel/recover", test_recover);
  g_test_add_func ("/channel/power-cycle", test_power_cycle);
  g_test_add_func ("/channel/rest", test_rest);
  return g_test_run ();
}
