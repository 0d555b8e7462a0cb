/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A job from its start to its end: progress, consent, Ctrl-C, result. */

#pragma once

#include "verbs.h"

/** follow_call: calls METHOD of PROXY, which starts a job, with PARAMETERS (floating), and follows
 * that job; with --no-wait prints its path instead. */
ExitStatus follow_call (Client *client, const Options *options, gpointer proxy, const char *method,
                        GVariant *parameters, GError **error);

/** follow_for_result: the same, always to the job's end; a job that is done gives its *RESULT (the
 * caller unrefs) and is not printed. QUIET: nor are its steps, as in machine-friendly output. */
ExitStatus follow_for_result (Client *client, const Options *options, gpointer proxy,
                              const char *method, GVariant *parameters, gboolean quiet,
                              GVariant **result, GError **error);

/** follow_job: follows the job at PATH to its end and prints how that was. */
ExitStatus follow_job (Client *client, const Options *options, const char *path, GError **error);
