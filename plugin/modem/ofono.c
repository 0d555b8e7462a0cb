/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* oFono's modems: watched by plain D-Bus calls on the main thread, powered and brought back from
 * workers. */

#include "modem/modem.h"

#include <string.h>

#include "base/error.h"
#include "base/wait.h"

#define BUS_NAME "org.ofono"
#define PREFIX BUS_NAME "."
#define CALL_TIMEOUT_MS (15 * 1000)
#define POWER_TIMEOUT_MS (120 * 1000) /* oFono itself gives up after 20 s or so */
#define POWER_GAP_MS 1000             /* what a card needs to lose its power */

extern const ModemDriver modem_ofono;

typedef struct
{
  ModemChanged changed;
  gpointer data;
  GCancellable *cancellable;
  GDBusConnection *bus; /* NULL until it has answered */
  GHashTable *modems;   /* object path -> Modem */
  GHashTable *ports;    /* object path, "" for any -> AT port that oFono leaves alone */
  guint watch;
  guint signals[2];
} Watch;

typedef struct
{
  Watch *watch;
  char *path;
  GHashTable
      *values; /* "SimManager.Present" -> GVariant; "Context./path" -> whether it is active */
  GCancellable *asking; /* cancelled with the modem */
  guint pending;        /* answers that are awaited: nothing is published before */
  guint refresh_id;
  ModemSnapshot *published;
} Modem;

/* One question to a modem's interface. */
typedef struct
{
  Modem *modem;
  char *interface;
} Question;

static void
modem_free (gpointer data)
{
  Modem *self = data;

  g_cancellable_cancel (self->asking);
  g_object_unref (self->asking);
  g_clear_handle_id (&self->refresh_id, g_source_remove);
  g_clear_pointer (&self->published, modem_snapshot_unref);
  g_hash_table_unref (self->values);
  g_free (self->path);
  g_free (self);
}

static const char *
text_of (Modem *self, const char *name)
{
  GVariant *value = g_hash_table_lookup (self->values, name);

  return value && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
             ? g_variant_get_string (value, NULL)
             : "";
}

static gboolean
is_true (Modem *self, const char *name)
{
  GVariant *value = g_hash_table_lookup (self->values, name);

  return value && g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN)
         && g_variant_get_boolean (value);
}

static gboolean
has_interface (Modem *self, const char *name)
{
  GVariant *value = g_hash_table_lookup (self->values, "Modem.Interfaces");
  g_autofree const char **names = NULL;
  g_autofree char *full = g_strconcat (PREFIX, name, NULL);

  if (value == NULL || !g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    return FALSE;
  names = g_variant_get_strv (value, NULL);
  return g_strv_contains (names, full);
}

static gboolean
has_context (Modem *self)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, self->values);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (g_str_has_prefix (name, "Context.") && is_true (self, name))
      return TRUE;
  return FALSE;
}

static ModemState
network_state (Modem *self)
{
  const char *status = text_of (self, "NetworkRegistration.Status");

  if (strcmp (status, "registered") == 0 || strcmp (status, "roaming") == 0)
    return has_context (self) ? MODEM_STATE_CONNECTED : MODEM_STATE_REGISTERED;
  return strcmp (status, "denied") == 0 ? MODEM_STATE_DENIED : MODEM_STATE_SEARCHING;
}

static ModemState
state_of (Modem *self, ModemFailure *failure)
{
  const char *pin = text_of (self, "SimManager.PinRequired");

  *failure = MODEM_FAILURE_NONE;
  if (!is_true (self, "Modem.Powered"))
    return MODEM_STATE_DISABLED;
  if (!has_interface (self, "SimManager"))
    return MODEM_STATE_CHANGING;
  if (!is_true (self, "SimManager.Present"))
    *failure = MODEM_FAILURE_NO_SIM;
  else if (*text_of (self, "SimManager.CardIdentifier") == '\0')
    *failure = MODEM_FAILURE_NO_PROFILE;
  if (*failure != MODEM_FAILURE_NONE)
    return MODEM_STATE_FAILED;
  if (*pin && strcmp (pin, "none") != 0)
    return MODEM_STATE_LOCKED;
  return is_true (self, "Modem.Online") ? network_state (self) : MODEM_STATE_DISABLED;
}

static void
set_text (char **field, Modem *self, const char *name)
{
  g_free (*field);
  *field = g_strdup (text_of (self, name));
}

/* Its own interface to the card where the modem's driver has one, else the port that a setting
 * names. */
static void
add_ports (Modem *self, ModemSnapshot *snapshot)
{
  const char *port = g_hash_table_lookup (self->watch->ports, self->path);

  if (port == NULL)
    port = g_hash_table_lookup (self->watch->ports, "");
  if (has_interface (self, "intel.EuiccLpa"))
    modem_snapshot_add_port (snapshot, "ofono", self->path);
  if (port)
    modem_snapshot_add_port (snapshot, "at", port);
}

