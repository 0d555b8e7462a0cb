/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* org.esimd1.Euicc: properties from the card, its profiles as objects, and its jobs' places in the
 * queue. */

#include "service/euicc.h"

#include "base/error.h"
#include "esimd-dbus.h"
#include "service/await.h"
#include "service/call.h"
#include "service/discover.h"
#include "service/download.h"
#include "service/limit.h"
#include "service/maintain.h"
#include "service/profile.h"

struct _Euicc
{
  GObject parent;
  Service *service; /* not owned: it owns us */
  Card *card;
  Provision *provision;
  EsimObjectSkeleton *object;
  EsimEuicc *skeleton;
  GHashTable *profiles; /* ICCID -> ProfileObject */
  Job *provision_job;   /* NULL while no one waits for provisioning */
  gboolean stopping;    /* the service is */
  Job *next_provision;  /* that begins when a stopped run has ended; else NULL */
  GPtrArray *jobs;      /* of Job, owned: those that are not over, oldest first */
  gboolean in_trouble;  /* and that was told */
};

G_DEFINE_FINAL_TYPE (Euicc, euicc, G_TYPE_OBJECT)

static void
euicc_finalize (GObject *object)
{
  Euicc *self = ESIM_EUICC_OBJECT (object);

  g_clear_object (&self->provision);
  g_clear_object (&self->card);
  g_clear_object (&self->skeleton);
  g_clear_object (&self->object);
  g_clear_object (&self->provision_job);
  g_clear_object (&self->next_provision);
  g_hash_table_unref (self->profiles);
  g_ptr_array_unref (self->jobs);
  G_OBJECT_CLASS (euicc_parent_class)->finalize (object);
}

static void
euicc_class_init (EuiccClass *class)
{
  G_OBJECT_CLASS (class)->finalize = euicc_finalize;
}

static void
euicc_init (Euicc *self)
{
  self->skeleton = esim_euicc_skeleton_new ();
  self->jobs = g_ptr_array_new_with_free_func (g_object_unref);
  self->profiles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify) profile_object_close);
}

static void
show_profiles (Euicc *self, GPtrArray *profiles)
{
  g_autoptr (GHashTable) gone = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer iccid;

  g_hash_table_iter_init (&iter, self->profiles);
  while (g_hash_table_iter_next (&iter, &iccid, NULL))
    g_hash_table_add (gone, iccid);
  for (guint i = 0; i < profiles->len; i++)
    {
      const Profile *profile = profiles->pdata[i];
      ProfileObject *object = g_hash_table_lookup (self->profiles, profile->iccid);

      g_hash_table_remove (gone, profile->iccid);
      if (object)
        profile_object_update (object, profile);
      else
        g_hash_table_insert (self->profiles, g_strdup (profile->iccid),
                             profile_object_new (self, profile));
    }
  g_hash_table_iter_init (&iter, gone);
  while (g_hash_table_iter_next (&iter, &iccid, NULL))
    {
      provision_forget_profile (self->provision, iccid);
      g_hash_table_remove (self->profiles, iccid);
    }
}

static void
show_facts (Euicc *self, const CardFacts *facts)
{
  esim_euicc_set_spec_version (self->skeleton, facts->info->svn);
  esim_euicc_set_free_memory (self->skeleton, facts->info->free_memory);
  esim_euicc_set_profile_version (self->skeleton, facts->info->profile_version);
  esim_euicc_set_firmware_version (self->skeleton, facts->info->firmware);
  esim_euicc_set_accreditation (self->skeleton, facts->info->accreditation);
  esim_euicc_set_category (self->skeleton, facts->info->category);
  esim_euicc_set_capabilities (self->skeleton, (const char *const *) facts->info->capabilities);
  esim_euicc_set_forbidden_rules (self->skeleton,
                                  (const char *const *) facts->info->forbidden_rules);
  esim_euicc_set_ci_key_ids (self->skeleton, (const char *const *) facts->info->ci_ids);
  esim_euicc_set_default_smdp (self->skeleton, facts->addresses->default_smdp);
  esim_euicc_set_root_smds (self->skeleton, facts->addresses->root_smds);
  esim_euicc_set_pending_notifications (self->skeleton, facts->notifications->len);
  show_profiles (self, facts->profiles);
}

