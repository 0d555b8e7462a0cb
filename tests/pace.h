/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Bounds on time that allow for a busy machine: lab/pace.py has the same for Python. */

#pragma once

#include <glib.h>
#include <time.h>

/* How many times longer work takes now than on an idle processor: the wall clock beside 50 ms of
 * processor time. */
static inline gdouble
pace_now (void)
{
  gint64 began = g_get_monotonic_time ();
  clock_t start = clock (), end;

  do
    end = clock ();
  while (end - start < CLOCKS_PER_SEC / 20);
  return (gdouble) (g_get_monotonic_time () - began)
         / ((gdouble) (end - start) * G_USEC_PER_SEC / CLOCKS_PER_SEC);
}

/** pace_within: whether ELAPSED is less than LIMIT (both in seconds). Where it is not, the machine
 * is asked how busy it is: the other programs of a test wait for the processor as well as this one,
 * so the excess counts twice. On an idle machine LIMIT is the limit. */
static inline gboolean
pace_within (gdouble elapsed, gdouble limit)
{
  gdouble pace;

  if (elapsed < limit)
    return TRUE;
  pace = MAX (1, pace_now ());
  g_test_message ("it took %.3f s in place of %.3f s; the machine is %.1f times slower than idle",
                  elapsed, limit, pace);
  return pace > 1.2 && elapsed < limit * (2 * pace - 1);
}
