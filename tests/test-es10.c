/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa/es10a, es10b, es10c: what is asked word by word, good answers and what they say, and rubbish,
 * which is an error and never a crash. */

#include "es10-calls.h"

static void
test_good (gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (call (data, ((const Function *) data)->answer, &error));
  g_assert_no_error (error);
}

/* 91xx announces a proactive command: success too. */
static void
test_proactive (gconstpointer data)
{
  const Function *function = data;
  g_autofree char *answer = g_strconcat (function->answer, "910B", NULL);
  g_autoptr (GError) error = NULL;
  Script script;
  Channel *channel;

  card_init (&script);
  says (&script, function->request, answer);
  channel = card_open (&script);
  g_assert_true (function->call (channel, &error));
  g_assert_no_error (error);
  card_end (&script, channel);
}

static void
assert_rubbish (const Function *function, const char *answer)
{
  g_autoptr (GError) error = NULL;

  if (call (function, answer, &error))
    g_error ("%s takes %s", function->name, answer);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_RUBBISH);
  g_assert_cmpstr (error_layer (error), ==, "es10");
}

/* Cut at every byte, so that the lengths are wrong. */
static void
test_cut (gconstpointer data)
{
  const Function *function = data;

  for (gsize length = 0; length < strlen (function->answer); length += 2)
    {
      g_autofree char *cut = g_strndup (function->answer, length);

      assert_rubbish (function, cut);
    }
}

/* Cut at every byte of the value, the outer length corrected: nothing but optional members may be
 * missing. */
static void
test_cut_inside (gconstpointer data)
{
  const Function *function = data;
  g_autoptr (GBytes) whole = from_hex (function->answer);
  const guint8 *bytes = g_bytes_get_data (whole, NULL);
  gsize size = bytes[2]; /* all answers here are shorter than 128 bytes */
  int good = 0;

  if (function->optional < 0)
    return;
  for (gsize length = 0; length < size; length++)
    {
      g_autofree char *value = to_hex (bytes + 3, length);
      g_autofree char *cut = g_strdup_printf ("%.4s%02zX%s", function->answer, length, value);
      g_autoptr (GError) error = NULL;

      if (call (function, cut, &error))
        good++;
      else if (!error_is_code (error, ESIM_ERROR_CARD_RUBBISH))
        g_error ("%s, %s: %s", function->name, cut, error->message);
    }
  g_assert_cmpint (good, ==, function->optional);
}

/* Another tag outside, and something after the end. */
static void
test_wrong_tag (gconstpointer data)
{
  const Function *function = data;
  g_autofree char *other = g_strconcat ("BF7F", function->answer + 4, NULL);
  g_autofree char *more = g_strconcat (function->answer, "00", NULL);

  assert_rubbish (function, other);
  assert_rubbish (function, more);
}

/* Every byte with other values: an answer or an error of ours, whatever it is. A profile list may
 * follow a result that asks for one. */
static void
test_mangled (gconstpointer data)
{
  static const guint8 values[] = { 0x00, 0x7F, 0x80, 0x84, 0xA1 };
  const Function *function = data;
  gsize size = strlen (function->answer) / 2;

  for (gsize i = 0; i < size * G_N_ELEMENTS (values); i++)
    {
      guint8 value = values[i % G_N_ELEMENTS (values)];
      g_autofree char *mangled = g_strdup_printf (
          "%.*s%02X%s9000", (int) (i / G_N_ELEMENTS (values) * 2), function->answer, value,
          function->answer + i / G_N_ELEMENTS (values) * 2 + 2);
      g_autoptr (GError) error = NULL;
      Script script;
      Channel *channel;

      card_init (&script);
      says (&script, function->request, mangled);
      says (&script, LIST_REQUEST, "6A88");
      channel = card_open (&script);
      if (!function->call (channel, &error))
        g_assert_true (error && error->domain == ESIM_ERROR);
      script.at = script.lines->len;
      card_end (&script, channel);
    }
}

