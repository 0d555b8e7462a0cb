/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One line a model: MODEL=transport, replaced as a whole file. */

#include "card/models.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

struct _Models
{
  char *dir, *path; /* NULL: kept nowhere */
  GHashTable *transports;
};

/* A model by vendor, product, name and firmware: another firmware may have learnt it. */
static char *
key_of (const ModemSnapshot *modem)
{
  char *key = g_strdup_printf ("%s %s %s", *modem->usb_id ? modem->usb_id : "-", modem->model,
                               modem->revision);

  return g_strdelimit (key, "\n\r=", '_');
}

static void
read_lines (Models *self)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (self->path, &text, NULL, NULL))
    return;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    {
      char *equals = strchr (lines[i], '=');

      if (equals && equals > lines[i] && equals[1] != '\0')
        g_hash_table_replace (self->transports, g_strndup (lines[i], (gsize) (equals - lines[i])),
                              g_strdup (equals + 1));
    }
}

Models *
models_open (const char *state_dir)
{
  Models *self = g_new0 (Models, 1);

  self->transports = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (state_dir)
    {
      self->dir = g_strdup (state_dir);
      self->path = g_build_filename (state_dir, "models", NULL);
      read_lines (self);
    }
  return self;
}

void
models_free (Models *self)
{
  g_hash_table_unref (self->transports);
  g_free (self->dir);
  g_free (self->path);
  g_free (self);
}

const char *
models_get (Models *self, const ModemSnapshot *modem)
{
  g_autofree char *key = key_of (modem);

  return g_hash_table_lookup (self->transports, key);
}

/* That it can't be written costs a try at the next start, no more. */
static void
write_lines (Models *self)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, self->transports);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_string_append_printf (text, "%s=%s\n", (const char *) key, (const char *) value);
  if (g_mkdir_with_parents (self->dir, 0700) != 0)
    g_debug ("%s can't be made: %s", self->dir, g_strerror (errno));
  else if (!g_file_set_contents_full (self->path, text->str, (gssize) text->len,
                                      G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    g_debug ("%s", error->message);
}

void
models_set (Models *self, const ModemSnapshot *modem, const char *transport)
{
  if (g_strcmp0 (models_get (self, modem), transport) == 0)
    return;
  g_hash_table_replace (self->transports, key_of (modem), g_strdup (transport));
  if (self->path)
    write_lines (self);
}
