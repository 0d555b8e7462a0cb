/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Tables for people. */

#include "table.h"

#include <glib/gi18n.h>
#include <string.h>

#include "words.h"

#define GAP "  "

/* One column as it is printed: cells[0] is its title. */
typedef struct
{
  GPtrArray *cells;
  int width;
  gboolean empty; /* but for its title */
} Printed;

static void
printed_free (gpointer data)
{
  Printed *self = data;

  g_ptr_array_unref (self->cells);
  g_free (self);
}

/* TEXT is taken over. */
static void
add_cell (Printed *self, char *text)
{
  g_ptr_array_add (self->cells, text);
  self->width = MAX (self->width, (int) g_utf8_strlen (text, -1));
}

static Printed *
print_column (GVariant *rows, const char *key, const char *title)
{
  Printed *self = g_new0 (Printed, 1);

  self->cells = g_ptr_array_new_with_free_func (g_free);
  self->empty = TRUE;
  add_cell (self, g_strdup (title));
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      g_autoptr (GVariant) value = g_variant_lookup_value (row, key, NULL);
      char *text = value ? words_of (value) : g_strdup ("");

      self->empty = self->empty && *text == '\0';
      add_cell (self, text);
    }
  return self;
}

static gboolean
is_known (const TableColumn *columns, const char *key)
{
  for (; columns->key; columns++)
    if (g_str_equal (columns->key, key))
      return TRUE;
  return FALSE;
}

/* What a newer esimd tells and this command has no title for, by its key. */
static GPtrArray *
other_keys (GVariant *rows, const TableColumn *columns)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *keys = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      GVariantIter iter;
      const char *key;

      g_variant_iter_init (&iter, row);
      while (g_variant_iter_next (&iter, "{&sv}", &key, NULL))
        if (!is_known (columns, key) && !g_hash_table_contains (seen, key))
          {
            g_ptr_array_add (keys, g_strdup (key));
            g_hash_table_add (seen, keys->pdata[keys->len - 1]);
          }
    }
  return keys;
}

static void
print_line (GPtrArray *printed, guint line)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < printed->len; i++)
    {
      const Printed *column = printed->pdata[i];
      const char *cell = column->cells->pdata[line];

      g_string_append_printf (text, GAP "%s%*s", cell,
                              column->width - (int) g_utf8_strlen (cell, -1), "");
    }
  g_print ("%s\n", g_strchomp (text->str));
}

static void
print_rule (GPtrArray *printed)
{
  int width = 0;
  g_autofree char *rule = NULL;

  for (guint i = 0; i < printed->len; i++)
    width += ((Printed *) printed->pdata[i])->width + (i ? (int) strlen (GAP) : 0);
  rule = g_strnfill ((gsize) width, '-');
  g_print (GAP "%s\n", rule);
}

void
table_print (GVariant *rows, const TableColumn *columns, const char *none)
{
  g_autoptr (GPtrArray) printed = g_ptr_array_new_with_free_func (printed_free);
  g_autoptr (GPtrArray) others = other_keys (rows, columns);

  if (g_variant_n_children (rows) == 0)
    {
      g_print ("%s\n", none);
      return;
    }
  for (const TableColumn *column = columns; column->key; column++)
    g_ptr_array_add (printed, print_column (rows, column->key, _ (column->title)));
  for (guint i = 0; i < others->len; i++)
    g_ptr_array_add (printed, print_column (rows, others->pdata[i], others->pdata[i]));
  for (guint i = printed->len; i > 0; i--)
    if (((Printed *) printed->pdata[i - 1])->empty)
      g_ptr_array_remove_index (printed, i - 1);
  print_line (printed, 0);
  print_rule (printed);
  for (guint line = 1; line <= g_variant_n_children (rows); line++)
    print_line (printed, line);
}
