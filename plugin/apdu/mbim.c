/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The channel through an MBIM modem: Microsoft's UICC Low Level Access, beside ModemManager through
 * the mbim-proxy. */

#include <libmbim-glib.h>
#include <string.h>

#include "apdu/channel.h"
#include "apdu/proxy.h"
#include "base/error.h"
#include "base/wait.h"

#define LAYER "mbim"
#define TIMEOUT_S 10    /* for all but APDUs */
#define CHANNEL_GROUP 2 /* ModemManager uses 1 */

/* Status codes of the service; libmbim 1.28 does not name them. */
#define STATUS_NO_LOGICAL_CHANNELS 0x87430001u
#define STATUS_SELECT_FAILED 0x87430002u
#define STATUS_INVALID_LOGICAL_CHANNEL 0x87430003u

extern const ChannelDriver channel_mbim;

/* libmbim 1.28 makes a GIOChannel of the descriptor of its socket to the proxy and lets both close
 * it. Another thread may have got the number between the one and the other, for its own modem or
 * server, and loses it: seen with four modems. There is no way to the channel nor to the socket
 * from outside, so the program answers these two calls of libmbim's in GLib's place, as nobody else
 * makes them here: the channel has no buffer, and its descriptor is the socket's to close. */
void
g_io_channel_set_close_on_unref (G_GNUC_UNUSED GIOChannel *channel, G_GNUC_UNUSED gboolean do_close)
{
}

GIOStatus
g_io_channel_shutdown (G_GNUC_UNUSED GIOChannel *channel, G_GNUC_UNUSED gboolean flush,
                       G_GNUC_UNUSED GError **error)
{
  return G_IO_STATUS_NORMAL;
}

typedef struct
{
  MbimDevice *device;
  GCancellable *unplugged; /* triggered by "device-removed", or a command waits for its time-out */
  gulong removed_handler;
  gboolean open;
  char *path;
  Quirks quirks;
} Mbim;

static EsimError
code_of_status (guint32 status)
{
  switch (status)
    {
    case STATUS_NO_LOGICAL_CHANNELS:
      return ESIM_ERROR_BUSY;
    case STATUS_SELECT_FAILED:
      return ESIM_ERROR_NO_EUICC;
    case MBIM_STATUS_ERROR_NO_DEVICE_SUPPORT:
      return ESIM_ERROR_UNSUPPORTED;
    case MBIM_STATUS_ERROR_BUSY:
      return ESIM_ERROR_BUSY;
    }
  return ESIM_ERROR_CHANNEL;
}

