/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Tests that no refusal leaves a person with numbers: every subject and reason code of SGP.22,
 * every code of the provider and every error of ours has words, and names are unique. */

#include <string.h>

#include "apdu/sw.h"
#include "base/error.h"
#include "lpa/es9p-refusal.h"
#include "net/http.h"
#include "provider/supersim-codes.h"

/* SGP.22 v2.2.2, 5.2.6.1 and 5.2.6.2, written down apart from the code's own tables. */
static const char *const subjects[]
    = { "1",     "1.1",    "1.2",   "1.3",   "1.3.1", "1.3.2", "1.6",    "8",     "8.1",
        "8.1.1", "8.1.2",  "8.1.3", "8.2",   "8.2.1", "8.2.5", "8.2.6",  "8.2.7", "8.2.8",
        "8.2.9", "8.2.10", "8.8",   "8.8.1", "8.8.2", "8.8.3", "8.8.4",  "8.8.5", "8.9",
        "8.9.1", "8.9.2",  "8.9.3", "8.9.4", "8.9.5", "8.10",  "8.10.1", "8.11",  "8.11.1" };
static const char *const reasons[]
    = { "1",   "1.1", "1.2",  "2",   "2.1",  "2.2",  "2.3",  "3",   "3.1",
        "3.3", "3.7", "3.8",  "3.9", "3.10", "3.11", "3.12", "4",   "4.2",
        "4.3", "4.8", "4.10", "5",   "5.1",  "6",    "6.1",  "6.3", "6.4" };

/* What is said before the codes themselves. */
static char *
words_of (const char *subject, const char *reason)
{
  g_autoptr (GError) error = NULL;

  es9p_refusal (&error, "ES9+.f", subject, reason, NULL);
  g_assert_nonnull (error);
  g_assert_true (g_str_has_prefix (error->message, "ES9+.f: "));
  return g_strndup (error->message + 8, strstr (error->message, " (subject ") - error->message - 8);
}

static void
test_sgp22 (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (subjects) * G_N_ELEMENTS (reasons); i++)
    {
      const char *subject = subjects[i % G_N_ELEMENTS (subjects)];
      const char *reason = reasons[i / G_N_ELEMENTS (subjects)];
      g_autofree char *words = words_of (subject, reason);

      if (strpbrk (words, "013456789")) /* SGP.22 has a 2 */
        g_error ("%s/%s is told as: %s", subject, reason, words);
      g_assert_cmpuint (strlen (words), >, 15);
    }
}

static void
test_not_in_the_tables (void)
{
  g_autofree char *words = words_of ("9.9", "7.7");

  g_assert_cmpstr (words, ==, "the server refused; 9.9: 7.7");
}

static void
test_provider (void)
{
  static const char *const expected[]
      = { "20003", "20005", "20404", "20429", "20500", "83005", "83006",
          "83007", "83009", "83010", "83500", "83703", NULL };
  guint found = 0;

  for (const RestCode *row = supersim_codes; row->code; row++)
    {
      g_assert_cmpuint (strlen (row->code), ==, 5);
      g_assert_nonnull (row->meaning);
      g_assert_cmpuint (strlen (row->meaning), >, 8);
      if (row[1].code)
        g_assert_cmpstr (row->code, <, row[1].code);
      if (g_strv_contains (expected, row->code))
        found++;
    }
  g_assert_cmpuint (found, ==, G_N_ELEMENTS (expected) - 1);
}

/* Every word a card can send, and a few that are told apart. */
static void
test_status_words (void)
{
  const char *unknown = sw_words (0x1234);

  for (guint first = 0x61; first <= 0x6f; first++)
    for (guint second = 0; second <= 0xff; second++)
      g_assert_cmpstr (sw_words (first << 8 | second), !=, unknown);
  g_assert_cmpstr (sw_words (0x9000), ==, "done");
  g_assert_cmpstr (sw_words (0x910f), !=, unknown);
  g_assert_cmpstr (sw_words (0x6a82), ==, "not found");
  g_assert_cmpstr (sw_words (0x6a83), ==, "wrong parameters");
  g_assert_cmpstr (sw_words (0x9fff), ==, unknown);
}

/* Every status a server can send; only one that means nothing has the last words. */
static void
test_http (void)
{
  const char *unknown = http_status_words (299);

  for (guint status = 300; status < 600; status++)
    g_assert_cmpstr (http_status_words (status), !=, unknown);
  g_assert_cmpstr (http_status_words (404), ==, "it has nothing at this address");
  g_assert_cmpstr (http_status_words (418), ==, http_status_words (499));
  g_assert_cmpstr (http_status_words (0), ==, unknown);
}

/* Each error of ours: a name of its own, and advice that is a sentence. */
static void
test_own (void)
{
  for (guint code = 0; code < ESIM_ERROR_LAST; code++)
    {
      const char *name = errors_dbus_name (code), *advice = errors_advice (code);

      g_assert_true (g_str_has_prefix (name, "org.esimd1.Error."));
      g_assert_cmpuint (errors_from_dbus_name (name), ==, code);
      g_assert_cmpuint (strlen (advice), >, 15);
      g_assert_true (g_str_has_suffix (advice, "."));
      g_assert_true (g_ascii_isupper (*advice));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/refusal/sgp22", test_sgp22);
  g_test_add_func ("/refusal/not-in-the-tables", test_not_in_the_tables);
  g_test_add_func ("/refusal/provider", test_provider);
  g_test_add_func ("/refusal/status-words", test_status_words);
  g_test_add_func ("/refusal/http", test_http);
  g_test_add_func ("/refusal/own", test_own);
  return g_test_run ();
}
