/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Reads ProfileInfo and StoreMetadataRequest (SGP.22, 5.7.15 and 5.5.3) into a Profile. */

#include "lpa/profile.h"

#include <string.h>

#include "lpa/tlv.h"

#define ICCID_SIZE 10

char *
iccid_to_text (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  GString *text;

  if (size == 0 || size > ICCID_SIZE)
    return NULL;
  text = g_string_new (NULL);
  for (gsize i = 0; i < size; i++)
    g_string_append_printf (text, "%X%X", data[i] & 0x0F, data[i] >> 4);
  while (text->len && text->str[text->len - 1] == 'F')
    g_string_truncate (text, text->len - 1);
  if (text->len == 0 || strchr (text->str, 'F'))
    {
      g_string_free (text, TRUE);
      return NULL;
    }
  return g_string_free (text, FALSE);
}

GBytes *
iccid_to_bytes (const char *text, GError **error)
{
  gsize length = strlen (text);
  guint8 bytes[ICCID_SIZE];

  while (length && g_ascii_toupper (text[length - 1]) == 'F')
    length--;
  if (length < 18 || length > 2 * ICCID_SIZE || strspn (text, "0123456789ABCDEabcde") < length)
    {
      error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "lpa",
                 "%s is not an ICCID: it has 18 to 20 digits", text);
      return NULL;
    }
  memset (bytes, 0xFF, sizeof bytes);
  for (gsize i = 0; i < length; i++)
    {
      guint8 digit = g_ascii_xdigit_value (text[i]);

      bytes[i / 2] = i % 2 ? (bytes[i / 2] & 0x0F) | digit << 4 : 0xF0 | digit;
    }
  return g_bytes_new (bytes, sizeof bytes);
}

static gboolean
take_iccid (Profile *self, const Tlv *tlv, GError **error)
{
  g_autoptr (GBytes) value = tlv_get_value (tlv);

  g_free (self->iccid);
  self->iccid = iccid_to_text (value);
  if (self->iccid == NULL)
    tlv_error (error, tlv, "is not an ICCID");
  return self->iccid != NULL;
}

static gboolean
take_state (Profile *self, const Tlv *tlv, GError **error)
{
  guint64 state;

  if (!tlv_uint (tlv, &state, error))
    return FALSE;
  if (state > 1)
    {
      tlv_error (error, tlv, "is neither disabled nor enabled");
      return FALSE;
    }
  self->state = state ? PROFILE_ENABLED : PROFILE_DISABLED;
  return TRUE;
}

static gboolean
take_class (Profile *self, const Tlv *tlv, GError **error)
{
  guint64 class;

  if (!tlv_uint (tlv, &class, error))
    return FALSE;
  if (class > PROFILE_OPERATIONAL)
    {
      tlv_error (error, tlv, "is no profile class");
      return FALSE;
    }
  self->class = (ProfileClass) class;
  return TRUE;
}

static gboolean
take_text (char **text, const Tlv *tlv)
{
  g_free (*text);
  *text = tlv_get_text (tlv);
  return TRUE;
}

static gboolean
take_icon_type (Profile *self, const Tlv *tlv, GError **error)
{
  guint64 type;

  if (!tlv_uint (tlv, &type, error))
    return FALSE;
  self->icon_type = type == 0 ? "image/jpeg" : type == 1 ? "image/png" : NULL;
  return TRUE;
}

/* 3GPP TS 24.008, 10.5.1.13: MCC 2 1, MNC 3 MCC 3, MNC 2 1; an F for the third digit of a short
 * MNC. */
static gboolean
take_plmn (Profile *self, const Tlv *tlv, GError **error)
{
  const guint8 *b = tlv->value;

  if (tlv->size != 3)
    {
      tlv_error (error, tlv, "is not an MCC and MNC");
      return FALSE;
    }
  g_free (self->mcc);
  g_free (self->mnc);
  self->mcc = g_strdup_printf ("%X%X%X", b[0] & 15, b[0] >> 4, b[1] & 15);
  self->mnc = b[1] >> 4 == 15 ? g_strdup_printf ("%X%X", b[2] & 15, b[2] >> 4)
                              : g_strdup_printf ("%X%X%X", b[2] & 15, b[2] >> 4, b[1] >> 4);
  return TRUE;
}

static void
take_bytes (GBytes **bytes, const Tlv *tlv)
{
  g_clear_pointer (bytes, g_bytes_unref);
  *bytes = tlv_get_value (tlv);
}

