/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* base/wait: a call runs to its end on the worker's own context, and is cancelled there, whoever
 * cancels. */

#include "base/error.h"
#include "base/wait.h"

typedef struct
{
  GCancellable *cancel;
  GCancellable *unplug;
  GThread *cancelled_in; /* the thread that the library's cancellable was triggered in */
  GThread *self;
  GError *error;
} Case;

/* Stands in for a library: it edits its tables in the cancelling thread. */
static void
on_library_cancelled (G_GNUC_UNUSED GCancellable *inner, gpointer data)
{
  ((Case *) data)->cancelled_in = g_thread_self ();
}

static gboolean
library_over (gpointer data)
{
  GTask *task = data;

  if (!g_task_return_error_if_cancelled (task))
    g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

/* An async call that is over after MILLISECONDS, or when cancelled. */
static GTask *
library_call (guint milliseconds, GCancellable *inner, GAsyncReadyCallback ready, gpointer data)
{
  GTask *task = g_task_new (NULL, inner, ready, data);
  g_autoptr (GSource) timer = g_timeout_source_new (milliseconds);
  g_autoptr (GSource) cancelled = g_cancellable_source_new (inner);

  g_source_add_child_source (timer, cancelled);
  g_source_set_dummy_callback (cancelled);
  g_source_set_callback (timer, library_over, task, NULL);
  g_source_attach (timer, g_main_context_get_thread_default ());
  return task;
}

static gpointer
worker (gpointer data)
{
  Case *c = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (Wait) wait = NULL;
  g_autoptr (GTask) task = NULL;
  gulong handler;

  c->self = g_thread_self ();
  g_main_context_push_thread_default (context);
  wait = wait_new (c->cancel, c->unplug);
  handler = g_cancellable_connect (wait_inner (wait), G_CALLBACK (on_library_cancelled), c, NULL);
  task = library_call (c->cancel ? 20000 : 30, wait_inner (wait), wait_ready, wait);
  g_assert_true (wait_result (wait) == G_ASYNC_RESULT (task));
  g_task_propagate_boolean (task, &c->error);
  g_cancellable_disconnect (wait_inner (wait), handler);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static double
run_case (Case *c, GCancellable *trigger)
{
  g_autoptr (GTimer) timer = g_timer_new ();
  GThread *thread = g_thread_new ("worker", worker, c);

  if (trigger)
    {
      g_usleep (30000);
      g_cancellable_cancel (trigger);
    }
  g_thread_join (thread);
  return g_timer_elapsed (timer, NULL);
}

static void
test_over (void)
{
  Case c = { 0 };

  g_assert_cmpfloat (run_case (&c, NULL), >=, 0.02);
  g_assert_no_error (c.error);
  g_assert_null (c.cancelled_in);
}

static void
test_cancel (gconstpointer unplug)
{
  g_autoptr (GCancellable) cancel = g_cancellable_new ();
  g_autoptr (GCancellable) unplugged = g_cancellable_new ();
  Case c = { .cancel = cancel, .unplug = unplugged };

  g_assert_cmpfloat (run_case (&c, unplug ? unplugged : cancel), <, 5);
  g_assert_error (c.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (c.cancelled_in == c.self);
  g_assert_true (c.self != g_thread_self ());
  g_clear_error (&c.error);
}

static void
test_cancelled_before (void)
{
  g_autoptr (GCancellable) cancel = g_cancellable_new ();
  Case c = { .cancel = cancel };

  g_cancellable_cancel (cancel);
  g_assert_cmpfloat (run_case (&c, NULL), <, 5);
  g_assert_error (c.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&c.error);
}

static void
test_sleep (void)
{
  g_autoptr (GCancellable) cancel = g_cancellable_new ();
  g_autoptr (GTimer) timer = g_timer_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (wait_sleep (20, cancel, &error));
  g_assert_no_error (error);
  g_assert_cmpfloat (g_timer_elapsed (timer, NULL), >=, 0.015);
  g_cancellable_cancel (cancel);
  g_assert_false (wait_sleep (20000, cancel, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
  g_assert_cmpfloat (g_timer_elapsed (timer, NULL), <, 5);
}

static gboolean
set_flag (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

/* What comes by itself: in time, too late, or after somebody has given up. */
static void
test_for (void)
{
  g_autoptr (GCancellable) unplug = g_cancellable_new ();
  g_autoptr (Wait) wait = wait_new (NULL, unplug);
  g_autoptr (GError) error = NULL;
  gboolean done = FALSE, never = FALSE;

  g_timeout_add (10, set_flag, &done);
  g_assert_true (wait_for (wait, &done, 5000, &error));
  g_assert_no_error (error);
  g_assert_false (wait_for (wait, &never, 10, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_cancellable_cancel (unplug);
  g_assert_false (wait_for (wait, &never, 5000, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wait/over", test_over);
  g_test_add_data_func ("/wait/cancel", NULL, test_cancel);
  g_test_add_data_func ("/wait/unplug", "unplug", test_cancel);
  g_test_add_func ("/wait/cancelled-before", test_cancelled_before);
  g_test_add_func ("/wait/sleep", test_sleep);
  g_test_add_func ("/wait/for", test_for);
  return g_test_run ();
}
