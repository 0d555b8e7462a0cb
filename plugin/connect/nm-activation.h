/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One activation of a connection of NetworkManager's: waited for, and why it failed. */

#pragma once

#include "base/bus.h"

/** NmActivation: hears what NetworkManager says of the device at its path. A device that failed is
 * disconnected a moment later, and its property says nothing of the failure any more. For the
 * calling worker thread alone. */
typedef struct _NmActivation NmActivation;

/** nm_activation_listen: from before the activation is asked for; PEER is NetworkManager, MODEM the
 * path that ModemManager has the device at. */
NmActivation *nm_activation_listen (const BusPeer *peer, const char *device, const char *modem,
                                    GError **error);
void nm_activation_free (NmActivation *self);

/** nm_activation_wait: until the active connection at PATH is up. Errors: what NMDeviceStateReason
 * is called here, with the number as "nm-reason"; TIMED_OUT. */
gboolean nm_activation_wait (NmActivation *self, const char *path, GCancellable *cancellable,
                             GError **error);

/** nm_activation_set_reason: ERROR is what NMDeviceStateReason REASON is called here. */
void nm_activation_set_reason (guint32 reason, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (NmActivation, nm_activation_free)