static void
on_card_changed (Euicc *self)
{
  const ModemSnapshot *modem = card_modem (self->card);
  const CardAccess *access = card_access (self->card);

  esim_euicc_set_modem (self->skeleton, modem && *modem->path ? modem->path : "/");
  esim_euicc_set_modem_stack (self->skeleton, modem ? modem->stack : "");
  esim_euicc_set_slot (self->skeleton, modem ? card_slot (self->card) + 1 : 0);
  esim_euicc_set_active (self->skeleton, modem && !card_is_parked (self->card));
  esim_euicc_set_channel (self->skeleton, access ? access->driver->name : "");
  if (card_facts (self->card))
    show_facts (self, card_facts (self->card));
}

static void
on_provision_changed (Euicc *self)
{
  const char *trouble = provision_trouble (self->provision);

  esim_euicc_set_provisioning_state (self->skeleton, provision_state (self->provision));
  esim_euicc_set_provisioning_detail (self->skeleton, provision_detail (self->provision));
  if (trouble && !self->in_trouble)
    g_warning ("eUICC %s: %s", card_eid (self->card), trouble);
  self->in_trouble = trouble != NULL;
}

static void
on_provision_finished (Euicc *self, GVariant *result)
{
  g_autoptr (Job) job = g_steal_pointer (&self->provision_job);
  const GError *error = provision_error (self->provision);

  self->provision_job = g_steal_pointer (&self->next_provision);
  if (job)
    {
      job_end (job, result, error);
      g_object_unref (self);
    }
  /* What ran by itself has no one to tell but the log. */
  else if (error && error->code != ESIM_ERROR_CANCELLED)
    g_warning ("eUICC %s: %s %s", card_eid (self->card), error->message,
               errors_advice (error->code));
}

static gboolean
is_download (Job *job)
{
  return g_str_equal (esim_job_get_kind (ESIM_JOB (job_skeleton (job))), "download");
}

/* Whether the download at INDEX is the one whose turn it is: they wait for one another, since a
 * card has one RSP session. */
static gboolean
is_first_download (Euicc *self, guint index)
{
  for (guint i = 0; i < index; i++)
    if (is_download (self->jobs->pdata[i]))
      return FALSE;
  return TRUE;
}

/* Whether the job at EARLIER keeps the one at LATER waiting. Provisioning holds the card for single
 * steps only; a download that waits for consent, or for its turn, leaves it to all but the next
 * download. */
static gboolean
is_before (Euicc *self, guint earlier, guint later)
{
  EsimJob *first = ESIM_JOB (job_skeleton (self->jobs->pdata[earlier]));

  if (is_download (self->jobs->pdata[later]) || !is_download (self->jobs->pdata[earlier]))
    return !g_str_equal (esim_job_get_kind (first), "provision");
  return !g_str_equal (esim_job_get_state (first), "waiting-for-consent")
         && is_first_download (self, earlier);
}

static void
show_positions (Euicc *self)
{
  for (guint i = 0; i < self->jobs->len; i++)
    {
      guint before = 0;

      for (guint j = 0; j < i; j++)
        before += is_before (self, j, i);
      job_set_position (self->jobs->pdata[i], before);
    }
}

static void
drop_ended_jobs (Euicc *self)
{
  for (guint i = self->jobs->len; i > 0; i--)
    if (job_is_over (self->jobs->pdata[i - 1]))
      {
        g_ptr_array_remove_index (self->jobs, i - 1);
        card_disengage (self->card);
      }
}

/* The job that runs now. */
static void
show_job (Euicc *self, const char *path)
{
  esim_euicc_set_job (self->skeleton, path);
}

static void
on_job_state (Euicc *self, GParamSpec *pspec, EsimJob *job)
{
  const char *state = esim_job_get_state (job);
  g_autoptr (GDBusObject) object = g_dbus_interface_dup_object (G_DBUS_INTERFACE (job));
  const char *path = g_dbus_object_get_object_path (object);

  if (g_str_equal (state, "running"))
    show_job (self, path);
  else if (g_str_equal (path, esim_euicc_get_job (self->skeleton)))
    show_job (self, "/");
  drop_ended_jobs (self);
  show_positions (self);
}

