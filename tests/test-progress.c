/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* base/progress: counting, seconds by step, and a callback that is coalesced, on the main thread,
 * and silent once detached. */

#include "base/progress.h"

typedef struct
{
  guint calls;
  GThread *thread;
} Heard;

static void
heard (G_GNUC_UNUSED Progress *self, gpointer data)
{
  Heard *h = data;

  h->calls++;
  h->thread = g_thread_self ();
}

static void
drain (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_cost (void)
{
  g_autoptr (Progress) self = progress_new (NULL, NULL);
  g_autoptr (GVariant) cost = NULL;
  g_autoptr (GVariant) seconds = NULL;
  guint64 done, total;
  guint32 apdus;
  double spent;

  g_assert_cmpstr (progress_get_step (self), ==, "");
  progress_step (self, "read-card");
  g_usleep (20000);
  progress_count_apdu (self, 100);
  progress_count_apdu (self, 11);
  progress_step (self, "download");
  progress_bytes (self, 5, 17000);
  progress_count_http (self, 1, 300);
  progress_count_http (self, 0, 30);

  g_assert_cmpstr (progress_get_step (self), ==, "download");
  progress_get_bytes (self, &done, &total);
  g_assert_cmpuint (done, ==, 5);
  g_assert_cmpuint (total, ==, 17000);
  g_assert_cmpuint (progress_get_cost (self).apdu_bytes, ==, 111);
  g_assert_cmpuint (progress_get_cost (self).http_requests, ==, 2);
  g_assert_cmpuint (progress_get_cost (self).tls_handshakes, ==, 1);
  g_assert_cmpuint (progress_get_cost (self).http_bytes, ==, 330);

  cost = g_variant_ref_sink (progress_cost_variant (self));
  g_assert_true (g_variant_lookup (cost, "apdus", "u", &apdus));
  g_assert_cmpuint (apdus, ==, 2);
  seconds = g_variant_lookup_value (cost, "seconds", G_VARIANT_TYPE ("a{sd}"));
  g_assert_cmpuint (g_variant_n_children (seconds), ==, 2);
  g_assert_true (g_variant_lookup (seconds, "read-card", "d", &spent));
  g_assert_cmpfloat (spent, >=, 0.02);
  g_assert_cmpfloat (spent, <, 5);
}

static void
test_step_again (void)
{
  g_autoptr (Progress) self = progress_new (NULL, NULL);
  g_autoptr (GVariant) cost = NULL;
  g_autoptr (GVariant) seconds = NULL;
  double spent;

  for (guint i = 0; i < 2; i++)
    {
      progress_step (self, "observe");
      g_usleep (10000);
      progress_step (self, "act");
    }
  cost = g_variant_ref_sink (progress_cost_variant (self));
  seconds = g_variant_lookup_value (cost, "seconds", G_VARIANT_TYPE ("a{sd}"));
  g_assert_cmpuint (g_variant_n_children (seconds), ==, 2);
  g_assert_true (g_variant_lookup (seconds, "observe", "d", &spent));
  g_assert_cmpfloat (spent, >=, 0.02);
}

static gpointer
count_much (gpointer data)
{
  for (guint i = 0; i < 1000; i++)
    progress_count_apdu (data, 1);
  return NULL;
}

static void
test_told (void)
{
  Heard h = { 0 };
  g_autoptr (Progress) self = progress_new (heard, &h);

  g_thread_join (g_thread_new ("worker", count_much, self));
  g_assert_cmpuint (h.calls, ==, 0);
  drain ();
  g_assert_cmpuint (h.calls, ==, 1);
  g_assert_true (h.thread == g_thread_self ());
  progress_bytes (self, 1, 2);
  drain ();
  g_assert_cmpuint (h.calls, ==, 2);
}

static void
test_detached (void)
{
  Heard h = { 0 };
  Progress *self = progress_new (heard, &h);

  progress_bytes (self, 1, 2);
  progress_detach (self);
  progress_unref (self);
  drain ();
  g_assert_cmpuint (h.calls, ==, 0);
}

static void
test_nobody_counts (void)
{
  progress_step (NULL, "x");
  progress_bytes (NULL, 1, 2);
  progress_count_apdu (NULL, 1);
  progress_count_http (NULL, 1, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/progress/cost", test_cost);
  g_test_add_func ("/progress/step-again", test_step_again);
  g_test_add_func ("/progress/told", test_told);
  g_test_add_func ("/progress/detached", test_detached);
  g_test_add_func ("/progress/nobody-counts", test_nobody_counts);
  return g_test_run ();
}
