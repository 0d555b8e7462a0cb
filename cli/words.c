/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Values from the bus in words. */

#include "words.h"

#include <glib/gi18n.h>

#include "output.h"

/* A double as it is written in full has 17 digits; these are seconds. */
static char *
seconds (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  return g_strdup (g_ascii_formatd (text, sizeof text, "%.3f", value));
}

static gboolean
is_text (GVariant *value)
{
  return g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
         || g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH);
}

/* Every int64 in dbus/ is a time, in seconds since 1970, 0 where it is not known. */
static char *
time_text (GVariant *value, gboolean local)
{
  gint64 seconds_since_1970 = g_variant_get_int64 (value);
  g_autoptr (GDateTime) utc
      = seconds_since_1970 > 0 ? g_date_time_new_from_unix_utc (seconds_since_1970) : NULL;
  g_autoptr (GDateTime) here = utc && local ? g_date_time_to_local (utc) : NULL;

  if (utc == NULL)
    return g_strdup ("");
  return here ? g_date_time_format (here, "%Y-%m-%d %H:%M:%S") : g_date_time_format_iso8601 (utc);
}

/* The members of a list, or the pairs of a dict, with commas between them. */
static char *
joined (GVariant *value)
{
  gboolean dict = g_variant_is_of_type (value, G_VARIANT_TYPE_DICTIONARY);
  GString *text = g_string_new (NULL);
  GVariantIter iter;
  GVariant *member;

  g_variant_iter_init (&iter, value);
  while ((member = g_variant_iter_next_value (&iter)))
    {
      g_autoptr (GVariant) owned = member;
      g_autoptr (GVariant) name = dict ? g_variant_get_child_value (member, 0) : NULL;
      g_autoptr (GVariant) content = dict ? g_variant_get_child_value (member, 1) : NULL;
      g_autofree char *key = name ? words_of (name) : NULL;
      g_autofree char *words = words_of (content ? content : member);

      g_string_append_printf (text, "%s%s%s%s", text->len ? ", " : "", key ? key : "",
                              key ? " " : "", words);
    }
  return g_string_free (text, FALSE);
}

static char *
bytes_text (GVariant *value)
{
  gsize n = g_variant_n_children (value);

  return n ? g_strdup_printf (ngettext ("%u byte", "%u bytes", n), (guint) n) : g_strdup ("");
}

char *
words_of (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT))
    {
      g_autoptr (GVariant) inner = g_variant_get_variant (value);

      return words_of (inner);
    }
  if (is_text (value))
    return output_clean (g_variant_get_string (value, NULL));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_strdup (g_variant_get_boolean (value) ? _ ("yes") : _ ("no"));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    return time_text (value, TRUE);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    return bytes_text (value);
  return g_variant_is_container (value) ? joined (value) : words_for_machines (value);
}

char *
words_for_machines (GVariant *value)
{
  if (is_text (value))
    return g_variant_dup_string (value, NULL);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    return seconds (g_variant_get_double (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_strdup (g_variant_get_boolean (value) ? "yes" : "no");
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    return time_text (value, FALSE);
  return g_variant_print (value, FALSE);
}
