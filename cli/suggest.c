/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What somebody may have meant: the option with the fewest letters to change. */

#include "suggest.h"

#include <string.h>

/* How many letters have to be put in, taken out or changed, or swapped with the next, to make B of
 * A (Damerau and Levenshtein's distance, without changing a letter twice). */
static guint
distance (const char *a, const char *b)
{
  gsize rows = strlen (a) + 1, columns = strlen (b) + 1;
  g_autofree guint *cell = g_new (guint, rows * columns);

  for (gsize i = 0; i < rows; i++)
    for (gsize k = 0; k < columns; k++)
      {
        guint *here = cell + i * columns + k;

        if (i == 0 || k == 0)
          {
            *here = (guint) (i + k);
            continue;
          }
        *here = here[-(gssize) columns - 1] + (a[i - 1] != b[k - 1]);
        *here = MIN (*here, MIN (here[-1], here[-(gssize) columns]) + 1);
        if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
          *here = MIN (*here, here[-2 * (gssize) columns - 2] + 1);
      }
  return cell[rows * columns - 1];
}

char *
suggest_option (const char *help, const char *word)
{
  g_autoptr (GRegex) listed = g_regex_new ("^  (?:-., )?--([a-z-]+)", G_REGEX_MULTILINE, 0, NULL);
  g_autofree char *bare = g_strndup (word, strcspn (word, "="));
  const char *wrong = bare + strspn (bare, "-");
  /* More changes than a third of the letters make another word of it. */
  guint nearest = (guint) strlen (wrong) / 3 + 1;
  g_autoptr (GMatchInfo) match = NULL;
  char *best = NULL;

  for (g_regex_match (listed, help, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL))
    {
      g_autofree char *name = g_match_info_fetch (match, 1);
      guint far = g_str_has_prefix (name, wrong) && strlen (wrong) > 2 ? 0 : distance (wrong, name);

      if (far >= nearest)
        continue;
      nearest = far;
      g_free (best);
      best = g_strconcat ("--", name, NULL);
    }
  return best;
}
