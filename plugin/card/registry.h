/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Every eUICC there is: where modem and lpa meet. Main thread only. */

#pragma once

#include "card/card.h"
#include "config.h"

/* Signals: "card-added" (Card), "card-removed" (Card). */
#define CARD_TYPE_REGISTRY (registry_get_type ())
G_DECLARE_FINAL_TYPE (Registry, registry, CARD, REGISTRY, GObject)

/** registry_new: watches all of MODEMS from registry_start() on, and reaches cards by that of
 * CHANNELS which leads to them (ways.h). Both lists end in NULL and outlive the registry. What is
 * learnt of models is kept in STATE_DIR (NULL: nowhere). */
Registry *registry_new (const ModemDriver *const *modems, const ChannelDriver *const *channels,
                        const char *state_dir);
void registry_start (Registry *self);

/** registry_set_patience: how long a card stays published while its modem is away, 30 s at first.
 */
void registry_set_patience (Registry *self, guint seconds);

/** registry_set_policy: which modems are known to be how; from now on, for every card; and how
 * their slots may be used. Once before registry_start(). */
void registry_set_policy (Registry *self, Policy *policy);

/** registry_stop: cancels every queued and running job; nothing is published any more. */
void registry_stop (Registry *self);

/** registry_is_idle: whether no job runs or waits on any queue. */
gboolean registry_is_idle (Registry *self);

/** registry_is_reading: whether a card is being read for what is on it. */
gboolean registry_is_reading (Registry *self);

/** registry_rescan: asks the modem stacks to look for devices, and reads every card anew. With
 * EVERYWHERE also those in slots that are not in use: each is switched to and back, where the modem
 * is not connected. */
void registry_rescan (Registry *self, gboolean everywhere);

/** registry_cards: all of them, owned by SELF. */
GPtrArray *registry_cards (Registry *self);
