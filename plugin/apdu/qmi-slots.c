/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Reads the three arrays of physical slots, one element a slot, a count before them: status (the
 * card's state and the slot's, 4 bytes each; logical slot; ICCID), information (protocol, 4 bytes;
 * applications; ATR; whether it is an eUICC) and EIDs. ICCID, ATR and EID have their length before
 * them. */

#include "apdu/qmi-slots.h"

#include <string.h>

#include "base/hex.h"

#define STATUS_HEAD 9
#define INFORMATION_HEAD 5
#define INFORMATION_TAIL 1
#define ABSENT 1u /* a card's state */
#define ACTIVE 1u /* a slot's state */
#define EID_SIZE 16

/* An element of an array: HEAD and TAIL are of fixed size, what is between them tells its own. */
typedef struct
{
  const guint8 *head, *text, *tail;
  gsize text_size;
} Element;

/* Element INDEX of TLV; FALSE where there is none, or not all of it. */
static gboolean
get_element (SlotsTlv tlv, guint index, gsize head, gsize tail, Element *element)
{
  gsize at = 1;

  if (tlv.data == NULL || tlv.size == 0 || index >= tlv.data[0])
    return FALSE;
  for (guint i = 0;; i++)
    {
      gsize length = tlv.size - at > head ? tlv.data[at + head] : 0;
      gsize whole = head + 1 + length + tail;

      if (tlv.size - at < whole)
        return FALSE;
      *element = (Element){ .head = tlv.data + at,
                            .text = tlv.data + at + head + 1,
                            .text_size = length,
                            .tail = tlv.data + at + whole - tail };
      if (i == index)
        return TRUE;
      at += whole;
    }
}

static guint32
get_u32 (const guint8 *data)
{
  return data[0] | data[1] << 8 | data[2] << 16 | (guint32) data[3] << 24;
}

gboolean
slots_find (SlotsTlv status, guint physical, guint *logical)
{
  Element element;

  if (!get_element (status, physical, STATUS_HEAD, 0, &element))
    return FALSE;
  *logical = get_u32 (element.head + 4) == ACTIVE ? element.head[8] : 0;
  return TRUE;
}

void
slots_list (SlotsTlv status, SlotsTlv information, SlotsTlv eids, GArray *slots)
{
  Element element;

  for (guint i = 0; get_element (status, i, STATUS_HEAD, 0, &element); i++)
    {
      ChannelSlot slot = { .kind = CHANNEL_SLOT_UNKNOWN, .eid = "" };
      Element more;

      if (get_u32 (element.head) == ABSENT)
        slot.kind = CHANNEL_SLOT_EMPTY;
      else if (get_element (information, i, INFORMATION_HEAD, INFORMATION_TAIL, &more))
        slot.kind = *more.tail ? CHANNEL_SLOT_EUICC : CHANNEL_SLOT_PLAIN;
      if (slot.kind == CHANNEL_SLOT_EUICC && get_element (eids, i, 0, 0, &more)
          && more.text_size == EID_SIZE)
        {
          g_autofree char *eid = hex_encode (more.text, more.text_size);

          /* Some modems fill what they do not know with 00 or FF. */
          if (strspn (eid, "0123456789") == strlen (eid) && strspn (eid, "0") != strlen (eid))
            g_strlcpy (slot.eid, eid, sizeof slot.eid);
        }
      g_array_append_val (slots, slot);
    }
}
