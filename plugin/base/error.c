/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* GErrors that carry the layer they come from and the raw codes seen there, and the translation of
 * everyone else's. */

#include "base/error.h"

#include <string.h>

typedef struct
{
  const char *layer;
  GHashTable *raw; /* key -> value, both owned; NULL while empty */
} ErrorPrivate;

static void
error_private_init (ErrorPrivate *self)
{
  self->layer = "";
}

static void
error_private_copy (const ErrorPrivate *from, ErrorPrivate *to)
{
  to->layer = from->layer;
  to->raw = from->raw ? g_hash_table_ref (from->raw) : NULL;
}

static void
error_private_clear (ErrorPrivate *self)
{
  g_clear_pointer (&self->raw, g_hash_table_unref);
}

G_DEFINE_EXTENDED_ERROR (Error, error)

#define TEXT_MAX 2000 /* bytes; a server's own words may be megabytes */

/* TEXT, which is taken over, as it may go over D-Bus, whoever wrote what is in it: a header or a
 * message of a server's need not be UTF-8, and GVariant takes nothing else. */
static char *
presentable (char *text)
{
  g_autofree char *raw = text;
  gsize size = strnlen (raw, TEXT_MAX);

  return g_utf8_make_valid (raw, (gssize) size);
}

void
error_set (GError **error, EsimError code, const char *layer, const char *format, ...)
{
  va_list args;

  if (error == NULL)
    return;
  va_start (args, format);
  *error = g_error_new_valist (ESIM_ERROR, code, format, args);
  va_end (args);
  (*error)->message = presentable ((*error)->message);
  error_get_private (*error)->layer = layer;
}

void
error_add_raw (GError *error, const char *key, const char *value)
{
  ErrorPrivate *self;

  if (error == NULL || error->domain != ESIM_ERROR)
    return;
  self = error_get_private (error);
  if (self->raw == NULL)
    self->raw = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_replace (self->raw, g_strdup (key), presentable (g_strdup (value ? value : "")));
}

const char *
error_layer (const GError *error)
{
  return error->domain == ESIM_ERROR ? error_get_private (error)->layer : "";
}

const char *
error_get_raw (const GError *error, const char *key)
{
  GHashTable *raw = error->domain == ESIM_ERROR ? error_get_private (error)->raw : NULL;

  return raw ? g_hash_table_lookup (raw, key) : NULL;
}

GVariant *
error_raw (const GError *error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  GHashTable *raw = error->domain == ESIM_ERROR ? error_get_private (error)->raw : NULL;
  GHashTableIter iter;
  gpointer key, value;

  if (raw)
    {
      g_hash_table_iter_init (&iter, raw);
      while (g_hash_table_iter_next (&iter, &key, &value))
        g_variant_dict_insert (&dict, key, "s", value);
    }
  return g_variant_dict_end (&dict);
}

gboolean
error_is_code (const GError *error, EsimError code)
{
  return g_error_matches (error, ESIM_ERROR, code);
}

/* Foreign errors that mean something of their own to us; any other is a failure of the layer that
 * let it through. */
static EsimError
code_of_foreign (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return ESIM_ERROR_CANCELLED;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
    return ESIM_ERROR_TIMED_OUT;
  if (error->domain == G_RESOLVER_ERROR)
    return ESIM_ERROR_NAME_NOT_RESOLVED;
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
    return ESIM_ERROR_NOT_AUTHORIZED;
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN))
    return ESIM_ERROR_MODEM;
  return ESIM_ERROR_FAILED;
}

void
error_translate (GError **error)
{
  GError *ours = NULL;

  if (error == NULL || *error == NULL || (*error)->domain == ESIM_ERROR)
    return;
  error_set (&ours, code_of_foreign (*error), g_quark_to_string ((*error)->domain), "%s",
             (*error)->message);
  g_error_free (*error);
  *error = ours;
}
