/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The one table of esimd's errors: code, D-Bus name, and what a person can do about it. */

#pragma once

#include <glib.h>

#include "esimd-codes.h"

/** errors_dbus_name: the D-Bus error name of CODE, such as "org.esimd1.Error.CardBusy". Never NULL.
 */
const char *errors_dbus_name (EsimError code);

/** errors_advice: one sentence that says what a person can do about CODE. Never NULL. */
const char *errors_advice (EsimError code);

/** errors_from_dbus_name: the code NAME stands for, ESIM_ERROR_FAILED when it is none of ours. */
EsimError errors_from_dbus_name (const char *name);
