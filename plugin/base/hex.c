/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Two digits a byte, there and back. */

#include "base/hex.h"

#include <string.h>

char *
hex_encode (const guint8 *data, gsize size)
{
  static const char digits[] = "0123456789ABCDEF";
  char *text = g_malloc (2 * size + 1);

  for (gsize i = 0; i < size; i++)
    {
      text[2 * i] = digits[data[i] >> 4];
      text[2 * i + 1] = digits[data[i] & 0x0f];
    }
  text[2 * size] = '\0';
  return text;
}

GBytes *
hex_decode (const char *text)
{
  gsize length = strlen (text);
  guint8 *data;

  if (length % 2 != 0 || strspn (text, "0123456789abcdefABCDEF") != length)
    return NULL;
  data = g_malloc (length / 2);
  for (gsize i = 0; i < length / 2; i++)
    data[i] = g_ascii_xdigit_value (text[2 * i]) << 4 | g_ascii_xdigit_value (text[2 * i + 1]);
  return g_bytes_new_take (data, length / 2);
}
