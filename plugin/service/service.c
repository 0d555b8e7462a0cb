/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The service on the bus: the manager object, a card's objects as cards come and go, and an orderly
 * end. */

#include "service/service.h"

#include <string.h>

#include "base/error.h"
#include "esimd-dbus.h"
#include "service/call.h"
#include "service/callbacks.h"
#include "service/euicc.h"
#include "service/provider.h"

/* On SIGTERM running jobs get this long. */
#define DRAIN_S 10
#define DRAIN_POLL_MS 50
/* Stacks tell their modems within a second of being asked, as a rule; and no card keeps clients
 * waiting for longer than five. */
#define STACKS_S 1
#define READY_S 5
#define READY_POLL_MS 100

struct _Service
{
  GObject parent;
  const ServiceSetup *setup;
  Policy *policy;
  Registry *registry;
  GDBusObjectManagerServer *objects;
  EsimManager *skeleton;
  GHashTable *euiccs;    /* Card -> Euicc */
  GHashTable *providers; /* name -> ProviderObject */
  Callbacks *callbacks;
  guint last_job, last_profile;
  void (*stopped) (gpointer data);
  gpointer stopped_data;
  gint64 deadline;
  gint64 started; /* monotonic */
  guint ready_source;
};

G_DEFINE_FINAL_TYPE (Service, service, G_TYPE_OBJECT)

static void
service_finalize (GObject *object)
{
  Service *self = ESIM_SERVICE (object);

  g_clear_handle_id (&self->ready_source, g_source_remove);
  callbacks_free (self->callbacks);
  g_hash_table_unref (self->euiccs);
  g_hash_table_unref (self->providers);
  g_clear_object (&self->registry);
  g_clear_object (&self->skeleton);
  g_clear_object (&self->objects);
  g_clear_pointer (&self->policy, policy_unref);
  G_OBJECT_CLASS (service_parent_class)->finalize (object);
}

static void
service_class_init (ServiceClass *class)
{
  G_OBJECT_CLASS (class)->finalize = service_finalize;
}

/* The content is not believed, so everybody who waits there looks. */
static void
on_called_back (const char *provider, gpointer data)
{
  Service *self = data;
  ProviderObject *object = g_hash_table_lookup (self->providers, provider);
  GHashTableIter iter;
  gpointer euicc;

  if (object)
    provider_object_poke (object);
  g_hash_table_iter_init (&iter, self->euiccs);
  while (strcmp (provider, self->policy->provider) == 0
         && g_hash_table_iter_next (&iter, NULL, &euicc))
    provision_poke (euicc_provision (euicc));
}

static void
service_init (Service *self)
{
  self->callbacks = callbacks_new (on_called_back, self);
  self->euiccs = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) euicc_close);
  self->providers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                           (GDestroyNotify) provider_object_close);
  self->objects = g_dbus_object_manager_server_new ("/org/esimd1");
  self->skeleton = esim_manager_skeleton_new ();
}

static void
on_card_added (Service *self, Card *card)
{
  g_message ("eUICC %s found in %s", card_eid (card),
             card_modem (card) ? card_modem (card)->model : "a modem that just left");
  g_hash_table_insert (self->euiccs, card, euicc_new (self, card));
}

static void
on_card_removed (Service *self, Card *card)
{
  g_message ("eUICC %s is gone", card_eid (card));
  g_hash_table_remove (self->euiccs, card);
}

static void
rescan_now (gpointer object, GDBusMethodInvocation *invocation)
{
  static const char *const known[] = { "all-slots", "b", NULL };
  Service *self = object;
  g_autoptr (GVariant) options = call_options (invocation);
  g_autoptr (GError) error = NULL;
  gboolean all_slots = FALSE;

  if (!call_check_options (options, known, &error))
    {
      call_fail (invocation, error);
      return;
    }
  g_variant_lookup (options, "all-slots", "b", &all_slots);
  registry_rescan (self->registry, all_slots);
  call_reply (invocation, NULL);
}

static gboolean
is_gone (gpointer name, gpointer provider, gpointer data)
{
  return policy_find_provider (((Service *) data)->policy, name) == NULL;
}

static void
show_provider (Service *self, const char *name)
{
  ProviderObject *object = g_hash_table_lookup (self->providers, name);

  if (object)
    provider_object_update (object);
  else
    g_hash_table_insert (self->providers, g_strdup (name), provider_object_new (self, name));
}

static void
show_providers (Service *self)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  g_hash_table_foreach_remove (self->providers, is_gone, self);
  for (guint i = 0; i < self->policy->providers->len; i++)
    {
      const char *name = ((PolicyProvider *) self->policy->providers->pdata[i])->name;

      show_provider (self, name);
      g_ptr_array_add (names, (char *) name);
    }
  g_ptr_array_add (names, NULL);
  esim_manager_set_providers (self->skeleton, (const char *const *) names->pdata);
}

static gboolean
load_quirks (const ServiceSetup *setup, Policy *policy, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; setup->channels[i]; i++)
    g_ptr_array_add (names, (char *) setup->channels[i]->name);
  g_ptr_array_add (names, NULL);
  return policy_load_quirks (policy, setup->quirks_file, setup->config_file,
                             (const char *const *) names->pdata, error);
}

static Policy *
load_policy (const ServiceSetup *setup, GError **error)
{
  g_autoptr (Policy) policy = policy_load (setup->config_file, setup->credentials_dir, error);

  if (policy == NULL || !load_quirks (setup, policy, error))
    return NULL;
  for (guint i = 0; i < policy->providers->len; i++)
    {
      const PolicyProvider *provider = policy->providers->pdata[i];

      if (provider->credentials_problem)
        g_warning ("provider %s: %s", provider->name, provider->credentials_problem);
    }
  return g_steal_pointer (&policy);
}

