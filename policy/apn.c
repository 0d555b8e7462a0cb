/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The APN rule: a table of ICCID prefixes, and Super SIMs. */

#include "apn.h"

#include <string.h>

typedef struct
{
  char *prefix, *apn;
} Row;

static void
row_free (gpointer data)
{
  Row *self = data;

  g_free (self->prefix);
  g_free (self->apn);
  g_free (self);
}

gboolean
apn_is_super_sim (const char *iccid)
{
  return g_str_has_prefix (iccid, "8988307") || g_str_has_prefix (iccid, "8988323")
         || g_str_has_prefix (iccid, "8910392");
}

GPtrArray *
apn_table_parse (const char *text)
{
  GPtrArray *table = g_ptr_array_new_with_free_func (row_free);
  g_auto (GStrv) rows = g_strsplit (text, ",", -1);

  for (guint i = 0; rows[i]; i++)
    {
      const char *colon = strchr (rows[i], ':');
      Row *row;

      if (colon == NULL)
        continue;
      row = g_new0 (Row, 1);
      row->prefix = g_strndup (rows[i], (gsize) (colon - rows[i]));
      row->apn = g_strdup (colon + 1);
      g_ptr_array_add (table, row);
    }
  return table;
}

const char *
apn_for (const GPtrArray *table, const char *super, const char *iccid)
{
  const Row *best = NULL;

  for (guint i = 0; i < table->len; i++)
    {
      const Row *row = table->pdata[i];

      if (g_str_has_prefix (iccid, row->prefix)
          && (best == NULL || strlen (row->prefix) > strlen (best->prefix)))
        best = row;
    }
  if (best)
    return best->apn;
  return apn_is_super_sim (iccid) ? super : NULL;
}
