/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One long operation as its clients see it: states, progress, question, result. */

#include "service/job.h"

#include "base/error.h"
#include "esimd-dbus.h"
#include "service/call.h"

/* How long a job can still be read after its end: a client may come back for the result. */
#define KEEP_S 600

/* And so many of them at most: one client's, and all. What is still kept then is the newest. */
#define KEEP_OF_CLIENT 64
#define KEEP_ALL 256

struct _Job
{
  GObject parent;
  GDBusObjectManagerServer *manager; /* not owned: it owns us, in effect */
  EsimObjectSkeleton *object;
  EsimJob *skeleton;
  char *sender;
  GCancellable *cancellable;
  Progress *progress;
  guint kept; /* the source that ends its keeping */
};

G_DEFINE_FINAL_TYPE (Job, job, G_TYPE_OBJECT)

static void
job_finalize (GObject *object)
{
  Job *self = ESIM_JOB_OBJECT (object);

  progress_detach (self->progress);
  progress_unref (self->progress);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->skeleton);
  g_clear_object (&self->object);
  g_free (self->sender);
  G_OBJECT_CLASS (job_parent_class)->finalize (object);
}

static void
job_class_init (JobClass *class)
{
  G_OBJECT_CLASS (class)->finalize = job_finalize;
  g_signal_new ("answered", JOB_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                G_TYPE_VARIANT);
}

static void
on_progress (Progress *progress, gpointer data)
{
  Job *self = data;
  guint64 done, total;

  if (job_is_over (self))
    return;
  progress_get_bytes (progress, &done, &total);
  esim_job_set_step (self->skeleton, progress_get_step (progress));
  esim_job_set_bytes_done (self->skeleton, done);
  esim_job_set_bytes_total (self->skeleton, total);
  if (g_str_equal (esim_job_get_state (self->skeleton), "queued"))
    job_run (self);
}

static void
job_init (Job *self)
{
  self->cancellable = g_cancellable_new ();
  self->progress = progress_new (on_progress, self);
  self->skeleton = esim_job_skeleton_new ();
}

static void
cancel_now (gpointer object, GDBusMethodInvocation *invocation)
{
  Job *self = object;

  if (!call_takes_no_options (invocation))
    return;
  g_cancellable_cancel (self->cancellable);
  call_reply (invocation, G_DBUS_INTERFACE_SKELETON (self->skeleton));
}

/* What was asked for has to be there: silence is no agreement. */
static gboolean
check_complete (GVariant *question, GVariant *answers, GError **error)
{
  gboolean refuse = FALSE, postpone = FALSE, accept = TRUE, install;
  const char *code = "";

  g_variant_lookup (answers, "refuse", "b", &refuse);
  g_variant_lookup (answers, "postpone", "b", &postpone);
  g_variant_lookup (answers, "confirmation-code", "&s", &code);
  if (refuse || postpone)
    return TRUE;
  if (g_variant_lookup (question, "accept-rules", "as", NULL)
      && !g_variant_lookup (answers, "accept-rules", "b", &accept))
    error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "service", "\"accept-rules\" is missing");
  else if (g_variant_lookup (question, "install", "b", NULL)
           && !g_variant_lookup (answers, "install", "b", &install))
    error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "service", "\"install\" is missing");
  else if (accept && *code == '\0' && g_variant_lookup (question, "confirmation-code", "b", NULL))
    error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "service", "\"confirmation-code\" is missing");
  else
    return TRUE;
  return FALSE;
}

static void
answer_now (gpointer object, GDBusMethodInvocation *invocation)
{
  Job *self = object;
  g_autoptr (GVariant) answers
      = g_variant_get_child_value (g_dbus_method_invocation_get_parameters (invocation), 0);
  g_autoptr (GError) error = NULL;
  static const char *const known[] = { "confirmation-code",
                                       "s",
                                       "accept-rules",
                                       "b",
                                       "install",
                                       "b",
                                       "refuse",
                                       "b",
                                       "postpone",
                                       "b",
                                       NULL };

  if (!call_takes_no_options (invocation))
    return;
  if (!g_str_equal (esim_job_get_state (self->skeleton), "waiting-for-consent"))
    error_set (&error, ESIM_ERROR_INVALID_ARGUMENT, "service", "this job asks nothing");
  else if (call_check_options (answers, known, &error))
    check_complete (esim_job_get_question (self->skeleton), answers, &error);
  if (error)
    {
      call_fail (invocation, error);
      return;
    }
  g_signal_emit_by_name (self, "answered", answers);
  call_reply (invocation, G_DBUS_INTERFACE_SKELETON (self->skeleton));
}

/* Whoever started a job may also steer it; anyone else is asked what the table says. */
static gboolean
begin (Job *self, GDBusMethodInvocation *invocation, CallHandler handler)
{
  if (g_strcmp0 (g_dbus_method_invocation_get_sender (invocation), self->sender) != 0)
    return call_begin (invocation, handler, self);
  handler (self, invocation);
  return TRUE;
}

static gboolean
on_cancel (Job *self, GDBusMethodInvocation *invocation)
{
  return begin (self, invocation, cancel_now);
}

static gboolean
on_answer (Job *self, GDBusMethodInvocation *invocation)
{
  return begin (self, invocation, answer_now);
}

