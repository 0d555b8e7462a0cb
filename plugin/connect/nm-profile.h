/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* NetworkManager's connection for one profile, as settings: what is written, and what of it is
 * still ours to change. */

#pragma once

#include "connect/connect.h"

/* Settings are a{sa{sv}}, as NetworkManager's D-Bus interface has them. */

/** nm_profile_uuid: of the connection that is ours for the profile ICCID, always the same one. The
 * caller frees. */
char *nm_profile_uuid (const char *iccid);

/** nm_profile_new: a new connection for the profile ICCID; floating. */
GVariant *nm_profile_new (const char *iccid, const ConnectSettings *settings);

/** nm_profile_update: OLD, which nm_profile_new() or this has made, with its SECRETS (NULL: none),
 * as SETTINGS (NULL: as it is) and AUTOCONNECT want it now; NULL where that changes nothing. A
 * value that is not the one we wrote last is a person's and stays. The caller unrefs. */
GVariant *nm_profile_update (GVariant *old, GVariant *secrets, const ConnectSettings *settings,
                             gboolean autoconnect);

/** nm_profile_is_ours: whether esimd made it; nm_profile_is_gsm: whether it is for a mobile
 * network. nm_profile_text: the string KEY of GROUP, "" where there is none; owned by PROFILE. */
gboolean nm_profile_is_ours (GVariant *profile);
gboolean nm_profile_is_gsm (GVariant *profile);
const char *nm_profile_text (GVariant *profile, const char *group, const char *key);
