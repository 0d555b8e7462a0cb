/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A job's result for people. */

#include "result.h"

#include <glib/gi18n.h>

#include "table.h"
#include "words.h"

/* What fits in one line after "done": a name and a short value. */
static const char *const short_keys[]
    = { "iccid", "reservation", "sim", "bearer", "interface", "modem-back", NULL };

static const struct
{
  const char *key, *name;
} long_keys[] = {
  { "events", N_ ("events") },
  { "addresses", N_ ("SM-DP+") },
  { "servers", N_ ("servers that answered") },
  { "iccids", N_ ("installed") },
};

static const TableColumn notification_columns[] = {
  { "sequence", N_ ("number") },
  { "operation", N_ ("operation") },
  { "iccid", "ICCID" },
  { "address", N_ ("server") },
  { "tries", N_ ("tries") },
  { "next-try", N_ ("next try") },
  { "last-error", N_ ("last error") },
  { NULL, NULL },
};

static const TableColumn rule_columns[] = {
  { "rules", N_ ("rules") },
  { "operators", N_ ("operators") },
  { "consent", N_ ("user is asked") },
  { NULL, NULL },
};

static const struct
{
  const char *key, *none;
  const TableColumn *columns;
} lists[] = {
  { "notifications", N_ ("No notifications were found"), notification_columns },
  { "rules", N_ ("No rules were found: profiles with policy rules are not installed"),
    rule_columns },
};

/* RESULT's member KEY in words, NULL where it has none. */
static char *
member (GVariant *result, const char *key)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (result, key, NULL);
  g_autofree char *words = value ? words_of (value) : NULL;

  return words && *words ? g_steal_pointer (&words) : NULL;
}

static void
add_long (Output *output, GVariant *result)
{
  for (gsize i = 0; i < G_N_ELEMENTS (long_keys); i++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (result, long_keys[i].key, NULL);
      g_autofree const char **many = NULL;
      g_autofree char *words = NULL;

      if (value && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
        output_list (output, NULL, long_keys[i].name, many = g_variant_get_strv (value, NULL));
      else if (value)
        output_line (output, long_keys[i].name, words = words_of (value));
    }
}

void
result_lines (Output *output, GVariant *result)
{
  for (guint i = 0; short_keys[i]; i++)
    {
      g_autofree char *words = member (result, short_keys[i]);

      output_line (output, short_keys[i], words);
    }
  add_long (output, result);
}

void
result_tables (GVariant *result)
{
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr (GVariant) rows
          = g_variant_lookup_value (result, lists[i].key, G_VARIANT_TYPE ("aa{sv}"));

      if (rows)
        table_print (rows, lists[i].columns, _ (lists[i].none));
    }
}

void
result_print (const char *kind, GVariant *result)
{
  g_autoptr (Output) output = output_new (OUTPUT_HUMAN);
  g_autofree char *clean = output_clean (kind);

  g_print (_ ("%s: done"), clean);
  for (guint i = 0; short_keys[i]; i++)
    {
      g_autofree char *words = member (result, short_keys[i]);

      if (words)
        g_print (", %s %s", short_keys[i], words);
    }
  g_print ("\n");
  output_section (output, "Result");
  add_long (output, result);
  output_print (output);
  result_tables (result);
}
