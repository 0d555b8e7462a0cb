/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What is printed: gathered as records first, because columns are as wide as the widest. */

#include "output.h"

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

#define UNKNOWN "--"

typedef struct
{
  const char *section;
  char *key;  /* NULL: for people only */
  char *name; /* NULL: for machines only */
  gboolean is_list;
  char **values;
  GVariant *rows; /* aa{sv}; NULL: it has values */
} Record;

struct _Output
{
  OutputFormat format;
  const char *section;
  GPtrArray *records;
};

static void
record_free (gpointer data)
{
  Record *self = data;

  g_free (self->key);
  g_free (self->name);
  g_strfreev (self->values);
  g_clear_pointer (&self->rows, g_variant_unref);
  g_free (self);
}

Output *
output_new (OutputFormat format)
{
  Output *self = g_new0 (Output, 1);

  self->format = format;
  self->section = "";
  self->records = g_ptr_array_new_with_free_func (record_free);
  return self;
}

void
output_free (Output *self)
{
  g_ptr_array_unref (self->records);
  g_free (self);
}

/* xgettext knows these words by the functions that take them. */
static const char *
translated (const char *word)
{
  return word && *word ? gettext (word) : word;
}

void
output_section (Output *self, const char *title)
{
  self->section = translated (title);
}

static Record *
add (Output *self, const char *key, const char *name)
{
  Record *record = g_new0 (Record, 1);

  record->section = self->section;
  record->key = g_strdup (key);
  record->name = g_strdup (translated (name));
  g_ptr_array_add (self->records, record);
  return record;
}

void
output_list (Output *self, const char *key, const char *name, const char *const *values)
{
  Record *record = add (self, key, name);

  record->is_list = TRUE;
  record->values = values ? g_strdupv ((char **) values) : g_new0 (char *, 1);
}

void
output_rows (Output *self, const char *key, GVariant *rows)
{
  Record *record = add (self, key, NULL);

  record->values = g_new0 (char *, 1);
  record->rows = g_variant_ref (rows);
}

void
output_text (Output *self, const char *key, const char *name, const char *value)
{
  Record *record = add (self, key, name);

  record->values = g_new0 (char *, 2);
  if (value && *value)
    record->values[0] = g_strdup (value);
}

void
output_number (Output *self, const char *key, const char *name, guint64 value)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, value);

  output_text (self, key, name, text);
}

void
output_line (Output *self, const char *name, const char *value)
{
  output_text (self, NULL, name, value);
}

char *
output_clean (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text ? text : "", -1);
  GString *clean = g_string_new (NULL);

  for (const char *p = valid; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      GUnicodeType type = g_unichar_type (c);

      /* FORMAT has the marks that turn the direction of writing. */
      if (type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT)
        c = '?';
      g_string_append_unichar (clean, c);
    }
  return g_string_free (clean, FALSE);
}

/* -- for people -- */

static gboolean
is_shown (const Record *record)
{
  return record->name && record->values[0];
}

static void
print_rule (guint width)
{
  g_autofree char *dashes = g_strnfill (width, '-');

  g_print ("  %s\n", dashes);
}

static void
print_record (const Record *record, const char *section, int section_width, int name_width)
{
  for (guint i = 0; record->values[i]; i++)
    {
      g_autofree char *value = output_clean (record->values[i]);
      const char *left = i == 0 ? section : "", *name = i == 0 ? record->name : "";

      g_print ("  %s%*s | %*s%s%s %s\n", left, section_width - (int) g_utf8_strlen (left, -1), "",
               name_width - (int) g_utf8_strlen (name, -1), "", name, i == 0 ? ":" : " ", value);
    }
}

