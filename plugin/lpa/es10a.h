/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* ES10a: the addresses a card is configured with (SGP.22, 5.7.3 and 5.7.4). */

#pragma once

#include "apdu/channel.h"

typedef struct
{
  char *default_smdp; /* "" where none is set */
  char *root_smds;    /* "" where none is set */
} Es10aAddresses;

Es10aAddresses *es10a_get_addresses (Channel *channel, GCancellable *cancellable, GError **error);
void es10a_addresses_free (Es10aAddresses *self);

/** es10a_set_default_smdp: ADDRESS "" removes it. CARD_REFUSED with raw "result" when the card will
 * not. */
gboolean es10a_set_default_smdp (Channel *channel, const char *address, GCancellable *cancellable,
                                 GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Es10aAddresses, es10a_addresses_free)
