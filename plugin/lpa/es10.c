/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One request to the ISD-R and the first look at its answer, for es10a, es10b and es10c. */

#include "lpa/es10.h"

GBytes *
es10_call (Channel *channel, const char *function, GBytes *request, guint32 tag,
           GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) command = request;
  g_autoptr (GBytes) response = channel_store_data (channel, command, cancellable, error);
  Tlv whole;

  if (response == NULL || !tlv_whole (TLV_CARD, response, tag, &whole, error))
    {
      g_prefix_error (error, "%s: ", function);
      return NULL;
    }
  return g_steal_pointer (&response);
}

gboolean
es10_refused (GError **error, EsimError code, const char *function, guint result,
              const char *meaning)
{
  g_autofree char *number = g_strdup_printf ("%u", result);

  error_set (error, code, "es10", "%s: %s (result %u)", function, meaning, result);
  error_add_raw (error ? *error : NULL, "result", number);
  return FALSE;
}

static gboolean
read_number (TlvReader *reader, guint *result, GError **error)
{
  guint64 number;
  Tlv code;

  if (!tlv_next (reader, &code, error) || !tlv_uint (&code, &number, error))
    return FALSE;
  *result = number > 127 ? 127 : (guint) number;
  return TRUE;
}

gboolean
es10_result (Channel *channel, const char *function, GBytes *request, guint32 tag, guint *result,
             GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) response = es10_call (channel, function, request, tag, cancellable, error);
  TlvReader reader;
  Tlv whole, code;
  guint64 number;

  if (response == NULL)
    return FALSE;
  if (!tlv_whole (TLV_CARD, response, tag, &whole, error))
    return FALSE;
  tlv_enter (&reader, &whole);
  if (!tlv_expect (&reader, 0x80, &code, error) || !tlv_uint (&code, &number, error))
    {
      g_prefix_error (error, "%s: ", function);
      return FALSE;
    }
  *result = number > 127 ? 127 : (guint) number;
  return TRUE;
}

gboolean
es10_list (GBytes *response, const char *function, guint32 tag, TlvReader *reader, GError **error)
{
  TlvReader inner;
  Tlv whole, first;
  guint result;

  if (!tlv_whole (TLV_CARD, response, tag, &whole, error))
    return FALSE;
  tlv_enter (&inner, &whole);
  if (!tlv_next (&inner, &first, error))
    {
      g_prefix_error (error, "%s: ", function);
      return FALSE;
    }
  if (first.tag == 0xA0)
    {
      tlv_enter (reader, &first);
      return TRUE;
    }
  tlv_enter (&inner, &whole);
  if (!read_number (&inner, &result, error))
    return FALSE;
  return es10_refused (error, ESIM_ERROR_CARD_REFUSED, function, result, "the card refused");
}
