/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* ES10c: what is on the card and what it is called. Switching is in es10c-switch.c. */

#include "lpa/es10c.h"

#include <string.h>

#include "base/hex.h"
#include "lpa/es10.h"

char *
es10c_get_eid (Channel *channel, GCancellable *cancellable, GError **error)
{
  const char *function = "ES10c.GetEID";
  static const guint8 request[] = { 0xBF, 0x3E, 0x03, 0x5C, 0x01, 0x5A };
  g_autoptr (GBytes) response = es10_call (
      channel, function, g_bytes_new_static (request, sizeof request), 0xBF3E, cancellable, error);
  g_autofree char *eid = NULL;
  TlvReader reader;
  Tlv whole, value;

  if (response == NULL || !tlv_whole (TLV_CARD, response, 0xBF3E, &whole, error))
    return NULL;
  tlv_enter (&reader, &whole);
  if (!tlv_expect (&reader, 0x5A, &value, error))
    return NULL;
  eid = hex_encode (value.value, value.size);
  if (value.size != 16 || strspn (eid, "0123456789") != 32)
    {
      tlv_error (error, &value, "is not an EID of 32 digits");
      return NULL;
    }
  return g_steal_pointer (&eid);
}

/* Without a tag list a card leaves out 99 and B7; with icons it may take ten APDUs a profile. */
static GBytes *
profiles_request (gboolean icons)
{
  static const guint8 tags[]
      = { 0x5A, 0x4F, 0x9F, 0x70, 0x90, 0x91, 0x92, 0x95, 0xB7, 0x99, 0x93, 0x94 };
  TlvBuilder *builder = tlv_builder_new ();

  tlv_open (builder, 0xBF2D);
  tlv_add (builder, 0x5C, tags, icons ? sizeof tags : sizeof tags - 2);
  tlv_close (builder);
  return tlv_builder_end (builder);
}

GPtrArray *
es10c_get_profiles (Channel *channel, gboolean icons, GCancellable *cancellable, GError **error)
{
  const char *function = "ES10c.GetProfilesInfo";
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) profile_free);
  g_autoptr (GBytes) response
      = es10_call (channel, function, profiles_request (icons), 0xBF2D, cancellable, error);
  TlvReader reader;
  Tlv item;

  if (response == NULL || !es10_list (response, function, 0xBF2D, &reader, error))
    return NULL;
  while (!tlv_at_end (&reader))
    {
      g_autoptr (GBytes) members = NULL;
      Profile *profile;

      if (!tlv_expect (&reader, 0xE3, &item, error))
        return NULL;
      members = tlv_get_value (&item);
      profile = profile_parse (members, error);
      if (profile == NULL)
        {
          g_prefix_error (error, "%s: ", function);
          return NULL;
        }
      g_ptr_array_add (list, profile);
    }
  return g_steal_pointer (&list);
}

gboolean
es10c_set_nickname (Channel *channel, const char *iccid, const char *nickname,
                    GCancellable *cancellable, GError **error)
{
  const char *function = "ES10c.SetNickname";
  g_autoptr (GBytes) id = iccid_to_bytes (iccid, error);
  TlvBuilder *builder;
  guint result;

  if (id == NULL)
    return FALSE;
  if (strlen (nickname) > 64 || !g_utf8_validate (nickname, -1, NULL))
    {
      error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "es10",
                 "a nickname has at most 64 bytes of UTF-8");
      return FALSE;
    }
  builder = tlv_builder_new ();
  tlv_open (builder, 0xBF29);
  tlv_add_bytes (builder, 0x5A, id);
  tlv_add_text (builder, 0x90, nickname);
  tlv_close (builder);
  if (!es10_result (channel, function, tlv_builder_end (builder), 0xBF29, &result, cancellable,
                    error))
    return FALSE;
  if (result == 1)
    return es10_refused (error, ESIM_ERROR_NOT_FOUND, function, result,
                         "the card has no such profile");
  return result == 0
         || es10_refused (error, ESIM_ERROR_CARD_REFUSED, function, result,
                          "the card does not take the nickname");
}

gboolean
es10c_reset (Channel *channel, guint what, GCancellable *cancellable, GError **error)
{
  const char *function = "ES10c.eUICCMemoryReset";
  guint8 bits[2] = { 0, what };
  TlvBuilder *builder = tlv_builder_new ();
  guint result;

  while (bits[0] < 5 && !(what >> bits[0] & 1)) /* DER: the lowest bit set is the last one sent */
    bits[0]++;
  tlv_open (builder, 0xBF34);
  tlv_add (builder, 0x82, bits, sizeof bits);
  tlv_close (builder);
  if (!es10_result (channel, function, tlv_builder_end (builder), 0xBF34, &result, cancellable,
                    error))
    return FALSE;
  if (result == 5)
    return es10_refused (error, ESIM_ERROR_CARD_BUSY, function, result, "the card is busy (CAT)");
  return result <= 1 /* reset, or there was nothing to delete */
         || es10_refused (error, ESIM_ERROR_CARD_REFUSED, function, result,
                          "the card does not reset itself");
}
