/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* base/queue: order, cancelling queued and running jobs, positions, errors, and threads. */

#include "base/error.h"
#include "base/queue.h"
#include "base/wait.h"
#include "pace.h"

/* One job and what became of it. */
typedef struct
{
  guint sleep_ms;
  gboolean stubborn;  /* takes no notice of being cancelled */
  gboolean mute;      /* fails without saying why */
  GError *fail;       /* what its work returns */
  GThread *worked_in; /* written by the worker */
  GMainContext *context;
  guint *order; /* the next number to be taken when over */
  guint over;   /* its turn; 0 while not over */
  guint freed;
  GError *error;
} Try;

static gboolean
work (gpointer data, GCancellable *cancellable, GError **error)
{
  Try *t = data;

  t->worked_in = g_thread_self ();
  t->context = g_main_context_get_thread_default ();
  if (t->sleep_ms && !wait_sleep (t->sleep_ms, t->stubborn ? NULL : cancellable, error))
    return FALSE;
  if (t->fail)
    g_propagate_error (error, g_error_copy (t->fail));
  return t->fail == NULL && !t->mute;
}

static void
done (gpointer data, const GError *error, gpointer user_data)
{
  Try *t = data;

  g_assert_true (user_data == (gpointer) g_thread_self ());
  g_assert_cmpuint (t->over, ==, 0);
  g_assert_cmpuint (t->freed, ==, 0);
  t->over = ++*t->order;
  t->error = error ? g_error_copy (error) : NULL;
}

static void
freed (gpointer data)
{
  Try *t = data;

  g_assert_cmpuint (t->over, !=, 0);
  t->freed++;
}

static guint
push (Queue *queue, Try *t, GCancellable *cancellable)
{
  return queue_push (queue, work, t, freed, cancellable, done, g_thread_self ());
}

static gboolean
too_late (G_GNUC_UNUSED gpointer data)
{
  g_error ("a job is not over after 20 s");
  return G_SOURCE_REMOVE;
}

/* Runs the main loop until T is over and freed. */
static void
until_over (Try *t)
{
  guint timer = g_timeout_add_seconds (20, too_late, NULL);

  while (!t->freed)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timer);
}

static void
until_idle (Queue *queue)
{
  while (!queue_is_idle (queue))
    g_main_context_iteration (NULL, TRUE);
}

static void
moved (G_GNUC_UNUSED Queue *queue, gpointer data)
{
  ++*(guint *) data;
}

static void
test_order (void)
{
  g_autoptr (Queue) queue = queue_new ("test");
  guint order = 0, moves = 0, ids[4];
  Try tries[4] = { { .sleep_ms = 5 } };

  queue_set_moved (queue, moved, &moves);
  g_assert_true (queue_is_idle (queue));
  for (guint i = 0; i < 4; i++)
    {
      tries[i].order = &order;
      ids[i] = push (queue, &tries[i], NULL);
    }
  g_assert_cmpint (queue_position (queue, ids[0]), ==, 0);
  g_assert_cmpint (queue_position (queue, ids[3]), ==, 3);
  until_over (&tries[1]);
  g_assert_cmpint (queue_position (queue, ids[1]), ==, -1);
  until_over (&tries[3]);
  until_idle (queue);
  for (guint i = 0; i < 4; i++)
    {
      g_assert_cmpuint (tries[i].over, ==, i + 1);
      g_assert_no_error (tries[i].error);
      g_assert_true (tries[i].worked_in != g_thread_self ());
      g_assert_nonnull (tries[i].context);
    }
  g_assert_cmpuint (moves, ==, 4);
}

