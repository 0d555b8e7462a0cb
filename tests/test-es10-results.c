/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa/es10b and es10c: every result code and its error; profiles switched by AID where the ICCID is
 * not known, and looked at where the answer is lost. */

#include "es10-calls.h"

/* ---- what the answers say ---- */

typedef struct
{
  const char *function;
  const char *answer;
  EsimError code;
  const char *result; /* raw */
} Refusal;

static const Refusal refusals[] = {
  { "set-address", "BF3F0380017F", ESIM_ERROR_CARD_REFUSED, "127" },
  { "authenticate", "BF380FA10D80080102030405060708020101", ESIM_ERROR_WRONG_CI, "1" },
  { "authenticate", "BF380FA10D80080102030405060708020102", ESIM_ERROR_CARD_REFUSED, "2" },
  { "authenticate", "BF380FA10D80080102030405060708020103", ESIM_ERROR_CARD_REFUSED, "3" },
  { "authenticate", "BF380FA10D80080102030405060708020104", ESIM_ERROR_SESSION_GONE, "4" },
  { "authenticate", "BF380FA10D80080102030405060708020105", ESIM_ERROR_CARD_REFUSED, "5" },
  { "authenticate", "BF380FA10D80080102030405060708020106", ESIM_ERROR_CARD_REFUSED, "6" },
  { "authenticate", "BF380FA10D80080102030405060708020107", ESIM_ERROR_WRONG_CI, "7" },
  { "authenticate", "BF380FA10D8008010203040506070802017F", ESIM_ERROR_CARD_REFUSED, "127" },
  { "authenticate", "BF3810A10E8008010203040506070802020100", ESIM_ERROR_CARD_REFUSED, "127" },
  { "authenticate", "BF3805A103020100", ESIM_ERROR_CARD_REFUSED, "0" },
  { "prepare", "BF210FA10D80080102030405060708020101", ESIM_ERROR_WRONG_CI, "1" },
  { "prepare", "BF210FA10D80080102030405060708020102", ESIM_ERROR_CARD_REFUSED, "2" },
  { "prepare", "BF210FA10D80080102030405060708020103", ESIM_ERROR_CARD_REFUSED, "3" },
  { "prepare", "BF210FA10D80080102030405060708020104", ESIM_ERROR_SESSION_GONE, "4" },
  { "prepare", "BF210FA10D80080102030405060708020105", ESIM_ERROR_CARD_REFUSED, "5" },
  { "prepare", "BF210FA10D8008010203040506070802017F", ESIM_ERROR_CARD_REFUSED, "127" },
  { "cancel", "BF4103810105", ESIM_ERROR_CARD_REFUSED, "5" },
  { "cancel", "BF410381017F", ESIM_ERROR_CARD_REFUSED, "127" },
  { "list-notifications", "BF280381017F", ESIM_ERROR_CARD_REFUSED, "127" },
  { "retrieve", "BF2B03810101", ESIM_ERROR_NOT_FOUND, NULL },
  { "retrieve", "BF2B02A000", ESIM_ERROR_NOT_FOUND, NULL },
  { "retrieve", "BF2B0381017F", ESIM_ERROR_CARD_REFUSED, "127" },
  { "remove", "BF300380017F", ESIM_ERROR_CARD_REFUSED, "127" },
  { "profiles", "BF2D03810101", ESIM_ERROR_CARD_REFUSED, "1" },
  { "profiles", "BF2D0381017F", ESIM_ERROR_CARD_REFUSED, "127" },
  { "enable", "BF3103800102", ESIM_ERROR_PROFILE_STATE, "2" },
  { "enable", "BF3103800103", ESIM_ERROR_POLICY_RULES, "3" },
  { "enable", "BF3103800104", ESIM_ERROR_PROFILE_STATE, "4" },
  { "enable", "BF3103800105", ESIM_ERROR_CARD_BUSY, "5" },
  { "enable", "BF3103800106", ESIM_ERROR_CARD_REFUSED, "6" },
  { "disable", "BF3203800102", ESIM_ERROR_PROFILE_STATE, "2" },
  { "disable", "BF3203800103", ESIM_ERROR_POLICY_RULES, "3" },
  { "disable", "BF3203800105", ESIM_ERROR_CARD_BUSY, "5" },
  { "delete", "BF3303800102", ESIM_ERROR_PROFILE_STATE, "2" },
  { "delete", "BF3303800103", ESIM_ERROR_POLICY_RULES, "3" },
  { "nickname", "BF2903800101", ESIM_ERROR_NOT_FOUND, "1" },
  { "nickname", "BF290380017F", ESIM_ERROR_CARD_REFUSED, "127" },
  { "reset", "BF3403800105", ESIM_ERROR_CARD_BUSY, "5" },
  { "reset", "BF340380017F", ESIM_ERROR_CARD_REFUSED, "127" },
};

