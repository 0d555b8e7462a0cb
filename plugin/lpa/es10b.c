/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* ES10b: mutual authentication and the preparation of a download; signed answers stay as they came.
 */

#include "lpa/es10b.h"

#include "lpa/es10.h"

GBytes *
es10b_get_info1 (Channel *channel, GCancellable *cancellable, GError **error)
{
  return es10_call (channel, "ES10b.GetEUICCInfo1", tlv_empty (0xBF20), 0xBF20, cancellable, error);
}

GBytes *
es10b_get_info2 (Channel *channel, GCancellable *cancellable, GError **error)
{
  return es10_call (channel, "ES10b.GetEUICCInfo2", tlv_empty (0xBF22), 0xBF22, cancellable, error);
}

GBytes *
es10b_get_rat (Channel *channel, GCancellable *cancellable, GError **error)
{
  return es10_call (channel, "ES10b.GetRAT", tlv_empty (0xBF43), 0xBF43, cancellable, error);
}

GBytes *
es10b_get_challenge (Channel *channel, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) response = es10_call (channel, "ES10b.GetEUICCChallenge", tlv_empty (0xBF2E),
                                           0xBF2E, cancellable, error);
  TlvReader reader;
  Tlv whole, challenge;

  if (response == NULL || !tlv_whole (TLV_CARD, response, 0xBF2E, &whole, error))
    return NULL;
  tlv_enter (&reader, &whole);
  if (!tlv_expect (&reader, 0x80, &challenge, error))
    return NULL;
  if (challenge.size != 16)
    {
      tlv_error (error, &challenge, "is not a challenge of 16 bytes");
      return NULL;
    }
  return tlv_get_value (&challenge);
}

typedef struct
{
  guint result;
  EsimError code;
  const char *meaning;
} Meaning;

/* 5.7.13, AuthenticateErrorCode */
static const Meaning authenticate_meanings[] = {
  { 1, ESIM_ERROR_WRONG_CI, "the card does not accept the server's certificate" },
  { 2, ESIM_ERROR_CARD_REFUSED, "the server's signature is wrong" },
  { 3, ESIM_ERROR_CARD_REFUSED, "the card does not know the server's curve" },
  { 4, ESIM_ERROR_SESSION_GONE, "the card has no such session any more" },
  { 5, ESIM_ERROR_CARD_REFUSED, "the server's certificate is not for this role" },
  { 6, ESIM_ERROR_CARD_REFUSED, "the server signed another challenge" },
  { 7, ESIM_ERROR_WRONG_CI, "the card does not know the server's certificate issuer" },
  { 0 },
};

/* 5.7.5, DownloadErrorCode */
static const Meaning prepare_meanings[] = {
  { 1, ESIM_ERROR_WRONG_CI, "the card does not accept the server's binding certificate" },
  { 2, ESIM_ERROR_CARD_REFUSED, "the server's signature is wrong" },
  { 3, ESIM_ERROR_CARD_REFUSED, "the card does not know the server's curve" },
  { 4, ESIM_ERROR_SESSION_GONE, "the card has no such session any more" },
  { 5, ESIM_ERROR_CARD_REFUSED, "the transaction is not the card's" },
  { 0 },
};

static gboolean
refuse (const Meaning *meanings, const char *function, guint result, GError **error)
{
  while (meanings->result && meanings->result != result)
    meanings++;
  if (meanings->result)
    return es10_refused (error, meanings->code, function, result, meanings->meaning);
  return es10_refused (error, ESIM_ERROR_CARD_REFUSED, function, result, "the card refused");
}

/* The code of an error response A1{80 transactionId, 02 code}. */
static gboolean
error_code (const Tlv *response, guint *result, GError **error)
{
  TlvReader reader;
  Tlv code;
  guint64 number;

  tlv_enter (&reader, response);
  if (!tlv_need (&reader, 0x02, &code, error) || !tlv_uint (&code, &number, error))
    return FALSE;
  *result = number > 127 ? 127 : (guint) number;
  return TRUE;
}

static gboolean
signed_call (Channel *channel, const char *function, const Meaning *meanings, guint32 tag,
             GBytes *request, GBytes **response, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) answer
      = es10_call (channel, function, g_bytes_ref (request), tag, cancellable, error);
  TlvReader reader;
  Tlv whole, choice;
  guint result;

  if (answer == NULL || !tlv_whole (TLV_CARD, answer, tag, &whole, error))
    return FALSE;
  tlv_enter (&reader, &whole);
  if (!tlv_next (&reader, &choice, error))
    {
      g_prefix_error (error, "%s: ", function);
      return FALSE;
    }
  if (choice.tag != 0xA0 && choice.tag != 0xA1)
    {
      tlv_error (error, &choice, "is neither an answer nor an error");
      return FALSE;
    }
  if (choice.tag == 0xA1 && !error_code (&choice, &result, error))
    return FALSE;
  *response = g_steal_pointer (&answer);
  return choice.tag == 0xA0 || refuse (meanings, function, result, error);
}

gboolean
es10b_authenticate_server (Channel *channel, GBytes *request, GBytes **response,
                           GCancellable *cancellable, GError **error)
{
  return signed_call (channel, "ES10b.AuthenticateServer", authenticate_meanings, 0xBF38, request,
                      response, cancellable, error);
}

gboolean
es10b_prepare_download (Channel *channel, GBytes *request, GBytes **response,
                        GCancellable *cancellable, GError **error)
{
  return signed_call (channel, "ES10b.PrepareDownload", prepare_meanings, 0xBF21, request, response,
                      cancellable, error);
}

GBytes *
es10b_cancel_session (Channel *channel, GBytes *transaction_id, guint reason, GError **error)
{
  const char *function = "ES10b.CancelSession";
  TlvBuilder *builder = tlv_builder_new ();
  g_autoptr (GBytes) response = NULL;
  TlvReader reader;

  tlv_open (builder, 0xBF41);
  tlv_add_bytes (builder, 0x80, transaction_id);
  tlv_add_uint (builder, 0x81, reason);
  tlv_close (builder);
  response = es10_call (channel, function, tlv_builder_end (builder), 0xBF41, NULL, error);
  if (response == NULL || !es10_list (response, function, 0xBF41, &reader, error))
    return NULL;
  return g_steal_pointer (&response);
}
