/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Values from the bus in words. */

#pragma once

#include <glib.h>

/** words_of: VALUE as people read it: a text as it is, a list with commas, a dict as "key value",
 * yes or no, an int64 as the local time it stands for, bytes (an icon) by their number. "" for
 * what is empty. Fit for a terminal. Free with g_free(). */
char *words_of (GVariant *value);

/** words_for_machines: VALUE, anything but a list or a dict, as -J and -K have it: the same in
 * every language, and an int64 (a time) in UTC by ISO 8601. Free with g_free(). */
char *words_for_machines (GVariant *value);
