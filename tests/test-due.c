/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The notifications' back-off: how long, from when, what a wrong clock does, what the journal
 * keeps. */

#include "base/error.h"
#include "provision/due.h"

#define EID "89049032123451234512345678901235"
#define ICCID "8988307000000000015"
#define NOW ((gint64) 1700000000)

static void
test_delay (void)
{
  static const gint64 first[] = { 30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600 };

  for (guint i = 0; i < G_N_ELEMENTS (first); i++)
    g_assert_cmpint (due_delay_s (i + 1), ==, first[i]);
  g_assert_cmpint (due_delay_s (63), ==, 21600);
  g_assert_cmpint (due_delay_s (64), ==, 21600);
  g_assert_cmpint (due_delay_s (G_MAXUINT), ==, 21600);
}

static void
test_wait (void)
{
  static const struct
  {
    gint64 next, wait;
  } cases[] = {
    { 0, 0 },
    { NOW - 1, 0 },
    { NOW, 0 },
    { NOW + 1, 1 },
    { NOW + 30, 30 },
    { NOW + 21600, 21600 },
    /* Farther than any delay: written by a clock that was wrong. */
    { NOW + 21601, 0 },
    { G_MAXINT64, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (due_wait_s (NOW, cases[i].next), ==, cases[i].wait);
  /* A device that starts in 1970 tries at once. */
  g_assert_cmpint (due_wait_s (60, NOW), ==, 0);
}

static void
test_key (void)
{
  g_autoptr (GBytes) sequence = g_bytes_new_static ("\x01\x02", 2);
  g_autoptr (GBytes) padded = g_bytes_new_static ("\x00\x01\x02", 3);
  g_autofree char *install = due_key (sequence, 0x80, ICCID);
  g_autofree char *same = due_key (padded, 0x80, ICCID);
  g_autofree char *delete = due_key (sequence, 0x10, ICCID);
  g_autofree char *nameless = due_key (sequence, 0x80, NULL);

  g_assert_cmpint ((gint64) due_sequence (sequence), ==, 258);
  g_assert_cmpstr (install, ==, "notice-258-80-" ICCID);
  g_assert_cmpstr (same, ==, install);
  g_assert_cmpstr (delete, !=, install);
  g_assert_cmpstr (nameless, ==, "notice-258-80-");
}

typedef struct
{
  char *dir;
  Journal *journal;
} Place;

static void
open_journal (Place *place)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&place->journal, journal_unref);
  place->journal = journal_open (place->dir, EID, &error);
  g_assert_no_error (error);
}

static void
set_up (Place *place, gconstpointer data)
{
  (void) data;
  place->dir = g_dir_make_tmp ("test-due-XXXXXX", NULL);
  open_journal (place);
}

static void
tear_down (Place *place, gconstpointer data)
{
  const char *remove[] = { "rm", "-r", place->dir, NULL };

  (void) data;
  journal_unref (place->journal);
  g_spawn_sync (NULL, (char **) remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
  g_free (place->dir);
}

static void
fail_with (Place *place, const char *key, EsimError code, const char *why)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GError) error = NULL;

  error_set (&problem, code, "es9p", "%s", why);
  g_assert_true (due_failed (place->journal, key, NOW, problem, &error));
  g_assert_no_error (error);
}

static void
fail (Place *place, const char *key, const char *why)
{
  fail_with (place, key, ESIM_ERROR_SERVER_FAILED, why);
}

static void
assert_due (Place *place, const char *key, guint tries, gint64 next, const char *why)
{
  g_auto (Due) due = due_read (place->journal, key);

  g_assert_cmpuint (due.tries, ==, tries);
  g_assert_cmpint (due.next_s, ==, next);
  g_assert_cmpstr (due.error, ==, why);
}

static void
test_each_its_own (Place *place, gconstpointer data)
{
  (void) data;
  fail (place, "notice-1-80-", "HTTP 500");
  fail (place, "notice-1-80-", "two\nlines");
  fail (place, "notice-2-80-", "");
  open_journal (place);
  assert_due (place, "notice-1-80-", 2, NOW + 60, "two lines");
  assert_due (place, "notice-2-80-", 1, NOW + 30, "");
  assert_due (place, "notice-3-80-", 0, 0, NULL);
}

static void
online (Place *place, const char *key, gint64 now)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (due_online (place->journal, key, now, &error));
  g_assert_no_error (error);
}

/* What found no network is tried when there is one, what a server refused is not. */
static void
test_online (Place *place, gconstpointer data)
{
  static const char dns[] = "notice-1-80-", route[] = "notice-2-80-", server[] = "notice-3-80-";

  (void) data;
  for (guint i = 0; i < 6; i++)
    {
      fail_with (place, dns, ESIM_ERROR_NAME_NOT_RESOLVED, "no name");
      fail_with (place, route, ESIM_ERROR_NO_NETWORK, "no route");
      fail (place, server, "HTTP 500");
    }
  open_journal (place);
  online (place, dns, NOW + 100);
  online (place, route, NOW + 5); /* one that comes and goes */
  online (place, server, NOW + 100);
  online (place, "notice-4-80-", NOW + 100);
  open_journal (place);
  assert_due (place, dns, 6, NOW + 100, "no name");
  assert_due (place, route, 6, NOW + 30, "no route");
  assert_due (place, server, 6, NOW + 960, "HTTP 500");
  assert_due (place, "notice-4-80-", 0, 0, NULL);
  /* A second time nothing is put off. */
  online (place, dns, NOW + 200);
  assert_due (place, dns, 6, NOW + 100, "no name");
  /* And what then finds a server that refuses waits as long as any other. */
  fail (place, dns, "HTTP 500");
  online (place, dns, NOW + 10);
  assert_due (place, dns, 7, NOW + 1920, "HTTP 500");
}

static void
test_rubbish (Place *place, gconstpointer data)
{
  static const char *const lines[] = { "", "7", "7 1700000030" };

  (void) data;
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      journal_set (place->journal, NULL, "notice-1-80-", lines[i], NULL);
      assert_due (place, "notice-1-80-", 0, 0, NULL);
    }
}

static void
test_keep (Place *place, gconstpointer data)
{
  g_autoptr (GHashTable) keys = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *suspended = NULL;
  g_autoptr (GError) error = NULL;

  (void) data;
  journal_set (place->journal, NULL, JOURNAL_SUSPENDED, "1", NULL);
  fail (place, "notice-1-80-", "one");
  fail (place, "notice-2-80-", "two");
  g_hash_table_add (keys, (gpointer) "notice-2-80-");
  g_assert_true (due_keep (place->journal, keys, &error));
  g_assert_no_error (error);
  open_journal (place);
  assert_due (place, "notice-1-80-", 0, 0, NULL);
  assert_due (place, "notice-2-80-", 1, NOW + 30, "two");
  g_assert_cmpstr (suspended = journal_get (place->journal, JOURNAL_SUSPENDED), ==, "1");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/due/delay", test_delay);
  g_test_add_func ("/due/wait", test_wait);
  g_test_add_func ("/due/key", test_key);
  g_test_add ("/due/each-its-own", Place, NULL, set_up, test_each_its_own, tear_down);
  g_test_add ("/due/online", Place, NULL, set_up, test_online, tear_down);
  g_test_add ("/due/rubbish", Place, NULL, set_up, test_rubbish, tear_down);
  g_test_add ("/due/keep", Place, NULL, set_up, test_keep, tear_down);
  return g_test_run ();
}
