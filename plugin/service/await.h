/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A job that comes while its modem is away waits for it: a modem that re-probes after a switch of
 * profiles is back in seconds. */

#pragma once

#include "card/card.h"

/** AwaitDone: the modem is there (ERROR NULL), or it is not: DEVICE_GONE, CANCELLED. */
typedef void (*AwaitDone) (const GError *error, gpointer data);

/** await_modem: calls DONE once, from within where CARD's modem is there now or
 * CANCELLABLE is cancelled already, else when it is back,
 * after 15 s at the latest. Main thread only. */
void await_modem (Card *card, GCancellable *cancellable, AwaitDone done, gpointer data);
