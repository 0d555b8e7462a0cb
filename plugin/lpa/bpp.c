/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Cuts bound profile packages along SGP.22, 2.5.5. */

#include "lpa/bpp.h"

#include "base/error.h"
#include "lpa/tlv.h"

#define MAC_SIZE 8

typedef struct
{
  GPtrArray *segments;
  GByteArray *metadata;
} Cut;

static gboolean
broken (GError **error, const char *problem)
{
  error_set (error, ESIM_ERROR_PACKAGE_BROKEN, "bpp", "the bound profile package %s", problem);
  return FALSE;
}

/* From FROM to the end of WITH: a header and what belongs to it are neighbours in the package. */
static void
add_segment (Cut *cut, const Tlv *from, const guint8 *end)
{
  const guint8 *start = g_bytes_get_data (from->owner, NULL);

  g_ptr_array_add (cut->segments,
                   g_bytes_new_from_bytes (from->owner, from->raw - start, end - from->raw));
}

static void
add_whole (Cut *cut, const Tlv *part)
{
  add_segment (cut, part, part->raw + part->raw_size);
}

/* A0 and A2 go whole; what is in them is checked all the same. */
static gboolean
cut_whole (Cut *cut, const Tlv *part, GError **error)
{
  TlvReader reader;
  Tlv member;

  tlv_enter (&reader, part);
  if (tlv_at_end (&reader))
    return broken (error, "has an empty part");
  while (!tlv_at_end (&reader))
    {
      if (!tlv_expect (&reader, 0x87, &member, error))
        return FALSE;
      if (member.size <= MAC_SIZE)
        return broken (error, "has an empty 87 segment");
    }
  add_whole (cut, part);
  return TRUE;
}

/* A1 and A3: the header alone, then each member. 86 segments over 1020 bytes are seen
 * (osmo-smdpp: 1036) and pass. */
static gboolean
cut_members (Cut *cut, const Tlv *part, guint32 tag, GByteArray *plain, GError **error)
{
  TlvReader reader;
  Tlv member;

  tlv_enter (&reader, part);
  if (tlv_at_end (&reader))
    return broken (error, "has an empty part");
  add_segment (cut, part, part->value);
  while (!tlv_at_end (&reader))
    {
      if (!tlv_expect (&reader, tag, &member, error))
        return FALSE;
      if (member.size <= MAC_SIZE)
        return broken (error, "has an empty segment");
      if (plain)
        g_byte_array_append (plain, member.value, member.size - MAC_SIZE);
      add_whole (cut, &member);
    }
  return TRUE;
}

static gboolean
cut_parts (Cut *cut, const Tlv *whole, GError **error)
{
  TlvReader reader;
  Tlv part;

  tlv_enter (&reader, whole);
  if (!tlv_expect (&reader, 0xBF23, &part, error))
    return FALSE;
  add_segment (cut, whole, part.raw + part.raw_size);
  if (!tlv_expect (&reader, 0xA0, &part, error) || !cut_whole (cut, &part, error)
      || !tlv_expect (&reader, 0xA1, &part, error)
      || !cut_members (cut, &part, 0x88, cut->metadata, error) || !tlv_next (&reader, &part, error))
    return FALSE;
  if (part.tag == 0xA2)
    {
      /* ReplaceSessionKeys */
      if (!cut_whole (cut, &part, error) || !tlv_next (&reader, &part, error))
        return FALSE;
    }
  if (part.tag != 0xA3)
    return broken (error, "has no profile elements (A3)");
  if (!cut_members (cut, &part, 0x86, NULL, error))
    return FALSE;
  return tlv_at_end (&reader) || broken (error, "has a part too many");
}

GPtrArray *
bpp_split (GBytes *package, GBytes **metadata, GError **error)
{
  g_autoptr (GPtrArray) segments = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GByteArray) plain = g_byte_array_new ();
  g_autoptr (GError) problem = NULL;
  Cut cut = { .segments = segments, .metadata = plain };
  Tlv whole;

  if (!tlv_whole (TLV_SERVER, package, 0xBF36, &whole, &problem)
      || !cut_parts (&cut, &whole, &problem))
    {
      if (error_is_code (problem, ESIM_ERROR_PACKAGE_BROKEN))
        g_propagate_error (error, g_steal_pointer (&problem));
      else
        error_set (error, ESIM_ERROR_PACKAGE_BROKEN, "bpp",
                   "the bound profile package is malformed: %s", problem->message);
      return NULL;
    }
  *metadata = g_byte_array_free_to_bytes (g_steal_pointer (&plain));
  return g_steal_pointer (&segments);
}