static void
test_queued_cancelled_at_once (void)
{
  g_autoptr (Queue) queue = queue_new ("test");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint order = 0, last;
  Try first = { .sleep_ms = 300, .stubborn = TRUE, .order = &order };
  Try second = { .order = &order };
  Try third = { .order = &order };

  push (queue, &first, NULL);
  push (queue, &second, cancellable);
  last = push (queue, &third, NULL);
  g_cancellable_cancel (cancellable);
  until_over (&second);
  g_assert_cmpuint (first.over, ==, 0);
  g_assert_error (second.error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
  g_assert_null (second.worked_in);
  g_assert_cmpint (queue_position (queue, last), ==, 1);
  until_over (&third);
  g_assert_no_error (third.error);
  g_clear_error (&second.error);
}

static void
test_running_cancelled (void)
{
  g_autoptr (Queue) queue = queue_new ("test");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint order = 0;
  Try t = { .sleep_ms = 15000, .order = &order };

  push (queue, &t, cancellable);
  g_timeout_add_once (30, (GSourceOnceFunc) g_cancellable_cancel, cancellable);
  until_over (&t);
  g_assert_error (t.error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
  g_clear_error (&t.error);
}

/* What a job achieved although it was asked to stop is not called a failure. */
static void
test_stubborn_success (void)
{
  g_autoptr (Queue) queue = queue_new ("test");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint order = 0;
  Try t = { .sleep_ms = 100, .stubborn = TRUE, .order = &order };

  push (queue, &t, cancellable);
  g_timeout_add_once (10, (GSourceOnceFunc) g_cancellable_cancel, cancellable);
  until_over (&t);
  g_assert_no_error (t.error);
}

static void
test_cancelled_before (void)
{
  g_autoptr (Queue) queue = queue_new ("test");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint order = 0;
  Try t = { .order = &order };
  Try after = { .order = &order };

  g_cancellable_cancel (cancellable);
  push (queue, &t, cancellable);
  g_assert_cmpuint (t.over, ==, 0); /* never inside queue_push() */
  push (queue, &after, NULL);
  until_over (&t);
  until_over (&after);
  g_assert_error (t.error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
  g_assert_no_error (after.error);
  g_clear_error (&t.error);
}

static void
test_cancel_all (void)
{
  g_autoptr (Queue) queue = queue_new ("test");
  g_autoptr (GCancellable) callers = g_cancellable_new ();
  guint order = 0;
  Try first = { .sleep_ms = 15000, .order = &order };
  Try second = { .order = &order };

  push (queue, &first, callers);
  push (queue, &second, NULL);
  queue_cancel_all (queue);
  until_over (&first);
  until_over (&second);
  g_assert_error (first.error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
  g_assert_error (second.error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
  g_assert_false (g_cancellable_is_cancelled (callers));
  g_assert_true (queue_is_idle (queue));
  g_clear_error (&first.error);
  g_clear_error (&second.error);
}

static void
test_errors (void)
{
  g_autoptr (Queue) queue = queue_new ("test");
  g_autoptr (GError) foreign = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "late");
  guint order = 0;
  Try t = { .fail = foreign, .order = &order };
  Try mute = { .mute = TRUE, .order = &order };

  push (queue, &t, NULL);
  push (queue, &mute, NULL);
  until_over (&mute);
  g_assert_error (t.error, ESIM_ERROR, ESIM_ERROR_TIMED_OUT);
  g_assert_error (mute.error, ESIM_ERROR, ESIM_ERROR_FAILED);
  g_clear_error (&t.error);
  g_clear_error (&mute.error);
}

/* The last reference to a queue may go while it works. */
static void
test_queue_goes (void)
{
  Queue *queue = queue_new ("test");
  guint order = 0;
  Try first = { .sleep_ms = 20, .order = &order };
  Try second = { .order = &order };

  push (queue, &first, NULL);
  push (queue, &second, NULL);
  queue_unref (queue);
  until_over (&second);
  g_assert_no_error (first.error);
  g_assert_no_error (second.error);
}

static void
test_side_by_side (void)
{
  Queue *queues[16];
  Try tries[16] = { 0 };
  guint order = 0;
  g_autoptr (GTimer) timer = g_timer_new ();

  for (guint i = 0; i < 16; i++)
    {
      queues[i] = queue_new ("test");
      tries[i] = (Try){ .sleep_ms = 200, .order = &order };
      push (queues[i], &tries[i], NULL);
    }
  for (guint i = 0; i < 16; i++)
    until_over (&tries[i]);
  g_assert_true (pace_within (g_timer_elapsed (timer, NULL), 16 * 0.2 / 2));
  for (guint i = 0; i < 16; i++)
    queue_unref (queues[i]);
}

static gpointer
cancel_all_of (gpointer data)
{
  GPtrArray *cancellables = data;

  for (guint i = 0; i < cancellables->len; i++)
    g_cancellable_cancel (cancellables->pdata[i]);
  return NULL;
}

/* Cancelling from another thread, while jobs start and end: each is over exactly once. */
static void
test_race (void)
{
  g_autoptr (Queue) queue = queue_new ("test");
  g_autoptr (GPtrArray) cancellables = g_ptr_array_new_with_free_func (g_object_unref);
  Try tries[200] = { 0 };
  guint order = 0;
  GThread *thread;

  for (guint i = 0; i < G_N_ELEMENTS (tries); i++)
    {
      tries[i].order = &order;
      g_ptr_array_add (cancellables, g_cancellable_new ());
      push (queue, &tries[i], cancellables->pdata[i]);
    }
  thread = g_thread_new ("canceller", cancel_all_of, cancellables);
  until_idle (queue);
  g_thread_join (thread);
  g_assert_cmpuint (order, ==, G_N_ELEMENTS (tries));
  for (guint i = 0; i < G_N_ELEMENTS (tries); i++)
    {
      g_assert_cmpuint (tries[i].freed, ==, 1);
      g_clear_error (&tries[i].error);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/queue/order", test_order);
  g_test_add_func ("/queue/queued-cancelled-at-once", test_queued_cancelled_at_once);
  g_test_add_func ("/queue/running-cancelled", test_running_cancelled);
  g_test_add_func ("/queue/stubborn-success", test_stubborn_success);
  g_test_add_func ("/queue/cancelled-before", test_cancelled_before);
  g_test_add_func ("/queue/cancel-all", test_cancel_all);
  g_test_add_func ("/queue/errors", test_errors);
  g_test_add_func ("/queue/queue-goes", test_queue_goes);
  g_test_add_func ("/queue/side-by-side", test_side_by_side);
  g_test_add_func ("/queue/race", test_race);
  return g_test_run ();
}
