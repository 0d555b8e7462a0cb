/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Fuzzes lpa/download-check, certificate and download-rules: what an SM-DP+ signed, and a card's
 * rules authorisation table. */

#include "fuzz.h"

#include "lpa/download-parts.h"

static void
check_initiated (Input *input, const Activation *activation, GBytes *challenge)
{
  Es9pInitiated initiated = { .transaction_id = (char *) "0A0B0C0D" };
  g_autoptr (GBytes) signed1 = input_chunk (input), signature1 = input_chunk (input);
  g_autoptr (GBytes) ci_key_id = input_chunk (input), certificate = input_chunk (input);
  g_autoptr (GBytes) info1 = input_chunk (input), transaction_id = NULL;
  g_autoptr (GError) error = NULL;

  initiated.signed1 = signed1;
  initiated.signature1 = signature1;
  initiated.ci_key_id = ci_key_id;
  initiated.certificate = certificate;
  assert_told (
      download_check_initiated (&initiated, activation, challenge, info1, &transaction_id, &error),
      &error);
}

static void
check_offer (Input *input, const Activation *activation)
{
  g_autoptr (GBytes) transaction_id = g_bytes_new_static ("\x0A\x0B\x0C\x0D", 4);
  g_autoptr (GBytes) signed2 = input_chunk (input), signature2 = input_chunk (input);
  g_autoptr (GBytes) certificate = input_chunk (input), metadata = input_chunk (input);
  g_autoptr (GBytes) table = input_chunk (input);
  Es9pAuthenticated offer = { metadata, signed2, signature2, certificate };
  g_autoptr (GPtrArray) on_card = g_ptr_array_new ();
  g_autoptr (GError) error = NULL, no_table = NULL;
  g_autoptr (Profile) profile = NULL;
  gboolean needs_code, good;
  DownloadRules rules;

  good = download_check_offer (&offer, activation, transaction_id, &needs_code, &profile, &error);
  assert_told (good, &error);
  if (good)
    assert_told (download_judge_rules (profile, table, on_card, &rules, &no_table), &no_table);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Input input = { data, size };
  guint8 kind = input_byte (&input);
  g_autoptr (Activation) activation = activation_new ("smdp.test", NULL);
  g_autoptr (GBytes) challenge = g_bytes_new_static ("0123456789ABCDEF", 16);

  if (kind & 2)
    {
      g_free (activation->oid);
      activation->oid = g_strdup ("2.999.10");
    }
  if (kind & 1)
    check_initiated (&input, activation, challenge);
  else
    check_offer (&input, activation);
  return 0;
}
