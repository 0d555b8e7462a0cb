/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The talk with a modem's UIM service, whatever carries QMI to it: what its drivers share. */

#pragma once

#include <libqmi-glib.h>

#include "apdu/channel.h"

typedef struct _Uim Uim;

/** uim_open: opens DEVICE (taken) with FLAGS, of which none is QMI_DEVICE_OPEN_FLAGS_AUTO (it
 * guesses the protocol from sysfs), and finds TARGET's slot there. Where TARGET has a memory, the
 * id of the client is written down, for uim_recover(). Errors: what ChannelDriver.open_device()
 * may say, and BUSY. */
Uim *uim_open (QmiDevice *device, const ChannelTarget *target, QmiDeviceOpenFlags flags,
               GCancellable *cancellable, GError **error);

/** uim_device: what SELF was opened with. Owned by SELF. */
QmiDevice *uim_device (Uim *self);

/** uim_translate: turns libqmi's *ERROR, of a call before uim_open(), into one of ours. */
void uim_translate (GError **error);

/* Verbs of ChannelDriver; SELF is an Uim. uim_recover() is for modems that keep a dead program's
 * client. */
gboolean uim_open_logical (gpointer self, GBytes *aid, guint *number, GCancellable *cancellable,
                           GError **error);
GBytes *uim_transmit (gpointer self, guint number, GBytes *apdu, GCancellable *cancellable,
                      GError **error);
gboolean uim_close_logical (gpointer self, guint number, GError **error);
gboolean uim_recover (gpointer self, GError **error);
gboolean uim_list_slots (gpointer self, GArray *slots, GCancellable *cancellable, GError **error);
gboolean uim_power_cycle (gpointer self, GCancellable *cancellable, GError **error);
void uim_close (gpointer self);

/* What every driver over UIM has of them; opening and closing the device is its own. */
#define UIM_VERBS                                                                                  \
  .open_logical = uim_open_logical, .transmit = uim_transmit, .close_logical = uim_close_logical,  \
  .power_cycle = uim_power_cycle, .list_slots = uim_list_slots
