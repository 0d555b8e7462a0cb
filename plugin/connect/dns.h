/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Which DNS servers an interface has, told to systemd-resolved. */

#pragma once

#include <gio/gio.h>

/** dns_set: gives SERVERS (NULL-terminated, IPv4 and IPv6) to systemd-resolved for the interface
 * INDEX and has it ask them for any name. Where systemd-resolved does not run, or another network
 * manager has the interface, nothing is done. DATA_FAILED otherwise. */
gboolean dns_set (int index, const char *const *servers, GError **error);

/** dns_clear: takes them away again; no errors. */
void dns_clear (int index);
