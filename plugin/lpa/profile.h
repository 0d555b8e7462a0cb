/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What an eUICC says of one profile (ProfileInfo and StoreMetadataRequest), as a value. */

#pragma once

#include <gio/gio.h>

#include "lpa/tlv.h"

typedef enum
{
  PROFILE_DISABLED,
  PROFILE_ENABLED,
} ProfileState;

typedef enum
{
  PROFILE_TEST,
  PROFILE_PROVISIONING,
  PROFILE_OPERATIONAL,
} ProfileClass;

typedef enum
{
  PROFILE_RULE_NO_DISABLE = 1 << 0, /* PPR1 */
  PROFILE_RULE_NO_DELETE = 1 << 1,  /* PPR2 */
  PROFILE_RULE_UNKNOWN = 1 << 2,    /* a bit this version of SGP.22 does not define */
} ProfileRules;

typedef struct
{
  char *iccid; /* as people write it: digits (letters occur), no padding */
  GBytes *aid; /* ISD-P AID; NULL in metadata */
  ProfileState state;
  ProfileClass class;
  char *nickname, *name, *service_provider; /* never NULL */
  char *mcc, *mnc;     /* of the owner, NULL where not given; MNC of 2 or 3 digits */
  GBytes *gid1, *gid2; /* may be NULL */
  ProfileRules rules;
  GBytes *icon;          /* may be NULL */
  const char *icon_type; /* "image/png", "image/jpeg" or NULL; literal */
  char *problem;         /* what of a card's entry can't be understood and is left out, or NULL */
} Profile;

/** profile_parse: the members of a card's E3. Only ICCID, state and rules have to be right, or one
 * bad entry would hide all other profiles; what else is wrong is told in problem. CARD_RUBBISH
 * names the tag that is wrong. The caller owns the result. */
Profile *profile_parse (GBytes *members, GError **error);

/** profile_parse_from: the same of members whose maker is ORIGIN: a server's metadata is
 * SERVER_RUBBISH when it is wrong. */
Profile *profile_parse_from (TlvOrigin origin, GBytes *members, GError **error);
void profile_free (Profile *self);

/** profiles_find: the one of PROFILES (of Profile) with ICCID; profiles_find_enabled: the enabled
 * one. NULL when there is none; owned by PROFILES. */
Profile *profiles_find (GPtrArray *profiles, const char *iccid);
Profile *profiles_find_enabled (GPtrArray *profiles);

/** iccid_to_text, iccid_to_bytes: the 10 swapped, F-padded bytes of 5A and the form people write.
 * NULL with INVALID_ARGUMENT for what is none. */
char *iccid_to_text (GBytes *bytes);
GBytes *iccid_to_bytes (const char *text, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Profile, profile_free)
