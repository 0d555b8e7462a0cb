/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa/download-rules: what a card's rules authorisation table says of a profile (SGP.22, 2.9.2.4
 * and 2.9.3.1). */

#include "fixture.h"

#include "base/error.h"
#include "lpa/download-parts.h"
#include "lpa/tlv.h"

#define PPR1 PROFILE_RULE_NO_DISABLE
#define PPR2 PROFILE_RULE_NO_DELETE

/* One row of a table with one owner; a table ends with a row without PLMN. */
typedef struct
{
  guint8 rules; /* 40 PPR1, 20 PPR2 */
  const char *plmn;
  const char *gid1, *gid2; /* hex; NULL: absent */
  gboolean consent;
} Row;

static void
add_hex (TlvBuilder *builder, guint32 tag, const char *hex)
{
  g_autoptr (GBytes) value = hex ? bytes_from_hex (hex) : NULL;

  if (value)
    tlv_add_bytes (builder, tag, value);
}

static void
add_row (TlvBuilder *builder, const Row *row)
{
  guint8 rules[] = { 5, row->rules };

  tlv_open (builder, 0x30);
  tlv_add (builder, 0x80, rules, sizeof rules);
  tlv_open (builder, 0xA1);
  tlv_open (builder, 0x30);
  add_hex (builder, 0x80, row->plmn);
  add_hex (builder, 0x81, row->gid1);
  add_hex (builder, 0x82, row->gid2);
  tlv_close (builder);
  tlv_close (builder);
  add_hex (builder, 0x82, row->consent ? "0780" : "0700");
  tlv_close (builder);
}

static GBytes *
table_of (const Row *rows)
{
  TlvBuilder *builder = tlv_builder_new ();

  tlv_open (builder, 0xBF43);
  tlv_open (builder, 0xA0);
  for (; rows->plmn; rows++)
    add_row (builder, rows);
  tlv_close (builder);
  tlv_close (builder);
  return tlv_builder_end (builder);
}

/* A profile of 234/01 with RULES; GIDs in hex, NULL: absent. */
static Profile *
profile_of (ProfileRules rules, const char *gid1, const char *gid2)
{
  Profile *self = g_new0 (Profile, 1);

  self->class = PROFILE_OPERATIONAL;
  self->mcc = g_strdup ("234");
  self->mnc = g_strdup ("01");
  self->rules = rules;
  self->gid1 = gid1 ? bytes_from_hex (gid1) : NULL;
  self->gid2 = gid2 ? bytes_from_hex (gid2) : NULL;
  return self;
}

static DownloadRules
judge (const Row *rows, const Profile *profile)
{
  g_autoptr (GBytes) table = table_of (rows);
  g_autoptr (GPtrArray) on_card = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  DownloadRules rules = (DownloadRules) -1;

  g_assert_true (download_judge_rules (profile, table, on_card, &rules, &error));
  g_assert_no_error (error);
  return rules;
}

static void
test_owner (void)
{
  static const struct
  {
    const char *plmn;
    gboolean matches;
  } plmns[] = {
    { "32F410", TRUE },    { "EEEEEE", TRUE },  { "32F4EE", TRUE },  { "32E410", TRUE },
    { "EEFE10", TRUE },    { "E2F410", TRUE },  { "3EF410", TRUE },  { "32FE10", TRUE },
    { "32F41E", TRUE },    { "32F4E0", TRUE },  { "32F411", FALSE }, { "33F410", FALSE },
    { "320410", FALSE },   { "22F4E1", FALSE }, { "EEEE11", FALSE }, { "32F4", FALSE },
    { "32F41000", FALSE },
  };
  g_autoptr (Profile) profile = profile_of (PPR1, NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (plmns); i++)
    {
      const Row rows[] = { { 0x40, plmns[i].plmn, NULL, NULL, FALSE }, { 0 } };

      g_assert_cmpint (judge (rows, profile), ==,
                       plmns[i].matches ? DOWNLOAD_RULES_NONE : DOWNLOAD_RULES_FORBIDDEN);
    }
}

/* An MNC of three digits has its third one where a short one has F. */
static void
test_long_mnc (void)
{
  const Row exact[] = { { 0x40, "130062", NULL, NULL, FALSE }, { 0 } };
  const Row wild[] = { { 0x40, "13E062", NULL, NULL, FALSE }, { 0 } };
  const Row shorter[] = { { 0x40, "13F062", NULL, NULL, FALSE }, { 0 } };
  g_autoptr (Profile) profile = profile_of (PPR1, NULL, NULL);

  g_free (profile->mcc);
  g_free (profile->mnc);
  profile->mcc = g_strdup ("310");
  profile->mnc = g_strdup ("260");
  g_assert_cmpint (judge (exact, profile), ==, DOWNLOAD_RULES_NONE);
  g_assert_cmpint (judge (wild, profile), ==, DOWNLOAD_RULES_NONE);
  g_assert_cmpint (judge (shorter, profile), ==, DOWNLOAD_RULES_FORBIDDEN);
}

