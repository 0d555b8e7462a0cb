/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What a driver writes down of itself because the modem would keep it after a crash: numbers of
 * clients or channels. */

#pragma once

#include <glib.h>

/** memory_recall: the numbers (guint) in FILE that were written in this life of the modem: since it
 * was plugged in, and since the boot. FILE may be NULL: nothing is written and nothing is there.
 * DEVICE is the modem's node in /dev. */
GArray *memory_recall (const char *file, const char *device);

/** memory_add, memory_remove: write NUMBER down, and strike it out. One caller at a time; failures
 * are only worth a debug message. */
void memory_add (const char *file, const char *device, guint number);
void memory_remove (const char *file, const char *device, guint number);
