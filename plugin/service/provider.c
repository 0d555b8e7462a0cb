/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* org.esimd1.Provider: one account, its queue, and whose turn it is to order. */

#include "service/provider.h"

#include "base/error.h"
#include "esimd-dbus.h"
#include "service/account.h"
#include "service/call.h"
#include "service/limit.h"
#include "service/reserve.h"

/* One that orders, or waits to. */
typedef struct
{
  void (*begin) (gpointer data);
  gpointer data;
} Turn;

struct _ProviderObject
{
  GObject parent;
  Service *service; /* not owned: it owns us */
  char *name;
  EsimObjectSkeleton *object;
  EsimProvider *skeleton;
  Queue *queue;
  Journal *journal; /* NULL until it is needed */
  GPtrArray *jobs;  /* of Job, owned: those that are not over, and some that are */
  GQueue turns;     /* of Turn: the first one orders */
  GHashTable *claimed;
};

G_DEFINE_FINAL_TYPE (ProviderObject, provider_object, G_TYPE_OBJECT)

static void
provider_object_finalize (GObject *object)
{
  ProviderObject *self = ESIM_PROVIDER_OBJECT (object);

  g_clear_object (&self->skeleton);
  g_clear_object (&self->object);
  g_clear_pointer (&self->queue, queue_unref);
  g_clear_pointer (&self->journal, journal_unref);
  g_ptr_array_unref (self->jobs);
  g_queue_clear_full (&self->turns, g_free);
  g_hash_table_unref (self->claimed);
  g_free (self->name);
  G_OBJECT_CLASS (provider_object_parent_class)->finalize (object);
}

static void
provider_object_class_init (ProviderObjectClass *class)
{
  G_OBJECT_CLASS (class)->finalize = provider_object_finalize;
  g_signal_new ("poked", PROVIDER_OBJECT_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                0);
}

static void
provider_object_init (ProviderObject *self)
{
  self->skeleton = esim_provider_skeleton_new ();
  self->jobs = g_ptr_array_new_with_free_func (g_object_unref);
  self->claimed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&self->turns);
}

static const char *
problem_of (ProviderObject *self)
{
  const PolicyProvider *provider
      = policy_find_provider (service_policy (self->service), self->name);

  return provider ? provider->credentials_problem : "it was taken out of the settings";
}

void
provider_object_update (ProviderObject *self)
{
  const char *problem = problem_of (self);

  esim_provider_set_state (self->skeleton, problem ? "no-credentials" : "ready");
  esim_provider_set_problem (self->skeleton, problem ? problem : "");
}

static gboolean
on_reserve (ProviderObject *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, reserve_now, self);
}

static gboolean
on_get_activation_code (ProviderObject *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, account_get_activation_code_now, self);
}

static gboolean
on_list_reservations (ProviderObject *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, account_list_reservations_now, self);
}

static gboolean
on_list_sims (ProviderObject *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, account_list_sims_now, self);
}

static gboolean
on_list_fleets (ProviderObject *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, account_list_fleets_now, self);
}

static gboolean
on_create_fleet (ProviderObject *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, account_create_fleet_now, self);
}

static void
connect_handlers (ProviderObject *self)
{
  const struct
  {
    const char *signal;
    GCallback handler;
  } handlers[] = {
    { "handle-reserve", G_CALLBACK (on_reserve) },
    { "handle-get-activation-code", G_CALLBACK (on_get_activation_code) },
    { "handle-list-reservations", G_CALLBACK (on_list_reservations) },
    { "handle-list-sims", G_CALLBACK (on_list_sims) },
    { "handle-list-fleets", G_CALLBACK (on_list_fleets) },
    { "handle-create-fleet", G_CALLBACK (on_create_fleet) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (handlers); i++)
    g_signal_connect_swapped (self->skeleton, handlers[i].signal, handlers[i].handler, self);
}

ProviderObject *
provider_object_new (Service *service, const char *name)
{
  ProviderObject *self = g_object_new (PROVIDER_OBJECT_TYPE, NULL);
  g_autofree char *path = g_strdup_printf ("/org/esimd1/Provider/%s", name);

  self->service = service;
  self->name = g_strdup (name);
  self->queue = queue_new (name);
  self->object = esim_object_skeleton_new (path);
  esim_provider_set_name (self->skeleton, name);
  provider_object_update (self);
  connect_handlers (self);
  esim_object_skeleton_set_provider (self->object, self->skeleton);
  g_dbus_object_manager_server_export (service_objects (service),
                                       G_DBUS_OBJECT_SKELETON (self->object));
  return self;
}

void
provider_object_stop (ProviderObject *self)
{
  g_autoptr (GPtrArray) jobs = g_steal_pointer (&self->jobs);

  /* A job that waited ends at once. */
  self->jobs = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < jobs->len; i++)
    g_cancellable_cancel (job_cancellable (jobs->pdata[i]));
  queue_cancel_all (self->queue);
}