/* Turns libmbim's *ERROR into one of ours. */
static void
translate (Mbim *self, GError **error)
{
  g_autoptr (GError) theirs = NULL;
  GError *ours = NULL;

  if (error == NULL || *error == NULL || (*error)->domain == ESIM_ERROR)
    return;
  theirs = g_steal_pointer (error);
  if (g_cancellable_is_cancelled (self->unplugged))
    error_set (&ours, ESIM_ERROR_DEVICE_GONE, LAYER, "%s was unplugged", self->path);
  else if (g_error_matches (theirs, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    error_set (&ours, ESIM_ERROR_CANCELLED, LAYER, "cancelled");
  else if (g_error_matches (theirs, MBIM_CORE_ERROR, MBIM_CORE_ERROR_TIMEOUT))
    error_set (&ours, ESIM_ERROR_TIMED_OUT, LAYER, "the modem does not answer");
  else if (theirs->domain == MBIM_STATUS_ERROR)
    {
      /* Codes from 0x80000000 on arrive as negative numbers. */
      g_autofree char *hex = g_strdup_printf ("%08X", (guint32) theirs->code);

      error_set (&ours, code_of_status (theirs->code), LAYER, "the modem refused: %s",
                 theirs->message);
      error_add_raw (ours, "mbim-status", hex);
    }
  else
    error_set (&ours, ESIM_ERROR_CHANNEL, LAYER, "%s", theirs->message);
  *error = ours;
}

/* Sends REQUEST (taken) and waits for its response, which has a good MBIM status. */
static MbimMessage *
command (Mbim *self, MbimMessage *request, guint timeout_s, GCancellable *cancellable,
         GError **error)
{
  g_autoptr (MbimMessage) taken = request;
  g_autoptr (MbimMessage) response = NULL;
  g_autoptr (Wait) wait = wait_new (cancellable, self->unplugged);
  g_autoptr (GError) local = NULL;

  mbim_device_command (self->device, taken, timeout_s, wait_inner (wait), wait_ready, wait);
  response = mbim_device_command_finish (self->device, wait_result (wait), &local);
  if (response
      && mbim_message_response_get_result (response, MBIM_MESSAGE_TYPE_COMMAND_DONE, &local))
    return g_steal_pointer (&response);
  translate (self, &local);
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

static void
on_removed (G_GNUC_UNUSED MbimDevice *device, gpointer data)
{
  g_cancellable_cancel (((Mbim *) data)->unplugged);
}

static gboolean
find_device (Mbim *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFile) file = proxy_find (LAYER, MBIM_PROXY_SOCKET_PATH, self->path, error);
  g_autoptr (Wait) wait = NULL;

  if (file == NULL)
    return FALSE;
  wait = wait_new (cancellable, NULL);
  mbim_device_new (file, wait_inner (wait), wait_ready, wait);
  self->device = mbim_device_new_finish (wait_result (wait), error);
  if (self->device == NULL)
    return FALSE;
  self->removed_handler
      = g_signal_connect (self->device, MBIM_DEVICE_SIGNAL_REMOVED, G_CALLBACK (on_removed), self);
  return TRUE;
}

static gboolean
connect_device (Mbim *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (Wait) wait = wait_new (cancellable, self->unplugged);

  mbim_device_open_full (self->device, MBIM_DEVICE_OPEN_FLAGS_PROXY, TIMEOUT_S, wait_inner (wait),
                         wait_ready, wait);
  self->open = mbim_device_open_full_finish (self->device, wait_result (wait), error);
  return self->open;
}

/* The slot that executor 0 is mapped to, or FALSE. */
static gboolean
slot_in_use (Mbim *self, guint *slot, GCancellable *cancellable, GError **error)
{
  g_autoptr (MbimMessage) response = command (
      self, mbim_message_ms_basic_connect_extensions_device_slot_mappings_query_new (NULL),
      TIMEOUT_S, cancellable, error);
  g_autoptr (MbimSlotArray) map = NULL;
  guint32 count = 0;

  if (response == NULL
      || !mbim_message_ms_basic_connect_extensions_device_slot_mappings_response_parse (
          response, &count, &map, error))
    return FALSE;
  if (count == 0)
    {
      error_set (error, ESIM_ERROR_CHANNEL, LAYER, "the modem maps no slot");
      return FALSE;
    }
  *slot = map[0]->slot;
  return TRUE;
}

/* We never switch slots: that resets the modem under ModemManager. Modems with one slot answer that
 * they do not know the question. */
static gboolean
check_slot (Mbim *self, guint wanted, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;
  guint slot = 0;

  if (!self->quirks.slot_mapping)
    return TRUE;
  if (!slot_in_use (self, &slot, cancellable, &local)
      && error_get_raw (local, "mbim-status") == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (slot == wanted)
    return TRUE;
  error_set (error, ESIM_ERROR_UNSUPPORTED, LAYER,
             "the card is in slot %u and the modem uses slot %u: switch it with mmcli "
             "--set-primary-sim-slot",
             wanted + 1, slot + 1);
  return FALSE;
}

/* libmbim 1.28 misspells its name for it. */
#define OFF_EMPTY ((MbimUiccSlotState) 1)

static ChannelSlotKind
kind_of_slot (MbimUiccSlotState state)
{
  if (state == MBIM_UICC_SLOT_STATE_ACTIVE_ESIM
      || state == MBIM_UICC_SLOT_STATE_ACTIVE_ESIM_NO_PROFILES)
    return CHANNEL_SLOT_EUICC;
  if (state == OFF_EMPTY || state == MBIM_UICC_SLOT_STATE_EMPTY)
    return CHANNEL_SLOT_EMPTY;
  return state == MBIM_UICC_SLOT_STATE_ACTIVE ? CHANNEL_SLOT_PLAIN : CHANNEL_SLOT_UNKNOWN;
}

static gboolean
list_slot (Mbim *self, guint index, GArray *slots, GCancellable *cancellable, GError **error)
{
  g_autoptr (MbimMessage) response = command (
      self, mbim_message_ms_basic_connect_extensions_slot_info_status_query_new (index, NULL),
      TIMEOUT_S, cancellable, error);
  MbimUiccSlotState state;
  ChannelSlot slot = { .eid = "" };
  guint32 told;

  if (response == NULL
      || !mbim_message_ms_basic_connect_extensions_slot_info_status_response_parse (response, &told,
                                                                                    &state, error))
    {
      translate (self, error);
      return FALSE;
    }
  slot.kind = kind_of_slot (state);
  g_array_append_val (slots, slot);
  return TRUE;
}

static gboolean
mbim_list_slots (gpointer data, GArray *slots, GCancellable *cancellable, GError **error)
{
  Mbim *self = data;
  g_autoptr (MbimMessage) response
      = command (self, mbim_message_ms_basic_connect_extensions_sys_caps_query_new (NULL),
                 TIMEOUT_S, cancellable, error);
  guint32 executors, n_slots = 0;

  if (response == NULL
      || !mbim_message_ms_basic_connect_extensions_sys_caps_response_parse (
          response, &executors, &n_slots, NULL, NULL, error))
    {
      translate (self, error);
      return FALSE;
    }
  for (guint i = 0; i < n_slots; i++)
    if (!list_slot (self, i, slots, cancellable, error))
      return FALSE;
  return TRUE;
}

/* TERMINAL CAPABILITY, built by hand: libmbim 1.28 writes the list without its (offset, length)
 * pairs. */
static gboolean
tell_capability (Mbim *self, GCancellable *cancellable, GError **error)
{
  const Quirks *quirks = &self->quirks;
  guint32 head[]
      = { GUINT32_TO_LE (1), GUINT32_TO_LE (12), GUINT32_TO_LE (quirks->terminal_capability_len) };
  guint8 value[4] = { 0 }; /* padded to 4 bytes */
  g_autoptr (MbimMessage) response = NULL;
  MbimMessage *request;

  if (quirks->terminal_capability_len == 0)
    return TRUE;
  memcpy (value, quirks->terminal_capability,
          MIN (quirks->terminal_capability_len, sizeof quirks->terminal_capability));
  request = mbim_message_command_new (0, MBIM_SERVICE_MS_UICC_LOW_LEVEL_ACCESS,
                                      MBIM_CID_MS_UICC_LOW_LEVEL_ACCESS_TERMINAL_CAPABILITY,
                                      MBIM_MESSAGE_COMMAND_TYPE_SET);
  mbim_message_command_append (request, (const guint8 *) head, sizeof head);
  mbim_message_command_append (request, value, sizeof value);
  response = command (self, request, TIMEOUT_S, cancellable, error);
  return response != NULL;
}

/* Never cancelled: it makes the proxy forget us. */
static void
mbim_close_device (gpointer data)
{
  Mbim *self = data;
  g_autoptr (GError) error = NULL;

  if (self->open && !g_cancellable_is_cancelled (self->unplugged))
    {
      g_autoptr (Wait) wait = wait_new (NULL, self->unplugged);

      mbim_device_close (self->device, TIMEOUT_S, wait_inner (wait), wait_ready, wait);
      if (!mbim_device_close_finish (self->device, wait_result (wait), &error))
        g_debug ("%s: %s", self->path, error->message);
    }
  if (self->device)
    {
      g_signal_handler_disconnect (self->device, self->removed_handler);
      mbim_device_close_force (self->device, NULL);
      g_object_unref (self->device);
    }
  g_object_unref (self->unplugged);
  g_free (self->path);
  g_free (self);
}

static gpointer
mbim_open_device (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  Mbim *self = g_new0 (Mbim, 1);

  self->path = g_strdup (target->device);
  self->quirks = target->quirks;
  self->unplugged = g_cancellable_new ();
  if (find_device (self, cancellable, error) && connect_device (self, cancellable, error)
      && check_slot (self, target->slot, cancellable, error)
      && tell_capability (self, cancellable, error))
    return self;
  translate (self, error);
  mbim_close_device (self);
  return NULL;
}

/* SW1 is the low byte. */
static guint16
status_word (guint32 status)
{
  return (status & 0xff) << 8 | (status >> 8 & 0xff);
}

static gboolean
close_channels (Mbim *self, guint number, GError **error)
{
  g_autoptr (MbimMessage) response = command (
      self,
      mbim_message_ms_uicc_low_level_access_close_channel_set_new (number, CHANNEL_GROUP, NULL),
      TIMEOUT_S, NULL, error);

  return response != NULL;
}

static gboolean
mbim_recover (gpointer data, GError **error)
{
  g_autoptr (GError) local = NULL;

  /* Channel 0: the whole group. */
  if (close_channels (data, 0, &local)
      || g_strcmp0 (error_get_raw (local, "mbim-status"), "87430003") == 0)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
mbim_close_logical (gpointer data, guint number, GError **error)
{
  return close_channels (data, number, error);
}

/* Not cancelled while under way: the channel would be open and nobody would know its number. */
static gboolean
mbim_open_logical (gpointer data, GBytes *aid, guint *number, GCancellable *cancellable,
                   GError **error)
{
  Mbim *self = data;
  g_autoptr (MbimMessage) response = NULL;
  g_autoptr (GError) local = NULL;
  gsize size;
  const guint8 *bytes = g_bytes_get_data (aid, &size);
  guint32 status, opened;

  if (g_cancellable_set_error_if_cancelled (cancellable, &local))
    translate (self, &local);
  else
    response = command (self,
                        mbim_message_ms_uicc_low_level_access_open_channel_set_new (
                            size, bytes, self->quirks.select_p2, CHANNEL_GROUP, NULL),
                        TIMEOUT_S, NULL, &local);
  if (error_is_code (local, ESIM_ERROR_TIMED_OUT))
    mbim_recover (self, NULL); /* the number of what may be open is not known */
  if (response == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (!mbim_message_ms_uicc_low_level_access_open_channel_response_parse (
          response, &status, &opened, NULL, NULL, error))
    {
      translate (self, error);
      mbim_recover (self, NULL);
      return FALSE;
    }
  if (!channel_check_selected (LAYER, status_word (status), opened, error))
    {
      if (opened != 0)
        close_channels (self, opened, NULL);
      return FALSE;
    }
  *number = opened;
  return TRUE;
}

static GBytes *
mbim_transmit (gpointer data, guint number, GBytes *apdu, GCancellable *cancellable, GError **error)
{
  Mbim *self = data;
  g_autoptr (MbimMessage) response = NULL;
  gsize size;
  const guint8 *bytes = g_bytes_get_data (apdu, &size);
  MbimUiccClassByteType type = self->quirks.extended_cla || number > 3
                                   ? MBIM_UICC_CLASS_BYTE_TYPE_EXTENDED
                                   : MBIM_UICC_CLASS_BYTE_TYPE_INTER_INDUSTRY;
  guint32 status, length;
  const guint8 *answer;
  guint8 sw[2];
  GByteArray *whole;

  response = command (self,
                      mbim_message_ms_uicc_low_level_access_apdu_set_new (
                          number, MBIM_UICC_SECURE_MESSAGING_NONE, type, size, bytes, NULL),
                      self->quirks.apdu_timeout_s, cancellable, error);
  if (response == NULL)
    return NULL;
  if (!mbim_message_ms_uicc_low_level_access_apdu_response_parse (response, &status, &length,
                                                                  &answer, error))
    {
      translate (self, error);
      return NULL;
    }
  sw[0] = status & 0xff;
  sw[1] = status >> 8 & 0xff;
  whole = g_byte_array_sized_new (length + sizeof sw);
  g_byte_array_append (whole, answer, length);
  g_byte_array_append (whole, sw, sizeof sw);
  return g_byte_array_free_to_bytes (whole);
}

/* With pass-through disabled the modem uses the card again after the reset. */
static gboolean
mbim_power_cycle (gpointer data, GCancellable *cancellable, GError **error)
{
  g_autoptr (MbimMessage) response = command (data,
                                              mbim_message_ms_uicc_low_level_access_reset_set_new (
                                                  MBIM_UICC_PASS_THROUGH_ACTION_DISABLE, NULL),
                                              TIMEOUT_S, cancellable, error);

  return response != NULL;
}

/* Device Reset of Microsoft's MBIM extensions, which ModemManager 1.20 does not use and
 * libmbim 1.28 has no function for. A modem that leaves before it has answered does as it was told.
 */
static gboolean
mbim_reset (gpointer data, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (MbimMessage) response
      = command (data,
                 mbim_message_command_new (0, MBIM_SERVICE_MS_BASIC_CONNECT_EXTENSIONS,
                                           MBIM_CID_MS_BASIC_CONNECT_EXTENSIONS_DEVICE_RESET,
                                           MBIM_MESSAGE_COMMAND_TYPE_SET),
                 TIMEOUT_S, cancellable, &problem);

  if (response || error_is_code (problem, ESIM_ERROR_DEVICE_GONE))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

const ChannelDriver channel_mbim = {
  .name = "mbim",
  .open_device = mbim_open_device,
  .open_logical = mbim_open_logical,
  .transmit = mbim_transmit,
  .close_logical = mbim_close_logical,
  .recover = mbim_recover,
  .power_cycle = mbim_power_cycle,
  .reset = mbim_reset,
  .list_slots = mbim_list_slots,
  .close_device = mbim_close_device,
};
