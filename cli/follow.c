/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A job from its start to its end. One main loop that is run again and again: it is quit whenever
 * something is to be done that isn't a mere redraw. */

#include "follow.h"

#include <glib/gi18n.h>
#include <glib-unix.h>
#include <unistd.h>

#include "consent.h"
#include "cost.h"
#include "display.h"
#include "result.h"

#define TICK_MS 200

typedef struct
{
  Client *client;
  const Options *options;
  EsimJob *job;
  GMainLoop *loop;
  Display *display;
  GPtrArray *sources;      /* of GSource */
  GCancellable *cancelled; /* ends a Cancel call that nobody waits for any more */
  guint interrupts;
  gboolean asked;    /* this question was put */
  char *missing;     /* what could not be asked for, as options */
  gboolean leave;    /* follows no longer; the job goes on */
  GVariant **result; /* NULL: the end is printed */
  gboolean quiet;
  gboolean expired; /* because --timeout is over */
} Follow;

/* A verb that lists has a list as its whole answer. */
static gboolean
is_list (Follow *self)
{
  return self->options->verb && g_str_has_prefix (self->options->verb, "list-");
}

static gboolean
is_waiting (EsimJob *job)
{
  return g_strcmp0 (esim_job_get_state (job), "waiting-for-consent") == 0;
}

static gboolean
is_served (EsimJob *job)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (job));

  return owner != NULL;
}

static void
on_changed (Follow *self)
{
  if (!is_waiting (self->job))
    self->asked = FALSE;
  if (!client_job_is_over (self->job) && is_served (self->job)
      && !(is_waiting (self->job) && self->asked))
    display_show (self->display, self->job);
  if (client_job_is_over (self->job) || !is_served (self->job)
      || (is_waiting (self->job) && !self->asked))
    g_main_loop_quit (self->loop);
}

static void
note (Follow *self, const char *text)
{
  display_pause (self->display);
  g_printerr ("%s\n", text);
}

static void
on_cancel_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, &error);

  if (reply == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    report_error (error);
}

