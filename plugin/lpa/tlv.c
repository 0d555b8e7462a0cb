/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Reads and builds BER-TLVs; no byte beyond the data is ever looked at. */

#include "lpa/tlv.h"

#include <string.h>

EsimError
tlv_origin_code (TlvOrigin origin)
{
  return origin == TLV_CARD ? ESIM_ERROR_CARD_RUBBISH : ESIM_ERROR_SERVER_RUBBISH;
}

const char *
tlv_origin_layer (TlvOrigin origin)
{
  return origin == TLV_CARD ? "es10" : "es9p";
}

static gboolean
reader_fail (const TlvReader *self, GError **error, guint32 tag, const char *problem)
{
  error_set (error, tlv_origin_code (self->origin), tlv_origin_layer (self->origin), "tag %X %s",
             tag, problem);
  return FALSE;
}

void
tlv_error (GError **error, const Tlv *tlv, const char *problem)
{
  error_set (error, tlv_origin_code (tlv->origin), tlv_origin_layer (tlv->origin), "tag %X %s",
             tlv->tag, problem);
}

void
tlv_reader_init (TlvReader *self, TlvOrigin origin, GBytes *data)
{
  gsize size;
  const guint8 *at = g_bytes_get_data (data, &size);

  /* an empty GBytes has no address, to which C lets nothing be added, not even 0 */
  *self = (TlvReader){
    .owner = data,
    .at = at,
    .end = size ? at + size : at,
    .origin = origin,
  };
}

void
tlv_enter (TlvReader *self, const Tlv *outer)
{
  *self = (TlvReader){
    .owner = outer->owner,
    .at = outer->value,
    .end = outer->value + outer->size,
    .origin = outer->origin,
  };
}

gboolean
tlv_at_end (const TlvReader *self)
{
  return self->at == self->end;
}

/* X.690, 8.1.2: the low five bits all set announce more bytes, each but the last with bit 8. Three
 * bytes are the longest that SGP.22 and its kin use. */
static gboolean
read_tag (const TlvReader *self, const guint8 **at, guint32 *tag, GError **error)
{
  const guint8 *p = *at;
  guint32 value = *p++;
  gboolean more = (value & 0x1F) == 0x1F;

  while (more)
    {
      if (p == self->end || value > 0xFFFFFF)
        return reader_fail (self, error, value, "is cut off");
      more = (*p & 0x80) != 0;
      value = value << 8 | *p++;
    }
  *tag = value;
  *at = p;
  return TRUE;
}

/* X.690, 8.1.3, definite form. A length that is longer than it had to be is taken: cards send such,
 * and nothing here is ever encoded anew. */
static gboolean
read_length (const TlvReader *self, guint32 tag, const guint8 **at, gsize *length, GError **error)
{
  const guint8 *p = *at;
  guint count;
  gsize value = 0;

  if (p == self->end)
    return reader_fail (self, error, tag, "has no length");
  count = *p & 0x80 ? *p & 0x7F : 0;
  if (count > 4 || *p == 0x80)
    return reader_fail (self, error, tag, "has a bad length");
  if (count == 0)
    value = *p;
  if ((gsize) (self->end - ++p) < count)
    return reader_fail (self, error, tag, "has its length cut off");
  for (guint i = 0; i < count; i++)
    value = value << 8 | *p++;
  if (value > (gsize) (self->end - p))
    return reader_fail (self, error, tag, "is cut off");
  *length = value;
  *at = p;
  return TRUE;
}

gboolean
tlv_next (TlvReader *self, Tlv *tlv, GError **error)
{
  const guint8 *at = self->at;
  guint32 tag;
  gsize size;

  if (tlv_at_end (self))
    {
      error_set (error, tlv_origin_code (self->origin), tlv_origin_layer (self->origin),
                 "the data ends where a tag should be");
      return FALSE;
    }
  if (!read_tag (self, &at, &tag, error) || !read_length (self, tag, &at, &size, error))
    return FALSE;
  *tlv = (Tlv){
    .tag = tag,
    .owner = self->owner,
    .raw = self->at,
    .raw_size = at + size - self->at,
    .value = at,
    .size = size,
    .origin = self->origin,
  };
  self->at = at + size;
  return TRUE;
}

