/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* libesimd-glib: all that a client of esimd includes. */

#pragma once

#include "esimd-dbus.h"
#include "esimd-error.h"