static void
test_results (void)
{
  static const char *const good[][2]
      = { { "remove", "BF3003800101" }, { "reset", "BF3403800101" } };

  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      const Refusal *refusal = &refusals[i];
      g_autoptr (GError) error = NULL;

      g_assert_false (call (function_of (refusal->function), refusal->answer, &error));
      if (!error_is_code (error, refusal->code))
        g_error ("%s, %s: %s", refusal->function, refusal->answer, error->message);
      g_assert_cmpstr (error_get_raw (error, "result"), ==, refusal->result);
      g_assert_true (g_str_has_prefix (error->message, "ES10"));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (call (function_of (good[i][0]), good[i][1], NULL));
}

/* An error response is worth sending to the server too. */
static void
test_error_response (void)
{
  g_autoptr (GBytes) request = from_hex ("BF3800"), response = NULL;
  g_autoptr (GBytes) expected = from_hex ("BF380FA10D80080102030405060708020107");
  g_autoptr (GError) error = NULL;
  Script script;
  Channel *channel;

  card_init (&script);
  says_ok (&script, "BF3800", "BF380FA10D80080102030405060708020107");
  channel = card_open (&script);
  g_assert_false (es10b_authenticate_server (channel, request, &response, NULL, &error));
  g_assert_true (g_bytes_equal (response, expected));
  card_end (&script, channel);
}

/* ---- switching: by AID where the ICCID is not known, by looking where the answer is lost ---- */

typedef struct
{
  const char *name;
  const char *by_aid;
  const char *tag;
  const char *done, *undone; /* profile lists */
} Switch;

static const Switch switches[] = {
  { "enable", "BF3117A0124F10A0000005591010FFFFFFFF89000011008101FF", "BF31", ON, OFF },
  { "disable", "BF3217A0124F10A0000005591010FFFFFFFF89000011008101FF", "BF32", OFF, ON },
  { "delete", "BF33124F10A0000005591010FFFFFFFF8900001100", "BF33", NO_PROFILES, OFF },
};

/* Calls what is named with the script that TELL writes after the first request. */
static gboolean
switch_with (const Switch *what, const char *first, const char *list, const char *second,
             GError **error)
{
  const Function *function = function_of (what->name);
  Script script;
  Channel *channel;
  gboolean good;

  card_init (&script);
  says (&script, function->request, first);
  if (list)
    says (&script, LIST_REQUEST, list);
  if (second)
    says_ok (&script, what->by_aid, second);
  channel = card_open (&script);
  good = function->call (channel, error);
  card_end (&script, channel);
  return good;
}

static void
test_by_aid (void)
{
  static const char *const unknown[] = { "01", "7F" };

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (switches); i++)
    {
      const Switch *what = &switches[i / 2];
      g_autofree char *first = g_strconcat (what->tag, "038001", unknown[i % 2], "9000", NULL);
      g_autofree char *ok = g_strconcat (what->tag, "03800100", NULL);
      g_autofree char *busy = g_strconcat (what->tag, "03800103", NULL);
      g_autoptr (GError) rule = NULL, missing = NULL;

      g_assert_true (switch_with (what, first, OFF "9000", ok, NULL));
      g_assert_false (switch_with (what, first, OFF "9000", busy, &rule));
      g_assert_error (rule, ESIM_ERROR, ESIM_ERROR_POLICY_RULES);
      /* no such profile in the list: there is no AID to try */
      g_assert_false (switch_with (what, first, NO_PROFILES "9000", NULL, &missing));
      g_assert_error (missing, ESIM_ERROR,
                      (int) (i % 2 ? ESIM_ERROR_CARD_REFUSED : ESIM_ERROR_NOT_FOUND));
    }
}

