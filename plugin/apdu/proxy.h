/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Whether the proxy through which we share a modem's port is running. */

#pragma once

#include <gio/gio.h>

/** proxy_check: whether somebody listens at the abstract socket NAME ("mbim-proxy"); else CHANNEL,
 * from LAYER. Asked before libmbim or libqmi is: they would start a proxy as our child, and
 * ModemManager's would then end with us. */
gboolean proxy_check (const char *layer, const char *name, GError **error);