static gboolean
on_interrupt (gpointer data)
{
  Follow *self = data;

  if (self->interrupts++ == 0)
    {
      note (self, _ ("Cancelling, as soon as that is safe; Ctrl-C again leaves the job running."));
      g_dbus_proxy_call (G_DBUS_PROXY (self->job), "Cancel", g_variant_new ("(a{sv})", NULL),
                         G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, -1, self->cancelled,
                         on_cancel_answered, NULL);
    }
  else
    self->leave = TRUE;
  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_terminate (gpointer data)
{
  Follow *self = data;

  self->leave = TRUE;
  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_timeout (gpointer data)
{
  ((Follow *) data)->expired = TRUE;
  return on_terminate (data);
}

static gboolean
on_tick (gpointer data)
{
  Follow *self = data;

  if (!self->asked)
    display_tick (self->display);
  return G_SOURCE_CONTINUE;
}

static void
add_source (Follow *self, GSource *source, GSourceFunc function)
{
  g_source_set_callback (source, function, self, NULL);
  g_source_attach (source, NULL);
  g_ptr_array_add (self->sources, source);
}

static void
drop_source (gpointer source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

/* Who reads a list from a pipe wants the list alone. */
static DisplayMode
display_mode (Follow *self)
{
  if (isatty (STDOUT_FILENO))
    return DISPLAY_LIVE;
  return is_list (self) ? DISPLAY_SILENT : DISPLAY_LINES;
}

static void
follow_begin (Follow *self)
{
  gboolean machine = options_format (self->options) != OUTPUT_HUMAN || self->quiet;

  self->loop = g_main_loop_new (NULL, FALSE);
  self->sources = g_ptr_array_new_with_free_func (drop_source);
  self->cancelled = g_cancellable_new ();
  self->display = display_new (machine ? DISPLAY_SILENT : display_mode (self));
  g_signal_connect_swapped (self->job, "g-properties-changed", G_CALLBACK (on_changed), self);
  g_signal_connect_swapped (self->job, "notify::g-name-owner", G_CALLBACK (on_changed), self);
  add_source (self, g_unix_signal_source_new (SIGINT), on_interrupt);
  add_source (self, g_unix_signal_source_new (SIGTERM), on_terminate);
  add_source (self, g_timeout_source_new (TICK_MS), on_tick);
  if (self->options->timeout > 0)
    add_source (self, g_timeout_source_new_seconds (self->options->timeout), on_timeout);
}

static void
follow_clear (Follow *self)
{
  g_cancellable_cancel (self->cancelled);
  g_signal_handlers_disconnect_by_data (self->job, self);
  g_ptr_array_unref (self->sources);
  g_object_unref (self->cancelled);
  g_main_loop_unref (self->loop);
  display_free (self->display);
  g_object_unref (self->job);
  g_free (self->missing);
}

/* What becomes of the order after ANSWERS that do not install it. */
static void
tell_consequence (Follow *self, GVariant *answers)
{
  if (g_variant_lookup (answers, "refuse", "b", NULL))
    note (self, _ ("The order is rejected: the server is told, and the code does not work again."));
  else if (g_variant_lookup (answers, "postpone", "b", NULL))
    note (self, _ ("The order is kept: the same code installs the profile later."));
}

/* The job waits for consent: asks whoever is there. */
static void
answer (Follow *self)
{
  g_autoptr (GVariant) question = g_variant_ref (esim_job_get_question (self->job));
  GVariant *answers;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  self->asked = TRUE;
  if (consent_possible ())
    {
      display_pause (self->display);
      answers = consent_ask (self->loop, question);
      if (answers == NULL)
        return;
    }
  else
    {
      consent_show (question);
      answers = consent_postpone ();
      self->missing = consent_missing (question);
    }
  g_variant_ref_sink (answers);
  reply = client_call (self->client, self->job, "Answer",
                       g_variant_new ("(@a{sv}a{sv})", answers, NULL), &error);
  if (reply == NULL)
    report_error (error);
  else if (self->missing == NULL)
    tell_consequence (self, answers);
  g_variant_unref (answers);
}

static void
print_result (Follow *self)
{
  if (is_list (self))
    result_tables (esim_job_get_result (self->job));
  else
    result_print (esim_job_get_kind (self->job), esim_job_get_result (self->job));
}

static void
print_cost (Follow *self)
{
  g_autoptr (GVariant) cost
      = g_variant_lookup_value (esim_job_get_result (self->job), "cost", G_VARIANT_TYPE_VARDICT);
  g_autofree char *summary = cost ? cost_summary (cost) : NULL;
  g_autofree char *steps = cost && self->options->verbose ? cost_steps (cost) : NULL;

  if (summary)
    g_print (_ ("cost: %s, %.1f s\n"), summary, display_seconds (self->display));
  if (steps)
    g_print (_ ("steps: %s\n"), steps);
}

static ExitStatus
set_left (Follow *self, GError **error)
{
  guint number = client_number (client_path (self->job));

  g_set_error (
      error, REPORT_ERROR, self->expired ? EXIT_FAILED : EXIT_CANCELLED,
      _ ("job %u %s\nIt goes on by itself: esimcli -j %u --follow shows it, --cancel ends it."),
      number, self->expired ? _ ("is not over in time") : _ ("is left running"), number);
  return EXIT_FAILED;
}

/* How it ended. */
static ExitStatus
conclude (Follow *self, GError **error)
{
  gboolean done = g_strcmp0 (esim_job_get_state (self->job), "done") == 0;
  OutputFormat format = options_format (self->options);

  display_end (self->display);
  if (done && self->result)
    {
      *self->result = g_variant_ref (esim_job_get_result (self->job));
      return EXIT_DONE;
    }
  if (format != OUTPUT_HUMAN)
    show_job_print (self->job, format);
  else if (done)
    print_result (self);
  if (format == OUTPUT_HUMAN && !self->quiet && (!is_list (self) || self->options->verbose))
    print_cost (self);
  if (done)
    return EXIT_DONE;
  if (self->missing == NULL)
    return report_job (self->job);
  g_set_error (error, REPORT_ERROR, EXIT_FAILED,
               _ ("the download needs consent, and there is no terminal to ask at; its order stays "
                  "as it was\nAsk again %s."),
               self->missing);
  return EXIT_FAILED;
}

static ExitStatus
follow (Follow *self, GError **error)
{
  on_changed (self);
  while (!client_job_is_over (self->job) && is_served (self->job) && !self->leave)
    {
      if (is_waiting (self->job) && !self->asked)
        answer (self);
      else
        g_main_loop_run (self->loop);
    }
  if (client_job_is_over (self->job))
    return conclude (self, error);
  display_pause (self->display);
  if (self->leave)
    return set_left (self, error);
  g_set_error (
      error, REPORT_ERROR, EXIT_NO_SERVICE,
      _ ("esimd has stopped\nSee why with: journalctl -u esimd. Once it runs again, esimcli "
         "-u any shows where things stand."));
  return EXIT_FAILED;
}

static ExitStatus
follow_path (Client *client, const Options *options, const char *path, gboolean quiet,
             GVariant **result, GError **error)
{
  GDBusObjectManagerClient *objects = G_DBUS_OBJECT_MANAGER_CLIENT (client->objects);
  Follow self = { .client = client, .options = options, .quiet = quiet, .result = result };
  ExitStatus status;

  /* Not from the object manager, which hears of a new job only when its loop runs. */
  self.job = esim_job_proxy_new_sync (
      g_dbus_object_manager_client_get_connection (objects), G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START,
      g_dbus_object_manager_client_get_name (objects), path, NULL, error);
  if (self.job == NULL)
    return EXIT_FAILED;
  follow_begin (&self);
  status = follow (&self, error);
  follow_clear (&self);
  return status;
}

ExitStatus
follow_job (Client *client, const Options *options, const char *path, GError **error)
{
  return follow_path (client, options, path, FALSE, NULL, error);
}

ExitStatus
follow_for_result (Client *client, const Options *options, gpointer proxy, const char *method,
                   GVariant *parameters, gboolean quiet, GVariant **result, GError **error)
{
  g_autoptr (GVariant) reply = client_call (client, proxy, method, parameters, error);
  const char *path;

  if (reply == NULL)
    return EXIT_FAILED;
  g_variant_get (reply, "(&o)", &path);
  return follow_path (client, options, path, quiet, result, error);
}

static void
print_path (const Options *options, const char *path)
{
  g_autoptr (Output) output = output_new (options_format (options));

  output_text (output, "job.dbus-path", NULL, path);
  if (options_format (options) == OUTPUT_HUMAN)
    g_print ("%s\n", path);
  else
    output_print (output);
}

ExitStatus
follow_call (Client *client, const Options *options, gpointer proxy, const char *method,
             GVariant *parameters, GError **error)
{
  g_autoptr (GVariant) reply = client_call (client, proxy, method, parameters, error);
  const char *path;

  if (reply == NULL)
    return EXIT_FAILED;
  g_variant_get (reply, "(&o)", &path);
  if (!options->no_wait)
    return follow_job (client, options, path, error);
  print_path (options, path);
  return EXIT_DONE;
}
