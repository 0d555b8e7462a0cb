/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One long operation as its clients see it: org.esimd1.Job. Main thread only. */

#pragma once

#include <gio/gio.h>

#include "base/progress.h"

/* Signals: "answered" (a{sv}): what a person said to the question. */
#define JOB_TYPE (job_get_type ())
G_DECLARE_FINAL_TYPE (Job, job, ESIM, JOB_OBJECT, GObject)

/** job_new: exports a job of KIND on MANAGER for the card at EUICC, asked for by INVOCATION's
 * sender (NULL: by the service itself). Its first reference belongs to the job and is dropped 10
 * minutes after the end, or when its client has had many others since; callers take their own. */
Job *job_new (GDBusObjectManagerServer *manager, guint number, const char *kind, const char *euicc,
              GDBusMethodInvocation *invocation);

const char *job_path (Job *self);

/** job_sender: the unique name of the client that asked for it, which may be gone; NULL: the
 * service itself. */
const char *job_sender (Job *self);
GDBusInterfaceSkeleton *job_skeleton (Job *self);

/** job_cancellable, job_progress: what the job's work gets. Owned by SELF. */
GCancellable *job_cancellable (Job *self);
Progress *job_progress (Job *self);

/** job_set_position: how many jobs are before it, while it is queued. */
void job_set_position (Job *self, guint position);

/** job_run: it runs now; by itself at its first step. */
void job_run (Job *self);

/** job_ask: waits for consent; QUESTION (a{sv}, floating) is what is asked. */
void job_ask (Job *self, GVariant *question);

/** job_end: over, with ERROR or, when that is NULL, well; RESULT (a{sv}, floating, may be NULL) is
 * completed by what it cost. */
void job_end (Job *self, GVariant *result, const GError *error);
gboolean job_is_over (Job *self);
