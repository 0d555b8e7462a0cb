/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Reads EUICCInfo1 and EUICCInfo2 (SGP.22, 5.7.8), and puts into words what they say. */

#include "lpa/es10b.h"

#include "base/hex.h"
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
      g_autofree char *hex = NULL;

      if (!tlv_expect (&reader, 0x04, &id, error))
        return NULL;
      hex = hex_encode (id.value, id.size);
      g_strv_builder_add (ids, hex);
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

/* In the order of their bits, the first bit first (SGP.22, annex H); NULL: not assigned. */
static const char *const uicc_capabilities[] = { "contactless",
                                                 "usim",
                                                 "isim",
                                                 "csim",
                                                 "aka-milenage",
                                                 "aka-cave",
                                                 "aka-tuak-128",
                                                 "aka-tuak-256",
                                                 NULL,
                                                 NULL,
                                                 "gba-usim",
                                                 "gba-isim",
                                                 "mbms-usim",
                                                 "eap-client",
                                                 "javacard",
                                                 "multos",
                                                 "multiple-usim",
                                                 "multiple-isim",
                                                 "multiple-csim",
                                                 "ber-tlv-file",
                                                 "df-link",
                                                 "cat-tp",
                                                 "get-identity",
                                                 "suci-profile-a-x25519",
                                                 "suci-profile-b-p256",
                                                 "suci-api" };
static const char *const rsp_capabilities[]
    = { "additional-profile",   "crl", "rpm", "test-profile", "device-info-extensibility",
        "service-specific-data" };
static const char *const rules[] = { NULL, "no-disable", "no-delete" };
static const char *const categories[] = { "", "basic", "medium", "contactless" };

/* Adds to WORDS those of NAMES whose bit is set in the BIT STRING of TAG, if there is one. */
static void
add_words (const TlvReader *members, guint32 tag, const char *const *names, gsize n_names,
           GStrvBuilder *words)
{
  Tlv bits;
  gboolean found;

  if (!tlv_find (members, tag, &bits, &found, NULL) || !found || bits.size < 2)
    return;
  for (gsize i = 0; i < n_names && i / 8 + 1 < bits.size; i++)
    if (names[i] && bits.value[1 + i / 8] & 0x80 >> i % 8)
      g_strv_builder_add (words, names[i]);
}

static char *
optional_version (const TlvReader *members, guint32 tag)
{
  Tlv version;
  gboolean found;
  char *text = NULL;

  if (tlv_find (members, tag, &version, &found, NULL) && found)
    text = version_of (&version, NULL);
  return text ? text : g_strdup ("");
}

static char *
optional_text (const TlvReader *members, guint32 tag)
{
  Tlv text;
  gboolean found;

  if (tlv_find (members, tag, &text, &found, NULL) && found)
    return tlv_get_text (&text);
  return g_strdup ("");
}

static const char *
category_of (const TlvReader *members)
{
  Tlv category;
  gboolean found;
  guint64 number = 0;

  if (!tlv_find (members, 0x8B, &category, &found, NULL) || !found
      || !tlv_uint (&category, &number, NULL) || number >= G_N_ELEMENTS (categories))
    return "";
  return categories[number];
}

/* Nothing depends on these members, so one that is odd makes no card unusable. */
static void
read_words (Es10bInfo *self, const TlvReader *members)
{
  g_autoptr (GStrvBuilder) able = g_strv_builder_new ();
  g_autoptr (GStrvBuilder) forbidden = g_strv_builder_new ();

  add_words (members, 0x85, uicc_capabilities, G_N_ELEMENTS (uicc_capabilities), able);
  add_words (members, 0x88, rsp_capabilities, G_N_ELEMENTS (rsp_capabilities), able);
  add_words (members, 0x99, rules, G_N_ELEMENTS (rules), forbidden);
  self->capabilities = g_strv_builder_end (able);
  self->forbidden_rules = g_strv_builder_end (forbidden);
  self->profile_version = optional_version (members, 0x81);
  self->firmware = optional_version (members, 0x83);
  self->accreditation = optional_text (members, 0x0C);
  self->category = category_of (members);
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
  read_words (self, &reader);
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
  g_free (self->profile_version);
  g_free (self->firmware);
  g_free (self->accreditation);
  g_strfreev (self->capabilities);
  g_strfreev (self->forbidden_rules);
  g_free (self);
}
