/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A job that does one thing on the card and reads the card anew: enable, disable, delete, nickname,
 * refresh. */

#pragma once

#include "service/euicc.h"

/** TaskVerb: on a worker thread, over an open channel; PARAMETERS are its own. */
typedef gboolean (*TaskVerb) (Channel *channel, gpointer parameters, GCancellable *cancellable,
                              GError **error);

/** task_start: queues VERB (NULL: only read the card) for JOB, which is taken over; PARAMETERS are
 * freed by g_free or FREE. */
void task_start (Euicc *euicc, Job *job, TaskVerb verb, gpointer parameters,
                 GDestroyNotify free_parameters);
