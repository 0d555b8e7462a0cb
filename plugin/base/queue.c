/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Jobs of one FIFO: waiting ones live on the main thread, the first runs in GLib's shared threads.
 */

#include "base/queue.h"

#include "base/error.h"

typedef struct
{
  guint id;
  Queue *queue; /* owned: a queue outlives its jobs */
  QueueWork work;
  gpointer data;
  GDestroyNotify free_data;
  QueueDone done;
  gpointer user_data;
  GCancellable *cancellable; /* the job's own, for WORK; triggered by the caller's or cancel_all */
  GSource *asked;            /* watches the caller's; NULL where there is none */
  GSource *cancelled;        /* watches the job's own */
  GError *error;
} Job;

struct _Queue
{
  gatomicrefcount refs;
  char *name;
  GThreadPool *pool; /* of one; not exclusive, so all queues share GLib's idle threads */
  GQueue waiting;    /* of Job */
  Job *running;
  guint last_id;
  void (*moved) (Queue *self, gpointer data);
  gpointer moved_data;
};

static void start_next (Queue *self);

static void
job_free (Job *job)
{
  if (job->free_data)
    job->free_data (job->data);
  if (job->asked)
    g_source_destroy (job->asked);
  g_clear_pointer (&job->asked, g_source_unref);
  g_source_destroy (job->cancelled);
  g_source_unref (job->cancelled);
  g_object_unref (job->cancellable);
  g_clear_error (&job->error);
  queue_unref (job->queue);
  g_free (job);
}

/* Main thread; JOB is in no list any more. */
static void
finish (Job *job)
{
  g_autoptr (Queue) self = queue_ref (job->queue);

  error_translate (&job->error);
  if (job->done)
    job->done (job->data, job->error, job->user_data);
  job_free (job);
  start_next (self);
  if (self->moved)
    self->moved (self, self->moved_data);
}

static gboolean
ran (gpointer data)
{
  Job *job = data;

  job->queue->running = NULL;
  finish (job);
  return G_SOURCE_REMOVE;
}

/* The worker thread. */
static void
run (gpointer data, G_GNUC_UNUSED gpointer user_data)
{
  Job *job = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) source = g_idle_source_new ();
  g_autoptr (GError) error = NULL;

  g_main_context_push_thread_default (context);
  if (!job->work (job->data, job->cancellable, &error))
    {
      if (error == NULL)
        error_set (&error, ESIM_ERROR_FAILED, "base", "the job failed and did not say why");
      job->error = g_steal_pointer (&error);
    }
  g_main_context_pop_thread_default (context);
  /* Not g_main_context_invoke(): it would run here whenever nobody happens to own the context. */
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, ran, job, NULL);
  g_source_attach (source, NULL);
}

static void
start_next (Queue *self)
{
  if (self->running)
    return;
  for (GList *l = self->waiting.head; l; l = l->next)
    {
      Job *job = l->data;

      /* Its own source will take it away. */
      if (g_cancellable_is_cancelled (job->cancellable))
        continue;
      g_queue_delete_link (&self->waiting, l);
      self->running = job;
      g_thread_pool_push (self->pool, job, NULL);
      return;
    }
}

static gboolean
on_asked (G_GNUC_UNUSED GCancellable *cancellable, gpointer data)
{
  Job *job = data;

  g_cancellable_cancel (job->cancellable);
  return G_SOURCE_REMOVE;
}

/* A running job ends by itself when its work returns. */
static gboolean
on_cancelled (G_GNUC_UNUSED GCancellable *cancellable, gpointer data)
{
  Job *job = data;

  if (g_queue_remove (&job->queue->waiting, job))
    {
      error_set (&job->error, ESIM_ERROR_CANCELLED, "base", "cancelled before it began");
      finish (job);
    }
  return G_SOURCE_REMOVE;
}

/* A source, not a handler: it runs on the main thread only, whoever cancels, so it can't race. */
static GSource *
watch (GCancellable *cancellable, GCancellableSourceFunc callback, Job *job)
{
  GSource *source = g_cancellable_source_new (cancellable);

  g_source_set_callback (source, G_SOURCE_FUNC (callback), job, NULL);
  g_source_attach (source, NULL);
  return source;
}

Queue *
queue_new (const char *name)
{
  Queue *self = g_new0 (Queue, 1);

  g_atomic_ref_count_init (&self->refs);
  self->name = g_strdup (name);
  self->pool = g_thread_pool_new (run, NULL, 1, FALSE, NULL);
  g_queue_init (&self->waiting);
  return self;
}

Queue *
queue_ref (Queue *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
queue_unref (Queue *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_thread_pool_free (self->pool, FALSE, FALSE);
  g_free (self->name);
  g_free (self);
}

guint
queue_push (Queue *self, QueueWork work, gpointer data, GDestroyNotify free_data,
            GCancellable *cancellable, QueueDone done, gpointer user_data)
{
  Job *job = g_new0 (Job, 1);

  job->id = ++self->last_id;
  job->queue = queue_ref (self);
  job->work = work;
  job->data = data;
  job->free_data = free_data;
  job->done = done;
  job->user_data = user_data;
  job->cancellable = g_cancellable_new ();
  job->asked = cancellable ? watch (cancellable, on_asked, job) : NULL;
  job->cancelled = watch (job->cancellable, on_cancelled, job);
  if (cancellable && g_cancellable_is_cancelled (cancellable))
    g_cancellable_cancel (job->cancellable);
  g_queue_push_tail (&self->waiting, job);
  start_next (self);
  return job->id;
}

int
queue_position (Queue *self, guint id)
{
  int before = self->running != NULL;

  if (self->running && self->running->id == id)
    return 0;
  for (GList *l = self->waiting.head; l; l = l->next, before++)
    if (((Job *) l->data)->id == id)
      return before;
  return -1;
}

void
queue_set_moved (Queue *self, void (*moved) (Queue *self, gpointer data), gpointer data)
{
  self->moved = moved;
  self->moved_data = data;
}

void
queue_cancel_all (Queue *self)
{
  if (self->running)
    g_cancellable_cancel (self->running->cancellable);
  for (GList *l = self->waiting.head; l; l = l->next)
    g_cancellable_cancel (((Job *) l->data)->cancellable);
}

gboolean
queue_is_idle (Queue *self)
{
  return self->running == NULL && g_queue_is_empty (&self->waiting);
}
