/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* base/hex: there and back, and what is no hexadecimal. */

#include "base/hex.h"

static void
test_encode (void)
{
  g_autofree char *some = hex_encode ((const guint8 *) "\x00\x0f\xa0\xff", 4);
  g_autofree char *none = hex_encode (NULL, 0);

  g_assert_cmpstr (some, ==, "000FA0FF");
  g_assert_cmpstr (none, ==, "");
}

static void
test_decode (void)
{
  g_autoptr (GBytes) some = hex_decode ("000fA0Ff");
  g_autoptr (GBytes) none = hex_decode ("");

  g_assert_cmpmem (g_bytes_get_data (some, NULL), g_bytes_get_size (some), "\x00\x0f\xa0\xff", 4);
  g_assert_cmpuint (g_bytes_get_size (none), ==, 0);
  g_assert_null (hex_decode ("0"));
  g_assert_null (hex_decode ("0g"));
  g_assert_null (hex_decode ("00 "));
  g_assert_null (hex_decode ("0x00"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hex/encode", test_encode);
  g_test_add_func ("/hex/decode", test_decode);
  return g_test_run ();
}
