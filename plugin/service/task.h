/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A job that does one thing on the card and reads the card anew: enable, disable, delete, nickname,
 * refresh. */

#pragma once

#include "service/euicc.h"

/** TaskVerb: on a worker thread, over an open channel; PARAMETERS are its own. */
typedef gboolean (*TaskVerb) (Channel *channel, gpointer parameters, GCancellable *cancellable,
                              GError **error);

/** TaskCheck: on a worker thread: whether FACTS, read just now, are as the verb was to make them.
 */
typedef gboolean (*TaskCheck) (const CardFacts *facts, gconstpointer parameters);

/** task_start: queues VERB (NULL: only read the card) for JOB, which is taken over. Where VERB
 * fails with CHANNEL, CHECK (may be NULL) tells over a new one whether it was done all the same.
 * PARAMETERS are freed by FREE_PARAMETERS. */
void task_start (Euicc *euicc, Job *job, TaskVerb verb, TaskCheck check, gpointer parameters,
                 GDestroyNotify free_parameters);
