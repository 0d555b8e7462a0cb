/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Calls to other services on the system bus, and what their errors are called here. */

#include "base/bus.h"

#include <string.h>

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define READ_TIMEOUT_MS (15 * 1000)

static EsimError
code_of (const BusPeer *peer, const GError *foreign, const char *name)
{
  if (g_error_matches (foreign, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return ESIM_ERROR_CANCELLED;
  if (g_error_matches (foreign, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return ESIM_ERROR_TIMED_OUT;
  if (name == NULL || !g_str_has_prefix (name, peer->error_prefix))
    return ESIM_ERROR_MODEM; /* the object, or the service, is gone */
  for (const BusError *one = peer->errors; one && one->name; one++)
    if (strcmp (one->name, name + strlen (peer->error_prefix)) == 0)
      return one->code;
  return peer->otherwise;
}

GVariant *
bus_call (const BusPeer *peer, const char *path, const char *interface, const char *method,
          GVariant *arguments, const char *answer, int timeout_ms, GCancellable *cancellable,
          GError **error)
{
  g_autoptr (GVariant) owned = arguments ? g_variant_ref_sink (arguments) : NULL;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, cancellable, &foreign);
  g_autofree char *name = NULL;
  GVariant *result = NULL;

  if (bus)
    result = g_dbus_connection_call_sync (
        bus, peer->name, path, interface, method, owned, answer ? G_VARIANT_TYPE (answer) : NULL,
        G_DBUS_CALL_FLAGS_NO_AUTO_START, timeout_ms, cancellable, &foreign);
  if (result)
    return result;
  name = g_dbus_error_get_remote_error (foreign);
  g_dbus_error_strip_remote_error (foreign);
  error_set (error, code_of (peer, foreign, name), peer->layer, "%s's %s: %s", peer->title, method,
             foreign->message);
  if (name)
    error_add_raw (error ? *error : NULL, "dbus-error", name);
  return NULL;
}

GVariant *
bus_get_all (const BusPeer *peer, const char *path, const char *interface,
             GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) answer
      = bus_call (peer, path, PROPERTIES, "GetAll", g_variant_new ("(s)", interface), "(a{sv})",
                  READ_TIMEOUT_MS, cancellable, error);

  return answer ? g_variant_get_child_value (answer, 0) : NULL;
}

gboolean
bus_is_there (const BusPeer *peer, GCancellable *cancellable)
{
  static const BusPeer bus = { .name = "org.freedesktop.DBus",
                               .title = "the bus",
                               .layer = "bus",
                               .error_prefix = "org.freedesktop.DBus.Error." };
  g_autoptr (GVariant) answer
      = bus_call (&bus, "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
                  g_variant_new ("(s)", peer->name), "(b)", READ_TIMEOUT_MS, cancellable, NULL);
  gboolean there = FALSE;

  if (answer)
    g_variant_get (answer, "(b)", &there);
  return there;
}

const char *
bus_text (GVariant *dict, const char *key)
{
  g_autoptr (GVariant) value = dict ? g_variant_lookup_value (dict, key, NULL) : NULL;

  if (value
      && (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
          || g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH)))
    return g_variant_get_string (value, NULL);
  return "";
}
