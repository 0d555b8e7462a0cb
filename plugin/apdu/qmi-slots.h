/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The modem's slots, as UIM's Get Slot Status tells them. No I/O. */

#pragma once

#include <glib.h>

/** slots_find: looks for PHYSICAL (0-based) in the answer's TLV 0x10 (may be NULL). FALSE when the
 * modem has no such slot; *LOGICAL (1-based) is what the slot is mapped to, which all other
 * messages want, 0 while it is not in use. */
gboolean slots_find (const guint8 *list, gsize size, guint physical, guint *logical);
