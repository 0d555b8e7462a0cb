/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Runs one async-only library call to its end on this thread's own main context. */

#pragma once

#include <gio/gio.h>

typedef struct _Wait Wait;

/** wait_new: for one call on the calling worker thread, whose thread-default context queue.c has
 * pushed. CANCELLABLE and UNPLUGGED (both may be NULL) cancel the call through an inner
 * GCancellable triggered on this thread: libmbim and libqmi edit their tables in the cancelling
 * thread, so a job's own cancellable must never reach them. */
Wait *wait_new (GCancellable *cancellable, GCancellable *unplugged);
void wait_free (Wait *self);

/** wait_inner: the GCancellable to hand to the library. Owned by SELF. */
GCancellable *wait_inner (Wait *self);

/** wait_ready: the GAsyncReadyCallback to hand to the library, with SELF as its data. */
void wait_ready (GObject *source, GAsyncResult *result, gpointer self);

/** wait_result: iterates until the call is over. Always returns its result, owned by SELF. */
GAsyncResult *wait_result (Wait *self);

/** wait_for: iterates until *DONE, which a callback on this context sets, is TRUE; FALSE with
 * ESIM_ERROR_TIMED_OUT after MILLISECONDS, with ESIM_ERROR_CANCELLED once either cancellable of
 * wait_new() is triggered. */
gboolean wait_for (Wait *self, const gboolean *done, guint milliseconds, GError **error);

/** wait_sleep: sleeps MILLISECONDS on this thread unless CANCELLABLE is triggered; FALSE with
 * ESIM_ERROR_CANCELLED then. */
gboolean wait_sleep (guint milliseconds, GCancellable *cancellable, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Wait, wait_free)
