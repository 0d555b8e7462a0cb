/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa/switch: how often a busy card is asked, and when the REFRESH is left out. */

#include "es10-calls.h"

#include "lpa/switch.h"

#define ENABLE "BF3111A00C5A0A984405000000000010F78101FF"
#define ENABLE_PLAIN "BF3111A00C5A0A984405000000000010F7810100"
#define DISABLE "BF3211A00C5A0A984405000000000010F78101FF"
#define DISABLE_PLAIN "BF3211A00C5A0A984405000000000010F7810100"
#define RESET "BF3404820205A0"

typedef gboolean (*Call) (Channel *channel, GCancellable *cancellable, GError **error);

static gboolean
enable_it (Channel *channel, GCancellable *cancellable, GError **error)
{
  return switch_enable (channel, ICCID, cancellable, error);
}

static gboolean
disable_it (Channel *channel, GCancellable *cancellable, GError **error)
{
  return switch_disable (channel, ICCID, cancellable, error);
}

static gboolean
reset_it (Channel *channel, GCancellable *cancellable, GError **error)
{
  return switch_reset (channel, ES10C_RESET_OPERATIONAL | ES10C_RESET_DEFAULT_SMDP, cancellable,
                       error);
}

/* Runs CALL on a card that is asked and answers as SCRIPT has it; seconds it took in *SPENT. */
static gboolean
run (Script *script, Call call_it, gboolean refresh_flag, GCancellable *cancellable, double *spent,
     GError **error)
{
  ChannelTarget target = { .device = script->name, .quirks = QUIRKS_DEFAULT };
  gint64 began = g_get_monotonic_time ();
  g_autoptr (GError) problem = NULL;
  Channel *channel;
  gboolean done;

  target.quirks.refresh_flag = refresh_flag;
  channel = channel_open (&fake, &target, NULL, NULL, &problem);
  g_assert_no_error (problem);
  done = call_it (channel, cancellable, error);
  *spent = (double) (g_get_monotonic_time () - began) / G_USEC_PER_SEC;
  card_end (script, channel);
  return done;
}

/* Half a second, and then it is done; the card was asked the same thing twice. */
static void
test_busy_once (void)
{
  static const struct
  {
    Call call;
    const char *request, *busy, *done;
  } cases[] = {
    { enable_it, ENABLE, "BF3103800105", "BF3103800100" },
    { disable_it, DISABLE, "BF3203800105", "BF3203800100" },
    { reset_it, RESET, "BF3403800105", "BF3403800100" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      Script script;
      double spent;

      card_init (&script);
      says_ok (&script, cases[i].request, cases[i].busy);
      says_ok (&script, cases[i].request, cases[i].done);
      g_assert_true (run (&script, cases[i].call, TRUE, NULL, &spent, &error));
      g_assert_no_error (error);
      g_assert_cmpfloat (spent, >=, 0.4);
    }
}

/* Four times with REFRESH, each after a longer wait; the fifth goes without. */
static void
test_busy_with_refresh (void)
{
  g_autoptr (GError) error = NULL;
  Script script;
  double spent;

  card_init (&script);
  for (guint i = 0; i < 4; i++)
    says_ok (&script, ENABLE, "BF3103800105");
  says_ok (&script, ENABLE_PLAIN, "BF3103800100");
  g_assert_true (run (&script, enable_it, TRUE, NULL, &spent, &error));
  g_assert_no_error (error);
  g_assert_cmpfloat (spent, >=, 3.4);
}

/* 127 has no reason: at once without REFRESH, where it was asked for. */
static void
test_undefined (void)
{
  g_autoptr (GError) error = NULL;
  Script script;
  double spent;

  card_init (&script);
  says_ok (&script, DISABLE, "BF320380017F");
  says_ok (&script, LIST_REQUEST, NO_PROFILES); /* no AID to try instead */
  says_ok (&script, DISABLE_PLAIN, "BF3203800100");
  g_assert_true (run (&script, disable_it, TRUE, NULL, &spent, &error));
  g_assert_no_error (error);
  card_init (&script);
  says_ok (&script, DISABLE_PLAIN, "BF320380017F");
  says_ok (&script, LIST_REQUEST, NO_PROFILES);
  g_assert_false (run (&script, disable_it, FALSE, NULL, &spent, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_REFUSED);
}

/* What has a reason is not asked again. */
static void
test_refused (void)
{
  g_autoptr (GError) error = NULL;
  Script script;
  double spent;

  card_init (&script);
  says_ok (&script, ENABLE, "BF3103800103");
  g_assert_false (run (&script, enable_it, TRUE, NULL, &spent, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_POLICY_RULES);
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (100000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_cancelled_while_waiting (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread;
  Script script;
  double spent;

  card_init (&script);
  says_ok (&script, ENABLE, "BF3103800105");
  thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_assert_false (run (&script, enable_it, TRUE, cancellable, &spent, &error));
  g_thread_join (thread);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switch/busy-once", test_busy_once);
  g_test_add_func ("/switch/busy-with-refresh", test_busy_with_refresh);
  g_test_add_func ("/switch/undefined", test_undefined);
  g_test_add_func ("/switch/refused", test_refused);
  g_test_add_func ("/switch/cancelled-while-waiting", test_cancelled_while_waiting);
  return g_test_run ();
}
