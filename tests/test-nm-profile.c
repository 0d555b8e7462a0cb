/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* connect/nm-profile: what a new connection has, what follows the settings, and that a person's
 * edits stay. */

#include "connect/nm-profile.h"

#define ICCID "8988307000000000019"

static const ConnectSettings settings
    = { .apn = "super", .ip_type = "ipv4", .roaming = TRUE, .metric = 700, .set_dns = TRUE };

/* PROFILE with the text VALUE (as GVariant's text format has it) at GROUP's KEY, as a person edits
 * it. */
static GVariant *
edited (GVariant *profile, const char *group, const char *key, const char *value)
{
  g_autoptr (GVariant) old = g_variant_lookup_value (profile, group, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariantDict) all = g_variant_dict_new (NULL);
  g_autoptr (GVariant) parsed = NULL;
  GVariantDict values;
  GVariantBuilder builder;
  GVariantIter iter;
  const char *name;
  GVariant *each;

  g_variant_dict_init (&values, old);
  /* Floating up to GLib 2.82, the caller's own since. */
  parsed = g_variant_take_ref (g_variant_parse (NULL, value, NULL, NULL, NULL));
  g_variant_dict_insert_value (&values, key, parsed);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{sa{sv}}"));
  g_variant_builder_add (&builder, "{s@a{sv}}", group, g_variant_dict_end (&values));
  g_variant_iter_init (&iter, profile);
  while (g_variant_iter_next (&iter, "{&s@a{sv}}", &name, &each))
    {
      if (!g_str_equal (name, group))
        g_variant_builder_add (&builder, "{s@a{sv}}", name, each);
      g_variant_unref (each);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static char *
text_of (GVariant *profile, const char *group, const char *key)
{
  g_autoptr (GVariant) values = g_variant_lookup_value (profile, group, NULL);
  g_autoptr (GVariant) value = g_variant_lookup_value (values, key, NULL);

  return g_variant_print (value, FALSE);
}

static void
expect (GVariant *profile, const char *group, const char *key, const char *wanted)
{
  g_autofree char *text = text_of (profile, group, key);

  g_assert_cmpstr (text, ==, wanted);
}

static void
test_new (void)
{
  g_autoptr (GVariant) made = g_variant_ref_sink (nm_profile_new (ICCID, &settings));
  g_autofree char *uuid = nm_profile_uuid (ICCID);
  g_autofree char *again = nm_profile_uuid (ICCID);
  g_autofree char *other = nm_profile_uuid ("8988307000000000027");

  g_assert_true (g_uuid_string_is_valid (uuid));
  g_assert_cmpstr (uuid, ==, again);
  g_assert_cmpstr (uuid, !=, other);
  g_assert_cmpstr (nm_profile_text (made, "connection", "uuid"), ==, uuid);
  g_assert_cmpstr (nm_profile_text (made, "gsm", "sim-id"), ==, ICCID);
  g_assert_cmpstr (nm_profile_text (made, "gsm", "none"), ==, "");
  g_assert_true (nm_profile_is_gsm (made));
  g_assert_true (nm_profile_is_ours (made));
  expect (made, "gsm", "home-only", "false");
  expect (made, "ipv6", "method", "'disabled'");
  expect (made, "ipv4", "route-metric", "700");
  g_assert_null (nm_profile_update (made, NULL, &settings, TRUE));
}

static void
test_in_step (void)
{
  const ConnectSettings others
      = { .apn = "other", .ip_type = "ipv4v6", .roaming = FALSE, .metric = 5, .set_dns = FALSE };
  g_autoptr (GVariant) made = g_variant_ref_sink (nm_profile_new (ICCID, &settings));
  g_autoptr (GVariant) secrets = g_variant_take_ref (g_variant_parse (
      G_VARIANT_TYPE ("a{sa{sv}}"), "{'gsm': {'pin': <'1234'>}}", NULL, NULL, NULL));
  g_autoptr (GVariant) new = nm_profile_update (made, secrets, &others, FALSE);

  g_assert_nonnull (new);
  expect (new, "gsm", "apn", "'other'");
  expect (new, "gsm", "home-only", "true");
  expect (new, "gsm", "pin", "'1234'");
  expect (new, "gsm", "sim-id", "'" ICCID "'");
  expect (new, "ipv6", "method", "'auto'");
  expect (new, "ipv4", "ignore-auto-dns", "true");
  expect (new, "connection", "autoconnect", "false");
  g_assert_null (nm_profile_update (new, NULL, &others, FALSE));
}

static void
test_edits_stay (void)
{
  const ConnectSettings others
      = { .apn = "other", .ip_type = "ipv4", .roaming = TRUE, .metric = 5, .set_dns = TRUE };
  g_autoptr (GVariant) made = g_variant_ref_sink (nm_profile_new (ICCID, &settings));
  g_autoptr (GVariant) mine = edited (made, "gsm", "apn", "'mine'");
  g_autoptr (GVariant) new = NULL;
  g_autoptr (GVariant) back = NULL;

  g_assert_null (nm_profile_update (mine, NULL, &settings, TRUE));
  new = nm_profile_update (mine, NULL, &others, TRUE);
  g_assert_nonnull (new);
  expect (new, "gsm", "apn", "'mine'");
  expect (new, "ipv4", "route-metric", "5");
  /* It stays a person's, whatever the settings become. */
  back = nm_profile_update (new, NULL, &settings, TRUE);
  expect (back, "gsm", "apn", "'mine'");
  expect (back, "ipv4", "route-metric", "700");
}

static void
test_others (void)
{
  g_autoptr (GVariant) foreign = g_variant_take_ref (g_variant_parse (
      G_VARIANT_TYPE ("a{sa{sv}}"), "{'connection': {'type': <'gsm'>}, 'gsm': {'apn': <'super'>}}",
      NULL, NULL, NULL));

  g_assert_true (nm_profile_is_gsm (foreign));
  g_assert_false (nm_profile_is_ours (foreign));
  g_assert_null (nm_profile_update (foreign, NULL, &settings, FALSE));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nm-profile/new", test_new);
  g_test_add_func ("/nm-profile/in-step", test_in_step);
  g_test_add_func ("/nm-profile/edits-stay", test_edits_stay);
  g_test_add_func ("/nm-profile/others", test_others);
  return g_test_run ();
}
