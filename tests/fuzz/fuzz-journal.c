/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Fuzzes provision/journal: a file that a power cut or another version left. */

#include "fuzz.h"

#include <glib/gstdio.h>

#include "provision/journal.h"

#define EID "89049032123451234512345678901235"

/* What is set is there when it is read again, beside all that was there. */
static void
check_round (const char *dir, Journal *journal)
{
  g_autofree char *before = journal_get (journal, JOURNAL_SIM);
  g_autofree char *after = NULL, *set = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Journal) again = NULL;

  g_assert_true (journal_set (journal, &error, JOURNAL_ICCID, "8944", NULL));
  again = journal_open (dir, EID, &error);
  g_assert_no_error (error);
  after = journal_get (again, JOURNAL_SIM);
  set = journal_get (again, JOURNAL_ICCID);
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpstr (set, ==, "8944");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *dir = g_strdup ("/dev/shm/esimd-fuzz-XXXXXX");
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Journal) journal = NULL;

  g_assert_nonnull (g_mkdtemp (dir));
  path = g_build_filename (dir, EID ".journal", NULL);
  g_assert_true (g_file_set_contents_full (path, (const char *) data, size,
                                           G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  journal = journal_open (dir, EID, &error);
  g_assert_no_error (error);
  journal_get_number (journal, JOURNAL_INTENT);
  journal_is_taken (journal, JOURNAL_SIM, "HS");
  check_round (dir, journal);
  g_unlink (path);
  g_rmdir (dir);
  return 0;
}