static ModemSnapshot *
take_snapshot (Modem *self)
{
  ModemSnapshot *snapshot = modem_snapshot_new (modem_ofono.name);
  GVariant *slot = g_hash_table_lookup (self->values, "SimManager.ActiveCardSlot");

  set_text (&snapshot->device, self, "path");
  set_text (&snapshot->path, self, "path");
  set_text (&snapshot->manufacturer, self, "Modem.Manufacturer");
  set_text (&snapshot->model, self, "Modem.Model");
  set_text (&snapshot->revision, self, "Modem.Revision");
  set_text (&snapshot->imei, self, "Modem.Serial");
  snapshot->state = state_of (self, &snapshot->failure);
  set_text (&snapshot->eid, self, "intel.EuiccLpa.EID");
  set_text (&snapshot->iccid, self, "SimManager.CardIdentifier");
  set_text (&snapshot->imsi, self, "SimManager.SubscriberIdentity");
  set_text (&snapshot->operator_name, self, "NetworkRegistration.Name");
  snapshot->roaming = strcmp (text_of (self, "NetworkRegistration.Status"), "roaming") == 0;
  if (slot && g_variant_is_of_type (slot, G_VARIANT_TYPE_UINT32) && g_variant_get_uint32 (slot) > 0)
    snapshot->slot = g_variant_get_uint32 (slot) - 1;
  add_ports (self, snapshot);
  return snapshot;
}

static gboolean
refresh (gpointer data)
{
  Modem *self = data;
  g_autoptr (ModemSnapshot) snapshot = NULL;

  self->refresh_id = 0;
  if (self->pending > 0)
    return G_SOURCE_REMOVE;
  snapshot = take_snapshot (self);
  if (self->published && modem_snapshot_equal (self->published, snapshot))
    return G_SOURCE_REMOVE;
  g_clear_pointer (&self->published, modem_snapshot_unref);
  self->published = modem_snapshot_ref (snapshot);
  self->watch->changed (self->path, snapshot, self->watch->data);
  return G_SOURCE_REMOVE;
}

/* Properties change in bursts. */
static void
schedule_refresh (Modem *self)
{
  if (self->refresh_id == 0)
    self->refresh_id = g_idle_add (refresh, self);
}

static void
set_value (Modem *self, const char *interface, const char *name, GVariant *value)
{
  g_hash_table_replace (self->values, g_strdup_printf ("%s.%s", interface, name),
                        g_variant_ref_sink (value));
}

static void
set_values (Modem *self, const char *interface, GVariant *dict)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, dict);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      set_value (self, interface, name, value);
      g_variant_unref (value);
    }
}

/* What an interface said is no longer true once it is gone. */
static void
forget_values (Modem *self, const char *interface)
{
  g_autofree char *prefix = g_strconcat (interface, ".", NULL);
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, self->values);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (g_str_has_prefix (name, prefix))
      g_hash_table_iter_remove (&iter);
}

static void
set_contexts (Modem *self, GVariant *list)
{
  GVariantIter iter;
  const char *path;
  GVariant *dict;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_next (&iter, "(&o@a{sv})", &path, &dict))
    {
      g_autoptr (GVariant) owned = dict;
      gboolean active = FALSE;

      g_variant_lookup (owned, "Active", "b", &active);
      set_value (self, "Context", path, g_variant_new_boolean (active));
    }
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  Question *question = data;
  g_autofree char *interface = question->interface;
  Modem *self = question->modem;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) values = answer ? g_variant_get_child_value (answer, 0) : NULL;

  g_free (question);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* SELF is gone */
  self->pending--;
  if (values && g_variant_is_of_type (values, G_VARIANT_TYPE_VARDICT))
    set_values (self, interface, values);
  else if (values && g_variant_is_of_type (values, G_VARIANT_TYPE ("a(oa{sv})")))
    set_contexts (self, values);
  schedule_refresh (self);
}

static void
ask (Modem *self, const char *interface, const char *method)
{
  Question *question = g_new0 (Question, 1);
  g_autofree char *full = g_strconcat (PREFIX, interface, NULL);

  question->modem = self;
  question->interface = g_strdup (interface);
  self->pending++;
  g_dbus_connection_call (self->watch->bus, BUS_NAME, self->path, full, method, NULL, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_TIMEOUT_MS, self->asking, on_answer,
                          question);
}

