/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* How far one job is and what it has cost so far; written by the worker, read anywhere. */

#pragma once

#include <glib.h>

typedef struct _Progress Progress;

typedef struct
{
  guint apdus;        /* command APDUs sent, GET RESPONSE included */
  guint64 apdu_bytes; /* both directions */
  guint http_requests;
  guint tls_handshakes;
  guint64 http_bytes; /* bodies, both directions */
} ProgressCost;

/** progress_new: CHANGED (may be NULL) is called with DATA on the main context, coalesced, after
 * changes; never after progress_detach(). The caller owns a reference. */
Progress *progress_new (void (*changed) (Progress *self, gpointer data), gpointer data);
Progress *progress_ref (Progress *self);
void progress_unref (Progress *self);
void progress_detach (Progress *self);

/** progress_step: STEP (a literal such as "download") begins now, the one before ends; its seconds
 * are kept by name. */
void progress_step (Progress *self, const char *step);
void progress_bytes (Progress *self, guint64 done, guint64 total);
void progress_count_apdu (Progress *self, gsize bytes);
void progress_count_http (Progress *self, guint handshakes, guint64 bytes);

const char *progress_get_step (Progress *self);
void progress_get_bytes (Progress *self, guint64 *done, guint64 *total);
ProgressCost progress_get_cost (Progress *self);

/** progress_cost_variant: a floating a{sv}: apdus u, apdu-bytes t, http-requests u, tls-handshakes
 * u, http-bytes t, seconds a{sd}. */
GVariant *progress_cost_variant (Progress *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Progress, progress_unref)
