/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa/profile: ICCIDs, and every member of a profile's description. */

#include "fixture.h"

#include <string.h>

#include "base/error.h"
#include "lpa/profile.h"

#define FULL                                                                                       \
  "5A0A984405000000001017F2"                                                                       \
  "4F10A0000005591010FFFFFFFF8900001100"                                                           \
  "9F700101"                                                                                       \
  "90044275726F"                                                                                   \
  "910354656C"                                                                                     \
  "92024142"                                                                                       \
  "930101"                                                                                         \
  "9402FFD8"                                                                                       \
  "950102"                                                                                         \
  "B70B800332F410810101820102"                                                                     \
  "99020560"

static void
test_iccid (void)
{
  static const struct
  {
    const char *text, *bytes;
  } pairs[] = {
    { "894450000000000201", "984405000000002010FF" },
    { "8944500000000000017", "984405000000000010F7" },
    { "89010000001234567882", "98100000002143658728" },
    { "8901A000001234567882", "98100A00002143658728" },
  };
  static const char *const bad[] = { "",
                                     "123",
                                     "89445000000000020",
                                     "894450000000000000171",
                                     "8944500000000F00017",
                                     "89445000000000x0017" };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr (GBytes) expected = bytes_from_hex (pairs[i].bytes);
      g_autoptr (GBytes) bytes = iccid_to_bytes (pairs[i].text, NULL);
      g_autofree char *text = iccid_to_text (expected);

      g_assert_true (g_bytes_equal (bytes, expected));
      g_assert_cmpstr (text, ==, pairs[i].text);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (iccid_to_bytes (bad[i], &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_full (void)
{
  g_autoptr (GBytes) members = bytes_from_hex (FULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (Profile) profile = profile_parse (members, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (profile->iccid, ==, "8944500000000001712");
  g_assert_cmpint (profile->state, ==, PROFILE_ENABLED);
  g_assert_cmpint (profile->class, ==, PROFILE_OPERATIONAL);
  g_assert_cmpstr (profile->nickname, ==, "Buro");
  g_assert_cmpstr (profile->service_provider, ==, "Tel");
  g_assert_cmpstr (profile->name, ==, "AB");
  g_assert_cmpstr (profile->icon_type, ==, "image/png");
  g_assert_cmpuint (g_bytes_get_size (profile->icon), ==, 2);
  g_assert_cmpstr (profile->mcc, ==, "234");
  g_assert_cmpstr (profile->mnc, ==, "01");
  g_assert_cmpuint (g_bytes_get_size (profile->gid2), ==, 1);
  g_assert_cmpint (profile->rules, ==, PROFILE_RULE_NO_DISABLE | PROFILE_RULE_NO_DELETE);
}

static void
test_least (void)
{
  g_autoptr (GBytes) members = bytes_from_hex ("5A0A98440500000000101772"
                                               "9900");
  g_autoptr (GBytes) least = bytes_from_hex ("5A0A984405000000001017F2"
                                             "9104FF41FE42");
  g_autoptr (GError) error = NULL;
  g_autoptr (Profile) profile = profile_parse (least, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (profile->name, ==, "");
  g_assert_true (g_utf8_validate (profile->service_provider, -1, NULL));
  g_assert_cmpint (profile->class, ==, PROFILE_OPERATIONAL);
  g_assert_null (profile->mcc);
  g_assert_null (profile->problem);
  g_assert_null (profile_parse (members, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_RUBBISH);
}

/* One bad member of a card's entry does not hide the profile; a server's metadata has to be right.
 */
static void
test_bad_members (void)
{
  static const char *const bad[] = { "B7048002AABB", "B701AA", "B700", "950107", "9300" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *hex
          = g_strconcat ("5A0A984405000000001017F2", bad[i], "9F700101", "91035465", "6C", NULL);
      g_autoptr (GBytes) members = bytes_from_hex (hex);
      g_autoptr (GError) error = NULL, refused = NULL;
      g_autoptr (Profile) profile = profile_parse (members, &error);

      g_assert_no_error (error);
      g_test_message ("%s: %s", bad[i], profile->problem);
      g_assert_nonnull (profile->problem);
      g_assert_cmpstr (profile->service_provider, ==, "Tel");
      g_assert_cmpint (profile->state, ==, PROFILE_ENABLED);
      g_assert_null (profile_parse_from (TLV_SERVER, members, &refused));
      g_assert_error (refused, ESIM_ERROR, ESIM_ERROR_SERVER_RUBBISH);
    }
}

/* Where a cut falls between two members, what is left is a smaller profile; anywhere else it is an
 * error. Never a crash. */
static void
test_truncated (void)
{
  g_autoptr (GBytes) full = bytes_from_hex (FULL);
  guint good = 0;

  for (gsize size = 0; size < g_bytes_get_size (full); size++)
    {
      g_autoptr (GBytes) cut = g_bytes_new (g_bytes_get_data (full, NULL), size);
      g_autoptr (GError) error = NULL;
      g_autoptr (Profile) profile = profile_parse_from (TLV_SERVER, cut, &error);

      good += profile != NULL;
      if (profile == NULL)
        g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SERVER_RUBBISH);
    }
  g_assert_cmpuint (good, ==, 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/profile/iccid", test_iccid);
  g_test_add_func ("/profile/full", test_full);
  g_test_add_func ("/profile/least", test_least);
  g_test_add_func ("/profile/bad-members", test_bad_members);
  g_test_add_func ("/profile/truncated", test_truncated);
  return g_test_run ();
}