Job *
job_new (GDBusObjectManagerServer *manager, guint number, const char *kind, const char *euicc,
         GDBusMethodInvocation *invocation)
{
  Job *self = g_object_new (JOB_TYPE, NULL);
  g_autofree char *path = g_strdup_printf ("/org/esimd1/Job/%u", number);

  self->manager = manager;
  if (invocation)
    self->sender = g_strdup (g_dbus_method_invocation_get_sender (invocation));
  esim_job_set_kind (self->skeleton, kind);
  esim_job_set_euicc (self->skeleton, euicc);
  esim_job_set_state (self->skeleton, "queued");
  esim_job_set_step (self->skeleton, "");
  esim_job_set_question (self->skeleton, g_variant_new ("a{sv}", NULL));
  esim_job_set_result (self->skeleton, g_variant_new ("a{sv}", NULL));
  esim_job_set_error (self->skeleton, g_variant_new ("(ssssa{sv})", "", "", "", "", NULL));
  g_signal_connect_swapped (self->skeleton, "handle-cancel", G_CALLBACK (on_cancel), self);
  g_signal_connect_swapped (self->skeleton, "handle-answer", G_CALLBACK (on_answer), self);
  self->object = esim_object_skeleton_new (path);
  esim_object_skeleton_set_job (self->object, self->skeleton);
  g_dbus_object_manager_server_export (manager, G_DBUS_OBJECT_SKELETON (self->object));
  return self;
}

const char *
job_path (Job *self)
{
  return g_dbus_object_get_object_path (G_DBUS_OBJECT (self->object));
}

const char *
job_sender (Job *self)
{
  return self->sender;
}

GDBusInterfaceSkeleton *
job_skeleton (Job *self)
{
  return G_DBUS_INTERFACE_SKELETON (self->skeleton);
}

GCancellable *
job_cancellable (Job *self)
{
  return self->cancellable;
}

Progress *
job_progress (Job *self)
{
  return self->progress;
}

void
job_set_position (Job *self, guint position)
{
  if (g_str_equal (esim_job_get_state (self->skeleton), "queued"))
    esim_job_set_position (self->skeleton, position);
}

void
job_run (Job *self)
{
  if (job_is_over (self))
    return;
  esim_job_set_position (self->skeleton, 0);
  esim_job_set_state (self->skeleton, "running");
}

void
job_ask (Job *self, GVariant *question)
{
  esim_job_set_question (self->skeleton, question);
  esim_job_set_state (self->skeleton, "waiting-for-consent");
}

/* The jobs of MANAGER that are over, oldest first. */
static GQueue *
ended_jobs (GDBusObjectManagerServer *manager)
{
  const char *key = "esimd-ended-jobs";
  GQueue *ended = g_object_get_data (G_OBJECT (manager), key);

  if (ended == NULL)
    {
      ended = g_queue_new ();
      g_object_set_data_full (G_OBJECT (manager), key, ended, (GDestroyNotify) g_queue_free);
    }
  return ended;
}

static void
forget (Job *self)
{
  g_clear_handle_id (&self->kept, g_source_remove);
  g_queue_remove (ended_jobs (self->manager), self);
  g_dbus_object_manager_server_unexport (self->manager, job_path (self));
  g_object_unref (self);
}

static gboolean
on_kept_long_enough (gpointer data)
{
  Job *self = data;

  self->kept = 0;
  forget (self);
  return G_SOURCE_REMOVE;
}

/* A client that asks without end pushes out its own results before those of others. */
static void
keep (Job *self)
{
  GQueue *ended = ended_jobs (self->manager);
  Job *oldest = NULL;
  guint own = 0;

  g_queue_push_tail (ended, self);
  self->kept = g_timeout_add_seconds (KEEP_S, on_kept_long_enough, self);
  for (GList *l = ended->head; l; l = l->next)
    if (g_strcmp0 (job_sender (l->data), self->sender) == 0 && own++ == 0)
      oldest = l->data;
  if (own > KEEP_OF_CLIENT)
    forget (oldest);
  else if (g_queue_get_length (ended) > KEEP_ALL)
    forget (g_queue_peek_head (ended));
}

static GVariant *
complete_result (Job *self, GVariant *result)
{
  g_autoptr (GVariant) given = result ? g_variant_ref_sink (result) : NULL;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (given);

  g_variant_dict_insert_value (&dict, "cost", progress_cost_variant (self->progress));
  return g_variant_dict_end (&dict);
}

void
job_end (Job *self, GVariant *result, const GError *error)
{
  gboolean cancelled = error_is_code (error, ESIM_ERROR_CANCELLED);

  on_progress (self->progress, self);
  esim_job_set_result (self->skeleton, complete_result (self, result));
  if (error)
    esim_job_set_error (self->skeleton,
                        g_variant_new ("(ssss@a{sv})", errors_dbus_name (error->code),
                                       error->message, errors_advice (error->code),
                                       error_layer (error), error_raw (error)));
  esim_job_set_state (self->skeleton, !error ? "done" : cancelled ? "cancelled" : "failed");
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self->skeleton));
  keep (self);
}

gboolean
job_is_over (Job *self)
{
  const char *state = esim_job_get_state (self->skeleton);

  return g_str_equal (state, "done") || g_str_equal (state, "failed")
         || g_str_equal (state, "cancelled");
}