/* Interfaces come with the SIM and go with it. */
static void
follow_interfaces (Modem *self, GVariant *names)
{
  static const char *const followed[][3]
      = { { "SimManager", "GetProperties", "SimManager" },
          { "NetworkRegistration", "GetProperties", "NetworkRegistration" },
          { "intel.EuiccLpa", "GetProperties", "intel.EuiccLpa" },
          { "ConnectionManager", "GetContexts", "Context" } };
  gboolean was[G_N_ELEMENTS (followed)], is;

  for (guint i = 0; i < G_N_ELEMENTS (followed); i++)
    was[i] = has_interface (self, followed[i][0]);
  set_value (self, "Modem", "Interfaces", names);
  for (guint i = 0; i < G_N_ELEMENTS (followed); i++)
    {
      is = has_interface (self, followed[i][0]);
      if (is && !was[i])
        ask (self, followed[i][0], followed[i][1]);
      if (!is)
        forget_values (self, followed[i][2]);
    }
}

static void
set_modem_value (Modem *self, const char *name, GVariant *value)
{
  if (strcmp (name, "Interfaces") == 0)
    follow_interfaces (self, value);
  else
    set_value (self, "Modem", name, value);
}

static void
add_modem (Watch *self, const char *path, GVariant *properties)
{
  Modem *modem = g_new0 (Modem, 1);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  modem->watch = self;
  modem->path = g_strdup (path);
  modem->asking = g_cancellable_new ();
  modem->values
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_variant_unref);
  g_hash_table_replace (self->modems, modem->path, modem);
  g_hash_table_replace (modem->values, g_strdup ("path"),
                        g_variant_ref_sink (g_variant_new_string (path)));
  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      set_modem_value (modem, name, value);
      g_variant_unref (value);
    }
  schedule_refresh (modem);
}

static void
remove_modem (Watch *self, const char *path)
{
  g_autofree char *gone = g_strdup (path);

  if (g_hash_table_remove (self->modems, gone))
    self->changed (gone, NULL, self->data);
}

static void
on_manager_signal (GDBusConnection *bus, const char *sender, const char *path,
                   const char *interface, const char *signal, GVariant *values, gpointer data)
{
  Watch *self = data;
  const char *modem;
  g_autoptr (GVariant) properties = NULL;

  if (g_variant_is_of_type (values, G_VARIANT_TYPE ("(oa{sv})")))
    g_variant_get (values, "(&o@a{sv})", &modem, &properties);
  else if (g_variant_is_of_type (values, G_VARIANT_TYPE ("(o)")))
    g_variant_get (values, "(&o)", &modem);
  else
    return;
  remove_modem (self, modem);
  if (properties)
    add_modem (self, modem, properties);
}

/* The modem that PATH is, or belongs to: a context's path begins with its modem's. */
static Modem *
modem_of (Watch *self, const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);
  Modem *modem = g_hash_table_lookup (self->modems, path);

  return modem ? modem : g_hash_table_lookup (self->modems, parent);
}

static void
on_property_changed (GDBusConnection *bus, const char *sender, const char *path,
                     const char *interface, const char *signal, GVariant *values, gpointer data)
{
  Modem *modem = modem_of (data, path);
  const char *name;
  g_autoptr (GVariant) value = NULL;

  if (modem == NULL || !g_str_has_prefix (interface, PREFIX)
      || !g_variant_is_of_type (values, G_VARIANT_TYPE ("(sv)")))
    return;
  g_variant_get (values, "(&sv)", &name, &value);
  interface += strlen (PREFIX);
  if (strcmp (interface, "Modem") == 0)
    set_modem_value (modem, name, value);
  else if (strcmp (interface, "ConnectionContext") != 0)
    set_value (modem, interface, name, value);
  else if (strcmp (name, "Active") == 0)
    set_value (modem, "Context", path, value);
  schedule_refresh (modem);
}

static void
on_modems (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariantIter) list = NULL;
  const char *path;
  GVariant *properties;

  if (answer == NULL)
    {
      g_debug ("oFono's modems can't be listed: %s", error->message);
      return;
    }
  g_variant_get (answer, "(a(oa{sv}))", &list);
  while (g_variant_iter_next (list, "(&o@a{sv})", &path, &properties))
    {
      add_modem (data, path, properties);
      g_variant_unref (properties);
    }
}

