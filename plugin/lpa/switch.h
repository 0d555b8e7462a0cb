/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Enabling, disabling and resetting with the patience that busy cards and cards without REFRESH
 * need. */

#pragma once

#include "apdu/channel.h"

/** switch_enable, switch_disable: es10c_enable() and es10c_disable() of ICCID, with REFRESH where
 * the channel's quirks want it. A card that is busy with its modem (catBusy) is asked again, a few
 * times; what it then still refuses, or refuses without a reason (127), is asked for without
 * REFRESH: the modem then has to be told in another way, which the ladder does. Errors are theirs;
 * waiting can be cancelled. */
gboolean switch_enable (Channel *channel, const char *iccid, GCancellable *cancellable,
                        GError **error);
gboolean switch_disable (Channel *channel, const char *iccid, GCancellable *cancellable,
                         GError **error);

/** switch_reset: es10c_reset() of WHAT (ES10C_RESET_…), asked again a few times while the card is
 * busy (catBusy). */
gboolean switch_reset (Channel *channel, guint what, GCancellable *cancellable, GError **error);
