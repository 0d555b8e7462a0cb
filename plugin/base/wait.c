/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The one place where a worker iterates its main context, until one library call is over. */

#include "base/wait.h"

#include "base/error.h"

struct _Wait
{
  GMainContext *context; /* this thread's own */
  GCancellable *inner;
  GSource *cancelled;
  GSource *unplugged;
  GAsyncResult *result;
};

static gboolean
cancel_inner (G_GNUC_UNUSED GCancellable *outer, gpointer data)
{
  Wait *self = data;

  g_cancellable_cancel (self->inner);
  return G_SOURCE_REMOVE;
}

/* NULL for a NULL CANCELLABLE. */
static GSource *
watch (Wait *self, GCancellable *cancellable)
{
  GSource *source;

  if (cancellable == NULL)
    return NULL;
  source = g_cancellable_source_new (cancellable);
  g_source_set_callback (source, G_SOURCE_FUNC (cancel_inner), self, NULL);
  g_source_attach (source, self->context);
  return source;
}

static void
unwatch (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

Wait *
wait_new (GCancellable *cancellable, GCancellable *unplugged)
{
  Wait *self = g_new0 (Wait, 1);

  self->context = g_main_context_ref_thread_default ();
  self->inner = g_cancellable_new ();
  self->cancelled = watch (self, cancellable);
  self->unplugged = watch (self, unplugged);
  return self;
}

void
wait_free (Wait *self)
{
  g_clear_pointer (&self->cancelled, unwatch);
  g_clear_pointer (&self->unplugged, unwatch);
  g_clear_object (&self->result);
  g_object_unref (self->inner);
  g_main_context_unref (self->context);
  g_free (self);
}

GCancellable *
wait_inner (Wait *self)
{
  return self->inner;
}

void
wait_ready (G_GNUC_UNUSED GObject *source, GAsyncResult *result, gpointer self)
{
  Wait *wait = self;

  g_set_object (&wait->result, result);
}

GAsyncResult *
wait_result (Wait *self)
{
  while (self->result == NULL)
    g_main_context_iteration (self->context, TRUE);
  return self->result;
}

static gboolean
set_flag (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

gboolean
wait_for (Wait *self, const gboolean *done, guint milliseconds, GError **error)
{
  GSource *timer = g_timeout_source_new (milliseconds);
  gboolean late = FALSE;

  g_source_set_callback (timer, set_flag, &late, NULL);
  g_source_attach (timer, self->context);
  while (!*done && !late && !g_cancellable_is_cancelled (self->inner))
    g_main_context_iteration (self->context, TRUE);
  unwatch (timer);
  if (*done)
    return TRUE;
  if (late)
    error_set (error, ESIM_ERROR_TIMED_OUT, "base", "nothing came within %u ms", milliseconds);
  else
    error_set (error, ESIM_ERROR_CANCELLED, "base", "cancelled while waiting");
  return FALSE;
}

gboolean
wait_sleep (guint milliseconds, GCancellable *cancellable, GError **error)
{
  static const gboolean never = FALSE;
  g_autoptr (Wait) self = wait_new (cancellable, NULL);
  g_autoptr (GError) local = NULL;

  wait_for (self, &never, milliseconds, &local);
  if (error_is_code (local, ESIM_ERROR_TIMED_OUT))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}
