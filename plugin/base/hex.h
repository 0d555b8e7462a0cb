/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Bytes as hexadecimal digits. */

#pragma once

#include <glib.h>

/** hex_encode: two upper case digits for each of SIZE bytes. */
char *hex_encode (const guint8 *data, gsize size);

/** hex_decode: the bytes of an even number of digits; NULL where TEXT is something else. */
GBytes *hex_decode (const char *text);