static void
test_status_words (gconstpointer data)
{
  static const struct
  {
    const char *sw;
    EsimError code;
  } words[] = {
    { "6985", ESIM_ERROR_CARD_REFUSED }, { "6A80", ESIM_ERROR_CARD_REFUSED },
    { "6A88", ESIM_ERROR_CARD_REFUSED }, { "6D00", ESIM_ERROR_CARD_REFUSED },
    { "6982", ESIM_ERROR_CARD_REFUSED }, { "0000", ESIM_ERROR_CARD_REFUSED },
    { "9300", ESIM_ERROR_CARD_BUSY },
  };
  const Function *function = data;

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autoptr (GError) error = NULL;
      Script script;
      Channel *channel;

      card_init (&script);
      says (&script, function->request, words[i].sw);
      channel = card_open (&script);
      g_assert_false (function->call (channel, &error));
      g_assert_error (error, ESIM_ERROR, (int) words[i].code);
      g_assert_cmpstr (error_get_raw (error, "sw"), ==, words[i].sw);
      card_end (&script, channel);
    }
}

/* ---- values ---- */

static void
test_values (void)
{
  Script script;
  Channel *channel;
  g_autoptr (Es10aAddresses) addresses = NULL;
  g_autoptr (GBytes) info2 = NULL, challenge = NULL;
  g_autoptr (Es10bInfo) info = NULL;
  g_autofree char *eid = NULL;

  card_init (&script);
  for (gsize i = 0; i < G_N_ELEMENTS (functions); i++)
    if (g_str_equal (functions[i].name, "addresses") || g_str_equal (functions[i].name, "info2")
        || g_str_equal (functions[i].name, "challenge") || g_str_equal (functions[i].name, "eid"))
      says_ok (&script, functions[i].request, functions[i].answer);
  channel = card_open (&script);
  addresses = es10a_get_addresses (channel, NULL, NULL);
  g_assert_cmpstr (addresses->default_smdp, ==, "smdp.example.com");
  g_assert_cmpstr (addresses->root_smds, ==, "lpa.ds.gsma.com");
  info2 = es10b_get_info2 (channel, NULL, NULL);
  info = es10b_parse_info (info2, NULL);
  g_assert_cmpstr (info->svn, ==, "2.2.2");
  g_assert_cmpuint (info->free_memory, ==, 500000);
  g_assert_cmpuint (g_strv_length (info->ci_ids), ==, 2);
  g_assert_cmpstr (info->ci_ids[1], ==, "F54172BDF98A95D65CBEB88A38A1C11D800A85C3");
  challenge = es10b_get_challenge (channel, NULL, NULL);
  g_assert_cmpuint (g_bytes_get_size (challenge), ==, 16);
  g_assert_cmpuint (*(const guint8 *) g_bytes_get_data (challenge, NULL), ==, 0);
  eid = es10c_get_eid (channel, NULL, NULL);
  g_assert_cmpstr (eid, ==, "89049032123451234512345678901235");
  card_end (&script, channel);
}

static void
test_notifications (void)
{
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GBytes) sequence = from_hex ("0100"), payload = NULL;
  g_autoptr (GBytes) expected
      = from_hex ("3029BF2F1F80020100810206400C09736D64702E746573745A0A984405000000000010F75F"
                  "3704BBBBBBBB");
  const Notification *first, *last;
  Script script;
  Channel *channel;

  card_init (&script);
  says_ok (&script, "BF2800", function_of ("list-notifications")->answer);
  says_ok (&script, function_of ("retrieve")->request, function_of ("retrieve")->answer);
  channel = card_open (&script);
  list = es10b_list_notifications (channel, NULL, NULL);
  g_assert_cmpuint (list->len, ==, 3);
  first = list->pdata[0];
  last = list->pdata[2];
  g_assert_cmpuint (first->event, ==, 0x10); /* sequence 0: the oldest */
  g_assert_cmpstr (first->iccid, ==, ICCID);
  g_assert_cmpuint (((Notification *) list->pdata[1])->event, ==, 0x80);
  g_assert_cmpuint (last->event, ==, 0x40);
  g_assert_cmpstr (last->address, ==, "smdp.test");
  g_assert_null (last->iccid);
  g_assert_true (g_bytes_equal (last->sequence, sequence));
  payload = es10b_retrieve_notification (channel, sequence, NULL, NULL);
  g_assert_true (g_bytes_equal (payload, expected));
  card_end (&script, channel);
}

