/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Reads the array of physical slots: for each its card's state and its own (4 bytes each), logical
 * slot, ICCID. */

#include "apdu/qmi-slots.h"

#define HEAD 10   /* with the ICCID's length as its last byte */
#define ACTIVE 1u /* a slot's state */

gboolean
slots_find (const guint8 *list, gsize size, guint physical, guint *logical)
{
  gsize at = 1;

  if (list == NULL || size == 0 || physical >= list[0])
    return FALSE;
  for (guint i = 0;; i++)
    {
      const guint8 *slot = list + at;

      if (size - at < HEAD || size - at < HEAD + (gsize) slot[HEAD - 1])
        return FALSE;
      if (i == physical)
        {
          guint32 state = slot[4] | slot[5] << 8 | slot[6] << 16 | (guint32) slot[7] << 24;

          *logical = state == ACTIVE ? slot[8] : 0;
          return TRUE;
        }
      at += HEAD + slot[HEAD - 1];
    }
}
