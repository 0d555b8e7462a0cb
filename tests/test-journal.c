/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The journal: what was set is there after a restart, torn files and foreign facts included. */

#include <glib/gstdio.h>

#include "base/error.h"
#include "provision/journal.h"

#define EID "89049032123451234512345678901235"
#define OTHER "89049032000000000000000000000062"

typedef struct
{
  char *dir, *state, *path;
} Place;

static void
set_up (Place *place, gconstpointer data)
{
  (void) data;
  place->dir = g_dir_make_tmp ("test-journal-XXXXXX", NULL);
  place->state = g_build_filename (place->dir, "a", "state", NULL);
  place->path = g_build_filename (place->state, EID ".journal", NULL);
}

static void
tear_down (Place *place, gconstpointer data)
{
  const char *remove[] = { "rm", "-r", place->dir, NULL };

  (void) data;
  g_spawn_sync (NULL, (char **) remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
  g_free (place->dir);
  g_free (place->state);
  g_free (place->path);
}

static Journal *
open_of (Place *place, const char *eid)
{
  g_autoptr (GError) error = NULL;
  Journal *journal = journal_open (place->state, eid, &error);

  g_assert_no_error (error);
  return journal;
}

static void
assert_fact (Journal *journal, const char *key, const char *value)
{
  g_autofree char *found = journal_get (journal, key);

  g_assert_cmpstr (found, ==, value);
}

static void
test_survives (Place *place, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Journal) journal = open_of (place, EID);
  g_autoptr (Journal) again = NULL;
  GStatBuf found;

  (void) data;
  assert_fact (journal, JOURNAL_INTENT, NULL);
  g_assert_true (
      journal_set (journal, &error, JOURNAL_INTENT, "1700000000", JOURNAL_SIM, "HS=1\n2", NULL));
  g_assert_no_error (error);
  g_assert_true (
      journal_set (journal, &error, JOURNAL_INTENT, NULL, JOURNAL_RESERVATION, "HP1", NULL));
  again = open_of (place, EID);
  assert_fact (again, JOURNAL_INTENT, NULL);
  assert_fact (again, JOURNAL_RESERVATION, "HP1");
  assert_fact (again, JOURNAL_SIM, "HS=1 2");
  g_assert_cmpint (g_stat (place->path, &found), ==, 0);
  g_assert_cmpint (found.st_mode & 0777, ==, 0600);
  g_assert_cmpint (g_stat (place->state, &found), ==, 0);
  g_assert_cmpint (found.st_mode & 0777, ==, 0700);
}

static void
test_torn (Place *place, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Journal) journal = NULL;
  g_autoptr (Journal) again = NULL;

  (void) data;
  g_mkdir_with_parents (place->state, 0700);
  g_file_set_contents (place->path, "of-tomorrow=a=b\n\n=x\nnonsense\nintent=17\nreservation=HP12",
                       -1, &error);
  g_assert_no_error (error);
  journal = open_of (place, EID);
  g_assert_cmpint (journal_get_number (journal, JOURNAL_INTENT), ==, 17);
  assert_fact (journal, JOURNAL_RESERVATION, NULL);
  g_assert_true (journal_set (journal, &error, JOURNAL_SIM, "HS1", NULL));
  again = open_of (place, EID);
  assert_fact (again, "of-tomorrow", "a=b");
  assert_fact (again, JOURNAL_INTENT, "17");
}

/* What isn't changed isn't written: flash wears. */
static void
test_unchanged (Place *place, gconstpointer data)
{
  g_autoptr (Journal) journal = open_of (place, EID);

  (void) data;
  g_assert_true (journal_set (journal, NULL, JOURNAL_SIM, "HS1", NULL));
  g_assert_cmpint (g_unlink (place->path), ==, 0);
  g_assert_true (journal_set (journal, NULL, JOURNAL_SIM, "HS1", JOURNAL_INTENT, NULL, NULL));
  g_assert_false (g_file_test (place->path, G_FILE_TEST_EXISTS));
}

static void
test_unwritable (Place *place, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Journal) journal = open_of (place, EID);

  (void) data;
  g_assert_cmpint (g_rmdir (place->state), ==, 0);
  g_assert_false (journal_set (journal, &error, JOURNAL_INTENT, "1", NULL));
  g_assert_cmpint (error->domain, ==, ESIM_ERROR);
  /* Not on disk, so not a fact. */
  assert_fact (journal, JOURNAL_INTENT, NULL);
}

static void
test_taken (Place *place, gconstpointer data)
{
  g_autoptr (Journal) journal = open_of (place, EID);
  g_autoptr (Journal) other = open_of (place, OTHER);

  (void) data;
  g_assert_true (journal_set (journal, NULL, JOURNAL_RESERVATION, "HP1", NULL));
  g_assert_true (journal_is_taken (other, JOURNAL_RESERVATION, "HP1"));
  g_assert_false (journal_is_taken (other, JOURNAL_RESERVATION, "HP2"));
  g_assert_false (journal_is_taken (journal, JOURNAL_RESERVATION, "HP1"));
}

static void
test_no_eid (Place *place, gconstpointer data)
{
  static const char *const wrong[] = { "", "../../etc/passwd", "8904 9032" };

  (void) data;
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (journal_open (place->state, wrong[i], &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_EID_INVALID);
    }
}

static void
add (const char *path, void (*test) (Place *place, gconstpointer data))
{
  g_test_add (path, Place, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/journal/survives", test_survives);
  add ("/journal/torn", test_torn);
  add ("/journal/unchanged", test_unchanged);
  add ("/journal/unwritable", test_unwritable);
  add ("/journal/taken", test_taken);
  add ("/journal/no-eid", test_no_eid);
  return g_test_run ();
}
