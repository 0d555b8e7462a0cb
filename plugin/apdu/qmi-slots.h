/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The modem's slots, as UIM's Get Slot Status tells them. No I/O. */

#pragma once

#include "apdu/channel.h"

/* A TLV of the answer; DATA NULL: it is not there. */
typedef struct
{
  const guint8 *data;
  gsize size;
} SlotsTlv;

/** slots_find: looks for PHYSICAL (0-based) in STATUS (TLV 0x10). FALSE when the modem has no such
 * slot; *LOGICAL (1-based) is what the slot is mapped to, which all other messages want, 0 while it
 * is not in use. */
gboolean slots_find (SlotsTlv status, guint physical, guint *logical);

/** slots_list: appends a ChannelSlot to SLOTS for each slot of STATUS; INFORMATION (0x11) and EIDS
 * (0x12) say more, where the modem has them. What is cut off ends the list. */
void slots_list (SlotsTlv status, SlotsTlv information, SlotsTlv eids, GArray *slots);
