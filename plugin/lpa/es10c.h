/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* ES10c: local profile management on a card (SGP.22, 5.7.15 to 5.7.21), one function a call. */

#pragma once

#include "apdu/channel.h"
#include "lpa/profile.h"

/** es10c_get_eid: the EID, 32 digits. The caller frees. */
char *es10c_get_eid (Channel *channel, GCancellable *cancellable, GError **error);

/** es10c_get_profiles: every profile, without icons when ICONS is FALSE. The caller owns the array
 * and its Profiles. */
GPtrArray *es10c_get_profiles (Channel *channel, gboolean icons, GCancellable *cancellable,
                               GError **error);

/** es10c_enable, es10c_disable: switch the profile ICCID; REFRESH asks the card to tell the modem.
 * Errors: NOT_FOUND, PROFILE_STATE (already so), POLICY_RULES (PPR1), CARD_BUSY (catBusy),
 * CARD_REFUSED with raw "result". A channel that went away in the middle (REFRESH cut in) is
 * settled by looking: success when the card's list says so. */
gboolean es10c_enable (Channel *channel, const char *iccid, gboolean refresh,
                       GCancellable *cancellable, GError **error);
gboolean es10c_disable (Channel *channel, const char *iccid, gboolean refresh,
                        GCancellable *cancellable, GError **error);

/** es10c_delete: deletes the disabled profile ICCID. Errors: NOT_FOUND, PROFILE_STATE (enabled),
 * POLICY_RULES (PPR2), CARD_REFUSED. */
gboolean es10c_delete (Channel *channel, const char *iccid, GCancellable *cancellable,
                       GError **error);

/** es10c_set_nickname: NICKNAME of at most 64 bytes of UTF-8, "" to remove it. */
gboolean es10c_set_nickname (Channel *channel, const char *iccid, const char *nickname,
                             GCancellable *cancellable, GError **error);

/* What es10c_reset() removes. */
#define ES10C_RESET_OPERATIONAL 0x80
#define ES10C_RESET_TEST 0x40
#define ES10C_RESET_DEFAULT_SMDP 0x20

/** es10c_reset: removes WHAT (ES10C_RESET_…, at least one), policy rules or not (5.7.19); nothing
 * to remove is success. Errors: CARD_BUSY, CARD_REFUSED with raw "result". */
gboolean es10c_reset (Channel *channel, guint what, GCancellable *cancellable, GError **error);
