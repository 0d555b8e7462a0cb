/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* ModemManager's modems, watched through libmm-glib on the main thread. */

#include "modem/modem.h"

#include <libmm-glib.h>
#include <string.h>

#include "modem/mm-verbs.h"
#include "modem/usb.h"

#define BUS_NAME "org.freedesktop.ModemManager1"
#define RETRY_S 10

typedef struct
{
  ModemChanged changed;
  gpointer data;
  GCancellable *cancellable;
  MMManager *manager;    /* NULL until the bus has answered */
  GHashTable *entries;   /* object path -> Entry */
  GHashTable *published; /* Modem.Device -> ModemSnapshot */
  guint added;           /* how many objects there have been */
  guint refresh_id, retry_id;
} Watch;

/* One object of ModemManager's. A re-probe makes a new one for the same device. */
typedef struct
{
  Watch *watch;
  MMObject *object;
  char *path;
  guint serial;
  char *sim_path; /* NULL: no SIM */
  MMSim *sim;
  GCancellable *reading; /* set while the SIM is read: nothing is published before */
  gint32 state;          /* the last one that was told of */
  ModemEnded ended;
} Entry;

static void schedule_refresh (Watch *self);

static void
on_sim_changed (G_GNUC_UNUSED GDBusProxy *sim, G_GNUC_UNUSED GVariant *changed,
                G_GNUC_UNUSED GStrv invalidated, gpointer data)
{
  schedule_refresh (((Entry *) data)->watch);
}

static void
entry_drop_sim (Entry *self)
{
  if (self->reading)
    g_cancellable_cancel (self->reading);
  g_clear_object (&self->reading);
  if (self->sim)
    g_signal_handlers_disconnect_by_data (self->sim, self);
  g_clear_object (&self->sim);
  g_clear_pointer (&self->sim_path, g_free);
}

static void
entry_free (gpointer data)
{
  Entry *self = data;

  entry_drop_sim (self);
  g_object_unref (self->object);
  g_free (self->path);
  g_free (self);
}

static void
on_sim_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  MMSim *sim = mm_modem_get_sim_finish (MM_MODEM (source), result, &error);
  Entry *self = data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* SELF may be gone */
  g_clear_object (&self->reading);
  self->sim = sim;
  if (sim)
    g_signal_connect (sim, "g-properties-changed", G_CALLBACK (on_sim_changed), self);
  else
    g_debug ("modem %s: its SIM can't be read: %s", self->path, error->message);
  schedule_refresh (self->watch);
}

/* Sees to it that SIM is the modem's present one; FALSE while it is being read. */
static gboolean
entry_follow_sim (Entry *self, MMModem *modem)
{
  const char *path = mm_modem_get_sim_path (modem);

  if (path && strcmp (path, "/") == 0)
    path = NULL;
  if (g_strcmp0 (path, self->sim_path) != 0)
    {
      entry_drop_sim (self);
      self->sim_path = g_strdup (path);
      if (path)
        {
          self->reading = g_cancellable_new ();
          mm_modem_get_sim (modem, self->reading, on_sim_read, self);
        }
    }
  return self->reading == NULL;
}

static ModemState
map_state (MMModemState state, MMModem3gpp *modem_3gpp)
{
  switch (state)
    {
    case MM_MODEM_STATE_FAILED:
      return MODEM_STATE_FAILED;
    case MM_MODEM_STATE_INITIALIZING:
    case MM_MODEM_STATE_ENABLING:
    case MM_MODEM_STATE_DISABLING:
      return MODEM_STATE_CHANGING;
    case MM_MODEM_STATE_LOCKED:
      return MODEM_STATE_LOCKED;
    case MM_MODEM_STATE_DISABLED:
      return MODEM_STATE_DISABLED;
    case MM_MODEM_STATE_ENABLED:
    case MM_MODEM_STATE_SEARCHING:
      if (modem_3gpp
          && mm_modem_3gpp_get_registration_state (modem_3gpp)
                 == MM_MODEM_3GPP_REGISTRATION_STATE_DENIED)
        return MODEM_STATE_DENIED;
      return MODEM_STATE_SEARCHING;
    case MM_MODEM_STATE_REGISTERED:
    case MM_MODEM_STATE_DISCONNECTING:
    case MM_MODEM_STATE_CONNECTING:
      return MODEM_STATE_REGISTERED;
    case MM_MODEM_STATE_CONNECTED:
      return MODEM_STATE_CONNECTED;
    case MM_MODEM_STATE_UNKNOWN:
      return MODEM_STATE_UNKNOWN;
    }
  return MODEM_STATE_UNKNOWN;
}

