/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A modem's serial port: raw, locked against others, read line by line with a deadline. */

#pragma once

#include <gio/gio.h>

typedef struct _Serial Serial;

/** serial_open: DEVICE at 115200 8N1 without flow control, for us alone. Errors: DEVICE_GONE, BUSY
 * (another program has it), CHANNEL. */
Serial *serial_open (const char *device, GError **error);
void serial_close (Serial *self);

/** serial_send: all of TEXT, by DEADLINE (microseconds of g_get_monotonic_time()). Errors:
 * DEVICE_GONE, TIMED_OUT, CANCELLED, CHANNEL. */
gboolean serial_send (Serial *self, const char *text, gint64 deadline, GCancellable *cancellable,
                      GError **error);

/** serial_read_line: the next line that is not empty, without its end and without blanks around it.
 * Errors as above, the port's hang-up at once. */
char *serial_read_line (Serial *self, gint64 deadline, GCancellable *cancellable, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Serial, serial_close)
