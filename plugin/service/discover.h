/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Euicc.Discover: what waits at the SM-DSs for a card, and its installation. */

#pragma once

#include <gio/gio.h>

/** discover_now: a CallHandler for an Euicc. */
void discover_now (gpointer object, GDBusMethodInvocation *invocation);
