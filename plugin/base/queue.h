/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One FIFO of synchronous jobs: one runs at a time in the thread pool, the rest wait on the main
 * thread. */

#pragma once

#include <gio/gio.h>

typedef struct _Queue Queue;

/** QueueWork: runs on a worker thread with a fresh thread-default main context. Reads and writes
 * only DATA. */
typedef gboolean (*QueueWork) (gpointer data, GCancellable *cancellable, GError **error);

/** QueueDone: runs on the main thread, exactly once for each job; ERROR is NULL on success, and
 * always one of ours. */
typedef void (*QueueDone) (gpointer data, const GError *error, gpointer user_data);

Queue *queue_new (const char *name);
Queue *queue_ref (Queue *self);
void queue_unref (Queue *self);

/** queue_push: queues WORK. DATA is freed by FREE_DATA on the main thread after DONE. Triggering
 * CANCELLABLE (may be NULL) ends a queued job at once with ESIM_ERROR_CANCELLED, a running one as
 * soon as its work returns. Returns the job's number in this queue. */
guint queue_push (Queue *self, QueueWork work, gpointer data, GDestroyNotify free_data,
                  GCancellable *cancellable, QueueDone done, gpointer user_data);

/** queue_position: 0 while job ID runs, n when n jobs are before it, -1 when it is over. */
int queue_position (Queue *self, guint id);

/** queue_set_moved: MOVED is called on the main thread whenever positions changed. */
void queue_set_moved (Queue *self, void (*moved) (Queue *self, gpointer data), gpointer data);

/** queue_cancel_all: cancels the running job and all queued ones. queue_is_idle: whether nothing
 * runs or waits. */
void queue_cancel_all (Queue *self);
gboolean queue_is_idle (Queue *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Queue, queue_unref)
