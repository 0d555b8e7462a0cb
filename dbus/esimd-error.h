/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* esimd's errors as a client of libesimd-glib sees them: a GError domain, and each one's advice. */

#pragma once

#include <glib.h>

#include "esimd-codes.h"

G_BEGIN_DECLS

/**
 * ESIM_ERROR:
 *
 * The domain of errors that esimd answers a call with; the codes are those of #EsimError. The names
 * on D-Bus are mapped to it as soon as the library is loaded.
 */
#define ESIM_ERROR (esim_error_quark ())
GQuark esim_error_quark (void);

const char *esim_error_get_dbus_name (EsimError code);
EsimError esim_error_from_dbus_name (const char *name);
const char *esim_error_get_advice (EsimError code);
const char *esim_error_translate_advice (const char *advice);

G_END_DECLS
