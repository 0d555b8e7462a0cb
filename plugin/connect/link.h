/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A network interface's address, default route, MTU and DNS by netlink and systemd-resolved: what
 * ModemManager leaves to others. */

#pragma once

#include <gio/gio.h>

typedef struct
{
  const char *interface;
  const char *address; /* IPv4 or IPv6, without prefix; NULL: none of that family */
  guint prefix;
  const char *gateway;    /* may be NULL: a route straight to the interface */
  const char *const *dns; /* NULL-terminated, may be NULL */
  guint mtu;              /* 0: leave */
  guint metric;
} LinkConfig;

/** link_configure: makes the interface so, up, and touches nothing that is right already; what an
 * earlier connection left on it of the same family goes. DNS servers are given to systemd-resolved
 * where it runs, else not at all. Needs CAP_NET_ADMIN. DATA_FAILED says which part failed. */
gboolean link_configure (const LinkConfig *config, GError **error);

/** link_is_configured: whether the interface is up with that address and default route. Reads only.
 */
gboolean link_is_configured (const LinkConfig *config);

/** link_is_ours: whether a default route that link_configure() made leads through INTERFACE: its
 * routes carry a mark of their own. Reads only. */
gboolean link_is_ours (const char *interface);

/** link_clear: takes away our default route (METRIC 0: whatever its metric), the addresses and the
 * DNS servers, and sets the interface down. An interface that is gone is clear already. */
gboolean link_clear (const char *interface, guint metric, GError **error);
