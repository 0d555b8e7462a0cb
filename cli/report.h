/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Errors as people read them: what happened, what to do, the raw codes; and the exit statuses. */

#pragma once

#include <gio/gio.h>

#include "esimd-dbus.h"

/* The command's exit statuses; also the codes of its own errors. */
typedef enum
{
  EXIT_DONE = 0,
  EXIT_FAILED = 1,
  EXIT_USAGE = 2,
  EXIT_NOT_FOUND = 3,
  EXIT_NOT_AUTHORIZED = 4,
  EXIT_NO_SERVICE = 5,
  EXIT_CANCELLED = 130,
} ExitStatus;

/** REPORT_ERROR: the domain of the command's own errors; codes are ExitStatus; a message may have
 * advice after a newline. */
#define REPORT_ERROR (report_error_quark ())
GQuark report_error_quark (void);

/** report_error: prints ERROR, the command's own or one that came over D-Bus, to standard error and
 * returns the status to exit with. */
ExitStatus report_error (const GError *error);

/** report_job: the same for a job that has failed (EXIT_FAILED, whatever the error) or was
 * cancelled. */
ExitStatus report_job (EsimJob *job);
