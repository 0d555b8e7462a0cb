/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* BER-TLV as SGP.22's ASN.1 needs it: a reader that keeps the raw bytes, and a builder that mirrors
 * it. No I/O. */

#pragma once

#include <gio/gio.h>

#include "base/error.h"

/* Who made the bytes: decides whether malformed ones are CARD_RUBBISH or SERVER_RUBBISH. */
typedef enum
{
  TLV_CARD,
  TLV_SERVER,
} TlvOrigin;

/* One TLV inside a GBytes that somebody else keeps alive. A tag reads as its bytes do: 0x5A,
 * 0xBF36, 0x9F70. */
typedef struct
{
  guint32 tag;
  GBytes *owner; /* not owned: what value and raw point into */
  const guint8 *raw;
  gsize raw_size;
  const guint8 *value;
  gsize size;
  TlvOrigin origin;
} Tlv;

/* A position among siblings; a plain value, nothing to free. */
typedef struct
{
  GBytes *owner;
  const guint8 *at;
  const guint8 *end;
  TlvOrigin origin;
} TlvReader;

/** tlv_reader_init: reads DATA, which must outlive the reader and every Tlv read from it. */
void tlv_reader_init (TlvReader *self, TlvOrigin origin, GBytes *data);

/** tlv_enter: reads the members of OUTER. */
void tlv_enter (TlvReader *self, const Tlv *outer);

gboolean tlv_at_end (const TlvReader *self);

/** tlv_next: the next TLV; an error at the end of the data and for anything that runs over it. */
gboolean tlv_next (TlvReader *self, Tlv *tlv, GError **error);

/** tlv_expect: the next TLV, which must have TAG. */
gboolean tlv_expect (TlvReader *self, guint32 tag, Tlv *tlv, GError **error);

/** tlv_find: the first TLV of TAG from here to the end; the reader itself stays. *FOUND is FALSE
 * and TLV untouched where there is none: that is no error, malformed bytes are. */
gboolean tlv_find (const TlvReader *self, guint32 tag, Tlv *tlv, gboolean *found, GError **error);

/** tlv_need: tlv_find() where a missing TAG is an error too. */
gboolean tlv_need (const TlvReader *self, guint32 tag, Tlv *tlv, GError **error);

/** tlv_whole: DATA is exactly one TLV of TAG. */
gboolean tlv_whole (TlvOrigin origin, GBytes *data, guint32 tag, Tlv *tlv, GError **error);

/** tlv_uint: the value as an unsigned INTEGER of at most 8 bytes. */
gboolean tlv_uint (const Tlv *tlv, guint64 *number, GError **error);

/** tlv_bits: the first 8 bits of a BIT STRING (0 for an empty one), unused ones cleared. *MORE
 * tells whether a bit beyond them is set. */
gboolean tlv_bits (const Tlv *tlv, guint8 *bits, gboolean *more, GError **error);

/** tlv_get_value, tlv_get_raw: a GBytes that keeps the owner alive; the caller frees. tlv_get_text:
 * as valid UTF-8 whatever the bytes are; the caller frees. */
GBytes *tlv_get_value (const Tlv *tlv);
GBytes *tlv_get_raw (const Tlv *tlv);
char *tlv_get_text (const Tlv *tlv);

/** tlv_error: an error of TLV's origin about its tag. */
void tlv_error (GError **error, const Tlv *tlv, const char *problem);

/** tlv_origin_code, tlv_origin_layer: what an error about bytes of ORIGIN is. */
EsimError tlv_origin_code (TlvOrigin origin);
const char *tlv_origin_layer (TlvOrigin origin);

typedef struct _TlvBuilder TlvBuilder;

TlvBuilder *tlv_builder_new (void);
void tlv_builder_free (TlvBuilder *self);

/** tlv_open, tlv_close: what is added between them is inside a TLV of TAG. */
void tlv_open (TlvBuilder *self, guint32 tag);
void tlv_close (TlvBuilder *self);

void tlv_add (TlvBuilder *self, guint32 tag, gconstpointer value, gsize size);
void tlv_add_bytes (TlvBuilder *self, guint32 tag, GBytes *value);
void tlv_add_text (TlvBuilder *self, guint32 tag, const char *text);
void tlv_add_uint (TlvBuilder *self, guint32 tag, guint64 number);

/** tlv_add_raw: RAW as it is, for what was signed. */
void tlv_add_raw (TlvBuilder *self, GBytes *raw);

/** tlv_builder_end: what was built; frees SELF. */
GBytes *tlv_builder_end (TlvBuilder *self);

/** tlv_empty: the TLV of TAG without a value: most requests. */
GBytes *tlv_empty (guint32 tag);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlvBuilder, tlv_builder_free)