static void
test_gids (void)
{
  static const struct
  {
    const char *row1, *row2, *gid1, *gid2;
    gboolean matches;
  } gids[] = {
    { NULL, NULL, NULL, NULL, TRUE },    { NULL, NULL, "", "", TRUE },
    { NULL, NULL, "01", NULL, FALSE },   { NULL, NULL, NULL, "01", FALSE },
    { "", "", NULL, NULL, TRUE },        { "", "", "01", "0203", TRUE },
    { "01", "", "01", "0203", TRUE },    { "01", "", "0100", "0203", FALSE },
    { "01", "", NULL, "0203", FALSE },   { "01", "0203", "01", "0203", TRUE },
    { "01", "0203", "01", "02", FALSE }, { "01", "0203", "01", NULL, FALSE },
    { "01", NULL, "01", NULL, TRUE },    { "01", NULL, "01", "02", FALSE },
    { "", NULL, "05", NULL, TRUE },      { "", NULL, "05", "06", FALSE },
    { "E1", "", "01", NULL, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (gids); i++)
    {
      const Row rows[] = { { 0x40, "32F410", gids[i].row1, gids[i].row2, FALSE }, { 0 } };
      g_autoptr (Profile) profile = profile_of (PPR1, gids[i].gid1, gids[i].gid2);

      if (judge (rows, profile)
          != (gids[i].matches ? DOWNLOAD_RULES_NONE : DOWNLOAD_RULES_FORBIDDEN))
        g_error ("row %u of the test", i);
    }
}

/* For each rule the first row for it and the owner decides, and the strictest of the rules. */
static void
test_order (void)
{
  const Row ask_first[]
      = { { 0x40, "32F410", "", "", TRUE }, { 0x40, "EEEEEE", "", "", FALSE }, { 0 } };
  const Row free_first[]
      = { { 0x40, "EEEEEE", "", "", FALSE }, { 0x40, "32F410", "", "", TRUE }, { 0 } };
  const Row others_first[] = { { 0x20, "EEEEEE", "", "", FALSE },
                               { 0x40, "32F411", "", "", FALSE },
                               { 0x60, "32F410", "", "", TRUE },
                               { 0 } };
  const Row both[] = { { 0x60, "EEEEEE", "", "", FALSE }, { 0 } };
  g_autoptr (Profile) ppr1 = profile_of (PPR1, NULL, NULL);
  g_autoptr (Profile) ppr2 = profile_of (PPR2, NULL, NULL);
  g_autoptr (Profile) two = profile_of (PPR1 | PPR2, NULL, NULL);

  g_assert_cmpint (judge (ask_first, ppr1), ==, DOWNLOAD_RULES_ASK);
  g_assert_cmpint (judge (free_first, ppr1), ==, DOWNLOAD_RULES_NONE);
  g_assert_cmpint (judge (free_first, ppr2), ==, DOWNLOAD_RULES_FORBIDDEN);
  g_assert_cmpint (judge (free_first, two), ==, DOWNLOAD_RULES_FORBIDDEN);
  g_assert_cmpint (judge (others_first, ppr1), ==, DOWNLOAD_RULES_ASK);
  g_assert_cmpint (judge (others_first, ppr2), ==, DOWNLOAD_RULES_NONE);
  g_assert_cmpint (judge (others_first, two), ==, DOWNLOAD_RULES_ASK);
  g_assert_cmpint (judge (both, two), ==, DOWNLOAD_RULES_NONE);
}

/* A row may name several owners. */
static void
test_owners (void)
{
  g_autoptr (GBytes) table = bytes_from_hex ("BF432AA028302680020540A11C"
                                             "300C800364F0008103AABBCC8200"
                                             "300C800332F41081008203010203"
                                             "82020780");
  g_autoptr (GPtrArray) on_card = g_ptr_array_new ();
  g_autoptr (Profile) second = profile_of (PPR1, "77", "010203");
  g_autoptr (Profile) neither = profile_of (PPR1, "77", "010204");
  g_autoptr (GError) error = NULL;
  DownloadRules rules;

  g_assert_true (download_judge_rules (second, table, on_card, &rules, &error));
  g_assert_no_error (error);
  g_assert_cmpint (rules, ==, DOWNLOAD_RULES_ASK);
  g_assert_true (download_judge_rules (neither, table, on_card, &rules, &error));
  g_assert_cmpint (rules, ==, DOWNLOAD_RULES_FORBIDDEN);
}

static void
test_hopeless (void)
{
  const Row all[] = { { 0x60, "EEEEEE", "", "", FALSE }, { 0 } };
  const Row none[] = { { 0 } };
  g_autoptr (Profile) ownerless = profile_of (PPR2, NULL, NULL);
  g_autoptr (Profile) unknown = profile_of (PROFILE_RULE_UNKNOWN, NULL, NULL);
  g_autoptr (Profile) also_unknown = profile_of (PPR2 | PROFILE_RULE_UNKNOWN, NULL, NULL);
  g_autoptr (Profile) ppr2 = profile_of (PPR2, NULL, NULL);

  g_clear_pointer (&ownerless->mcc, g_free);
  g_clear_pointer (&ownerless->mnc, g_free);
  g_assert_cmpint (judge (all, ownerless), ==, DOWNLOAD_RULES_FORBIDDEN);
  g_assert_cmpint (judge (all, unknown), ==, DOWNLOAD_RULES_FORBIDDEN);
  g_assert_cmpint (judge (all, also_unknown), ==, DOWNLOAD_RULES_FORBIDDEN);
  g_assert_cmpint (judge (none, ppr2), ==, DOWNLOAD_RULES_FORBIDDEN);
  g_assert_cmpint (judge (all, ppr2), ==, DOWNLOAD_RULES_NONE);
}

/* 2.9.2.4: a profile with PPR1 has to be the only operational one; others do not count. */
static void
test_beside (void)
{
  const Row all[] = { { 0x60, "EEEEEE", "", "", FALSE }, { 0 } };
  g_autoptr (GBytes) table = table_of (all);
  g_autoptr (Profile) ppr1 = profile_of (PPR1, NULL, NULL);
  g_autoptr (Profile) ppr2 = profile_of (PPR2, NULL, NULL);
  g_autoptr (Profile) other = profile_of (0, NULL, NULL);
  g_autoptr (GPtrArray) on_card = g_ptr_array_new ();
  static const ProfileClass classes[] = { PROFILE_TEST, PROFILE_PROVISIONING, PROFILE_OPERATIONAL };
  DownloadRules rules;

  g_ptr_array_add (on_card, other);
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    {
      other->class = classes[i];
      g_assert_true (download_judge_rules (ppr1, table, on_card, &rules, NULL));
      g_assert_cmpint (rules, ==,
                       classes[i] == PROFILE_OPERATIONAL ? DOWNLOAD_RULES_FORBIDDEN
                                                         : DOWNLOAD_RULES_NONE);
      g_assert_true (download_judge_rules (ppr2, table, on_card, &rules, NULL));
      g_assert_cmpint (rules, ==, DOWNLOAD_RULES_NONE);
    }
}

/* Bytes that are no table are an error where the table is needed, cut anywhere; a profile without
 * rules needs none. */
static void
test_rubbish (void)
{
  const Row rows[]
      = { { 0x20, "EEEEEE", "", "", FALSE }, { 0x60, "32F410", "01", "", TRUE }, { 0 } };
  g_autoptr (GBytes) table = table_of (rows);
  g_autoptr (GPtrArray) on_card = g_ptr_array_new ();
  g_autoptr (Profile) ppr1 = profile_of (PPR1, NULL, NULL);
  g_autoptr (Profile) plain = profile_of (0, NULL, NULL);

  for (gsize size = 0; size < g_bytes_get_size (table); size++)
    {
      g_autoptr (GBytes) cut = g_bytes_new (g_bytes_get_data (table, NULL), size);
      g_autoptr (GError) error = NULL;
      DownloadRules rules = DOWNLOAD_RULES_ASK;

      g_assert_false (download_judge_rules (ppr1, cut, on_card, &rules, &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_RUBBISH);
      g_assert_cmpint (rules, ==, DOWNLOAD_RULES_ASK);
      g_assert_true (download_judge_rules (plain, cut, on_card, &rules, NULL));
      g_assert_cmpint (rules, ==, DOWNLOAD_RULES_NONE);
    }
}

/* A row that lacks a member, or has it as something else. */
static void
test_broken_rows (void)
{
  static const char *const tables[] = {
    "BF4300",
    "BF4304A1023000",
    "BF4304A0023100",
    "BF4304A0023000",
    "BF4308A006300480020540",
    "BF430AA008300680020540A100",
    "BF430BA0093007800105A1008200",
    "BF430EA00C300A80020540A1008202FF00",
    "BF4310A00E300C80020540A102310082020780",
    "BF4310A00E300C80020540A102300082020780",
  };
  g_autoptr (GPtrArray) on_card = g_ptr_array_new ();
  g_autoptr (Profile) ppr1 = profile_of (PPR1, NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    {
      g_autoptr (GBytes) table = bytes_from_hex (tables[i]);
      g_autoptr (GError) error = NULL;
      DownloadRules rules;

      if (download_judge_rules (ppr1, table, on_card, &rules, &error))
        g_error ("%s is taken for a table", tables[i]);
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_RUBBISH);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rules/owner", test_owner);
  g_test_add_func ("/rules/long-mnc", test_long_mnc);
  g_test_add_func ("/rules/gids", test_gids);
  g_test_add_func ("/rules/order", test_order);
  g_test_add_func ("/rules/owners", test_owners);
  g_test_add_func ("/rules/hopeless", test_hopeless);
  g_test_add_func ("/rules/beside", test_beside);
  g_test_add_func ("/rules/rubbish", test_rubbish);
  g_test_add_func ("/rules/broken-rows", test_broken_rows);
  return g_test_run ();
}