/* No reason not to run: esimd polls without it. */
static void
listen_for_callbacks (Service *self)
{
  g_autoptr (GError) error = NULL;

  if (!callbacks_set_policy (self->callbacks, self->policy, &error))
    g_warning ("%s", error->message);
}

static void
reload_now (gpointer object, GDBusMethodInvocation *invocation)
{
  Service *self = object;
  g_autoptr (GError) error = NULL;
  Policy *policy;
  GHashTableIter iter;
  gpointer euicc;

  if (!call_takes_no_options (invocation))
    return;
  policy = load_policy (self->setup, &error);
  if (policy == NULL)
    {
      call_fail (invocation, error);
      return;
    }
  policy_unref (self->policy);
  self->policy = policy;
  registry_set_policy (self->registry, policy);
  g_hash_table_iter_init (&iter, self->euiccs);
  while (g_hash_table_iter_next (&iter, NULL, &euicc))
    euicc_set_policy (euicc, policy);
  show_providers (self);
  listen_for_callbacks (self);
  call_reply (invocation, G_DBUS_INTERFACE_SKELETON (self->skeleton));
}

static gboolean
on_rescan (Service *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, rescan_now, self);
}

static gboolean
on_reload (Service *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, reload_now, self);
}

Service *
service_new (const ServiceSetup *setup, GError **error)
{
  g_autoptr (Service) self = g_object_new (SERVICE_TYPE, NULL);

  self->setup = setup;
  self->policy = load_policy (setup, error);
  if (self->policy == NULL)
    return NULL;
  self->registry = registry_new (setup->modems, setup->channels, setup->state_dir);
  registry_set_policy (self->registry, self->policy);
  g_signal_connect_object (self->registry, "card-added", G_CALLBACK (on_card_added), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->registry, "card-removed", G_CALLBACK (on_card_removed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->skeleton, "handle-rescan", G_CALLBACK (on_rescan), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->skeleton, "handle-reload", G_CALLBACK (on_reload), self,
                           G_CONNECT_SWAPPED);
  esim_manager_set_version (self->skeleton, ESIMD_VERSION);
  show_providers (self);
  return g_steal_pointer (&self);
}

static gboolean
on_look_ready (gpointer data)
{
  Service *self = data;
  gint64 since = (g_get_monotonic_time () - self->started) / G_USEC_PER_SEC;
  gboolean asked = since >= STACKS_S || registry_cards (self->registry)->len > 0;

  if (since < READY_S && (!asked || registry_is_reading (self->registry)))
    return G_SOURCE_CONTINUE;
  self->ready_source = 0;
  esim_manager_set_ready (self->skeleton, TRUE);
  return G_SOURCE_REMOVE;
}

gboolean
service_start (Service *self, GDBusConnection *connection, GError **error)
{
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton), connection,
                                         "/org/esimd1", error))
    return FALSE;
  g_dbus_object_manager_server_set_connection (self->objects, connection);
  registry_start (self->registry);
  self->started = g_get_monotonic_time ();
  self->ready_source = g_timeout_add (READY_POLL_MS, on_look_ready, self);
  listen_for_callbacks (self);
  return TRUE;
}

static gboolean
is_idle (Service *self)
{
  GHashTableIter iter;
  gpointer euicc, provider;

  g_hash_table_iter_init (&iter, self->euiccs);
  while (g_hash_table_iter_next (&iter, NULL, &euicc))
    if (!euicc_is_idle (euicc))
      return FALSE;
  g_hash_table_iter_init (&iter, self->providers);
  while (g_hash_table_iter_next (&iter, NULL, &provider))
    if (!provider_object_is_idle (provider))
      return FALSE;
  return registry_is_idle (self->registry);
}

static void
on_flushed (G_GNUC_UNUSED GObject *connection, G_GNUC_UNUSED GAsyncResult *result, gpointer data)
{
  Service *self = data;

  self->stopped (self->stopped_data);
}

static gboolean
on_drain (gpointer data)
{
  Service *self = data;
  g_autoptr (GDBusConnection) connection
      = g_dbus_object_manager_server_get_connection (self->objects);

  if (!is_idle (self) && g_get_monotonic_time () < self->deadline)
    return G_SOURCE_CONTINUE;
  /* Answers and the jobs' ends are on their way until the connection's own thread has written
   * them. */
  if (connection)
    g_dbus_connection_flush (connection, NULL, on_flushed, self);
  else
    self->stopped (self->stopped_data);
  return G_SOURCE_REMOVE;
}

void
service_stop (Service *self, void (*stopped) (gpointer data), gpointer data)
{
  GHashTableIter iter;
  gpointer euicc, provider;

  self->stopped = stopped;
  self->stopped_data = data;
  self->deadline = g_get_monotonic_time () + DRAIN_S * G_USEC_PER_SEC;
  /* In this order: what a job that is cancelled now has to tidy up is queued after the rest. */
  registry_stop (self->registry);
  g_hash_table_iter_init (&iter, self->euiccs);
  while (g_hash_table_iter_next (&iter, NULL, &euicc))
    euicc_stop (euicc);
  g_hash_table_iter_init (&iter, self->providers);
  while (g_hash_table_iter_next (&iter, NULL, &provider))
    provider_object_stop (provider);
  g_timeout_add (DRAIN_POLL_MS, on_drain, self);
}

const ServiceSetup *
service_setup (Service *self)
{
  return self->setup;
}

GDBusObjectManagerServer *
service_objects (Service *self)
{
  return self->objects;
}

Policy *
service_policy (Service *self)
{
  return self->policy;
}

guint
service_next_job (Service *self)
{
  return ++self->last_job;
}

guint
service_next_profile (Service *self)
{
  return ++self->last_profile;
}
