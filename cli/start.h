/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The service's start by the bus, and why it does not start. */

#pragma once

#include <gio/gio.h>

/** start_service: has BUS start NAME where it has no owner. Fails with EXIT_NO_SERVICE as soon as
 * it is known that it does not start, with the reason that the service gave. */
gboolean start_service (GDBusConnection *bus, const char *name, GError **error);