static void
on_appeared (GDBusConnection *bus, const char *name, const char *owner, gpointer data)
{
  Watch *self = data;
  const GDBusSignalFlags flags = G_DBUS_SIGNAL_FLAGS_NONE;

  self->bus = g_object_ref (bus);
  self->signals[0] = g_dbus_connection_signal_subscribe (
      bus, owner, "org.ofono.Manager", NULL, "/", NULL, flags, on_manager_signal, self, NULL);
  self->signals[1] = g_dbus_connection_signal_subscribe (
      bus, owner, NULL, "PropertyChanged", NULL, NULL, flags, on_property_changed, self, NULL);
  g_dbus_connection_call (bus, BUS_NAME, "/", "org.ofono.Manager", "GetModems", NULL,
                          G_VARIANT_TYPE ("(a(oa{sv}))"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                          CALL_TIMEOUT_MS, self->cancellable, on_modems, self);
}

static void
forget_bus (Watch *self)
{
  for (guint i = 0; self->bus && i < G_N_ELEMENTS (self->signals); i++)
    g_dbus_connection_signal_unsubscribe (self->bus, self->signals[i]);
  g_clear_object (&self->bus);
}

static void
on_vanished (GDBusConnection *bus, const char *name, gpointer data)
{
  Watch *self = data;
  g_autofree const char **paths
      = (const char **) g_hash_table_get_keys_as_array (self->modems, NULL);

  forget_bus (self);
  for (guint i = 0; paths[i]; i++)
    remove_modem (self, paths[i]);
}

static gpointer
start (ModemChanged changed, gpointer data)
{
  Watch *self = g_new0 (Watch, 1);

  self->changed = changed;
  self->data = data;
  self->cancellable = g_cancellable_new ();
  self->modems = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, modem_free);
  self->ports = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->watch = g_bus_watch_name (G_BUS_TYPE_SYSTEM, BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                  on_appeared, on_vanished, self, NULL);
  return self;
}

static void
stop (gpointer data)
{
  Watch *self = data;

  g_cancellable_cancel (self->cancellable);
  g_bus_unwatch_name (self->watch);
  forget_bus (self);
  g_hash_table_unref (self->modems);
  g_hash_table_unref (self->ports);
  g_object_unref (self->cancellable);
  g_free (self);
}

/* oFono finds its modems by udev, and needs no telling. */
static void
rescan (gpointer data)
{
  Watch *self = data;
  GHashTableIter iter;
  gpointer modem;

  g_hash_table_iter_init (&iter, self->modems);
  while (g_hash_table_iter_next (&iter, NULL, &modem))
    schedule_refresh (modem);
}

/* "PORT", or "MODEM=PORT" where there are several modems, with commas between. */
static void
set_at_ports (gpointer data, const char *setting)
{
  Watch *self = data;
  g_auto (GStrv) words = g_strsplit (setting, ",", 0);

  g_hash_table_remove_all (self->ports);
  for (guint i = 0; words[i]; i++)
    {
      const char *equals = strchr (words[i], '=');

      if (*words[i])
        g_hash_table_replace (self->ports,
                              equals ? g_strndup (words[i], equals - words[i]) : g_strdup (""),
                              g_strdup (equals ? equals + 1 : words[i]));
    }
  rescan (self);
}

/* Worker threads. */
static gboolean
set_property (const ModemSnapshot *modem, const char *name, gboolean on, GCancellable *cancellable,
              GError **error)
{
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, cancellable, &foreign);
  g_autoptr (GVariant) answer = NULL;
  EsimError code = ESIM_ERROR_MODEM;

  if (bus)
    answer = g_dbus_connection_call_sync (
        bus, BUS_NAME, modem->path, "org.ofono.Modem", "SetProperty",
        g_variant_new ("(sv)", name, g_variant_new_boolean (on)), NULL,
        G_DBUS_CALL_FLAGS_NO_AUTO_START, POWER_TIMEOUT_MS, cancellable, &foreign);
  if (answer)
    return TRUE;
  if (g_error_matches (foreign, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    code = ESIM_ERROR_CANCELLED;
  else if (g_error_matches (foreign, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    code = ESIM_ERROR_TIMED_OUT;
  g_dbus_error_strip_remote_error (foreign);
  error_set (error, code, "modem", "oFono's %s: %s", name, foreign->message);
  return FALSE;
}

static gboolean
enable (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  return set_property (modem, "Powered", TRUE, cancellable, error)
         && set_property (modem, "Online", TRUE, cancellable, error);
}

/* Powered off and on makes oFono read the SIM anew; there is no other way to tell it, and no reset:
 * but once more, after the card's power cycle, it may find more. Never cancelled between the two.
 */
static gboolean
climb (const ModemSnapshot *modem, ModemRung rung, GCancellable *cancellable, GError **error)
{
  if (modem->state != MODEM_STATE_CHANGING)
    return set_property (modem, "Powered", FALSE, NULL, error)
           && wait_sleep (POWER_GAP_MS, NULL, error) && enable (modem, NULL, error);
  error_set (error, ESIM_ERROR_MODEM, "modem", "oFono is reading the SIM: it is left alone");
  return FALSE;
}

const ModemDriver modem_ofono = {
  .name = "ofono",
  .start = start,
  .stop = stop,
  .set_at_ports = set_at_ports,
  .rescan = rescan,
  .climb = climb,
  .enable = enable,
};