gboolean
tlv_expect (TlvReader *self, guint32 tag, Tlv *tlv, GError **error)
{
  Tlv next;

  if (tlv_at_end (self))
    return reader_fail (self, error, tag, "is missing");
  if (!tlv_next (self, &next, error))
    return FALSE;
  if (next.tag != tag)
    {
      error_set (error, tlv_origin_code (self->origin), tlv_origin_layer (self->origin),
                 "tag %X is there instead of %X", next.tag, tag);
      return FALSE;
    }
  *tlv = next;
  return TRUE;
}

gboolean
tlv_find (const TlvReader *self, guint32 tag, Tlv *tlv, gboolean *found, GError **error)
{
  TlvReader reader = *self;
  Tlv next, first;
  gboolean seen = FALSE;

  /* to the end, so that malformed bytes are seen whatever is looked for */
  while (!tlv_at_end (&reader))
    {
      if (!tlv_next (&reader, &next, error))
        return FALSE;
      if (next.tag == tag && !seen)
        {
          first = next;
          seen = TRUE;
        }
    }
  if (seen)
    *tlv = first;
  *found = seen;
  return TRUE;
}

gboolean
tlv_need (const TlvReader *self, guint32 tag, Tlv *tlv, GError **error)
{
  gboolean found;

  if (!tlv_find (self, tag, tlv, &found, error))
    return FALSE;
  return found || reader_fail (self, error, tag, "is missing");
}

gboolean
tlv_whole (TlvOrigin origin, GBytes *data, guint32 tag, Tlv *tlv, GError **error)
{
  TlvReader reader;
  Tlv only;

  tlv_reader_init (&reader, origin, data);
  if (!tlv_expect (&reader, tag, &only, error))
    return FALSE;
  if (!tlv_at_end (&reader))
    return reader_fail (&reader, error, tag, "is followed by something else");
  *tlv = only;
  return TRUE;
}

gboolean
tlv_uint (const Tlv *tlv, guint64 *number, GError **error)
{
  const guint8 *p = tlv->value;
  gsize size = tlv->size;
  guint64 value = 0;

  if (size == 0)
    {
      tlv_error (error, tlv, "is an empty number");
      return FALSE;
    }
  /* the sign's leading zero; a first byte above 7F is a plain unsigned one, as cards write sizes */
  for (; size > 1 && *p == 0; size--)
    p++;
  if (size > 8)
    {
      tlv_error (error, tlv, "is too large a number");
      return FALSE;
    }
  for (; size > 0; size--)
    value = value << 8 | *p++;
  *number = value;
  return TRUE;
}

gboolean
tlv_bits (const Tlv *tlv, guint8 *bits, gboolean *more, GError **error)
{
  gboolean beyond = FALSE;

  if (tlv->size == 0 || tlv->value[0] > 7 || (tlv->size == 1 && tlv->value[0] != 0))
    {
      tlv_error (error, tlv, "is not a BIT STRING");
      return FALSE;
    }
  for (gsize i = 2; i < tlv->size; i++)
    beyond |= (i + 1 == tlv->size ? tlv->value[i] >> tlv->value[0] : tlv->value[i]) != 0;
  if (more)
    *more = beyond;
  *bits = tlv->size < 2 ? 0 : tlv->value[1];
  if (tlv->size == 2)
    *bits &= 0xFF << tlv->value[0];
  return TRUE;
}

static GBytes *
slice (const Tlv *tlv, const guint8 *at, gsize size)
{
  const guint8 *start = g_bytes_get_data (tlv->owner, NULL);

  return g_bytes_new_from_bytes (tlv->owner, at - start, size);
}

GBytes *
tlv_get_value (const Tlv *tlv)
{
  return slice (tlv, tlv->value, tlv->size);
}

GBytes *
tlv_get_raw (const Tlv *tlv)
{
  return slice (tlv, tlv->raw, tlv->raw_size);
}

