/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* NetworkManager's signals about one device, and the reasons that it gives, or ModemManager. */

#include "connect/nm-activation.h"

#include <string.h>

#include "base/error.h"
#include "base/wait.h"

#define NAME "org.freedesktop.NetworkManager"
#define DEVICE NAME ".Device"
#define ACTIVE NAME ".Connection.Active"
/* A first connection of a new profile takes its time. */
#define ACTIVATE_TIMEOUT_MS (180 * 1000)
#define LOOK_MS 100
#define MM_NAME "org.freedesktop.ModemManager1"
#define MM_MODEM MM_NAME ".Modem"
#define MM_BEARER MM_NAME ".Bearer"

/* NMDeviceState, NMDeviceStateReason, NMActiveConnectionState */
#define REASON_UNKNOWN 1
#define DEVICE_STATE_UNMANAGED 10
#define DEVICE_STATE_DEACTIVATING 110
#define ACTIVE_STATE_ACTIVATED 2
#define ACTIVE_STATE_DEACTIVATING 3

/* NMDeviceStateReason: why an activation failed, where that has a name of its own here. */
static const struct
{
  guint32 reason;
  EsimError code;
  const char *text;
} reasons[] = {
  { 5, ESIM_ERROR_DATA_FAILED, "the network gave no address" },
  { 12, ESIM_ERROR_DATA_FAILED,
    "PPP does not start: it takes pppd, NetworkManager's plugin for it, and PPP in the kernel" },
  { 13, ESIM_ERROR_DATA_FAILED, "PPP was closed by the other side" },
  { 14, ESIM_ERROR_DATA_FAILED, "PPP failed" },
  { 29, ESIM_ERROR_APN_REFUSED, "the network refuses the access point name" },
  { 30, ESIM_ERROR_NOT_REGISTERED, "the modem does not search for networks" },
  { 31, ESIM_ERROR_NOT_REGISTERED, "the network refuses registration" },
  { 32, ESIM_ERROR_NOT_REGISTERED, "the network does not answer" },
  { 33, ESIM_ERROR_NOT_REGISTERED, "the registration failed" },
  { 36, ESIM_ERROR_MODEM, "the modem is gone" },
  { 37, ESIM_ERROR_DATA_FAILED,
    "its networking is switched off (nmcli networking on), or the machine goes to sleep" },
  { 39, ESIM_ERROR_DATA_FAILED, "somebody disconnected it" },
  { 46, ESIM_ERROR_MODEM, "the SIM wants a PIN" },
  { 48, ESIM_ERROR_MODEM, "the modem has another SIM than the connection's" },
};

/* What ModemManager calls a refused access point name, without what all its names begin with. */
static const char *const apn_refusals[] = { "MissingOrUnknownApn", "ServiceOptionNotSubscribed",
                                            "RequestedServiceOptionNotSubscribed", NULL };

struct _NmActivation
{
  const BusPeer *peer;
  char *modem;
  GDBusConnection *bus;
  guint subscription;
  guint32 reason; /* of the last step back, 0: none was given */
};

static void
on_state (G_GNUC_UNUSED GDBusConnection *bus, G_GNUC_UNUSED const char *sender,
          G_GNUC_UNUSED const char *path, G_GNUC_UNUSED const char *interface,
          G_GNUC_UNUSED const char *signal, GVariant *arguments, gpointer data)
{
  NmActivation *self = data;
  guint32 state = 0, before = 0, reason = 0;

  g_variant_get (arguments, "(uuu)", &state, &before, &reason);
  if (reason && (state >= DEVICE_STATE_DEACTIVATING || state == DEVICE_STATE_UNMANAGED))
    self->reason = reason;
}

NmActivation *
nm_activation_listen (const BusPeer *peer, const char *device, const char *modem, GError **error)
{
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, &foreign);
  NmActivation *self;

  if (bus == NULL)
    {
      error_set (error, ESIM_ERROR_MODEM, "connect", "the bus: %s", foreign->message);
      return NULL;
    }
  self = g_new0 (NmActivation, 1);
  self->peer = peer;
  self->modem = g_strdup (modem);
  self->bus = g_steal_pointer (&bus);
  self->subscription
      = g_dbus_connection_signal_subscribe (self->bus, peer->name, DEVICE, "StateChanged", device,
                                            NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_state, self, NULL);
  return self;
}

