/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A job's progress. */

#include "display.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cost.h"
#include "output.h"

#define LABEL_WIDTH 24
#define BAR_WIDTH 20
#define COLUMNS_DEFAULT 80
#define CLEAR_LINE "\r\033[K"

struct _Display
{
  DisplayMode mode;
  gint64 began, step_began; /* monotonic, in microseconds */
  char *label;              /* of the step that is under way, NULL: none */
  gboolean loads;           /* whether bytes moved in this step */
  guint64 done, total;
};

static double
seconds_since (gint64 time)
{
  return (double) (g_get_monotonic_time () - time) / G_USEC_PER_SEC;
}

Display *
display_new (DisplayMode mode)
{
  Display *self = g_new0 (Display, 1);

  self->mode = mode;
  self->began = g_get_monotonic_time ();
  return self;
}

void
display_free (Display *self)
{
  g_free (self->label);
  g_free (self);
}

double
display_seconds (Display *self)
{
  return seconds_since (self->began);
}

static guint
columns (void)
{
  struct winsize size;

  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return COLUMNS_DEFAULT;
}

static char *
bar (Display *self)
{
  guint filled = (guint) (MIN (self->done, self->total) * BAR_WIDTH / self->total);
  g_autofree char *full = g_strnfill (filled, '#');
  g_autofree char *empty = g_strnfill (BAR_WIDTH - filled, '-');
  g_autofree char *done = cost_bytes (self->done);
  g_autofree char *total = cost_bytes (self->total);

  return g_strdup_printf ("[%s%s] %s of %s", full, empty, done, total);
}

static void
draw (Display *self)
{
  g_autofree char *loaded = self->loads ? bar (self) : g_strdup ("");
  g_autofree char *line = g_strdup_printf ("  %-*s %6.1f s  %s", LABEL_WIDTH, self->label,
                                           seconds_since (self->step_began), loaded);
  g_autofree char *cut
      = g_utf8_substring (line, 0, MIN (g_utf8_strlen (line, -1), (glong) columns () - 1));

  g_print (CLEAR_LINE "%s", cut);
}

void
display_tick (Display *self)
{
  if (self->mode == DISPLAY_LIVE && self->label)
    draw (self);
}

void
display_pause (Display *self)
{
  if (self->mode == DISPLAY_LIVE)
    g_print (CLEAR_LINE);
}

/* The step that was under way is over: it stays on a line of its own. */
static void
finish_step (Display *self)
{
  g_autofree char *bytes = NULL;

  if (self->label == NULL)
    return;
  bytes = self->loads ? g_strdup_printf ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes",
                                         self->done, self->total)
                      : NULL;
  if (self->mode == DISPLAY_LIVE)
    g_print (CLEAR_LINE "  %-*s %6.1f s  %s\n", LABEL_WIDTH, self->label,
             seconds_since (self->step_began), bytes ? bytes : "");
  else if (self->mode == DISPLAY_LINES && bytes)
    g_print ("[%5.1fs] %s: %s\n", display_seconds (self), self->label, bytes);
  g_clear_pointer (&self->label, g_free);
}

static void
begin_step (Display *self, const char *label)
{
  finish_step (self);
  self->label = g_strdup (label);
  self->loads = FALSE;
  self->step_began = g_get_monotonic_time ();
  if (self->mode == DISPLAY_LINES)
    g_print ("[%5.1fs] %s\n", display_seconds (self), label);
}

/* NULL while there is nothing to tell yet: it runs and has not come to its first step. */
static char *
label_of (EsimJob *job)
{
  const char *state = esim_job_get_state (job);
  const char *step = esim_job_get_step (job);

  if (g_strcmp0 (state, "queued") == 0 && esim_job_get_position (job) > 0)
    return g_strdup_printf (_ ("queued, %u before it"), esim_job_get_position (job));
  if (g_strcmp0 (state, "running") == 0)
    return step && *step ? output_clean (step) : NULL;
  return output_clean (state);
}

void
display_show (Display *self, EsimJob *job)
{
  g_autofree char *label = label_of (job);
  guint64 done = esim_job_get_bytes_done (job), total = esim_job_get_bytes_total (job);

  if (label && g_strcmp0 (label, self->label) != 0)
    begin_step (self, label);
  if (total > 0 && (done != self->done || total != self->total))
    self->loads = TRUE;
  self->done = done;
  self->total = total;
  display_tick (self);
}

void
display_end (Display *self)
{
  finish_step (self);
}