char *
tlv_get_text (const Tlv *tlv)
{
  const guint8 *end = memchr (tlv->value, 0, tlv->size);

  return g_utf8_make_valid ((const char *) tlv->value,
                            end ? (gssize) (end - tlv->value) : (gssize) tlv->size);
}

struct _TlvBuilder
{
  GByteArray *bytes;
  GArray *open; /* of gsize: where the values of the open TLVs begin */
};

TlvBuilder *
tlv_builder_new (void)
{
  TlvBuilder *self = g_new0 (TlvBuilder, 1);

  self->bytes = g_byte_array_new ();
  self->open = g_array_new (FALSE, FALSE, sizeof (gsize));
  return self;
}

void
tlv_builder_free (TlvBuilder *self)
{
  if (self->bytes)
    g_byte_array_unref (self->bytes);
  g_array_unref (self->open);
  g_free (self);
}

static void
add_tag (TlvBuilder *self, guint32 tag)
{
  for (int shift = 24; shift >= 0; shift -= 8)
    if (tag >> shift || shift == 0)
      g_byte_array_append (self->bytes, &(guint8){ tag >> shift & 0xFF }, 1);
}

/* The length field of SIZE in its shortest form; returns its number of bytes. */
static guint
encode_length (gsize size, guint8 field[5])
{
  guint count = 0;

  if (size < 0x80)
    {
      field[0] = size;
      return 1;
    }
  while (count < 4 && size >> (8 * count))
    count++;
  field[0] = 0x80 | count;
  for (guint i = 0; i < count; i++)
    field[1 + i] = size >> (8 * (count - 1 - i)) & 0xFF;
  return 1 + count;
}

void
tlv_open (TlvBuilder *self, guint32 tag)
{
  gsize start;

  add_tag (self, tag);
  start = self->bytes->len;
  g_array_append_val (self->open, start);
}

void
tlv_close (TlvBuilder *self)
{
  gsize start = g_array_index (self->open, gsize, self->open->len - 1);
  gsize size = self->bytes->len - start;
  guint8 field[5];
  guint count = encode_length (size, field);

  g_array_set_size (self->open, self->open->len - 1);
  g_byte_array_set_size (self->bytes, self->bytes->len + count);
  memmove (self->bytes->data + start + count, self->bytes->data + start, size);
  memcpy (self->bytes->data + start, field, count);
}

void
tlv_add (TlvBuilder *self, guint32 tag, gconstpointer value, gsize size)
{
  guint8 field[5];
  guint count = encode_length (size, field);

  add_tag (self, tag);
  g_byte_array_append (self->bytes, field, count);
  if (size)
    g_byte_array_append (self->bytes, value, size);
}

void
tlv_add_bytes (TlvBuilder *self, guint32 tag, GBytes *value)
{
  tlv_add (self, tag, g_bytes_get_data (value, NULL), g_bytes_get_size (value));
}

void
tlv_add_text (TlvBuilder *self, guint32 tag, const char *text)
{
  tlv_add (self, tag, text, strlen (text));
}

void
tlv_add_uint (TlvBuilder *self, guint32 tag, guint64 number)
{
  guint8 content[9];
  guint at = sizeof content;

  do
    content[--at] = number & 0xFF;
  while (number >>= 8);
  if (content[at] & 0x80) /* the sign */
    content[--at] = 0;
  tlv_add (self, tag, content + at, sizeof content - at);
}

void
tlv_add_raw (TlvBuilder *self, GBytes *raw)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (raw, &size);

  if (size)
    g_byte_array_append (self->bytes, data, size);
}

GBytes *
tlv_builder_end (TlvBuilder *self)
{
  GBytes *built = g_byte_array_free_to_bytes (g_steal_pointer (&self->bytes));

  tlv_builder_free (self);
  return built;
}

GBytes *
tlv_empty (guint32 tag)
{
  TlvBuilder *builder = tlv_builder_new ();

  tlv_add (builder, tag, NULL, 0);
  return tlv_builder_end (builder);
}
