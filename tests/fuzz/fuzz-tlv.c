/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Fuzzes lpa/tlv: reads whatever bytes as TLVs within TLVs. */

#include "fuzz.h"

#include <string.h>

#include "lpa/tlv.h"

#define DEPTH_MAX 40

static void
check_value (const Tlv *tlv)
{
  g_autofree char *text = tlv_get_text (tlv);
  g_autoptr (GBytes) value = tlv_get_value (tlv);
  g_autoptr (GBytes) raw = tlv_get_raw (tlv);
  g_autoptr (GError) no_number = NULL, no_bits = NULL;
  guint64 number;
  guint8 bits;
  gboolean more;

  assert_told (tlv_uint (tlv, &number, &no_number), &no_number);
  assert_told (tlv_bits (tlv, &bits, &more, &no_bits), &no_bits);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpuint (g_bytes_get_size (value), ==, tlv->size);
  g_assert_cmpuint (g_bytes_get_size (raw), >, tlv->size);
}

/* What is read, put one behind the other, is what it was read from. */
static void
walk (TlvReader *reader, guint depth)
{
  const guint8 *at = reader->at;
  g_autoptr (GError) error = NULL;
  TlvReader inner;
  Tlv tlv;

  while (!tlv_at_end (reader) && tlv_next (reader, &tlv, &error))
    {
      g_assert_true (tlv.raw == at && tlv.raw + tlv.raw_size == tlv.value + tlv.size);
      at += tlv.raw_size;
      check_value (&tlv);
      tlv_enter (&inner, &tlv);
      if (*tlv.raw & 0x20 && depth < DEPTH_MAX)
        walk (&inner, depth + 1);
    }
  assert_told (tlv_at_end (reader), &error);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Input input = { data, size };
  g_autoptr (GBytes) bytes = input_rest (&input);
  g_autoptr (GError) error = NULL;
  TlvReader reader;
  gboolean found = FALSE;
  Tlv tlv;

  tlv_reader_init (&reader, size & 1 ? TLV_CARD : TLV_SERVER, bytes);
  assert_told (tlv_find (&reader, 0x5A, &tlv, &found, &error), &error);
  walk (&reader, 0);
  return 0;
}
