/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A card's notifications to their servers: read (card), sent (network), removed (card). Main thread
 * only. */

#pragma once

#include "card/card.h"

/** OutboxDone: LEFT notifications could not be delivered and stay on the card; ERROR is the first
 * failure. The card's facts are up to date where it could be read. */
typedef void (*OutboxDone) (guint left, const GError *error, gpointer data);

/** outbox_send: all that CARD has; servers are trusted by CI_PEM. PROGRESS and CANCELLABLE may be
 * NULL. What a server took is removed even when it is cancelled meanwhile. */
void outbox_send (Card *card, GBytes *ci_pem, Progress *progress, GCancellable *cancellable,
                  OutboxDone done, gpointer data);