Job *
euicc_start_job (Euicc *self, const char *kind, GDBusMethodInvocation *invocation)
{
  g_autoptr (GError) error = NULL;
  Job *job;

  if (!limit_check_jobs (self->jobs, invocation, "card", &error))
    {
      call_fail (invocation, error);
      return NULL;
    }
  job = job_new (service_objects (self->service), service_next_job (self->service), kind,
                 euicc_path (self), invocation);
  g_signal_connect_object (job_skeleton (job), "notify::state", G_CALLBACK (on_job_state), self,
                           G_CONNECT_SWAPPED);
  g_ptr_array_add (self->jobs, g_object_ref (job));
  card_engage (self->card);
  show_positions (self);
  call_reply_path (invocation, job_skeleton (job), job_path (job));
  return g_object_ref (job);
}

static void
on_provision_job_cancelled (Euicc *self)
{
  /* Only a client's Cancel ends what a person asked for; after a restart it goes on. */
  provision_stop (self->provision, !self->stopping);
}

/* A person's wish for a card in a slot that is not in use. */
typedef struct
{
  Euicc *euicc;
  Job *job;
  char *settle;
} Wish;

static void
on_slot (const GError *error, gpointer data)
{
  g_autofree Wish *wish = data;
  g_autoptr (Euicc) self = wish->euicc;
  g_autoptr (Job) job = wish->job;
  g_autofree char *settle = wish->settle;

  if (job_is_over (job))
    return; /* with a run that was on when it was asked for */
  if (error == NULL)
    {
      provision_start (self->provision, TRUE, settle, job_progress (job));
      return;
    }
  g_clear_object (self->next_provision == job ? &self->next_provision : &self->provision_job);
  job_end (job, NULL, error);
  g_object_unref (self); /* start_provision()'s */
}

static void
await_slot (Euicc *self, Job *job, const char *settle)
{
  Wish *wish = g_new0 (Wish, 1);

  wish->euicc = g_object_ref (self);
  wish->job = g_object_ref (job);
  wish->settle = g_strdup (settle);
  await_modem (self->card, job_cancellable (job), on_slot, wish);
}

static void
start_provision (Euicc *self, GDBusMethodInvocation *invocation, const char *settle)
{
  Job *job = euicc_start_job (self, "provision", invocation);

  if (job == NULL)
    return;
  /* Until it has ended: a card that leaves must not take its job's end along. */
  g_object_ref (self);
  if (provision_is_stopping (self->provision))
    self->next_provision = job;
  else
    self->provision_job = job;
  job_run (job);
  g_signal_connect_object (job_cancellable (job), "cancelled",
                           G_CALLBACK (on_provision_job_cancelled), self, G_CONNECT_SWAPPED);
  if (card_is_parked (self->card))
    await_slot (self, job, settle);
  else
    provision_start (self->provision, TRUE, settle, job_progress (job));
}

static void
provision_now (gpointer object, GDBusMethodInvocation *invocation)
{
  static const char *const known[] = { "settle", "s", NULL };
  Euicc *self = object;
  g_autoptr (GVariant) options = call_options (invocation);
  g_autoptr (GError) error = NULL;
  const char *settle = NULL;
  /* One that was cancelled may still have a step out; the new one begins after it. */
  const gboolean stopping = provision_is_stopping (self->provision);
  Job *busy = stopping ? self->next_provision : self->provision_job;

  call_check_options (options, known, &error);
  if (error == NULL && busy)
    error_set (&error, ESIM_ERROR_BUSY, "service", "provisioning is under way: %s",
               job_path (busy));
  if (error)
    {
      call_fail (invocation, error);
      return;
    }
  g_variant_lookup (options, "settle", "&s", &settle);
  start_provision (self, invocation, settle);
}

/* A send-notifications job on its way. */
typedef struct
{
  Provision *provision;
  Job *job;
  gboolean one; /* the one with SEQUENCE; else all */
  guint64 sequence;
} Sending;

static void
on_sent (guint sent, guint left, const GError *error, gpointer data)
{
  g_autoptr (Job) job = data;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  (void) left;
  g_variant_dict_insert (&dict, "sent", "u", sent);
  job_end (job, error ? NULL : g_variant_dict_end (&dict), error);
}

static void
on_modem_to_send (const GError *error, gpointer data)
{
  Sending *self = data;

  if (error)
    on_sent (0, 0, error, self->job);
  else
    provision_send_notifications (self->provision, self->one ? &self->sequence : NULL,
                                  job_progress (self->job), job_cancellable (self->job), on_sent,
                                  self->job);
  g_object_unref (self->provision);
  g_free (self);
}

