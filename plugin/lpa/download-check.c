/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The LPA's own checks of what a server sends, beside the card's (SGP.22, 3.1.2 and 3.1.3). */

#include "lpa/download-parts.h"

#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "lpa/certificate.h"
#include "lpa/es10b.h"
#include "lpa/tlv.h"

static gboolean
differs (GError **error, const char *what)
{
  error_set (error, ESIM_ERROR_SERVER_RUBBISH, "es9p", "the server's answer: %s", what);
  return FALSE;
}

static gboolean
same_bytes (const Tlv *tlv, GBytes *bytes)
{
  g_autoptr (GBytes) value = tlv_get_value (tlv);

  return g_bytes_equal (value, bytes);
}

static gboolean
is_hex_of (const char *text, const Tlv *tlv)
{
  g_autofree char *hex = hex_encode (tlv->value, tlv->size);

  return g_ascii_strcasecmp (hex, text) == 0;
}

static gboolean
is_host_of (const Tlv *tlv, const char *address)
{
  gsize size = strcspn (address, ":"); /* a port is not the server's name */

  return tlv->size == size && g_ascii_strncasecmp ((const char *) tlv->value, address, size) == 0;
}

static gboolean
check_signed1 (const Es9pInitiated *initiated, const char *address, GBytes *challenge,
               GBytes **transaction_id, GError **error)
{
  TlvReader reader;
  Tlv whole, id, ours, name;

  if (!tlv_whole (TLV_SERVER, initiated->signed1, 0x30, &whole, error))
    return FALSE;
  tlv_enter (&reader, &whole);
  if (!tlv_need (&reader, 0x80, &id, error) || !tlv_need (&reader, 0x81, &ours, error)
      || !tlv_need (&reader, 0x83, &name, error))
    return FALSE;
  if (id.size == 0 || id.size > 16 || !is_hex_of (initiated->transaction_id, &id))
    return differs (error, "transactionId is not the one in serverSigned1");
  if (!same_bytes (&ours, challenge))
    return differs (error, "serverSigned1 holds another challenge than the card's");
  if (!is_host_of (&name, address))
    return differs (error, "serverSigned1 names another server than the one that was asked");
  *transaction_id = tlv_get_value (&id);
  return TRUE;
}

/* The CI the server chose must be one the card said it verifies by. */
static gboolean
check_ci (GBytes *ci_key_id, GBytes *info1, GError **error)
{
  g_autoptr (Es10bInfo) info = es10b_parse_info (info1, error);
  g_autofree char *hex = NULL;
  Tlv id;

  if (info == NULL || !tlv_whole (TLV_SERVER, ci_key_id, 0x04, &id, error))
    return FALSE;
  hex = hex_encode (id.value, id.size);
  if (g_strv_contains ((const char *const *) info->ci_ids, hex))
    return TRUE;
  error_set (error, ESIM_ERROR_WRONG_CI, "es9p",
             "the server chose a certificate issuer (%s) that the card does not know", hex);
  return FALSE;
}

gboolean
download_check_initiated (const Es9pInitiated *initiated, const Activation *activation,
                          GBytes *challenge, GBytes *info1, GBytes **transaction_id, GError **error)
{
  g_autoptr (GBytes) id = NULL;
  Tlv signature;

  if (!check_signed1 (initiated, activation->address, challenge, &id, error)
      || !tlv_whole (TLV_SERVER, initiated->signature1, 0x5F37, &signature, error)
      || !check_ci (initiated->ci_key_id, info1, error)
      || !certificate_check (initiated->certificate, activation->oid,
                             "certificate (serverCertificate)", error))
    return FALSE;
  *transaction_id = g_steal_pointer (&id);
  return TRUE;
}

static gboolean
check_signed2 (GBytes *signed2, GBytes *transaction_id, gboolean *needs_code, GError **error)
{
  TlvReader reader;
  Tlv whole, id, required;

  if (!tlv_whole (TLV_SERVER, signed2, 0x30, &whole, error))
    return FALSE;
  tlv_enter (&reader, &whole);
  if (!tlv_need (&reader, 0x80, &id, error) || !tlv_need (&reader, 0x01, &required, error))
    return FALSE;
  if (!same_bytes (&id, transaction_id))
    return differs (error, "smdpSigned2 belongs to another transaction");
  if (required.size != 1)
    return differs (error, "ccRequiredFlag in smdpSigned2 is not a BOOLEAN");
  *needs_code = required.value[0] != 0;
  return TRUE;
}

gboolean
download_check_offer (const Es9pAuthenticated *offer, const Activation *activation,
                      GBytes *transaction_id, gboolean *needs_code, Profile **metadata,
                      GError **error)
{
  g_autoptr (GBytes) members = NULL;
  gboolean required;
  Tlv whole, signature;
  Profile *profile;

  if (!check_signed2 (offer->signed2, transaction_id, &required, error)
      || !tlv_whole (TLV_SERVER, offer->signature2, 0x5F37, &signature, error)
      || !certificate_check (offer->certificate, activation->oid, "certificate (smdpCertificate)",
                             error)
      || !tlv_whole (TLV_SERVER, offer->metadata, 0xBF25, &whole, error))
    return FALSE;
  members = tlv_get_value (&whole);
  profile = profile_parse_from (TLV_SERVER, members, error);
  if (profile == NULL)
    {
      g_prefix_error (error, "profileMetadata: ");
      return FALSE;
    }
  *needs_code = required;
  *metadata = profile;
  return TRUE;
}