static void
print_human (Output *self)
{
  int section_width = 0, name_width = 0;
  const char *section = NULL;

  for (guint i = 0; i < self->records->len; i++)
    {
      const Record *record = self->records->pdata[i];

      if (!is_shown (record))
        continue;
      section_width = MAX (section_width, (int) g_utf8_strlen (record->section, -1));
      name_width = MAX (name_width, (int) g_utf8_strlen (record->name, -1));
    }
  for (guint i = 0; i < self->records->len; i++)
    {
      const Record *record = self->records->pdata[i];
      gboolean begins = g_strcmp0 (record->section, section) != 0;

      if (!is_shown (record))
        continue;
      if (begins)
        print_rule (section_width + strlen (" | ") + name_width + strlen (":"));
      section = record->section;
      print_record (record, begins ? section : "", section_width, name_width);
    }
}

/* -- key-value -- */

/* One line a value, whatever is in it, as mmcli escapes; but UTF-8 stays as it is. */
static char *
escape (const char *value)
{
  char kept[0x80 + sizeof ""];
  guint n = 0;

  for (guint byte = 0x80; byte <= 0xff; byte++)
    kept[n++] = (char) byte;
  kept[n] = '\0';
  return g_strescape (value, kept);
}

/* KEY is taken over. */
static void
add_pair (GPtrArray *pairs, char *key, const char *value)
{
  g_ptr_array_add (pairs, key);
  g_ptr_array_add (pairs, escape (value));
}

static void
add_list (GPtrArray *pairs, const char *key, char **values)
{
  g_autofree char *length = g_strdup_printf ("%u", g_strv_length (values));

  add_pair (pairs, g_strdup_printf ("%s.length", key), length);
  for (guint i = 0; values[i]; i++)
    add_pair (pairs, g_strdup_printf ("%s.value[%u]", key, i + 1), values[i]);
}

/* The rows of KEY, or one row's members: each by its place or name. */
static void
add_variant (GPtrArray *pairs, const char *key, GVariant *value)
{
  g_autofree const char **words = NULL;
  g_autofree char *text = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    {
      words = g_variant_get_strv (value, NULL);
      if (words[0])
        add_list (pairs, key, (char **) words);
      else
        add_pair (pairs, g_strdup (key), UNKNOWN);
      return;
    }
  text = words_for_machines (value);
  add_pair (pairs, g_strdup (key), *text ? text : UNKNOWN);
}

static void
add_rows (GPtrArray *pairs, const char *key, GVariant *rows)
{
  gsize n = g_variant_n_children (rows);
  g_autofree char *length = g_strdup_printf ("%" G_GSIZE_FORMAT, n);

  add_pair (pairs, g_strdup_printf ("%s.length", key), length);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      GVariantIter iter;
      const char *name;
      GVariant *value;

      g_variant_iter_init (&iter, row);
      while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
        {
          g_autofree char *full
              = g_strdup_printf ("%s.value[%" G_GSIZE_FORMAT "].%s", key, i + 1, name);

          add_variant (pairs, full, value);
        }
    }
}

static void
print_pairs (GPtrArray *pairs)
{
  int width = 0;

  for (guint i = 0; i < pairs->len; i += 2)
    width = MAX (width, (int) strlen (pairs->pdata[i]));
  for (guint i = 0; i < pairs->len; i += 2)
    printf ("%-*s : %s\n", width, (char *) pairs->pdata[i], (char *) pairs->pdata[i + 1]);
  fflush (stdout);
}

static void
print_keyvalue (Output *self)
{
  g_autoptr (GPtrArray) pairs = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->records->len; i++)
    {
      const Record *record = self->records->pdata[i];

      if (record->key == NULL)
        continue;
      if (record->rows)
        add_rows (pairs, record->key, record->rows);
      else if (record->is_list && record->values[0])
        add_list (pairs, record->key, record->values);
      else
        add_pair (pairs, g_strdup (record->key), record->values[0] ? record->values[0] : UNKNOWN);
    }
  print_pairs (pairs);
}

/* -- JSON -- */

static JsonNode *
json_list (const char *const *values)
{
  g_autoptr (JsonArray) array = json_array_new ();

  for (guint i = 0; values[i]; i++)
    json_array_add_string_element (array, values[i]);
  return json_node_init_array (json_node_alloc (), array);
}

