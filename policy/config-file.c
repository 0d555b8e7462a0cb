/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One settings file to its lines: the reading. */

#include "config-file.h"

#include <string.h>

#include "base/error.h"

static void
line_free (gpointer data)
{
  ConfigLine *self = data;

  g_free (self->file);
  g_free (self->group);
  g_free (self->key);
  g_free (self->value);
  g_free (self);
}

void
config_file_refuse (GError **error, const ConfigLine *line, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  error_set (error, ESIM_ERROR_SETTINGS, "policy", "%s:%u: %s", line->file, line->line, text);
}

static ConfigLine *
line_add (GPtrArray *lines, const char *file, guint number, const char *group)
{
  ConfigLine *line = g_new0 (ConfigLine, 1);

  line->file = g_strdup (file);
  line->line = number;
  line->group = g_strdup (group);
  g_ptr_array_add (lines, line);
  return line;
}

static gboolean
is_key (const char *key)
{
  return *key != '\0' && strspn (key, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen (key);
}

static gboolean
read_group (GPtrArray *lines, const char *file, guint number, char *text, GError **error)
{
  gsize length = strlen (text);
  ConfigLine *line = line_add (lines, file, number, "");

  if (text[length - 1] == ']')
    {
      text[length - 1] = '\0';
      g_free (line->group);
      line->group = g_strdup (g_strstrip (text + 1));
    }
  if (*line->group != '\0')
    return TRUE;
  config_file_refuse (error, line, "a group is written [name], alone on its line");
  return FALSE;
}

static gboolean
read_key (GPtrArray *lines, const char *file, guint number, const char *group, char *text,
          GError **error)
{
  ConfigLine *line = line_add (lines, file, number, group);
  char *equals = strchr (text, '=');

  if (equals)
    {
      *equals = '\0';
      line->key = g_strdup (g_strstrip (text));
      line->value = g_strdup (g_strstrip (equals + 1));
    }
  if (line->key == NULL || !is_key (line->key))
    {
      config_file_refuse (error, line, "neither [group], key=value nor a # comment");
      return FALSE;
    }
  for (guint i = 0; i + 1 < lines->len; i++)
    {
      const ConfigLine *before = lines->pdata[i];

      if (g_strcmp0 (before->key, line->key) != 0 || strcmp (before->group, line->group) != 0)
        continue;
      config_file_refuse (error, line, "'%s' is set a second time, first in line %u: keep one",
                          line->key, before->line);
      return FALSE;
    }
  return TRUE;
}

static const char *
last_group (GPtrArray *lines)
{
  return lines->len == 0 ? "" : ((ConfigLine *) lines->pdata[lines->len - 1])->group;
}

GPtrArray *
config_file_parse (const char *file, const char *text, GError **error)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (line_free);
  g_auto (GStrv) rows = NULL;

  if (!g_utf8_validate (text, -1, NULL))
    {
      error_set (error, ESIM_ERROR_SETTINGS, "policy", "%s: not UTF-8 text", file);
      return NULL;
    }
  rows = g_strsplit (text, "\n", -1);
  for (guint i = 0; rows[i]; i++)
    {
      char *row = g_strstrip (rows[i]);
      gboolean ok = TRUE;

      if (*row == '[')
        ok = read_group (lines, file, i + 1, row, error);
      else if (*row != '\0' && *row != '#' && *row != ';')
        ok = read_key (lines, file, i + 1, last_group (lines), row, error);
      if (!ok)
        return NULL;
    }
  return g_steal_pointer (&lines);
}
