/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What a modem's place in sysfs tells about it. */

#pragma once

#include <glib.h>

/** usb_id: "1199:9091" of the USB device whose folder in sysfs is DEVICE, "" where it is none or is
 * not on USB. Free with g_free(). */
char *usb_id (const char *device);
