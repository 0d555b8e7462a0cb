/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Who may do what: the one table of methods and polkit actions, and the question to polkit. */

#pragma once

#include <gio/gio.h>

/** AuthDone: on the main thread; ERROR is NULL when allowed, else NOT_AUTHORIZED. */
typedef void (*AuthDone) (const GError *error, gpointer data);

/** auth_action: the polkit action for METHOD of INTERFACE ("org.esimd1.Euicc"); NULL when the table
 * does not have it: refused. */
const char *auth_action (const char *interface, const char *method);

/** auth_check: asks whether INVOCATION's sender may do ACTION (NULL: never); uid 0 always may.
 * Never blocks; a password dialog comes up only where the caller's message allows it. */
void auth_check (GDBusMethodInvocation *invocation, const char *action, AuthDone done,
                 gpointer data);
