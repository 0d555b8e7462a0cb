/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Logical channels of QMI's UIM service, in messages that every libqmi knows how to carry. */

#include "apdu/uim.h"

#include "apdu/memory.h"
#include "apdu/qmi-answers.h"
#include "apdu/qmi-slots.h"
#include "base/error.h"
#include "base/wait.h"

#define LAYER "qmi"
#define TIMEOUT_S 10 /* for all but APDUs */
#define POWER_GAP_MS 1000
#define CHANNEL_MAX 19 /* ISO 7816-4, 5.4.1 */

/* Messages of UIM by number, because libqmi has functions for most of these since 1.36 only. */
#define UIM_POWER_OFF 0x0030
#define UIM_POWER_ON 0x0031
#define UIM_SEND_APDU 0x003b
#define UIM_LOGICAL_CHANNEL 0x003f
#define UIM_OPEN_LOGICAL_CHANNEL 0x0042
#define UIM_GET_SLOT_STATUS 0x0047

struct _Uim
{
  QmiDevice *device;
  QmiClient *client;       /* of UIM: channels belong to it */
  GCancellable *unplugged; /* triggered by "device-removed", or a command waits for its time-out */
  gulong removed_handler, indication_handler;
  Answers *answers;
  char *path, *memory;
  guint slot; /* UIM's: logical, 1-based */
  Quirks quirks;
};

static guint
get_u16 (const guint8 *data)
{
  return data[0] | data[1] << 8;
}

/* libqmi decodes no indication of Send APDU. */
static void
on_indication (G_GNUC_UNUSED QmiDevice *device, QmiMessage *message, gpointer data)
{
  Uim *self = data;
  const guint8 *chunk;
  guint16 size = 0;

  if (self->client == NULL || qmi_message_get_service (message) != QMI_SERVICE_UIM
      || qmi_message_get_message_id (message) != UIM_SEND_APDU
      || qmi_message_get_client_id (message) != qmi_client_get_cid (self->client))
    return;
  chunk = qmi_message_get_raw_tlv (message, 0x01, &size);
  if (chunk)
    answers_take (self->answers, chunk, size);
}

static void
on_removed (G_GNUC_UNUSED QmiDevice *device, gpointer data)
{
  g_cancellable_cancel (((Uim *) data)->unplugged);
}

void
uim_translate (GError **error)
{
  g_autoptr (GError) theirs = NULL;
  GError *ours = NULL;

  if (error == NULL || *error == NULL || (*error)->domain == ESIM_ERROR)
    return;
  theirs = g_steal_pointer (error);
  if (g_error_matches (theirs, G_IO_ERROR, G_IO_ERROR_CANCELLED)
      || g_error_matches (theirs, QMI_PROTOCOL_ERROR, QMI_PROTOCOL_ERROR_ABORTED))
    error_set (&ours, ESIM_ERROR_CANCELLED, LAYER, "cancelled");
  else if (g_error_matches (theirs, QMI_CORE_ERROR, QMI_CORE_ERROR_TIMEOUT))
    error_set (&ours, ESIM_ERROR_TIMED_OUT, LAYER, "the modem does not answer");
  else if (g_error_matches (theirs, QMI_PROTOCOL_ERROR, QMI_PROTOCOL_ERROR_CLIENT_IDS_EXHAUSTED))
    error_set (&ours, ESIM_ERROR_BUSY, LAYER, "the modem serves too many programs");
  else
    error_set (&ours, ESIM_ERROR_CHANNEL, LAYER, "%s", theirs->message);
  *error = ours;
}

/* Turns libqmi's, or wait's, *ERROR into one of ours: whatever went wrong with a modem that has
 * gone, that is why. */
static void
translate (Uim *self, GError **error)
{
  if (error && *error && g_cancellable_is_cancelled (self->unplugged))
    {
      g_clear_error (error);
      error_set (error, ESIM_ERROR_DEVICE_GONE, LAYER, "%s is gone", self->path);
    }
  uim_translate (error);
}

