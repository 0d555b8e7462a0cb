/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The reading of a notification's metadata, shared by the card's list and a load's result. */

#pragma once

#include "lpa/es10b.h"
#include "lpa/tlv.h"

/** notification_parse: METADATA is a BF2F. The caller owns the result. */
Notification *notification_parse (const Tlv *metadata, GError **error);
