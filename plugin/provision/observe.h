/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What is seen of card, provider, modem and link, as the small facts that decide() takes. */

#pragma once

#include "card/card.h"
#include "connect/connect.h"
#include "decide.h"
#include "provider/provider.h"

/** observe_ours: the ICCID of the profile on the card that is ours: the JOURNALED one (NULL: none
 * is) if it is there, or, where none is journaled, a Super SIM by its prefix, an enabled one first.
 * NULL when none is. Owned by FACTS. */
const char *observe_ours (const CardFacts *facts, const char *journaled);

/** observe_card: OURS is the ICCID of ours, on the card or not (NULL: not known). Factory test
 * profiles are no one's. */
CardSight observe_card (const CardFacts *facts, const char *ours);

/** observe_modem: whether CARD's modem sees the profile ICCID (NULL: ours is not enabled, and all
 * that matters is whether the modem is there) and is registered with it. Never LOST or LATE. */
ModemSight observe_modem (Card *card, const char *iccid);

ReservationSight observe_reservation (const Reservation *reservation);

/** observe_sim: SIM NULL: not looked at. FLEET NULL: any will do. */
SimSight observe_sim (const ProviderSim *sim, const char *fleet);
LinkSight observe_link (const ConnectStatus *status);
