/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A modem taken from ModemManager for a burst of work on its port, and given back on every path. */

#include "apdu/borrow.h"

#include <string.h>

#include "base/error.h"
#include "base/wait.h"

#define LAYER "modem"
#define BUS_NAME "org.freedesktop.ModemManager1"
#define BUS_PATH "/org/freedesktop/ModemManager1"
#define MODEM_INTERFACE BUS_NAME ".Modem"
#define CALL_TIMEOUT_MS (15 * 1000)
#define INHIBIT_TIMEOUT_MS (30 * 1000)
#define SETTLE_TRIES 150 /* of SETTLE_MS: a modem that was given back a moment ago re-probes */
#define SETTLE_MS 200

/* MMModemState; libmm's header is modem/mm.c's and connect/mm.c's. */
enum
{
  STATE_FAILED = -1,
  STATE_LOCKED = 2,
  STATE_DISABLED = 3,
  STATE_ENABLED = 6,
  STATE_SEARCHING = 7,
  STATE_REGISTERED = 8,
  STATE_CONNECTED = 11,
};

struct _Borrow
{
  GDBusConnection *bus; /* of this loan alone: ModemManager ends an inhibition with its caller */
  char *modem;
  gboolean taken;
  GSource *watchdog;
};

static GVariant *
call (GDBusConnection *bus, const char *interface, const char *method, GVariant *arguments,
      int timeout_ms, GError **error)
{
  return g_dbus_connection_call_sync (bus, BUS_NAME, BUS_PATH, interface, method, arguments, NULL,
                                      G_DBUS_CALL_FLAGS_NO_AUTO_START, timeout_ms, NULL, error);
}

char *
borrow_find (GDBusConnection *bus, const char *modem, gint *state)
{
  g_autoptr (GVariant) answer = call (bus, "org.freedesktop.DBus.ObjectManager",
                                      "GetManagedObjects", NULL, CALL_TIMEOUT_MS, NULL);
  g_autoptr (GVariantIter) objects = NULL;
  const char *path;
  GVariant *interfaces;

  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(a{oa{sa{sv}}})")))
    return NULL;
  g_variant_get (answer, "(a{oa{sa{sv}}})", &objects);
  while (g_variant_iter_next (objects, "{&o@a{sa{sv}}}", &path, &interfaces))
    {
      g_autoptr (GVariant) owned = interfaces;
      g_autoptr (GVariant) properties
          = g_variant_lookup_value (owned, MODEM_INTERFACE, G_VARIANT_TYPE_VARDICT);
      const char *device = NULL;

      if (properties && g_variant_lookup (properties, "Device", "&s", &device)
          && strcmp (device, modem) == 0 && g_variant_lookup (properties, "State", "i", state))
        return g_strdup (path);
    }
  return NULL;
}

static gboolean
may_be_taken (gint state)
{
  return state == STATE_FAILED || state == STATE_LOCKED || state == STATE_DISABLED
         || state == STATE_ENABLED || state == STATE_SEARCHING || state == STATE_REGISTERED;
}

/* Until the modem is there and in a state that nothing is lost by leaving. */
static gboolean
wait_settled (Borrow *self, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < SETTLE_TRIES; i++)
    {
      gint state = 0;
      g_autofree char *path = borrow_find (self->bus, self->modem, &state);

      if (path && may_be_taken (state))
        return TRUE;
      if (path && state == STATE_CONNECTED)
        {
          error_set (error, ESIM_ERROR_BUSY, LAYER,
                     "the modem is connected, and its AT port can't be had without cutting that: "
                     "disconnect first, or run ModemManager with --debug");
          return FALSE;
        }
      if (!wait_sleep (SETTLE_MS, cancellable, error))
        return FALSE;
    }
  error_set (error, ESIM_ERROR_BUSY, LAYER, "the modem is away, or does not come to rest");
  return FALSE;
}

static GDBusConnection *
own_connection (GCancellable *cancellable, GError **error)
{
  g_autofree char *address
      = g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SYSTEM, cancellable, error);

  if (address == NULL)
    return NULL;
  return g_dbus_connection_new_for_address_sync (
      address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, cancellable, error);
}

/* Never cancelled: an inhibition that ModemManager has read already would stay. */
static gboolean
inhibit (Borrow *self, gboolean on, GError **error)
{
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GVariant) answer
      = call (self->bus, BUS_NAME, "InhibitDevice", g_variant_new ("(sb)", self->modem, on),
              INHIBIT_TIMEOUT_MS, &foreign);
  g_autofree char *name = NULL;

  if (answer)
    return TRUE;
  name = g_dbus_error_get_remote_error (foreign);
  g_dbus_error_strip_remote_error (foreign);
  error_set (error,
             g_strcmp0 (name, BUS_NAME ".Error.Core.Unauthorized") == 0 ? ESIM_ERROR_NOT_AUTHORIZED
                                                                        : ESIM_ERROR_MODEM,
             LAYER, "ModemManager's InhibitDevice: %s", foreign->message);
  return FALSE;
}

Borrow *
borrow_modem (const char *modem, GCancellable *cancellable, GError **error)
{
  g_autoptr (Borrow) self = g_new0 (Borrow, 1);

  self->modem = g_strdup (modem);
  self->bus = own_connection (cancellable, error);
  error_translate (error);
  if (self->bus == NULL || !wait_settled (self, cancellable, error))
    return NULL;
  self->taken = TRUE; /* even by a call that failed: one that timed out may still take effect */
  return inhibit (self, TRUE, error) ? g_steal_pointer (&self) : NULL;
}

/* On the main thread: whoever has the modem has hung for too long. */
static gboolean
on_watchdog (gpointer bus)
{
  g_debug ("a modem that was borrowed too long goes back to ModemManager");
  g_dbus_connection_close (bus, NULL, NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
disarm (Borrow *self)
{
  if (self->watchdog)
    g_source_destroy (self->watchdog);
  g_clear_pointer (&self->watchdog, g_source_unref);
}

gboolean
borrow_keep (Borrow *self, guint seconds, GError **error)
{
  disarm (self);
  if (g_dbus_connection_is_closed (self->bus))
    {
      error_set (error, ESIM_ERROR_TIMED_OUT, LAYER,
                 "the modem has gone back to ModemManager: it was kept too long");
      return FALSE;
    }
  self->watchdog = g_timeout_source_new_seconds (seconds);
  g_source_set_callback (self->watchdog, on_watchdog, g_object_ref (self->bus), g_object_unref);
  g_source_attach (self->watchdog, NULL);
  return TRUE;
}

void
borrow_return (Borrow *self)
{
  g_autoptr (GError) error = NULL;

  if (self == NULL)
    return;
  disarm (self);
  /* Closing would do it, too, but only once the bus has noticed. */
  if (self->taken && !inhibit (self, FALSE, &error))
    g_debug ("%s: %s", self->modem, error->message);
  if (self->bus)
    g_dbus_connection_close_sync (self->bus, NULL, NULL);
  g_clear_object (&self->bus);
  g_free (self->modem);
  g_free (self);
}