static void
test_profiles (void)
{
  g_autoptr (GPtrArray) profiles = NULL, with_icons = NULL;
  const Profile *profile;
  Script script;
  Channel *channel;

  card_init (&script);
  says_ok (&script, LIST_REQUEST, function_of ("profiles")->answer);
  says_ok (&script, "BF2D0E5C0C5A4F9F7090919295B7999394", NO_PROFILES);
  channel = card_open (&script);
  profiles = es10c_get_profiles (channel, FALSE, NULL, NULL);
  g_assert_cmpuint (profiles->len, ==, 2);
  profile = profiles->pdata[0];
  g_assert_cmpstr (profile->iccid, ==, ICCID);
  g_assert_cmpint (profile->state, ==, PROFILE_ENABLED);
  g_assert_cmpint (profile->rules, ==, PROFILE_RULE_NO_DISABLE);
  profile = profiles->pdata[1];
  g_assert_cmpstr (profile->iccid, ==, "89010000001234567882");
  g_assert_cmpint (profile->class, ==, PROFILE_TEST);
  with_icons = es10c_get_profiles (channel, TRUE, NULL, NULL);
  g_assert_cmpuint (with_icons->len, ==, 0);
  card_end (&script, channel);
}

/* What a card can't be asked is refused before it is asked. */
static void
test_arguments (void)
{
  g_autofree char *longest = g_strnfill (64, 'n'), *longer = g_strnfill (65, 'n');
  g_autofree char *request = g_strdup_printf ("BF294E5A0A984405000000000010F79040%.*s", 0, "");
  g_autoptr (GError) error = NULL, text = NULL, iccid = NULL;
  GString *whole = g_string_new (request);
  Script script;
  Channel *channel;

  for (guint i = 0; i < 64; i++)
    g_string_append (whole, "6E");
  card_init (&script);
  says_ok (&script, whole->str, "BF2903800100");
  channel = card_open (&script);
  g_assert_true (es10c_set_nickname (channel, ICCID, longest, NULL, NULL));
  g_assert_false (es10c_set_nickname (channel, ICCID, longer, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_INVALID_ARGUMENT);
  g_assert_false (es10c_set_nickname (channel, ICCID, "\xFF", NULL, &text));
  g_assert_error (text, ESIM_ERROR, ESIM_ERROR_INVALID_ARGUMENT);
  g_assert_false (es10c_enable (channel, "89x", TRUE, NULL, &iccid));
  g_assert_error (iccid, ESIM_ERROR, ESIM_ERROR_INVALID_ARGUMENT);
  card_end (&script, channel);
  g_string_free (whole, TRUE);
}

/* Wrong inside, though every length is right. */
static void
test_rubbish (void)
{
  static const char *const answers[][2] = {
    { "eid", "BF3E125A10890490321234512345123456789012AA" },
    { "eid", "BF3E115A0F890490321234512345123456789012" },
    { "challenge", "BF2E11800F000102030405060708090A0B0C0D0E" },
    { "info2", "BF2208820302A903040111" },
    { "info2", "BF22088203020202A90103" },
    { "list-notifications", "BF2805A003BF2F00" },
    { "list-notifications", "BF2804A0025A00" },
    { "retrieve", "BF2B04A0025A00" },
    { "profiles", "BF2D04A002E300" },
    { "profiles", "BF2D04A0025A00" },
    { "profiles", "BF2D06A004E3025A00" },
    { "authenticate", "BF3802A200" },
    { "authenticate", "BF3802A100" },
    { "prepare", "BF2102A100" },
    { "enable", "BF3103810100" },
    { "enable", "BF31028000" },
    { "remove", "BF30" },
    { "cancel", "BF4100" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    assert_rubbish (function_of (answers[i][0]), answers[i][1]);
}

static void
add (const char *test, const Function *function, GTestDataFunc run)
{
  g_autofree char *path = g_strdup_printf ("/es10/%s/%s", test, function->name);

  g_test_add_data_func (path, function, run);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      add ("good", &functions[i], test_good);
      add ("proactive", &functions[i], test_proactive);
      add ("cut", &functions[i], test_cut);
      add ("cut-inside", &functions[i], test_cut_inside);
      add ("wrong-tag", &functions[i], test_wrong_tag);
      add ("mangled", &functions[i], test_mangled);
      add ("status-words", &functions[i], test_status_words);
    }
  g_test_add_func ("/es10/values", test_values);
  g_test_add_func ("/es10/notifications", test_notifications);
  g_test_add_func ("/es10/profiles", test_profiles);
  g_test_add_func ("/es10/arguments", test_arguments);
  g_test_add_func ("/es10/rubbish", test_rubbish);
  return g_test_run ();
}
