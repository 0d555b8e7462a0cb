/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A job's progress: a live line on a terminal, one line a step in a pipe. */

#pragma once

#include "esimd-dbus.h"

typedef enum
{
  DISPLAY_LIVE,
  DISPLAY_LINES,
  DISPLAY_SILENT,
} DisplayMode;

typedef struct _Display Display;

Display *display_new (DisplayMode mode);
void display_free (Display *self);

/** display_show: shows what JOB does now. */
void display_show (Display *self, EsimJob *job);

/** display_tick: redraws the live line, whose clock goes on. */
void display_tick (Display *self);

/** display_pause: makes room for lines of others; the live line comes back with the next tick. */
void display_pause (Display *self);

/** display_end: the last step is over. */
void display_end (Display *self);

/** display_seconds: since the display was made. */
double display_seconds (Display *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Display, display_free)
