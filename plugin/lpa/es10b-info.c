/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Reads EUICCInfo1 and EUICCInfo2 (SGP.22, 5.7.8). */

#include "lpa/es10b.h"

#include "lpa/tlv.h"

static char *
version_of (const Tlv *svn, GError **error)
{
  if (svn->size != 3)
    {
      tlv_error (error, svn, "is not a version of 3 bytes");
      return NULL;
    }
  return g_strdup_printf ("%u.%u.%u", svn->value[0], svn->value[1], svn->value[2]);
}

static char **
key_ids_of (const Tlv *list, GError **error)
{
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  TlvReader reader;
  Tlv id;

  tlv_enter (&reader, list);
  while (!tlv_at_end (&reader))
    {
      g_autoptr (GString) hex = g_string_new (NULL);

      if (!tlv_expect (&reader, 0x04, &id, error))
        return NULL;
      for (gsize i = 0; i < id.size; i++)
        g_string_append_printf (hex, "%02X", id.value[i]);
      g_strv_builder_add (ids, hex->str);
    }
  return g_strv_builder_end (ids);
}

/* 84 is an OCTET STRING that holds TLVs (ETSI TS 102 226, 8.2.1.7.2); info1 has none. */
static gboolean
free_memory_of (const TlvReader *members, guint64 *memory, GError **error)
{
  TlvReader reader;
  Tlv resources, free_memory;
  gboolean found;

  if (!tlv_find (members, 0x84, &resources, &found, error))
    return FALSE;
  if (!found)
    return TRUE;
  tlv_enter (&reader, &resources);
  return tlv_need (&reader, 0x82, &free_memory, error) && tlv_uint (&free_memory, memory, error);
}

static gboolean
whole_info (GBytes *info, TlvReader *members, GError **error)
{
  TlvReader reader;
  Tlv whole;

  tlv_reader_init (&reader, TLV_CARD, info);
  if (!tlv_next (&reader, &whole, error))
    return FALSE;
  if ((whole.tag != 0xBF20 && whole.tag != 0xBF22) || !tlv_at_end (&reader))
    {
      tlv_error (error, &whole, "is not one EUICCInfo");
      return FALSE;
    }
  tlv_enter (members, &whole);
  return TRUE;
}

Es10bInfo *
es10b_parse_info (GBytes *info2, GError **error)
{
  g_autoptr (Es10bInfo) self = g_new0 (Es10bInfo, 1);
  TlvReader reader;
  Tlv svn, ids;

  if (!whole_info (info2, &reader, error) || !tlv_need (&reader, 0x82, &svn, error)
      || !tlv_need (&reader, 0xA9, &ids, error)
      || !free_memory_of (&reader, &self->free_memory, error))
    return NULL;
  self->svn = version_of (&svn, error);
  if (self->svn == NULL)
    return NULL;
  self->ci_ids = key_ids_of (&ids, error);
  return self->ci_ids ? g_steal_pointer (&self) : NULL;
}

void
es10b_info_free (Es10bInfo *self)
{
  g_free (self->svn);
  g_strfreev (self->ci_ids);
  g_free (self);
}
