/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Small HTTP requests from outside, taken on the main thread: bounded in every direction, and
 * answered with a status alone. */

#pragma once

#include <gio/gio.h>

typedef struct _Receiver Receiver;

/* Whole and at most 16 KiB long; of GET and POST only. */
typedef struct
{
  const char *method;
  const char *target; /* path and query, as they came */
  GBytes *body;
  gpointer connection; /* for receiver_header() */
} Received;

/** ReceiverTake: answers REQUEST with an HTTP status, and never blocks. */
typedef guint (*ReceiverTake) (const Received *request, gpointer data);

/** receiver_new: listens at ADDRESS ("127.0.0.1:8085", "[::1]:8085"); no TLS. SETTINGS where that
 * can't be had, or this build has no receiver. Main thread only. */
Receiver *receiver_new (const char *address, ReceiverTake take, gpointer data, GError **error);
void receiver_free (Receiver *self);

/** receiver_header: NULL where REQUEST has none of NAME. Valid as long as REQUEST. */
const char *receiver_header (const Received *request, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Receiver, receiver_free)
