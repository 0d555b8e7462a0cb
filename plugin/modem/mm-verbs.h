/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What is asked of ModemManager for one modem: the verbs of its ModemDriver. Worker threads. */

#pragma once

#include "modem/modem.h"

gboolean mm_verbs_climb (const ModemSnapshot *modem, ModemRung rung, GCancellable *cancellable,
                         GError **error);
gboolean mm_verbs_enable (const ModemSnapshot *modem, GCancellable *cancellable, GError **error);
gboolean mm_verbs_use_slot (const ModemSnapshot *modem, guint slot, GCancellable *cancellable,
                            GError **error);
