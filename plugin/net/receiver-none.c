/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The receiver of a build without libmicrohttpd: says so. */

#include "base/error.h"
#include "net/receiver.h"

Receiver *
receiver_new (const char *address, ReceiverTake take, gpointer data, GError **error)
{
  error_set (error, ESIM_ERROR_SETTINGS, "net",
             "callback-listen=%s: this esimd was built without its receiver (libmicrohttpd)",
             address);
  return NULL;
}

void
receiver_free (Receiver *self)
{
}

const char *
receiver_header (const Received *request, const char *name)
{
  return NULL;
}
