/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A job that does one thing on the card and reads the card anew, or asks it one thing. */

#pragma once

#include "service/euicc.h"

/** TaskVerb: on a worker thread, over an open channel; PARAMETERS are its own. */
typedef gboolean (*TaskVerb) (Channel *channel, gpointer parameters, GCancellable *cancellable,
                              GError **error);

/** TaskCheck: on a worker thread: whether FACTS, read just now, are as the verb was to make them.
 */
typedef gboolean (*TaskCheck) (const CardFacts *facts, gconstpointer parameters);

/** TaskResult: on the main thread, after a verb that went well: what it found, as the job's Result
 * (a{sv}, floating). */
typedef GVariant *(*TaskResult) (gpointer parameters);

/* What a task does; a value. */
typedef struct
{
  TaskVerb verb;     /* NULL: only read the card */
  TaskVerb then;     /* after it, over a new channel, for a REFRESH closes the old; may be NULL */
  TaskCheck check;   /* where they fail with CHANNEL or CANCELLED: whether they were done all the
                        same, by a look over a new one; may be NULL */
  TaskResult result; /* VERB only asks: its answer, and the card is not read anew; may be NULL */
  gboolean icons;    /* read the profiles' icons too */
  gboolean suspends; /* a person's switch or deletion: the service must not undo it by itself */
  gboolean keeps;    /* once done, the card's slot is the one to use */
  char *favours;     /* provision_favour_profile(), once the card can be reached; owned; NULL: no */
  gpointer parameters;
  GDestroyNotify free_parameters; /* may be NULL */
} TaskPlan;

/** task_start: queues PLAN, once the modem is there, for JOB, which is taken over, as its
 * parameters are. */
void task_start (Euicc *euicc, Job *job, const TaskPlan *plan);
