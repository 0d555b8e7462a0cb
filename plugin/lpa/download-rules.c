/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Judges a profile's policy rules by the card's rules authorisation table (SGP.22, 2.9.2 and
 * 2.9.3). */

#include "lpa/download-parts.h"

#include "lpa/tlv.h"

/* One row: 30{80 PPRs, A1{30 owner…}, 82 flags}. */
typedef struct
{
  ProfileRules rules;
  Tlv owners;
  gboolean consent; /* the end user is to be asked */
} Row;

static gboolean
read_row (const Tlv *tlv, Row *row, GError **error)
{
  TlvReader reader;
  Tlv rules, flags;
  guint8 bits, flag_bits;

  tlv_enter (&reader, tlv);
  if (!tlv_need (&reader, 0x80, &rules, error) || !tlv_bits (&rules, &bits, NULL, error)
      || !tlv_need (&reader, 0xA1, &row->owners, error) || !tlv_need (&reader, 0x82, &flags, error)
      || !tlv_bits (&flags, &flag_bits, NULL, error))
    return FALSE;
  row->rules
      = (bits & 0x40 ? PROFILE_RULE_NO_DISABLE : 0) | (bits & 0x20 ? PROFILE_RULE_NO_DELETE : 0);
  row->consent = (flag_bits & 0x80) != 0;
  return TRUE;
}

/* MCC, MNC and perhaps its third digit, as profile.c writes them, in the order of 24.008's nibbles.
 */
static void
plmn_of (const Profile *profile, char digits[6])
{
  for (int i = 0; i < 3; i++)
    {
      digits[i] = profile->mcc[i];
      digits[3 + i] = profile->mnc[i] ? profile->mnc[i] : 'F';
    }
}

/* A nibble E of the table matches any digit. */
static gboolean
plmn_matches (const Tlv *plmn, const Profile *profile)
{
  const guint8 *b = plmn->value;
  char digits[6];
  guint8 row[6];

  if (plmn->size != 3)
    return FALSE;
  row[0] = b[0] & 15;
  row[1] = b[0] >> 4;
  row[2] = b[1] & 15;
  row[3] = b[2] & 15;
  row[4] = b[2] >> 4;
  row[5] = b[1] >> 4;
  plmn_of (profile, digits);
  for (int i = 0; i < 6; i++)
    if (row[i] != 0xE && row[i] != g_ascii_xdigit_value (digits[i]))
      return FALSE;
  return TRUE;
}

/* An empty GID of the table matches any; an absent one only a profile without. */
static gboolean
gid_matches (const TlvReader *owner, guint32 tag, GBytes *gid, gboolean *matches, GError **error)
{
  Tlv tlv;
  gboolean found;

  if (!tlv_find (owner, tag, &tlv, &found, error))
    return FALSE;
  if (!found)
    *matches = gid == NULL || g_bytes_get_size (gid) == 0;
  else if (tlv.size == 0)
    *matches = TRUE;
  else
    {
      g_autoptr (GBytes) value = tlv_get_value (&tlv);

      *matches = gid != NULL && g_bytes_equal (value, gid);
    }
  return TRUE;
}

static gboolean
owner_matches (const Tlv *owner, const Profile *profile, gboolean *matches, GError **error)
{
  TlvReader reader;
  Tlv plmn;
  gboolean gid1, gid2;

  tlv_enter (&reader, owner);
  if (!tlv_need (&reader, 0x80, &plmn, error)
      || !gid_matches (&reader, 0x81, profile->gid1, &gid1, error)
      || !gid_matches (&reader, 0x82, profile->gid2, &gid2, error))
    return FALSE;
  *matches = plmn_matches (&plmn, profile) && gid1 && gid2;
  return TRUE;
}

static gboolean
row_matches (const Row *row, const Profile *profile, gboolean *matches, GError **error)
{
  TlvReader reader;
  Tlv owner;

  *matches = FALSE;
  tlv_enter (&reader, &row->owners);
  while (!*matches && !tlv_at_end (&reader))
    if (!tlv_expect (&reader, 0x30, &owner, error)
        || !owner_matches (&owner, profile, matches, error))
      return FALSE;
  return TRUE;
}

/* The first row for RULE and the profile's owner decides; no row forbids. */
static gboolean
judge_rule (const TlvReader *table, const Profile *profile, ProfileRules rule,
            DownloadRules *verdict, GError **error)
{
  TlvReader reader = *table;
  gboolean matches = FALSE;
  Row row;
  Tlv tlv;

  while (!matches && !tlv_at_end (&reader))
    {
      if (!tlv_expect (&reader, 0x30, &tlv, error) || !read_row (&tlv, &row, error))
        return FALSE;
      if (row.rules & rule && !row_matches (&row, profile, &matches, error))
        return FALSE;
    }
  if (!matches)
    *verdict = DOWNLOAD_RULES_FORBIDDEN;
  else
    *verdict = row.consent ? DOWNLOAD_RULES_ASK : DOWNLOAD_RULES_NONE;
  return TRUE;
}

static gboolean
has_operational (GPtrArray *profiles)
{
  for (guint i = 0; i < profiles->len; i++)
    if (((Profile *) profiles->pdata[i])->class == PROFILE_OPERATIONAL)
      return TRUE;
  return FALSE;
}

/* What needs no table: without an owner, or with a rule that is not known, no row can allow it, and
 * a profile that may not be disabled (PPR1) has to be the only one. */
static gboolean
is_hopeless (const Profile *metadata, GPtrArray *on_card)
{
  return metadata->mcc == NULL || metadata->rules & PROFILE_RULE_UNKNOWN
         || (metadata->rules & PROFILE_RULE_NO_DISABLE && has_operational (on_card));
}

static gboolean
open_table (GBytes *rat, TlvReader *table, GError **error)
{
  TlvReader reader;
  Tlv whole, rows;

  if (!tlv_whole (TLV_CARD, rat, 0xBF43, &whole, error))
    return FALSE;
  tlv_enter (&reader, &whole);
  if (!tlv_expect (&reader, 0xA0, &rows, error))
    return FALSE;
  tlv_enter (table, &rows);
  return TRUE;
}

gboolean
download_judge_rules (const Profile *metadata, GBytes *rat, GPtrArray *on_card,
                      DownloadRules *rules, GError **error)
{
  static const ProfileRules each[] = { PROFILE_RULE_NO_DISABLE, PROFILE_RULE_NO_DELETE };
  DownloadRules strictest = DOWNLOAD_RULES_NONE, verdict = DOWNLOAD_RULES_NONE;
  TlvReader table;

  if (metadata->rules && is_hopeless (metadata, on_card))
    strictest = DOWNLOAD_RULES_FORBIDDEN;
  else if (metadata->rules)
    {
      if (!open_table (rat, &table, error))
        return FALSE;
      for (guint i = 0; i < G_N_ELEMENTS (each); i++)
        {
          if (!(metadata->rules & each[i]))
            continue;
          if (!judge_rule (&table, metadata, each[i], &verdict, error))
            return FALSE;
          strictest = MAX (strictest, verdict);
        }
    }
  *rules = strictest;
  return TRUE;
}
