/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Fuzzes lpa/bpp: bound profile packages of a server's, and a card's results of loading them. */

#include "fuzz.h"

#include "lpa/bpp.h"

/* Segments, put one behind the other, are the package. */
static void
split (GBytes *package)
{
  g_autoptr (GBytes) metadata = NULL, joined = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) segments = bpp_split (package, &metadata, &error);
  GByteArray *bytes;

  assert_told (segments != NULL, &error);
  g_assert_true ((segments == NULL) == (metadata == NULL));
  if (segments == NULL)
    {
      g_assert_cmpint (error->code, ==, ESIM_ERROR_PACKAGE_BROKEN);
      return;
    }
  bytes = g_byte_array_new ();
  for (guint i = 0; i < segments->len; i++)
    g_byte_array_append (bytes, g_bytes_get_data (segments->pdata[i], NULL),
                         g_bytes_get_size (segments->pdata[i]));
  joined = g_byte_array_free_to_bytes (bytes);
  g_assert_true (g_bytes_equal (joined, package));
}

static void
read_result (GBytes *response)
{
  g_autoptr (GError) error = NULL, failure = NULL;
  g_autoptr (BppResult) result = bpp_result_parse (response, &error);

  assert_told (result != NULL, &error);
  if (result == NULL)
    g_assert_cmpint (error->code, ==, ESIM_ERROR_CARD_RUBBISH);
  else if (!result->success)
    {
      bpp_result_error (result, &failure);
      assert_told (FALSE, &failure);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Input input = { data, size };
  gboolean is_package = input_byte (&input) & 1;
  g_autoptr (GBytes) bytes = input_rest (&input);

  if (is_package)
    split (bytes);
  else
    read_result (bytes);
  return 0;
}