static void
send_notifications_now (gpointer object, GDBusMethodInvocation *invocation)
{
  static const char *const known[] = { "sequence", "t", NULL };
  Euicc *self = object;
  g_autoptr (GVariant) options = call_options (invocation);
  g_autoptr (GError) error = NULL;
  Sending *sending;
  Job *job;

  if (!call_check_options (options, known, &error))
    {
      call_fail (invocation, error);
      return;
    }
  job = euicc_start_job (self, "send-notifications", invocation);
  if (job == NULL)
    return;
  sending = g_new0 (Sending, 1);
  sending->one = g_variant_lookup (options, "sequence", "t", &sending->sequence);
  sending->provision = g_object_ref (self->provision);
  sending->job = job;
  await_modem (self->card, job_cancellable (sending->job), on_modem_to_send, sending);
}

static gboolean
on_provision (Euicc *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, provision_now, self);
}

static gboolean
on_download (Euicc *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, download_now, self);
}

static gboolean
on_discover (Euicc *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, discover_now, self);
}

static gboolean
on_send_notifications (Euicc *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, send_notifications_now, self);
}

static void
connect_handlers (Euicc *self)
{
  g_signal_connect_swapped (self->skeleton, "handle-provision", G_CALLBACK (on_provision), self);
  g_signal_connect_swapped (self->skeleton, "handle-discover", G_CALLBACK (on_discover), self);
  g_signal_connect_swapped (self->skeleton, "handle-download", G_CALLBACK (on_download), self);
  g_signal_connect_swapped (self->skeleton, "handle-send-notifications",
                            G_CALLBACK (on_send_notifications), self);
  maintain_connect (self, self->skeleton);
  g_signal_connect_object (self->card, "changed", G_CALLBACK (on_card_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->provision, "changed", G_CALLBACK (on_provision_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->provision, "finished", G_CALLBACK (on_provision_finished), self,
                           G_CONNECT_SWAPPED);
}

Euicc *
euicc_new (Service *service, Card *card)
{
  Euicc *self = g_object_new (EUICC_TYPE, NULL);
  const ServiceSetup *setup = service_setup (service);
  g_autofree char *path = g_strdup_printf ("/org/esimd1/Euicc/%u", card_number (card));

  self->service = service;
  self->card = g_object_ref (card);
  self->provision = provision_new (card, service_policy (service), setup->providers,
                                   setup->connects, setup->state_dir);
  esim_euicc_set_eid (self->skeleton, card_eid (card));
  show_job (self, "/");
  self->object = esim_object_skeleton_new (path);
  esim_object_skeleton_set_euicc (self->object, self->skeleton);
  connect_handlers (self);
  on_card_changed (self);
  on_provision_changed (self);
  g_dbus_object_manager_server_export (service_objects (service),
                                       G_DBUS_OBJECT_SKELETON (self->object));
  provision_start (self->provision, FALSE, NULL, NULL);
  return self;
}

void
euicc_stop (Euicc *self)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func (g_object_unref);

  self->stopping = TRUE;
  /* A copy: a job that waited ends at once and leaves the list. */
  for (guint i = 0; i < self->jobs->len; i++)
    g_ptr_array_add (jobs, g_object_ref (self->jobs->pdata[i]));
  for (guint i = 0; i < jobs->len; i++)
    g_cancellable_cancel (job_cancellable (jobs->pdata[i]));
  provision_stop (self->provision, FALSE);
}

gboolean
euicc_is_idle (Euicc *self)
{
  drop_ended_jobs (self);
  return self->jobs->len == 0 && !provision_is_running (self->provision)
         && provision_is_idle (self->provision);
}

void
euicc_close (Euicc *self)
{
  provision_stop (self->provision, FALSE);
  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  /* What a job that is still out learns is not shown any more. */
  g_signal_handlers_disconnect_by_data (self->card, self);
  g_hash_table_remove_all (self->profiles);
  g_dbus_object_manager_server_unexport (service_objects (self->service), euicc_path (self));
  g_object_unref (self);
}

void
euicc_set_policy (Euicc *self, Policy *policy)
{
  provision_set_policy (self->provision, policy);
}

Card *
euicc_card (Euicc *self)
{
  return self->card;
}

Service *
euicc_service (Euicc *self)
{
  return self->service;
}

Provision *
euicc_provision (Euicc *self)
{
  return self->provision;
}

const char *
euicc_path (Euicc *self)
{
  return g_dbus_object_get_object_path (G_DBUS_OBJECT (self->object));
}
