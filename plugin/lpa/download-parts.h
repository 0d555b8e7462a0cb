/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The parts of a download that need no card and no server: what is asked, what is checked, what the
 * rules say. For download.c and tests. */

#pragma once

#include "lpa/download.h"
#include "lpa/es9p.h"

/** download_authenticate_request: AuthenticateServerRequest (5.7.13); what the server signed stays
 * as it came. */
GBytes *download_authenticate_request (const Es9pInitiated *initiated, const char *matching_id,
                                       const char *imei);

/** download_prepare_request: PrepareDownloadRequest (5.7.5); CODE may be NULL. */
GBytes *download_prepare_request (const Es9pAuthenticated *offer, GBytes *transaction_id,
                                  const char *code);

/** download_check_initiated: that the answer is ours, from the host asked, under a CI and a
 * certificate that can be. *TRANSACTION_ID: its bytes. */
gboolean download_check_initiated (const Es9pInitiated *initiated, const Activation *activation,
                                   GBytes *challenge, GBytes *info1, GBytes **transaction_id,
                                   GError **error);

/** download_check_offer: that the offer belongs to TRANSACTION_ID; its metadata in parts. */
gboolean download_check_offer (const Es9pAuthenticated *offer, const Activation *activation,
                               GBytes *transaction_id, gboolean *needs_code, Profile **metadata,
                               GError **error);

/** download_judge_rules: what the card's RAT (a BF43) says of METADATA's policy rules; ON_CARD: its
 * profiles. */
gboolean download_judge_rules (const Profile *metadata, GBytes *rat, GPtrArray *on_card,
                               DownloadRules *rules, GError **error);