void
nm_activation_free (NmActivation *self)
{
  g_dbus_connection_signal_unsubscribe (self->bus, self->subscription);
  g_object_unref (self->bus);
  g_free (self->modem);
  g_free (self);
}

void
nm_activation_set_reason (guint32 reason, GError **error)
{
  g_autofree char *raw = g_strdup_printf ("%u", reason);
  EsimError code = ESIM_ERROR_DATA_FAILED;
  const char *text = "it does not say why";
  GError *problem = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    if (reasons[i].reason == reason)
      {
        code = reasons[i].code;
        text = reasons[i].text;
      }
  error_set (&problem, code, "connect", "NetworkManager does not connect: %s", text);
  error_add_raw (problem, "nm-reason", raw);
  g_propagate_error (error, problem);
}

/* ---- where NetworkManager has no word for it ---- */

/* Sets ERROR as the bearer at PATH has it; FALSE: that has none. */
static gboolean
set_bearer_error (const BusPeer *mm, const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) bearer = bus_get_all (mm, path, MM_BEARER, cancellable, NULL);
  const char *name = "", *text = "";
  const char *word;
  gboolean refused;

  if (bearer == NULL || !g_variant_lookup (bearer, "ConnectionError", "(&s&s)", &name, &text)
      || *name == '\0')
    return FALSE;
  word = strrchr (name, '.');
  refused = g_strv_contains (apn_refusals, word ? word + 1 : name);
  error_set (error, refused ? ESIM_ERROR_APN_REFUSED : ESIM_ERROR_DATA_FAILED, "connect",
             "NetworkManager does not connect: ModemManager says: %s", text);
  error_add_raw (error ? *error : NULL, "dbus-error", name);
  return TRUE;
}

static void
set_failed (NmActivation *self, GCancellable *cancellable, GError **error)
{
  static const BusPeer mm = { .name = MM_NAME,
                              .title = "ModemManager",
                              .layer = "connect",
                              .error_prefix = MM_NAME ".Error.",
                              .otherwise = ESIM_ERROR_DATA_FAILED };
  g_autoptr (GVariant) modem = NULL;
  g_autofree const char **bearers = NULL;

  if (self->reason <= REASON_UNKNOWN)
    modem = bus_get_all (&mm, self->modem, MM_MODEM, cancellable, NULL);
  if (modem)
    g_variant_lookup (modem, "Bearers", "^a&o", &bearers);
  for (guint i = 0; bearers && bearers[i]; i++)
    if (set_bearer_error (&mm, bearers[i], cancellable, error))
      return;
  nm_activation_set_reason (self->reason, error);
}

gboolean
nm_activation_wait (NmActivation *self, const char *path, GCancellable *cancellable, GError **error)
{
  gint64 end = g_get_monotonic_time () + (gint64) ACTIVATE_TIMEOUT_MS * 1000;
  guint32 state = 0;

  /* The signals are heard while it sleeps. */
  while (g_get_monotonic_time () < end && state < ACTIVE_STATE_DEACTIVATING)
    {
      g_autoptr (GVariant) active = bus_get_all (self->peer, path, ACTIVE, cancellable, NULL);

      /* One that failed is gone soon. */
      if (active == NULL || !g_variant_lookup (active, "State", "u", &state))
        state = ACTIVE_STATE_DEACTIVATING;
      if (state == ACTIVE_STATE_ACTIVATED)
        return TRUE;
      if (!wait_sleep (LOOK_MS, cancellable, error))
        return FALSE;
    }
  if (state >= ACTIVE_STATE_DEACTIVATING)
    set_failed (self, cancellable, error);
  else
    error_set (error, ESIM_ERROR_TIMED_OUT, "connect", "NetworkManager does not connect in time");
  return FALSE;
}
