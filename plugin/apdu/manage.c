/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* MANAGE CHANNEL and SELECT as plain APDUs. */

#include "apdu/manage.h"

#include <string.h>

#include "apdu/channel.h"
#include "base/error.h"

#define AID_MAX 16 /* ISO 7816-4, 8.2.1.2 */

/* The answer to APDU; *SW is its status word. */
static GBytes *
command (const ManageWay *way, gpointer driver, const guint8 *apdu, gsize apdu_size, guint16 *sw,
         GError **error)
{
  g_autoptr (GBytes) answer = way->send (driver, apdu, apdu_size, error);
  const guint8 *data;
  gsize size;

  if (answer == NULL)
    return NULL;
  data = g_bytes_get_data (answer, &size);
  if (size >= 2)
    {
      *sw = data[size - 2] << 8 | data[size - 1];
      return g_steal_pointer (&answer);
    }
  error_set (error, ESIM_ERROR_CARD_RUBBISH, way->layer, "the card answered %zu bytes", size);
  return NULL;
}

/* MANAGE CHANNEL (ISO 7816-4, 11.1.2): *NUMBER is the first byte of its answer. */
static gboolean
open_channel (const ManageWay *way, gpointer driver, guint *number, GError **error)
{
  static const guint8 apdu[] = { 0x00, 0x70, 0x00, 0x00, 0x01 };
  guint16 sw = 0;
  g_autoptr (GBytes) answer = command (way, driver, apdu, sizeof apdu, &sw, error);

  if (answer == NULL)
    return FALSE;
  *number = g_bytes_get_size (answer) == 3 ? *(const guint8 *) g_bytes_get_data (answer, NULL) : 0;
  return channel_check_selected (way->layer, sw, *number, error);
}

gboolean
manage_open (const ManageWay *way, gpointer driver, GBytes *aid, guint *number, GError **error)
{
  gsize size = MIN (g_bytes_get_size (aid), AID_MAX);
  guint8 apdu[5 + AID_MAX] = { 0x00, 0xa4, 0x04, 0x00, size };
  g_autoptr (GBytes) answer = NULL;
  guint16 sw = 0;
  guint opened;

  if (!open_channel (way, driver, &opened, error))
    return FALSE;
  apdu[0] = opened < 4 ? opened : 0x40 | (opened - 4); /* ISO 7816-4, 5.4.1 */
  memcpy (apdu + 5, g_bytes_get_data (aid, NULL), size);
  answer = command (way, driver, apdu, 5 + size, &sw, error);
  if (answer && channel_check_selected (way->layer, sw, opened, error))
    {
      *number = opened;
      return TRUE;
    }
  manage_close (way, driver, opened, NULL);
  return FALSE;
}

gboolean
manage_close (const ManageWay *way, gpointer driver, guint number, GError **error)
{
  const guint8 apdu[] = { 0x00, 0x70, 0x80, number };
  guint16 sw = 0;
  g_autoptr (GBytes) answer = command (way, driver, apdu, sizeof apdu, &sw, error);

  if (answer && sw != 0x9000)
    error_set (error, ESIM_ERROR_CHANNEL, way->layer, "the card answered %04X to closing a channel",
               sw);
  return answer && sw == 0x9000;
}