/* What the modem's refusal CODE means where no status word says it better. */
static EsimError
code_of_result (guint code)
{
  switch (code)
    {
    case QMI_PROTOCOL_ERROR_INSUFFICIENT_RESOURCES:
    case QMI_PROTOCOL_ERROR_OPERATION_IN_PROGRESS:
    case QMI_PROTOCOL_ERROR_DEVICE_NOT_READY:
      return ESIM_ERROR_BUSY;
    case QMI_PROTOCOL_ERROR_SIM_FILE_NOT_FOUND:
      return ESIM_ERROR_NO_EUICC;
    case QMI_PROTOCOL_ERROR_INVALID_QMI_COMMAND:
    case QMI_PROTOCOL_ERROR_DEVICE_UNSUPPORTED:
    case QMI_PROTOCOL_ERROR_NOT_SUPPORTED:
    case QMI_PROTOCOL_ERROR_ACCESS_DENIED: /* firmware of SIM7600, LE910C4 */
      return ESIM_ERROR_UNSUPPORTED;
    }
  return ESIM_ERROR_CHANNEL;
}

static void
set_refused (GError **error, guint code)
{
  const char *name = qmi_protocol_error_get_string (code);
  g_autofree char *number = g_strdup_printf ("%u", code);
  GError *refused = NULL;

  if (code == QMI_PROTOCOL_ERROR_ACCESS_DENIED)
    error_set (&refused, code_of_result (code), LAYER,
               "the modem's firmware keeps programs from its card (%s)", name);
  else
    error_set (&refused, code_of_result (code), LAYER, "the modem refused: %s",
               name ? name : number);
  error_add_raw (refused, "qmi-result", number);
  g_propagate_error (error, refused);
}

static QmiMessage *
request_new (Uim *self, guint16 id)
{
  return qmi_message_new (QMI_SERVICE_UIM, qmi_client_get_cid (self->client),
                          qmi_client_get_next_transaction_id (self->client), id);
}

static void
add_u8 (QmiMessage *request, guint8 type, guint8 value)
{
  qmi_message_add_raw_tlv (request, type, &value, 1, NULL);
}

/* A TLV's value with its length of PREFIX bytes before DATA. */
static void
add_counted (QmiMessage *request, guint8 type, guint prefix, GBytes *data)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  g_autoptr (GByteArray) value = g_byte_array_sized_new (size + prefix);
  guint8 length[] = { size & 0xff, size >> 8 };

  g_byte_array_append (value, length, prefix);
  g_byte_array_append (value, bytes, size);
  qmi_message_add_raw_tlv (request, type, value->data, value->len, NULL);
}

/* Sends REQUEST (taken) and waits for its response; *CODE is the modem's result, 0 where it is
 * good. */
