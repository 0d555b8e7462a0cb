/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The methods of org.esimd1.Euicc that look after the card itself: refresh, lists, default SM-DP+,
 * reset. */

#pragma once

#include "esimd-dbus.h"
#include "service/euicc.h"

/** maintain_connect: handles those methods of SKELETON, which belongs to EUICC, until the handlers
 * with the data EUICC are disconnected. */
void maintain_connect (Euicc *euicc, EsimEuicc *skeleton);