static JsonNode *
json_of_variant (GVariant *value)
{
  g_autofree const char **words = NULL;
  g_autofree char *text = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    return json_list (words = g_variant_get_strv (value, NULL));
  text = words_for_machines (value);
  return json_node_init_string (json_node_alloc (), *text ? text : UNKNOWN);
}

static int
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Its members by name: the order in which the service wrote them means nothing. */
static JsonObject *
json_row (GVariant *row)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  JsonObject *object = json_object_new ();
  GVariantIter iter;
  const char *name;

  g_variant_iter_init (&iter, row);
  while (g_variant_iter_next (&iter, "{&sv}", &name, NULL))
    g_ptr_array_add (names, (char *) name);
  g_ptr_array_sort (names, by_name);
  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (row, names->pdata[i], NULL);

      json_object_set_member (object, names->pdata[i], json_of_variant (value));
    }
  return object;
}

static JsonNode *
json_rows (GVariant *rows)
{
  g_autoptr (JsonArray) array = json_array_new ();

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);

      json_array_add_object_element (array, json_row (row));
    }
  return json_node_init_array (json_node_alloc (), array);
}

static JsonNode *
json_of (const Record *record)
{
  if (record->rows)
    return json_rows (record->rows);
  if (record->is_list)
    return json_list ((const char *const *) record->values);
  return json_node_init_string (json_node_alloc (),
                                record->values[0] ? record->values[0] : UNKNOWN);
}

/* "a.b.c" is c in the object b in the object a. */
static void
json_insert (JsonObject *root, const Record *record)
{
  g_auto (GStrv) words = g_strsplit (record->key, ".", -1);
  guint i;

  for (i = 0; words[i + 1]; i++)
    {
      if (!json_object_has_member (root, words[i]))
        json_object_set_object_member (root, words[i], json_object_new ());
      root = json_object_get_object_member (root, words[i]);
    }
  json_object_set_member (root, words[i], json_of (record));
}

static void
print_object (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);
  g_autofree char *text = json_to_string (node, FALSE);

  printf ("%s\n", text);
  fflush (stdout);
}

static int
by_key (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(Record *const *) a)->key, (*(Record *const *) b)->key);
}

static void
print_json (Output *self)
{
  g_autoptr (JsonObject) root = json_object_new ();
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();

  for (guint i = 0; i < self->records->len; i++)
    if (((Record *) self->records->pdata[i])->key)
      g_ptr_array_add (sorted, self->records->pdata[i]);
  g_ptr_array_sort (sorted, by_key);
  for (guint i = 0; i < sorted->len; i++)
    json_insert (root, sorted->pdata[i]);
  print_object (root);
}

void
output_print (Output *self)
{
  switch (self->format)
    {
    case OUTPUT_HUMAN:
      print_human (self);
      return;
    case OUTPUT_JSON:
      print_json (self);
      return;
    case OUTPUT_KEYVALUE:
      print_keyvalue (self);
      return;
    }
}

void
output_paths (OutputFormat format, const char *key, GPtrArray *paths, GPtrArray *lines,
              const char *none)
{
  g_autoptr (Output) output = output_new (format);
  g_autoptr (GPtrArray) pairs = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (paths, NULL);
  output_list (output, key, NULL, (const char *const *) paths->pdata);
  g_ptr_array_set_size (paths, paths->len - 1);
  switch (format)
    {
    case OUTPUT_HUMAN:
      for (guint i = 0; i < lines->len; i++)
        g_print ("    %s\n", (char *) lines->pdata[i]);
      if (lines->len == 0)
        g_print ("%s\n", none);
      return;
    case OUTPUT_JSON:
      print_json (output);
      return;
    case OUTPUT_KEYVALUE: /* an empty list of objects has a length, unlike an empty property */
      add_list (pairs, key, ((Record *) output->records->pdata[0])->values);
      print_pairs (pairs);
      return;
    }
}
