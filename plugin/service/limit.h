/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* How much one client may have under way, so that one in a loop neither fills the service's memory
 * nor keeps the others from their turn. Main thread only. */

#pragma once

#include <gio/gio.h>

/* Unfinished jobs of one client on one card or provider, and of all clients. */
#define LIMIT_JOBS_OF_CLIENT 16
#define LIMIT_JOBS 256

/** limit_take_call: counts INVOCATION among its sender's unanswered calls, until it is answered.
 * FALSE with BUSY where there are too many of them. */
gboolean limit_take_call (GDBusMethodInvocation *invocation, GError **error);

/** limit_check_jobs: whether INVOCATION's sender may have one more job in JOBS (of Job; those that
 * are over do not count), which is the queue of WHAT ("card", "provider"). Else BUSY. */
gboolean limit_check_jobs (GPtrArray *jobs, GDBusMethodInvocation *invocation, const char *what,
                           GError **error);