static ModemFailure
map_failure (MMModemStateFailedReason reason)
{
  if (reason == MM_MODEM_STATE_FAILED_REASON_NONE)
    return MODEM_FAILURE_NONE;
  if (reason == MM_MODEM_STATE_FAILED_REASON_ESIM_WITHOUT_PROFILES)
    return MODEM_FAILURE_NO_PROFILE;
  if (reason == MM_MODEM_STATE_FAILED_REASON_SIM_MISSING)
    return MODEM_FAILURE_NO_SIM;
  return MODEM_FAILURE_OTHER;
}

static void
set_text (char **field, const char *text)
{
  g_free (*field);
  *field = g_strdup (text ? text : "");
}

static const char *
port_kind (MMModemPortType type)
{
  if (type == MM_MODEM_PORT_TYPE_MBIM)
    return "mbim";
  if (type == MM_MODEM_PORT_TYPE_QMI)
    return "qmi";
  return type == MM_MODEM_PORT_TYPE_AT ? "at" : NULL;
}

static void
fill_ports (ModemSnapshot *snapshot, MMModem *modem)
{
  const MMModemPortInfo *ports = NULL;
  guint n = 0;

  if (!mm_modem_peek_ports (modem, &ports, &n))
    return;
  for (guint i = 0; i < n; i++)
    {
      /* A node of QRTR, "qrtr0", is no file. */
      gboolean node
          = ports[i].type == MM_MODEM_PORT_TYPE_QMI && g_str_has_prefix (ports[i].name, "qrtr");
      const char *kind = node ? "qrtr" : port_kind (ports[i].type);
      g_autofree char *device = node ? g_strconcat ("qrtr://", ports[i].name + 4, NULL)
                                     : g_strconcat ("/dev/", ports[i].name, NULL);

      if (kind)
        modem_snapshot_add_port (snapshot, kind, device);
    }
}

static void
fill_sim (ModemSnapshot *snapshot, MMSim *sim)
{
  set_text (&snapshot->eid, mm_sim_get_eid (sim));
  set_text (&snapshot->iccid, mm_sim_get_identifier (sim));
  set_text (&snapshot->imsi, mm_sim_get_imsi (sim));
}

static void
fill_3gpp (ModemSnapshot *snapshot, MMModem3gpp *modem_3gpp)
{
  MMModem3gppRegistrationState state = mm_modem_3gpp_get_registration_state (modem_3gpp);

  snapshot->roaming = state == MM_MODEM_3GPP_REGISTRATION_STATE_ROAMING
                      || state == MM_MODEM_3GPP_REGISTRATION_STATE_ROAMING_SMS_ONLY
                      || state == MM_MODEM_3GPP_REGISTRATION_STATE_ROAMING_CSFB_NOT_PREFERRED;
  set_text (&snapshot->operator_name, mm_modem_3gpp_get_operator_name (modem_3gpp));
}

static ModemSnapshot *
entry_snapshot (Entry *self, MMModem *modem)
{
  MMModem3gpp *modem_3gpp = mm_object_peek_modem_3gpp (self->object);
  ModemSnapshot *snapshot = modem_snapshot_new ("modemmanager");
  guint slot = mm_modem_get_primary_sim_slot (modem); /* 1-based, 0 where there are no slots */
  const char *const *slots = mm_modem_get_sim_slot_paths (modem);

  set_text (&snapshot->device, mm_modem_get_device (modem));
  set_text (&snapshot->path, self->path);
  set_text (&snapshot->manufacturer, mm_modem_get_manufacturer (modem));
  set_text (&snapshot->model, mm_modem_get_model (modem));
  set_text (&snapshot->revision, mm_modem_get_revision (modem));
  set_text (&snapshot->imei, mm_modem_get_equipment_identifier (modem));
  g_free (snapshot->usb_id);
  snapshot->usb_id = usb_id (snapshot->device);
  snapshot->state = map_state (mm_modem_get_state (modem), modem_3gpp);
  snapshot->ended = self->ended;
  if (snapshot->state == MODEM_STATE_FAILED)
    snapshot->failure = map_failure (mm_modem_get_state_failed_reason (modem));
  snapshot->slot = slot ? slot - 1 : 0;
  snapshot->n_slots = slots ? g_strv_length ((GStrv) slots) : 0;
  fill_ports (snapshot, modem);
  if (modem_3gpp)
    fill_3gpp (snapshot, modem_3gpp);
  if (self->sim)
    fill_sim (snapshot, self->sim);
  return snapshot;
}

