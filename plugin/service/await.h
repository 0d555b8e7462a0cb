/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A job that comes while its modem is away waits for it: a modem that re-probes after a switch of
 * profiles is back in seconds. One for a card whose slot is not in use has the modem use that. */

#pragma once

#include "card/card.h"

/** AwaitDone: the card can be reached (ERROR NULL), or not: DEVICE_GONE, CANCELLED, and for a slot
 * UNSUPPORTED, BUSY, MODEM. */
typedef void (*AwaitDone) (const GError *error, gpointer data);

/** await_modem: calls DONE once, from within where CARD can be reached now or CANCELLABLE is
 * cancelled already, else when it can be, after 15 s (for a slot 90 s) at the latest. Whoever waits
 * has the card engaged (card_engage()). Main thread only. */
void await_modem (Card *card, GCancellable *cancellable, AwaitDone done, gpointer data);
