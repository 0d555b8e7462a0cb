/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Calls to other services on the system bus, from worker threads, with their errors as ours. */

#pragma once

#include "base/error.h"

/* What one of a service's own errors means to us; a table ends with name NULL. */
typedef struct
{
  const char *name; /* what follows the peer's error_prefix */
  EsimError code;
} BusError;

typedef struct
{
  const char *name;         /* "org.freedesktop.ModemManager1" */
  const char *title;        /* of it in messages: "ModemManager" */
  const char *layer;        /* of our errors */
  const char *error_prefix; /* that names of its own errors begin with */
  const BusError *errors;   /* NULL: none of its own */
  EsimError otherwise;      /* what an error of its own is that is not among them */
} BusPeer;

/** bus_call: one method call; the service is not started for it. ARGUMENTS (a tuple) is consumed if
 * it floats; ANSWER is the type wanted, NULL: any. TIMED_OUT, CANCELLED, those of PEER, and MODEM
 * where object or service is not there; raw "dbus-error". The caller unrefs. */
GVariant *bus_call (const BusPeer *peer, const char *path, const char *interface,
                    const char *method, GVariant *arguments, const char *answer, int timeout_ms,
                    GCancellable *cancellable, GError **error);

/** bus_get_all: every property of INTERFACE, a{sv}. The caller unrefs. */
GVariant *bus_get_all (const BusPeer *peer, const char *path, const char *interface,
                       GCancellable *cancellable, GError **error);

/** bus_is_there: whether the service runs. */
gboolean bus_is_there (const BusPeer *peer, GCancellable *cancellable);

/** bus_text: the string or object path KEY of DICT (a{sv}, may be NULL), "" where it is not there.
 * Owned by DICT. */
const char *bus_text (GVariant *dict, const char *key);
