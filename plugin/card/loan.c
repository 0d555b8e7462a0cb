/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One small file a modem, with two numbers in it. */

#include "card/loan.h"

#include <glib/gstdio.h>

#include "base/error.h"

static char *
path_of (const char *state_dir, const char *modem)
{
  g_autofree char *name = g_strconcat ("slot-", modem, NULL);

  return state_dir ? g_build_filename (state_dir, g_strdelimit (name, "/ ", '-'), NULL) : NULL;
}

gboolean
loan_write (const char *state_dir, const char *modem, gint from, gint to, GError **error)
{
  g_autofree char *path = path_of (state_dir, modem);
  g_autofree char *text = g_strdup_printf ("%d %d\n", from, to);

  if (path == NULL
      || g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
    return TRUE;
  error_translate (error);
  return FALSE;
}

gboolean
loan_read (const char *state_dir, const char *modem, gint *from, gint *to)
{
  g_autofree char *path = path_of (state_dir, modem);
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;
  guint64 first, second;

  if (path == NULL || !g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  words = g_strsplit_set (g_strchomp (text), " ", -1);
  if (g_strv_length (words) != 2 || !g_ascii_string_to_unsigned (words[0], 10, 0, 31, &first, NULL)
      || !g_ascii_string_to_unsigned (words[1], 10, 0, 31, &second, NULL))
    return FALSE;
  *from = (gint) first;
  *to = (gint) second;
  return TRUE;
}

void
loan_forget (const char *state_dir, const char *modem)
{
  g_autofree char *path = path_of (state_dir, modem);

  if (path)
    g_unlink (path);
}