void
provider_object_close (ProviderObject *self)
{
  provider_object_stop (self);
  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  g_dbus_object_manager_server_unexport (
      service_objects (self->service),
      g_dbus_object_get_object_path (G_DBUS_OBJECT (self->object)));
  g_object_unref (self);
}

gboolean
provider_object_is_idle (ProviderObject *self)
{
  return queue_is_idle (self->queue);
}

Service *
provider_object_service (ProviderObject *self)
{
  return self->service;
}

const char *
provider_object_name (ProviderObject *self)
{
  return self->name;
}

const ProviderDriver *
provider_object_driver (ProviderObject *self)
{
  return service_setup (self->service)->providers[0];
}

Queue *
provider_object_queue (ProviderObject *self)
{
  return self->queue;
}

Journal *
provider_object_journal (ProviderObject *self, GError **error)
{
  if (self->journal == NULL)
    self->journal
        = journal_open_account (service_setup (self->service)->state_dir, self->name, error);
  return self->journal;
}

Job *
provider_object_start_job (ProviderObject *self, const char *kind,
                           GDBusMethodInvocation *invocation)
{
  const char *problem = problem_of (self);
  g_autoptr (GError) error = NULL;
  Job *job;

  if (problem)
    error_set (&error, ESIM_ERROR_CREDENTIALS, "service", "%s", problem);
  if (problem || !limit_check_jobs (self->jobs, invocation, "provider", &error))
    {
      call_fail (invocation, error);
      return NULL;
    }
  job = job_new (service_objects (self->service), service_next_job (self->service), kind, "/",
                 invocation);
  for (guint i = self->jobs->len; i > 0; i--)
    if (job_is_over (self->jobs->pdata[i - 1]))
      g_ptr_array_remove_index (self->jobs, i - 1);
  g_ptr_array_add (self->jobs, g_object_ref (job));
  call_reply_path (invocation, job_skeleton (job), job_path (job));
  return job;
}

void
provider_object_begin_order (ProviderObject *self, void (*begin) (gpointer data), gpointer data)
{
  Turn *turn = g_new0 (Turn, 1);

  *turn = (Turn){ begin, data };
  g_queue_push_tail (&self->turns, turn);
  if (g_queue_get_length (&self->turns) == 1)
    begin (data);
}

void
provider_object_end_order (ProviderObject *self, gpointer data)
{
  const Turn *first = g_queue_peek_head (&self->turns);

  for (GList *l = self->turns.head; l; l = l->next)
    if (((Turn *) l->data)->data == data)
      {
        g_free (l->data);
        g_queue_delete_link (&self->turns, l);
        break;
      }
  if (g_queue_peek_head (&self->turns) == first || g_queue_is_empty (&self->turns))
    return;
  first = g_queue_peek_head (&self->turns);
  first->begin (first->data);
}

void
provider_object_poke (ProviderObject *self)
{
  g_signal_emit_by_name (self, "poked");
}

gboolean
provider_object_claim (ProviderObject *self, const char *sid)
{
  return g_hash_table_add (self->claimed, g_strdup (sid));
}

void
provider_object_unclaim (ProviderObject *self, const char *sid)
{
  g_hash_table_remove (self->claimed, sid);
}
