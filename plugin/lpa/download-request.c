/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Builds what a card is asked in a download: signed parts as they came, deviceInfo, and the
 * confirmation code's hash. */

#include "lpa/download-parts.h"

#include <string.h>

#include "lpa/tlv.h"

/* Where the modem does not tell its IMEI: a well-formed TAC that is in use among LPAs, since the
 * member is mandatory (SGP.22, 4.2). */
#define UNKNOWN_TAC "35290611"

static gboolean
is_imei (const char *imei)
{
  return imei && strlen (imei) == 15 && strspn (imei, "0123456789") == 15;
}

/* COUNT digits (even), the first of each two in the low nibble. */
static void
swap_digits (const char *digits, guint count, guint8 *bytes)
{
  for (guint i = 0; i < count; i += 2)
    bytes[i / 2] = (digits[i] - '0') | (digits[i + 1] - '0') << 4;
}

/* deviceInfo (4.2). A server may offer nothing to a device that claims too little, so the usual
 * radio technologies are claimed; releases are major, 0, 0. */
static void
add_device (TlvBuilder *builder, const char *imei)
{
  gboolean known = is_imei (imei);
  guint8 bytes[8];

  tlv_open (builder, 0xA1);
  swap_digits (known ? imei : UNKNOWN_TAC, 8, bytes);
  tlv_add (builder, 0x80, bytes, 4);
  tlv_open (builder, 0xA1);
  tlv_add (builder, 0x80, "\x05\0\0", 3); /* GSM */
  tlv_add (builder, 0x81, "\x08\0\0", 3); /* UTRAN */
  tlv_add (builder, 0x85, "\x0E\0\0", 3); /* LTE */
  tlv_close (builder);
  if (known)
    {
      swap_digits (imei, 14, bytes);
      bytes[7] = (imei[14] - '0') << 4 | 0x0F; /* the check digit is in the high nibble */
      tlv_add (builder, 0x82, bytes, sizeof bytes);
    }
  tlv_close (builder);
}

GBytes *
download_authenticate_request (const Es9pInitiated *initiated, const char *matching_id,
                               const char *imei)
{
  TlvBuilder *builder = tlv_builder_new ();

  tlv_open (builder, 0xBF38);
  tlv_add_raw (builder, initiated->signed1);
  tlv_add_raw (builder, initiated->signature1);
  tlv_add_raw (builder, initiated->ci_key_id);
  tlv_add_raw (builder, initiated->certificate);
  tlv_open (builder, 0xA0);
  if (*matching_id)
    tlv_add_text (builder, 0x80, matching_id);
  add_device (builder, imei);
  tlv_close (builder);
  tlv_close (builder);
  return tlv_builder_end (builder);
}

/* 5.7.5: SHA-256 (SHA-256 (code) | transactionId). */
static void
hash_code (const char *code, GBytes *transaction_id, guint8 digest[32])
{
  g_autoptr (GChecksum) inner = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GChecksum) outer = g_checksum_new (G_CHECKSUM_SHA256);
  gsize size = 32, id_size;
  const guint8 *id = g_bytes_get_data (transaction_id, &id_size);

  g_checksum_update (inner, (const guchar *) code, strlen (code));
  g_checksum_get_digest (inner, digest, &size);
  g_checksum_update (outer, digest, size);
  g_checksum_update (outer, id, id_size);
  g_checksum_get_digest (outer, digest, &size);
}

GBytes *
download_prepare_request (const Es9pAuthenticated *offer, GBytes *transaction_id, const char *code)
{
  TlvBuilder *builder = tlv_builder_new ();
  guint8 digest[32];

  tlv_open (builder, 0xBF21);
  tlv_add_raw (builder, offer->signed2);
  tlv_add_raw (builder, offer->signature2);
  if (code)
    {
      hash_code (code, transaction_id, digest);
      tlv_add (builder, 0x04, digest, sizeof digest);
    }
  tlv_add_raw (builder, offer->certificate);
  tlv_close (builder);
  return tlv_builder_end (builder);
}