static QmiMessage *
exchange (Uim *self, QmiMessage *request, guint timeout_s, guint *code, GCancellable *cancellable,
          GError **error)
{
  g_autoptr (QmiMessage) taken = request;
  g_autoptr (QmiMessage) response = NULL;
  g_autoptr (Wait) wait = wait_new (cancellable, self->unplugged);
  g_autoptr (GError) local = NULL;
  const guint8 *result;
  guint16 size = 0;

  qmi_device_command_full (self->device, taken, NULL, timeout_s, wait_inner (wait), wait_ready,
                           wait);
  response = qmi_device_command_full_finish (self->device, wait_result (wait), &local);
  if (response == NULL)
    {
      translate (self, &local);
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  result = qmi_message_get_raw_tlv (response, 0x02, &size);
  if (result == NULL || size != 4)
    {
      error_set (error, ESIM_ERROR_CHANNEL, LAYER, "the modem's answer has no result");
      return NULL;
    }
  *code = get_u16 (result) == 0 ? 0 : get_u16 (result + 2);
  return g_steal_pointer (&response);
}

/* exchange(), where every result but a good one is an error. */
static QmiMessage *
command (Uim *self, QmiMessage *request, GCancellable *cancellable, GError **error)
{
  guint code = 0;
  g_autoptr (QmiMessage) response = exchange (self, request, TIMEOUT_S, &code, cancellable, error);

  if (response == NULL || code == 0)
    return g_steal_pointer (&response);
  set_refused (error, code);
  return NULL;
}

/* The client with id CID, or a new one for QMI_CID_NONE. Not cancelled while under way: the modem
 * would have given an id that nobody knows. */
static QmiClient *
client_new (Uim *self, guint8 cid, GError **error)
{
  g_autoptr (Wait) wait = wait_new (NULL, self->unplugged);

  qmi_device_allocate_client (self->device, QMI_SERVICE_UIM, cid, TIMEOUT_S, wait_inner (wait),
                              wait_ready, wait);
  return qmi_device_allocate_client_finish (self->device, wait_result (wait), error);
}

static gboolean
get_client (Uim *self, GError **error)
{
  self->client = client_new (self, QMI_CID_NONE, error);
  if (self->client == NULL)
    return FALSE;
  memory_add (self->memory, self->path, qmi_client_get_cid (self->client));
  return TRUE;
}

/* Takes CLIENT. Without RELEASE the modem goes on to know it. Never cancelled. */
static void
drop_client (Uim *self, QmiClient *client, gboolean release)
{
  g_autoptr (QmiClient) taken = client;
  g_autoptr (Wait) wait = wait_new (NULL, self->unplugged);
  g_autoptr (GError) error = NULL;
  guint8 cid = qmi_client_get_cid (client);

  qmi_device_release_client (self->device, taken,
                             release ? QMI_DEVICE_RELEASE_CLIENT_FLAGS_RELEASE_CID
                                     : QMI_DEVICE_RELEASE_CLIENT_FLAGS_NONE,
                             TIMEOUT_S, wait_inner (wait), wait_ready, wait);
  if (qmi_device_release_client_finish (self->device, wait_result (wait), &error))
    memory_remove (self->memory, self->path, cid);
  else
    g_debug ("%s: client %u: %s", self->path, cid, error->message);
}

static void
close_device (Uim *self)
{
  g_autoptr (Wait) wait = wait_new (NULL, NULL);
  g_autoptr (GError) error = NULL;

  qmi_device_close_async (self->device, TIMEOUT_S, wait_inner (wait), wait_ready, wait);
  if (!qmi_device_close_finish (self->device, wait_result (wait), &error))
    g_debug ("%s: %s", self->path, error->message);
}

void
uim_close (gpointer data)
{
  Uim *self = data;

  if (self->client)
    drop_client (self, g_steal_pointer (&self->client), TRUE);
  g_signal_handler_disconnect (self->device, self->removed_handler);
  g_signal_handler_disconnect (self->device, self->indication_handler);
  if (qmi_device_is_open (self->device))
    close_device (self);
  g_object_unref (self->device);
  answers_free (self->answers);
  g_object_unref (self->unplugged);
  g_free (self->path);
  g_free (self->memory);
  g_free (self);
}

static gboolean
connect_device (Uim *self, QmiDeviceOpenFlags flags, GCancellable *cancellable, GError **error)
{
  g_autoptr (Wait) wait = wait_new (cancellable, self->unplugged);

  qmi_device_open (self->device, flags | QMI_DEVICE_OPEN_FLAGS_EXPECT_INDICATIONS, TIMEOUT_S,
                   wait_inner (wait), wait_ready, wait);
  return qmi_device_open_finish (self->device, wait_result (wait), error);
}

static SlotsTlv
slots_tlv (QmiMessage *response, guint8 type)
{
  guint16 size = 0;
  const guint8 *data = qmi_message_get_raw_tlv (response, type, &size);

  return (SlotsTlv){ data, size };
}

gboolean
uim_list_slots (gpointer data, GArray *slots, GCancellable *cancellable, GError **error)
{
  g_autoptr (QmiMessage) response
      = command (data, request_new (data, UIM_GET_SLOT_STATUS), cancellable, error);

  if (response == NULL)
    return FALSE;
  slots_list (slots_tlv (response, 0x10), slots_tlv (response, 0x11), slots_tlv (response, 0x12),
              slots);
  return TRUE;
}

/* We never switch slots: that resets the card under ModemManager. UIM wants the logical slot that
 * the physical one is mapped to. Modems with one slot do not know the question. */
static gboolean
check_slot (Uim *self, guint wanted, GCancellable *cancellable, GError **error)
{
  g_autoptr (QmiMessage) response = NULL;
  g_autoptr (GError) local = NULL;
  guint logical = 0;
  gboolean there;

  self->slot = wanted + 1;
  if (!self->quirks.slot_mapping)
    return TRUE;
  response = command (self, request_new (self, UIM_GET_SLOT_STATUS), cancellable, &local);
  if (response == NULL && error_get_raw (local, "qmi-result"))
    return TRUE;
  if (response == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  there = slots_find (slots_tlv (response, 0x10), wanted, &logical);
  if (logical != 0)
    {
      self->slot = logical;
      return TRUE;
    }
  error_set (error, ESIM_ERROR_UNSUPPORTED, LAYER,
             there ? "slot %u is not in use: switch to it with mmcli --set-primary-sim-slot"
                   : "the modem has no slot %u",
             wanted + 1);
  return FALSE;
}

Uim *
uim_open (QmiDevice *device, const ChannelTarget *target, QmiDeviceOpenFlags flags,
          GCancellable *cancellable, GError **error)
{
  Uim *self = g_new0 (Uim, 1);

  self->device = device;
  self->path = g_strdup (target->device);
  self->memory = g_strdup (target->memory);
  self->quirks = target->quirks;
  self->unplugged = g_cancellable_new ();
  self->answers = answers_new ();
  self->removed_handler
      = g_signal_connect (device, QMI_DEVICE_SIGNAL_REMOVED, G_CALLBACK (on_removed), self);
  self->indication_handler
      = g_signal_connect (device, QMI_DEVICE_SIGNAL_INDICATION, G_CALLBACK (on_indication), self);
  if (connect_device (self, flags, cancellable, error) && get_client (self, error)
      && check_slot (self, target->slot, cancellable, error))
    return self;
  translate (self, error);
  uim_close (self);
  return NULL;
}

QmiDevice *
uim_device (Uim *self)
{
  return self->device;
}

gboolean
uim_close_logical (gpointer data, guint number, GError **error)
{
  Uim *self = data;
  QmiMessage *request = request_new (self, UIM_LOGICAL_CHANNEL);
  g_autoptr (QmiMessage) response = NULL;

  add_u8 (request, 0x01, self->slot);
  add_u8 (request, 0x11, number);
  response = command (self, request, NULL, error);
  return response != NULL;
}

/* Closes every channel that our client may have; *ANY says whether there was one. */
static gboolean
close_every (Uim *self, gboolean *any, GError **error)
{
  for (guint number = 1; number <= CHANNEL_MAX; number++)
    {
      g_autoptr (GError) local = NULL;

      if (uim_close_logical (self, number, &local))
        *any = TRUE;
      else if (error_get_raw (local, "qmi-result") == NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  return TRUE;
}

/* Closes the channels of a dead predecessor's client CID, as that client. It is released only where
 * there was one: else the id may be somebody else's by now. */
static gboolean
bury (Uim *self, guint8 cid, GError **error)
{
  QmiClient *own = self->client;
  gboolean any = FALSE, closed;

  self->client = client_new (self, cid, error);
  closed = self->client && close_every (self, &any, error);
  if (self->client)
    drop_client (self, g_steal_pointer (&self->client), closed && any);
  self->client = own;
  return closed;
}

gboolean
uim_recover (gpointer data, GError **error)
{
  Uim *self = data;
  g_autoptr (GArray) cids = memory_recall (self->memory, self->path);

  for (guint i = 0; i < cids->len; i++)
    {
      guint cid = g_array_index (cids, guint, i);

      if (cid != qmi_client_get_cid (self->client) && cid < QMI_CID_BROADCAST
          && !bury (self, cid, error))
        {
          translate (self, error);
          return FALSE;
        }
    }
  return TRUE;
}

/* Whether RESPONSE, with result CODE, says that channel *NUMBER is open and its SELECT was good. */
static gboolean
check_opened (QmiMessage *response, guint code, guint *number, GError **error)
{
  guint16 size = 0, words = 0;
  const guint8 *channel = qmi_message_get_raw_tlv (response, 0x10, &size);
  const guint8 *sw = qmi_message_get_raw_tlv (response, 0x11, &words);

  guint16 said = sw && words == 2 ? sw[0] << 8 | sw[1] : 0;

  *number = channel && size == 1 ? *channel : 0;
  if (code == 0)
    return channel_check_selected (LAYER, said ? said : 0x9000, *number, error);
  /* Where the card says no, it knows better why. */
  if (said == 0 || channel_check_selected (LAYER, said, 1, error))
    set_refused (error, code);
  return FALSE;
}

/* Not cancelled while under way: the channel would be open and nobody would know its number. */
gboolean
uim_open_logical (gpointer data, GBytes *aid, guint *number, GCancellable *cancellable,
                  GError **error)
{
  Uim *self = data;
  QmiMessage *request;
  g_autoptr (QmiMessage) response = NULL;
  guint code = 0, opened = 0;
  gboolean any = FALSE;

  if (g_cancellable_is_cancelled (cancellable))
    {
      error_set (error, ESIM_ERROR_CANCELLED, LAYER, "cancelled");
      return FALSE;
    }
  request = request_new (self, UIM_OPEN_LOGICAL_CHANNEL);
  add_u8 (request, 0x01, self->slot);
  add_counted (request, 0x10, 1, aid);
  response = exchange (self, request, TIMEOUT_S, &code, NULL, error);
  if (response && check_opened (response, code, &opened, error))
    {
      *number = opened;
      return TRUE;
    }
  if (opened != 0)
    uim_close_logical (self, opened, NULL);
  else if (response == NULL || code == 0)
    close_every (self, &any, NULL); /* the number of what may be open is not known */
  return FALSE;
}

/* The answer that comes in indications, which TLV 0x11 of a response announces. */
static GBytes *
collect (Uim *self, const guint8 *announced, guint timeout_ms, GCancellable *cancellable,
         GError **error)
{
  g_autoptr (Wait) wait = wait_new (cancellable, self->unplugged);
  const gboolean *over = answers_expect (self->answers, announced);
  GBytes *whole;

  whole = wait_for (wait, over, timeout_ms, error) ? answers_get (self->answers, announced) : NULL;
  if (!*over)
    translate (self, error);
  else if (whole == NULL)
    error_set (error, ESIM_ERROR_CHANNEL, LAYER, "the parts of the modem's answer don't fit");
  return whole;
}

GBytes *
uim_transmit (gpointer data, guint number, GBytes *apdu, GCancellable *cancellable, GError **error)
{
  Uim *self = data;
  QmiMessage *request = request_new (self, UIM_SEND_APDU);
  g_autoptr (QmiMessage) response = NULL;
  guint timeout_ms = 1000 * self->quirks.apdu_timeout_s, code = 0;
  guint16 size = 0, announced_size = 0;
  const guint8 *answer, *announced;

  answers_clear (self->answers);
  add_u8 (request, 0x01, self->slot);
  add_counted (request, 0x02, 2, apdu);
  add_u8 (request, 0x10, number);
  response = exchange (self, request, timeout_ms / 1000, &code, cancellable, error);
  if (response == NULL)
    return NULL;
  answer = qmi_message_get_raw_tlv (response, 0x10, &size);
  announced = qmi_message_get_raw_tlv (response, 0x11, &announced_size);
  if (announced
      && announced_size == ANSWERS_ANNOUNCED) /* with result 68, which is no refusal then */
    return collect (self, announced, timeout_ms, cancellable, error);
  if (code != 0)
    set_refused (error, code);
  else if (answer == NULL || size < 2 || size - 2 != (int) get_u16 (answer))
    error_set (error, ESIM_ERROR_CHANNEL, LAYER, "the modem's answer is cut off");
  else
    return g_bytes_new (answer + 2, size - 2);
  return NULL;
}

static gboolean
power (Uim *self, guint16 id, GCancellable *cancellable, GError **error)
{
  QmiMessage *request = request_new (self, id);
  g_autoptr (QmiMessage) response = NULL;

  add_u8 (request, 0x01, self->slot);
  response = command (self, request, cancellable, error);
  return response != NULL;
}

/* Once off it is not cancelled; the gap is what SIM7600 needs to notice. */
gboolean
uim_power_cycle (gpointer data, GCancellable *cancellable, GError **error)
{
  return power (data, UIM_POWER_OFF, cancellable, error) && wait_sleep (POWER_GAP_MS, NULL, error)
         && power (data, UIM_POWER_ON, NULL, error);
}