static void
test_settled (void)
{
  g_autofree char *channel = g_strdup_printf ("!%d", ESIM_ERROR_CHANNEL);
  g_autofree char *silent = g_strdup_printf ("!%d", ESIM_ERROR_TIMED_OUT);
  g_autofree char *gone = g_strdup_printf ("!%d", ESIM_ERROR_DEVICE_GONE);
  const char *const lost[] = { "6F00", channel, silent };

  for (gsize i = 0; i < G_N_ELEMENTS (lost) * G_N_ELEMENTS (switches); i++)
    {
      const char *first = lost[i % G_N_ELEMENTS (lost)];
      const Switch *what = &switches[i / G_N_ELEMENTS (lost)];
      g_autofree char *done = g_strconcat (what->done, "9000", NULL);
      g_autofree char *undone = g_strconcat (what->undone, "9000", NULL);
      g_autoptr (GError) problem = NULL, unseen = NULL, unplugged = NULL;

      g_assert_true (switch_with (what, first, done, NULL, NULL));
      g_assert_false (switch_with (what, first, undone, NULL, &problem));
      g_assert_cmpint (problem->code, ==,
                       *first == '!' ? atoi (first + 1) : (int) ESIM_ERROR_CARD_REFUSED);
      g_assert_false (switch_with (what, first, channel, NULL, &unseen));
      g_assert_error (unseen, ESIM_ERROR, ESIM_ERROR_CHANNEL);
      g_assert_false (switch_with (what, first, gone, NULL, &unplugged));
      g_assert_error (unplugged, ESIM_ERROR, ESIM_ERROR_DEVICE_GONE);
    }
}

/* What no REFRESH explains is told at once, without a look. */
static void
test_not_settled (void)
{
  g_autofree char *gone = g_strdup_printf ("!%d", ESIM_ERROR_DEVICE_GONE);
  g_autofree char *cancelled = g_strdup_printf ("!%d", ESIM_ERROR_CANCELLED);

  for (gsize i = 0; i < G_N_ELEMENTS (switches); i++)
    {
      g_autoptr (GError) unplugged = NULL, ended = NULL;

      g_assert_false (switch_with (&switches[i], gone, NULL, NULL, &unplugged));
      g_assert_error (unplugged, ESIM_ERROR, ESIM_ERROR_DEVICE_GONE);
      g_assert_false (switch_with (&switches[i], cancelled, NULL, NULL, &ended));
      g_assert_error (ended, ESIM_ERROR, ESIM_ERROR_CANCELLED);
    }
}

/* 6881: the channel is opened anew once; when that does not help a switch is settled by looking. */
static void
test_channel_lost (void)
{
  const Function *eid = function_of ("eid"), *function = function_of ("enable");
  g_autofree char *answer = g_strconcat (eid->answer, "9000", NULL);
  g_autofree char *again
      = g_strdup_printf ("81E29100%02zX%s", strlen (function->request) / 2, function->request);
  Script script;
  Channel *channel;

  card_init (&script);
  says (&script, eid->request, "6881");
  expect (&script, "close 1", "");
  expect (&script, "open " ISDR, "1");
  says (&script, eid->request, answer);
  says (&script, function->request, "6881");
  expect (&script, "close 1", "");
  expect (&script, "open " ISDR, "1");
  expect (&script, again, "6881");
  says (&script, LIST_REQUEST, ON "9000");
  channel = card_open (&script);
  g_assert_true (eid->call (channel, NULL));
  g_assert_true (function->call (channel, NULL));
  card_end (&script, channel);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/es10-results/results", test_results);
  g_test_add_func ("/es10-results/error-response", test_error_response);
  g_test_add_func ("/es10-results/by-aid", test_by_aid);
  g_test_add_func ("/es10-results/settled", test_settled);
  g_test_add_func ("/es10-results/not-settled", test_not_settled);
  g_test_add_func ("/es10-results/channel-lost", test_channel_lost);
  return g_test_run ();
}