/* Whether no younger object stands for the same device: an old one may linger after a re-probe. */
static gboolean
entry_is_newest (Entry *self, const char *device)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->watch->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Entry *other = value;
      MMModem *modem = mm_object_peek_modem (other->object);

      if (modem && other->serial > self->serial
          && g_strcmp0 (mm_modem_get_device (modem), device) == 0)
        return FALSE;
    }
  return TRUE;
}

static void
withdraw (Watch *self, const char *path)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, self->published);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (strcmp (((ModemSnapshot *) value)->path, path) == 0)
      {
        g_autofree char *device = g_strdup (key);

        g_hash_table_iter_remove (&iter);
        self->changed (device, NULL, self->data);
        return;
      }
}

static void
entry_refresh (Entry *self)
{
  MMModem *modem = mm_object_peek_modem (self->object);
  const char *device = modem ? mm_modem_get_device (modem) : NULL;
  g_autoptr (ModemSnapshot) snapshot = NULL;
  ModemSnapshot *before;

  if (device == NULL || !entry_is_newest (self, device) || !entry_follow_sim (self, modem))
    return;
  snapshot = entry_snapshot (self, modem);
  before = g_hash_table_lookup (self->watch->published, device);
  if (before && modem_snapshot_equal (before, snapshot))
    return;
  g_hash_table_replace (self->watch->published, g_strdup (device), modem_snapshot_ref (snapshot));
  self->watch->changed (device, snapshot, self->watch->data);
}

static gboolean
refresh (gpointer data)
{
  Watch *self = data;
  g_autoptr (GList) entries = g_hash_table_get_values (self->entries);

  self->refresh_id = 0;
  g_list_foreach (entries, (GFunc) (void (*) (void)) entry_refresh, NULL);
  return G_SOURCE_REMOVE;
}

/* Properties change in bursts, and libmm's caches a moment after their signals. */
static void
schedule_refresh (Watch *self)
{
  if (self->refresh_id == 0)
    self->refresh_id = g_idle_add (refresh, self);
}

static void
on_object_added (G_GNUC_UNUSED GDBusObjectManager *manager, GDBusObject *object, gpointer data)
{
  MMModem *modem = mm_object_peek_modem (MM_OBJECT (object));
  Watch *self = data;
  Entry *entry = g_new0 (Entry, 1);

  entry->watch = self;
  entry->object = g_object_ref (MM_OBJECT (object));
  entry->path = g_strdup (g_dbus_object_get_object_path (object));
  entry->serial = ++self->added;
  if (modem)
    entry->state = mm_modem_get_state (modem);
  g_hash_table_replace (self->entries, g_strdup (entry->path), entry);
  schedule_refresh (self);
}

static void
on_object_removed (G_GNUC_UNUSED GDBusObjectManager *manager, GDBusObject *object, gpointer data)
{
  Watch *self = data;
  const char *path = g_dbus_object_get_object_path (object);

  g_hash_table_remove (self->entries, path);
  withdraw (self, path);
  schedule_refresh (self);
}

static void
on_interfaces_changed (G_GNUC_UNUSED GDBusObjectManager *manager, G_GNUC_UNUSED GDBusObject *object,
                       G_GNUC_UNUSED GDBusInterface *interface, gpointer data)
{
  schedule_refresh (data);
}

/* ModemManager 1.20 gives one reason, user-requested, for whatever ends a connection (seen), and a
 * bearer's ConnectionError may be set either way: but only what a client asked for passes through
 * disconnecting or disabling. */
