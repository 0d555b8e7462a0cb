/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Fuzzes lpa/profile: what a card or a server says of a profile. */

#include "fuzz.h"

#include <string.h>

#include "lpa/profile.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Input input = { data, size };
  TlvOrigin origin = input_byte (&input) & 1 ? TLV_SERVER : TLV_CARD;
  g_autoptr (GBytes) members = input_rest (&input);
  g_autoptr (GError) error = NULL;
  g_autoptr (Profile) profile = profile_parse_from (origin, members, &error);
  g_autoptr (GBytes) iccid = NULL;

  assert_told (profile != NULL, &error);
  if (profile == NULL)
    {
      g_assert_cmpint (error->code, ==, tlv_origin_code (origin));
      return 0;
    }
  g_assert_true (g_utf8_validate (profile->nickname, -1, NULL));
  g_assert_true (g_utf8_validate (profile->name, -1, NULL));
  g_assert_true (g_utf8_validate (profile->service_provider, -1, NULL));
  g_assert_true ((profile->mcc == NULL) == (profile->mnc == NULL));
  iccid = iccid_to_bytes (profile->iccid, NULL);
  if (iccid)
    {
      g_autofree char *text = iccid_to_text (iccid);

      g_assert_cmpstr (text, ==, profile->iccid);
    }
  return 0;
}
