/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* GErrors of esimd: a code of dbus/errors.h that travels with the layer it comes from and the raw
 * codes seen there. */

#pragma once

#include <gio/gio.h>

#include "errors.h"

#define ESIM_ERROR (error_quark ())
GQuark error_quark (void);

/** error_set: fills ERROR (if it wants one) with CODE, the LAYER it comes from ("apdu", "es10b",
 * "es9p", "http", "provider", "modem", "connect", "policy", …; a literal) and a message that names
 * what went wrong. */
void error_set (GError **error, EsimError code, const char *layer, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/** error_add_raw: attaches a raw code to ERROR, such as ("sw", "6985"), ("subject", "8.2.6"),
 * ("http-status", "500"). No-op on NULL or a foreign error, so it can follow error_set() directly:
 * error_add_raw (error ? *error : NULL, …). */
void error_add_raw (GError *error, const char *key, const char *value);

/** error_layer: the layer ERROR comes from, "" for a foreign one. Owned by ERROR. */
const char *error_layer (const GError *error);

/** error_raw: the raw codes of ERROR as a floating a{sv} of strings (possibly empty). */
GVariant *error_raw (const GError *error);

/** error_translate: replaces a foreign error (GIO, libmm, libmbim, …) in *ERROR by one of ours: the
 * one table of foreign domains. An error of ours, or NULL, stays. G_IO_ERROR_CANCELLED becomes
 * ESIM_ERROR_CANCELLED, and so on. */
void error_translate (GError **error);

/** error_get_raw: the raw code KEY of ERROR, NULL where it has none. Owned by ERROR. */
const char *error_get_raw (const GError *error, const char *key);

/** error_is_code: whether ERROR (may be NULL) is ours and has CODE. */
gboolean error_is_code (const GError *error, EsimError code);