static gboolean
take_owner (Profile *self, const Tlv *tlv, GError **error)
{
  TlvReader reader;
  Tlv plmn, gid;
  gboolean found;

  tlv_enter (&reader, tlv);
  if (!tlv_need (&reader, 0x80, &plmn, error) || !take_plmn (self, &plmn, error))
    return FALSE;
  if (!tlv_find (&reader, 0x81, &gid, &found, error))
    return FALSE;
  if (found)
    take_bytes (&self->gid1, &gid);
  if (!tlv_find (&reader, 0x82, &gid, &found, error))
    return FALSE;
  if (found)
    take_bytes (&self->gid2, &gid);
  return TRUE;
}

/* 5.5.3: pprUpdateControl (80) is not a rule. */
static gboolean
take_rules (Profile *self, const Tlv *tlv, GError **error)
{
  guint8 bits;
  gboolean more;

  if (!tlv_bits (tlv, &bits, &more, error))
    return FALSE;
  self->rules = (bits & 0x40 ? PROFILE_RULE_NO_DISABLE : 0)
                | (bits & 0x20 ? PROFILE_RULE_NO_DELETE : 0)
                | (more || bits & 0x1F ? PROFILE_RULE_UNKNOWN : 0);
  return TRUE;
}

static gboolean
take (Profile *self, const Tlv *tlv, GError **error)
{
  switch (tlv->tag)
    {
    case 0x5A:
      return take_iccid (self, tlv, error);
    case 0x4F:
      take_bytes (&self->aid, tlv);
      return TRUE;
    case 0x9F70:
      return take_state (self, tlv, error);
    case 0x90:
      return take_text (&self->nickname, tlv);
    case 0x91:
      return take_text (&self->service_provider, tlv);
    case 0x92:
      return take_text (&self->name, tlv);
    case 0x93:
      return take_icon_type (self, tlv, error);
    case 0x94:
      take_bytes (&self->icon, tlv);
      return TRUE;
    case 0x95:
      return take_class (self, tlv, error);
    case 0xB7:
      return take_owner (self, tlv, error);
    case 0x99:
      return take_rules (self, tlv, error);
    default: /* B6, and what later versions add */
      return TRUE;
    }
}

/* Notes PROBLEM, taken over, with a member of a card's entry; FALSE where the entry is worth
 * nothing without it: who it is, its state, what may be done with it. */
static gboolean
forgive (Profile *self, TlvOrigin origin, guint32 tag, GError *problem, GError **error)
{
  if (origin != TLV_CARD || tag == 0x5A || tag == 0x9F70 || tag == 0x99)
    {
      g_propagate_error (error, problem);
      return FALSE;
    }
  if (self->problem == NULL)
    self->problem = g_strdup (problem->message);
  g_error_free (problem);
  return TRUE;
}

Profile *
profile_parse_from (TlvOrigin origin, GBytes *members, GError **error)
{
  g_autoptr (Profile) self = g_new0 (Profile, 1);
  TlvReader reader;
  Tlv tlv;

  self->class = PROFILE_OPERATIONAL;
  tlv_reader_init (&reader, origin, members);
  while (!tlv_at_end (&reader))
    {
      GError *problem = NULL;

      if (!tlv_next (&reader, &tlv, error))
        return NULL;
      if (!take (self, &tlv, &problem) && !forgive (self, origin, tlv.tag, problem, error))
        return NULL;
    }
  if (self->iccid == NULL)
    {
      error_set (error, tlv_origin_code (origin), tlv_origin_layer (origin), "tag 5A is missing");
      return NULL;
    }
  self->nickname = self->nickname ? self->nickname : g_strdup ("");
  self->name = self->name ? self->name : g_strdup ("");
  self->service_provider = self->service_provider ? self->service_provider : g_strdup ("");
  return g_steal_pointer (&self);
}

Profile *
profile_parse (GBytes *members, GError **error)
{
  return profile_parse_from (TLV_CARD, members, error);
}

void
profile_free (Profile *self)
{
  g_free (self->iccid);
  g_clear_pointer (&self->aid, g_bytes_unref);
  g_free (self->nickname);
  g_free (self->name);
  g_free (self->service_provider);
  g_free (self->mcc);
  g_free (self->mnc);
  g_free (self->problem);
  g_clear_pointer (&self->gid1, g_bytes_unref);
  g_clear_pointer (&self->gid2, g_bytes_unref);
  g_clear_pointer (&self->icon, g_bytes_unref);
  g_free (self);
}

Profile *
profiles_find (GPtrArray *profiles, const char *iccid)
{
  /* Letters occur in ICCIDs, in either case. */
  for (guint i = 0; iccid && i < profiles->len; i++)
    if (g_ascii_strcasecmp (((Profile *) profiles->pdata[i])->iccid, iccid) == 0)
      return profiles->pdata[i];
  return NULL;
}

Profile *
profiles_find_enabled (GPtrArray *profiles)
{
  for (guint i = 0; i < profiles->len; i++)
    if (((Profile *) profiles->pdata[i])->state == PROFILE_ENABLED)
      return profiles->pdata[i];
  return NULL;
}
