/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Logical channels by the card's own commands, for drivers that have nothing but plain APDUs. */

#pragma once

#include <gio/gio.h>

/* How a driver sends them; errors name its LAYER. */
typedef struct
{
  const char *layer;
  /* One APDU on the basic channel, not cancelled: a channel that opens meanwhile would stay so. The
   * answer ends in SW1 SW2. */
  GBytes *(*send) (gpointer driver, const guint8 *apdu, gsize size, GError **error);
} ManageWay;

/** manage_open: opens a channel and selects AID on it, as ChannelDriver.open_logical() has to. */
gboolean manage_open (const ManageWay *way, gpointer driver, GBytes *aid, guint *number,
                      GError **error);

/** manage_close: closes channel NUMBER. */
gboolean manage_close (const ManageWay *way, gpointer driver, guint number, GError **error);
