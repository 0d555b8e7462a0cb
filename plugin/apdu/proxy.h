/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A modem's port that we share through a proxy. */

#pragma once

#include <gio/gio.h>

/** proxy_find: the port PATH, where it is there and somebody listens at the abstract socket NAME
 * ("mbim-proxy"); else DEVICE_GONE or CHANNEL, from LAYER. Asked before libmbim or libqmi is: they
 * would start a proxy as our child, and ModemManager's would then end with us. */
GFile *proxy_find (const char *layer, const char *name, const char *path, GError **error);
