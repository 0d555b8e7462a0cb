/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The USB vendor and product of a modem, which no modem stack of Debian 12 tells on the bus. */

#include "modem/usb.h"

#include <string.h>

/* Four hexadecimal digits from the file NAME; NULL where there are no such. */
static char *
read_number (const char *device, const char *name)
{
  g_autofree char *path = g_build_filename (device, name, NULL);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  g_strstrip (text);
  if (strlen (text) != 4 || strspn (text, "0123456789abcdefABCDEF") != 4)
    return NULL;
  return g_ascii_strdown (text, -1);
}

char *
usb_id (const char *device)
{
  g_autofree char *vendor = read_number (device, "idVendor");
  g_autofree char *product = read_number (device, "idProduct");

  return vendor && product ? g_strconcat (vendor, ":", product, NULL) : g_strdup ("");
}
