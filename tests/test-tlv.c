/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa/tlv: what is read is what was built, raw bytes stay, nothing beyond the data is looked at. */

#include "fixture.h"

#include <string.h>

#include "lpa/tlv.h"

static void
test_round (void)
{
  TlvBuilder *builder = tlv_builder_new ();
  g_autoptr (GBytes) built = NULL;
  g_autoptr (GError) error = NULL;
  guint8 large[300] = { 7 };
  TlvReader reader;
  Tlv whole, tlv;
  guint64 number;

  tlv_open (builder, 0xBF31);
  tlv_open (builder, 0xA0);
  tlv_add (builder, 0x9F70, large, sizeof large);
  tlv_close (builder);
  tlv_add_uint (builder, 0x81, 0x80);
  tlv_add_text (builder, 0x0C, "ü");
  tlv_close (builder);
  built = tlv_builder_end (builder);
  g_assert_cmpuint (g_bytes_get_size (built), ==, 322);

  g_assert_true (tlv_whole (TLV_CARD, built, 0xBF31, &whole, &error));
  tlv_enter (&reader, &whole);
  g_assert_true (tlv_expect (&reader, 0xA0, &tlv, &error));
  g_assert_cmpuint (tlv.raw_size, ==, 4 + 5 + 300);
  g_assert_true (tlv_expect (&reader, 0x81, &tlv, &error));
  g_assert_cmpuint (tlv.size, ==, 2);
  g_assert_true (tlv_uint (&tlv, &number, &error));
  g_assert_cmpuint (number, ==, 0x80);
  g_assert_true (tlv_next (&reader, &tlv, &error));
  g_assert_true (tlv_at_end (&reader));
  g_assert_false (tlv_next (&reader, &tlv, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_RUBBISH);
}

static void
test_raw (void)
{
  /* a length that could be shorter: taken, and given back as it came */
  g_autoptr (GBytes) data = bytes_from_hex ("3081800201");
  g_autoptr (GBytes) odd = bytes_from_hex ("30820003020101");
  g_autoptr (GBytes) raw = NULL;
  g_autoptr (GError) error = NULL;
  Tlv tlv;

  g_assert_true (tlv_whole (TLV_SERVER, odd, 0x30, &tlv, &error));
  raw = tlv_get_raw (&tlv);
  g_assert_true (g_bytes_equal (raw, odd));
  g_assert_false (tlv_whole (TLV_SERVER, data, 0x30, &tlv, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SERVER_RUBBISH);
  g_assert_nonnull (strstr (error->message, "30"));
}

static void
test_malformed (void)
{
  static const char *const bad[] = {
    "",
    "30",
    "BF",
    "BF36",
    "5F",
    "3080",
    "308101",
    "3085000000",
    "30850000000001AA",
    "30FF",
    "3082FFFF",
    "3002AA",
    "BFFFFFFFFF01",
    "BFFFFFFFFFFFFF0100",
    "31020000",
    "3000AA",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GBytes) data = bytes_from_hex (bad[i]);
      g_autoptr (GError) error = NULL;
      Tlv tlv;

      g_assert_false (tlv_whole (TLV_CARD, data, 0x30, &tlv, &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_RUBBISH);
    }
}

static void
test_numbers_and_bits (void)
{
  g_autoptr (GBytes) data = bytes_from_hex ("8200"
                                            "820900FFFFFFFFFFFFFFFF"
                                            "8209010000000000000000"
                                            "99020640"
                                            "990100"
                                            "99020860"
                                            "99030060FF"
                                            "9900");
  g_autoptr (GError) error = NULL;
  TlvReader reader;
  guint64 number;
  guint8 bits;
  gboolean more;
  Tlv tlv;

  tlv_reader_init (&reader, TLV_CARD, data);
  g_assert_true (tlv_next (&reader, &tlv, NULL));
  g_assert_false (tlv_uint (&tlv, &number, NULL));
  g_assert_true (tlv_next (&reader, &tlv, NULL) && tlv_uint (&tlv, &number, &error));
  g_assert_cmpuint (number, ==, G_MAXUINT64);
  g_assert_true (tlv_next (&reader, &tlv, NULL));
  g_assert_false (tlv_uint (&tlv, &number, NULL));
  g_assert_true (tlv_next (&reader, &tlv, NULL) && tlv_bits (&tlv, &bits, &more, &error));
  g_assert_cmpuint (bits, ==, 0x40);
  g_assert_false (more);
  g_assert_true (tlv_next (&reader, &tlv, NULL) && tlv_bits (&tlv, &bits, &more, &error));
  g_assert_cmpuint (bits, ==, 0);
  g_assert_true (tlv_next (&reader, &tlv, NULL));
  g_assert_false (tlv_bits (&tlv, &bits, &more, NULL));
  g_assert_true (tlv_next (&reader, &tlv, NULL) && tlv_bits (&tlv, &bits, &more, &error));
  g_assert_true (more);
  g_assert_true (tlv_next (&reader, &tlv, NULL));
  g_assert_false (tlv_bits (&tlv, &bits, &more, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tlv/round", test_round);
  g_test_add_func ("/tlv/raw", test_raw);
  g_test_add_func ("/tlv/malformed", test_malformed);
  g_test_add_func ("/tlv/numbers-and-bits", test_numbers_and_bits);
  return g_test_run ();
}