static void
entry_follow_state (Entry *self, gint32 state)
{
  if (state == MM_MODEM_STATE_CONNECTED)
    self->ended = MODEM_ENDED_NOT;
  else if (self->state == MM_MODEM_STATE_CONNECTED)
    self->ended = state == MM_MODEM_STATE_DISCONNECTING || state == MM_MODEM_STATE_DISABLING
                      ? MODEM_ENDED_BY_CLIENT
                      : MODEM_ENDED_BY_NETWORK;
  self->state = state;
}

/* Every state in its turn: they come faster than snapshots are made. */
static void
on_properties_changed (G_GNUC_UNUSED GDBusObjectManagerClient *manager, GDBusObjectProxy *object,
                       GDBusProxy *interface, GVariant *changed, G_GNUC_UNUSED GStrv invalidated,
                       gpointer data)
{
  Watch *self = data;
  Entry *entry
      = g_hash_table_lookup (self->entries, g_dbus_object_get_object_path (G_DBUS_OBJECT (object)));
  gint32 state;

  if (entry && MM_IS_MODEM (interface) && g_variant_lookup (changed, "State", "i", &state))
    entry_follow_state (entry, state);
  schedule_refresh (self);
}

static gboolean begin (gpointer data);

static void
try_later (Watch *self, const GError *error)
{
  g_debug ("ModemManager can't be watched yet: %s", error->message);
  self->retry_id = g_timeout_add_seconds (RETRY_S, begin, self);
}

/* From here on the object manager follows ModemManager's comings and goings by itself. */
static void
on_manager (G_GNUC_UNUSED GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  MMManager *manager = mm_manager_new_finish (result, &error);
  Watch *self = data;
  GList *objects;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* SELF may be gone */
  if (manager == NULL)
    {
      try_later (self, error);
      return;
    }
  self->manager = manager;
  g_signal_connect (manager, "object-added", G_CALLBACK (on_object_added), self);
  g_signal_connect (manager, "object-removed", G_CALLBACK (on_object_removed), self);
  g_signal_connect (manager, "interface-added", G_CALLBACK (on_interfaces_changed), self);
  g_signal_connect (manager, "interface-removed", G_CALLBACK (on_interfaces_changed), self);
  g_signal_connect (manager, "interface-proxy-properties-changed",
                    G_CALLBACK (on_properties_changed), self);
  objects = g_dbus_object_manager_get_objects (G_DBUS_OBJECT_MANAGER (manager));
  for (GList *l = objects; l; l = l->next)
    on_object_added (G_DBUS_OBJECT_MANAGER (manager), l->data, self);
  g_list_free_full (objects, g_object_unref);
}

static void
on_bus (G_GNUC_UNUSED GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_finish (result, &error);
  Watch *self = data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (bus == NULL)
    try_later (self, error);
  else
    mm_manager_new (bus, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, self->cancellable,
                    on_manager, self);
}

static gboolean
begin (gpointer data)
{
  Watch *self = data;

  self->retry_id = 0;
  g_bus_get (G_BUS_TYPE_SYSTEM, self->cancellable, on_bus, self);
  return G_SOURCE_REMOVE;
}

static gpointer
start (ModemChanged changed, gpointer data)
{
  Watch *self = g_new0 (Watch, 1);

  self->changed = changed;
  self->data = data;
  self->cancellable = g_cancellable_new ();
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, entry_free);
  self->published = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                           (GDestroyNotify) modem_snapshot_unref);
  begin (self);
  return self;
}

static void
stop (gpointer data)
{
  Watch *self = data;

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->refresh_id, g_source_remove);
  g_clear_handle_id (&self->retry_id, g_source_remove);
  if (self->manager)
    g_signal_handlers_disconnect_by_data (self->manager, self);
  g_hash_table_unref (self->entries);
  g_hash_table_unref (self->published);
  g_clear_object (&self->manager);
  g_object_unref (self->cancellable);
  g_free (self);
}

static void
rescan (gpointer data)
{
  Watch *self = data;

  if (self->manager)
    mm_manager_scan_devices (self->manager, NULL, NULL, NULL);
}

const ModemDriver modem_mm = {
  .name = "modemmanager",
  .start = start,
  .stop = stop,
  .rescan = rescan,
  .climb = mm_verbs_climb,
  .enable = mm_verbs_enable,
  .use_slot = mm_verbs_use_slot,
};
