/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa/bpp: packages are cut as a card wants them or refused whole; results say what they mean. */

#include "fixture.h"

#include <string.h>

#include "base/error.h"
#include "lpa/bpp.h"
#include "lpa/tlv.h"

#define MAC "0102030405060708"
#define INITIALISE                                                                                 \
  "BF230382"                                                                                       \
  "0101"
#define CONFIGURE "A00C870A4142" MAC
#define METADATA "A11A880B425A01" MAC "880B020303" MAC
#define KEYS "A20C870A4142" MAC
#define ELEMENTS "A30B860941" MAC

/* BF36 around the hex parts. */
static GBytes *
package_of (const char *parts)
{
  g_autoptr (GBytes) value = bytes_from_hex (parts);
  TlvBuilder *builder = tlv_builder_new ();

  tlv_add_bytes (builder, 0xBF36, value);
  return tlv_builder_end (builder);
}

static void
assert_segment (GPtrArray *segments, guint index, const char *hex)
{
  g_autoptr (GBytes) expected = bytes_from_hex (hex);

  g_assert_true (g_bytes_equal (segments->pdata[index], expected));
}

static void
test_split (void)
{
  g_autoptr (GBytes) package = package_of (INITIALISE CONFIGURE METADATA KEYS ELEMENTS);
  g_autoptr (GBytes) metadata = NULL, expected = bytes_from_hex ("425A01020303");
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) segments = bpp_split (package, &metadata, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (segments->len, ==, 8);
  assert_segment (segments, 0, "BF364B" INITIALISE);
  assert_segment (segments, 1, CONFIGURE);
  assert_segment (segments, 2, "A11A");
  assert_segment (segments, 3, "880B425A01" MAC);
  assert_segment (segments, 4, "880B020303" MAC);
  assert_segment (segments, 5, KEYS);
  assert_segment (segments, 6, "A30B");
  assert_segment (segments, 7, "860941" MAC);
  g_assert_true (g_bytes_equal (metadata, expected));
}

static void
assert_broken (GBytes *package)
{
  g_autoptr (GBytes) metadata = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (bpp_split (package, &metadata, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_PACKAGE_BROKEN);
  g_assert_null (metadata);
}

static void
test_broken (void)
{
  static const char *const bad[] = {
    "",
    INITIALISE,
    INITIALISE CONFIGURE,
    INITIALISE CONFIGURE METADATA,
    INITIALISE CONFIGURE METADATA KEYS,
    INITIALISE METADATA CONFIGURE ELEMENTS,
    CONFIGURE METADATA ELEMENTS,
    INITIALISE "A000" METADATA ELEMENTS,
    INITIALISE CONFIGURE "A100" ELEMENTS,
    INITIALISE CONFIGURE METADATA "A200" ELEMENTS,
    INITIALISE CONFIGURE METADATA "A300",
    INITIALISE CONFIGURE METADATA ELEMENTS ELEMENTS,
    INITIALISE CONFIGURE METADATA KEYS KEYS ELEMENTS,
    INITIALISE CONFIGURE METADATA "A30A8608" MAC,
    INITIALISE CONFIGURE METADATA "A30B880941" MAC,
    INITIALISE CONFIGURE METADATA ELEMENTS "00",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GBytes) package = package_of (bad[i]);

      assert_broken (package);
    }
}

static void
test_truncated (void)
{
  g_autoptr (GBytes) package = package_of (INITIALISE CONFIGURE METADATA KEYS ELEMENTS);

  for (gsize size = 0; size < g_bytes_get_size (package); size++)
    {
      g_autoptr (GBytes) cut = g_bytes_new (g_bytes_get_data (package, NULL), size);

      assert_broken (cut);
    }
}

static GBytes *
result_of (const char *outcome)
{
  /* sequence 0, install, an address with blanks */
  g_autoptr (GBytes) inner = bytes_from_hex ("80010081020780"
                                             "0C0B20534D44502E7465737420");
  g_autoptr (GBytes) final = bytes_from_hex (outcome);
  TlvBuilder *builder = tlv_builder_new ();

  tlv_open (builder, 0xBF37);
  tlv_open (builder, 0xBF27);
  tlv_add (builder, 0x80, "\x11\x22", 2);
  tlv_add_bytes (builder, 0xBF2F, inner);
  tlv_add (builder, 0x06, "\x88\x37\x0A", 3);
  tlv_add_bytes (builder, 0xA2, final);
  tlv_close (builder);
  tlv_add (builder, 0x5F37, "signature", 9);
  tlv_close (builder);
  return tlv_builder_end (builder);
}

static void
test_success (void)
{
  g_autoptr (GBytes) response = result_of ("A0074F02A0000401"
                                           "00");
  g_autoptr (GError) error = NULL;
  g_autoptr (BppResult) result = bpp_result_parse (response, &error);

  g_assert_no_error (error);
  g_assert_true (result->success);
  g_assert_cmpuint (g_bytes_get_size (result->aid), ==, 2);
  g_assert_cmpuint (g_bytes_get_size (result->sequence), ==, 1);
  g_assert_cmpstr (result->address, ==, "smdp.test");
  for (gsize size = 0; size < g_bytes_get_size (response); size++)
    {
      g_autoptr (GBytes) cut = g_bytes_new (g_bytes_get_data (response, NULL), size);
      g_autoptr (GError) problem = NULL;

      g_assert_null (bpp_result_parse (cut, &problem));
      g_assert_error (problem, ESIM_ERROR, ESIM_ERROR_CARD_RUBBISH);
    }
}

static void
test_failures (void)
{
  static const struct
  {
    const char *outcome;
    EsimError code;
  } failures[] = {
    { "A106800105810109", ESIM_ERROR_PROFILE_EXISTS },
    { "A10680010581010A", ESIM_ERROR_CARD_FULL },
    { "A106800105810108", ESIM_ERROR_INSTALL_FAILED },
    { "A10680010381010F", ESIM_ERROR_POLICY_RULES },
    { "A10680017F81017F", ESIM_ERROR_INSTALL_FAILED },
    { "A106800100810100", ESIM_ERROR_INSTALL_FAILED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autoptr (GBytes) response = result_of (failures[i].outcome);
      g_autoptr (GError) error = NULL;
      g_autoptr (BppResult) result = bpp_result_parse (response, &error);

      g_assert_no_error (error);
      g_assert_false (result->success);
      bpp_result_error (result, &error);
      g_assert_error (error, ESIM_ERROR, (int) failures[i].code);
      g_assert_nonnull (error_get_raw (error, "reason"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bpp/split", test_split);
  g_test_add_func ("/bpp/broken", test_broken);
  g_test_add_func ("/bpp/truncated", test_truncated);
  g_test_add_func ("/bpp/success", test_success);
  g_test_add_func ("/bpp/failures", test_failures);
  return g_test_run ();
}
