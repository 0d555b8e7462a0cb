/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* ES10a: reads and sets the addresses a card is configured with. */

#include "lpa/es10a.h"

#include "lpa/es10.h"

static char *
address_of (const TlvReader *reader, guint32 tag, GError **error)
{
  g_autofree char *text = NULL;
  Tlv tlv;
  gboolean found;

  if (!tlv_find (reader, tag, &tlv, &found, error))
    return NULL;
  if (!found)
    return g_strdup ("");
  text = tlv_get_text (&tlv);
  return g_ascii_strdown (g_strstrip (text), -1);
}

Es10aAddresses *
es10a_get_addresses (Channel *channel, GCancellable *cancellable, GError **error)
{
  g_autoptr (Es10aAddresses) self = g_new0 (Es10aAddresses, 1);
  g_autoptr (GBytes) response = es10_call (channel, "ES10a.GetEuiccConfiguredAddresses",
                                           tlv_empty (0xBF3C), 0xBF3C, cancellable, error);
  TlvReader reader;
  Tlv whole;

  if (response == NULL || !tlv_whole (TLV_CARD, response, 0xBF3C, &whole, error))
    return NULL;
  tlv_enter (&reader, &whole);
  self->default_smdp = address_of (&reader, 0x80, error);
  if (self->default_smdp == NULL)
    return NULL;
  self->root_smds = address_of (&reader, 0x81, error);
  return self->root_smds ? g_steal_pointer (&self) : NULL;
}

void
es10a_addresses_free (Es10aAddresses *self)
{
  g_free (self->default_smdp);
  g_free (self->root_smds);
  g_free (self);
}

gboolean
es10a_set_default_smdp (Channel *channel, const char *address, GCancellable *cancellable,
                        GError **error)
{
  const char *function = "ES10a.SetDefaultDpAddress";
  TlvBuilder *builder = tlv_builder_new ();
  guint result;

  tlv_open (builder, 0xBF3F);
  tlv_add_text (builder, 0x80, address);
  tlv_close (builder);
  if (!es10_result (channel, function, tlv_builder_end (builder), 0xBF3F, &result, cancellable,
                    error))
    return FALSE;
  return result == 0
         || es10_refused (error, ESIM_ERROR_CARD_REFUSED, function, result,
                          "the card does not take the address");
}
