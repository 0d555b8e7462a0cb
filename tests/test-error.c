/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* base/error and dbus/errors: layer and raw codes travel, foreign errors are translated, the table
 * is whole. */

#include <string.h>

#include "base/error.h"

static void
test_travels (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) copy = NULL;
  g_autoptr (GVariant) raw = NULL;

  error_set (&error, ESIM_ERROR_CARD_REFUSED, "es10c", "the card answered %d", 5);
  error_add_raw (error, "result", "5");
  g_prefix_error (&error, "Enable: ");
  copy = g_error_copy (error);

  g_assert_error (copy, ESIM_ERROR, ESIM_ERROR_CARD_REFUSED);
  g_assert_cmpstr (copy->message, ==, "Enable: the card answered 5");
  g_assert_cmpstr (error_layer (copy), ==, "es10c");
  g_assert_cmpstr (error_get_raw (copy, "result"), ==, "5");
  g_assert_null (error_get_raw (copy, "sw"));
  raw = g_variant_ref_sink (error_raw (copy));
  g_assert_cmpuint (g_variant_n_children (raw), ==, 1);
}

static void
test_translate (void)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "stop");

  error_translate (&error);
  g_assert_true (error_is_code (error, ESIM_ERROR_CANCELLED));
  error_add_raw (NULL, "a", "b");
}

/* What a server wrote goes over D-Bus, which takes UTF-8 alone, and not megabytes of it. */
static void
test_foreign_words (void)
{
  g_autofree char *long_words = g_strnfill (1 << 20, 'x');
  g_autoptr (GError) error = NULL, long_error = NULL;
  g_autoptr (GVariant) raw = NULL;
  g_autofree char *printed = NULL;

  error_set (&error, ESIM_ERROR_SERVER_RUBBISH, "http", "Content-Type %s", "\xFF\xC3");
  error_add_raw (error, "retry-after", "1\xFF");
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  raw = g_variant_ref_sink (error_raw (error));
  printed = g_variant_print (raw, FALSE);
  g_assert_cmpstr (printed, ==, "{'retry-after': <'1�'>}");
  error_set (&long_error, ESIM_ERROR_SERVER_RUBBISH, "http", "%s", long_words);
  g_assert_cmpuint (strlen (long_error->message), ==, 2000);
}

static void
test_table (void)
{
  for (guint code = 0; code < ESIM_ERROR_LAST; code++)
    {
      g_assert_true (g_str_has_prefix (errors_dbus_name (code), "org.esimd1.Error."));
      g_assert_true (g_dbus_is_interface_name (errors_dbus_name (code)));
      g_assert_true (g_str_has_suffix (errors_advice (code), "."));
      g_assert_cmpuint (errors_from_dbus_name (errors_dbus_name (code)), ==, code);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/error/travels", test_travels);
  g_test_add_func ("/error/translate", test_translate);
  g_test_add_func ("/error/foreign-words", test_foreign_words);
  g_test_add_func ("/error/table", test_table);
  return g_test_run ();
}
