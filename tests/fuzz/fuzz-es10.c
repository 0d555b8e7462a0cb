/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Fuzzes lpa/es10a, es10b, es10c and apdu/channel: a card that answers anything. */

#include "fuzz.h"

#include "apdu/channel.h"
#include "lpa/es10a.h"
#include "lpa/es10b.h"
#include "lpa/es10c.h"
#include "lpa/notify.h"

#define ICCID "8944500000000000017"

/* A card without answers left is unplugged. */
static gboolean
is_there (Input *card, GError **error)
{
  if (card->left)
    return TRUE;
  error_set (error, ESIM_ERROR_DEVICE_GONE, "fuzz", "no answers left");
  return FALSE;
}

static gpointer
open_device (const ChannelTarget *target, G_GNUC_UNUSED GCancellable *cancellable,
             G_GNUC_UNUSED GError **error)
{
  return (gpointer) g_ascii_strtoull (target->device + 2, NULL, 16);
}

static gboolean
open_logical (gpointer self, G_GNUC_UNUSED GBytes *aid, guint *number,
              G_GNUC_UNUSED GCancellable *cancellable, GError **error)
{
  *number = 1;
  return is_there (self, error);
}

static GBytes *
transmit (gpointer self, G_GNUC_UNUSED guint number, G_GNUC_UNUSED GBytes *apdu,
          G_GNUC_UNUSED GCancellable *cancellable, GError **error)
{
  return is_there (self, error) ? input_chunk (self) : NULL;
}

static gboolean
close_logical (G_GNUC_UNUSED gpointer self, G_GNUC_UNUSED guint number,
               G_GNUC_UNUSED GError **error)
{
  return TRUE;
}

static void
close_device (G_GNUC_UNUSED gpointer self)
{
}

static const ChannelDriver driver = {
  .name = "fuzz",
  .open_device = open_device,
  .open_logical = open_logical,
  .transmit = transmit,
  .close_logical = close_logical,
  .close_device = close_device,
};

static gboolean
read_card (Channel *channel, guint8 function, GError **error)
{
  g_autoptr (GBytes) request = g_bytes_new_static ("\xBF\x38\0", 3), response = NULL;
  g_autoptr (Es10aAddresses) addresses = NULL;
  g_autoptr (Es10bInfo) info = NULL;

  switch (function)
    {
    case 0:
      addresses = es10a_get_addresses (channel, NULL, error);
      return addresses != NULL;
    case 1:
      response = es10b_get_info2 (channel, NULL, error);
      info = response ? es10b_parse_info (response, error) : NULL;
      return info != NULL;
    case 2:
      response = es10b_get_challenge (channel, NULL, error);
      return response != NULL;
    case 3:
      return es10b_authenticate_server (channel, request, &response, NULL, error);
    case 4:
      return es10b_prepare_download (channel, request, &response, NULL, error);
    default:
      response = es10b_cancel_session (channel, request, 0, error);
      return response != NULL;
    }
}

static gboolean
read_lists (Channel *channel, guint8 function, GError **error)
{
  g_autoptr (GBytes) sequence = g_bytes_new_static ("\1", 1), response = NULL;
  g_autoptr (GPtrArray) list = NULL;
  g_autofree char *eid = NULL;

  switch (function)
    {
    case 6:
      list = es10b_list_notifications (channel, NULL, error);
      return list != NULL;
    case 7:
      response = es10b_retrieve_notification (channel, sequence, NULL, error);
      return response != NULL;
    case 8:
      list = notify_collect (channel, NULL, NULL, error);
      return list != NULL;
    case 9:
      list = es10c_get_profiles (channel, TRUE, NULL, error);
      return list != NULL;
    default:
      eid = es10c_get_eid (channel, NULL, error);
      return eid != NULL;
    }
}

static gboolean
change_card (Channel *channel, guint8 function, GError **error)
{
  g_autoptr (GBytes) sequence = g_bytes_new_static ("\1", 1);

  switch (function)
    {
    case 11:
      return es10c_enable (channel, ICCID, TRUE, NULL, error);
    case 12:
      return es10c_disable (channel, ICCID, TRUE, NULL, error);
    case 13:
      return es10c_delete (channel, ICCID, NULL, error);
    case 14:
      return es10c_reset (channel, ES10C_RESET_OPERATIONAL, NULL, error);
    default:
      return es10b_remove_notification (channel, sequence, error);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Input input = { data, size };
  guint8 function = input_byte (&input) % 16;
  g_autofree char *name = g_strdup_printf ("%p", (gpointer) &input);
  ChannelTarget target = { .device = name, .quirks = QUIRKS_DEFAULT };
  g_autoptr (Channel) channel = channel_open (&driver, &target, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;
  gboolean good;

  if (channel == NULL)
    return 0;
  if (function < 6)
    good = read_card (channel, function, &error);
  else if (function < 11)
    good = read_lists (channel, function, &error);
  else
    good = change_card (channel, function, &error);
  assert_told (good, &error);
  return 0;
}
