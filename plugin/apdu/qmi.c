/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The channel through a Qualcomm modem: logical channels of QMI's UIM service, beside ModemManager
 * through the qmi-proxy, or over MBIM through the mbim-proxy. */

#include <libqmi-glib.h>

#include "apdu/channel.h"
#include "apdu/memory.h"
#include "apdu/proxy.h"
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

extern const ChannelDriver channel_qmi;
extern const ChannelDriver channel_qmi_mbim;

typedef struct
{
  QmiDevice *device;
  QmiClient *client;       /* of UIM: channels belong to it */
  GCancellable *unplugged; /* triggered by "device-removed", or a command waits for its time-out */
  gulong removed_handler, indication_handler;
  Answers *answers;
  char *path, *memory;
  guint slot; /* UIM's: logical, 1-based */
  Quirks quirks;
} Qmi;

static guint
get_u16 (const guint8 *data)
{
  return data[0] | data[1] << 8;
}

/* libqmi decodes no indication of Send APDU. */
static void
on_indication (G_GNUC_UNUSED QmiDevice *device, QmiMessage *message, gpointer data)
{
  Qmi *self = data;
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
  g_cancellable_cancel (((Qmi *) data)->unplugged);
}

/* Turns libqmi's, or wait's, *ERROR into one of ours. */
static void
translate (Qmi *self, GError **error)
{
  g_autoptr (GError) theirs = NULL;
  GError *ours = NULL;

  if (error == NULL || *error == NULL)
    return;
  if ((*error)->domain == ESIM_ERROR && !g_cancellable_is_cancelled (self->unplugged))
    return;
  theirs = g_steal_pointer (error);
  if (g_cancellable_is_cancelled (self->unplugged))
    error_set (&ours, ESIM_ERROR_DEVICE_GONE, LAYER, "%s was unplugged", self->path);
  else if (g_error_matches (theirs, G_IO_ERROR, G_IO_ERROR_CANCELLED)
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
request_new (Qmi *self, guint16 id)
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
exchange (Qmi *self, QmiMessage *request, guint timeout_s, guint *code, GCancellable *cancellable,
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
command (Qmi *self, QmiMessage *request, GCancellable *cancellable, GError **error)
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
client_new (Qmi *self, guint8 cid, GError **error)
{
  g_autoptr (Wait) wait = wait_new (NULL, self->unplugged);

  qmi_device_allocate_client (self->device, QMI_SERVICE_UIM, cid, TIMEOUT_S, wait_inner (wait),
                              wait_ready, wait);
  return qmi_device_allocate_client_finish (self->device, wait_result (wait), error);
}

static gboolean
get_client (Qmi *self, GError **error)
{
  self->client = client_new (self, QMI_CID_NONE, error);
  if (self->client == NULL)
    return FALSE;
  memory_add (self->memory, self->path, qmi_client_get_cid (self->client));
  return TRUE;
}

/* Takes CLIENT. Without RELEASE the modem goes on to know it. Never cancelled. */
static void
drop_client (Qmi *self, QmiClient *client, gboolean release)
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
close_device (Qmi *self)
{
  g_autoptr (Wait) wait = wait_new (NULL, NULL);
  g_autoptr (GError) error = NULL;

  qmi_device_close_async (self->device, TIMEOUT_S, wait_inner (wait), wait_ready, wait);
  if (!qmi_device_close_finish (self->device, wait_result (wait), &error))
    g_debug ("%s: %s", self->path, error->message);
}

static void
qmi_close_device (gpointer data)
{
  Qmi *self = data;

  if (self->client)
    drop_client (self, g_steal_pointer (&self->client), TRUE);
  if (self->device)
    {
      g_signal_handler_disconnect (self->device, self->removed_handler);
      g_signal_handler_disconnect (self->device, self->indication_handler);
      if (qmi_device_is_open (self->device))
        close_device (self);
      g_object_unref (self->device);
    }
  answers_free (self->answers);
  g_object_unref (self->unplugged);
  g_free (self->path);
  g_free (self->memory);
  g_free (self);
}

static gboolean
find_device (Qmi *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (self->path);
  g_autoptr (Wait) wait = NULL;

  if (!g_file_query_exists (file, NULL))
    {
      error_set (error, ESIM_ERROR_DEVICE_GONE, LAYER, "there is no %s", self->path);
      return FALSE;
    }
  wait = wait_new (cancellable, NULL);
  qmi_device_new (file, wait_inner (wait), wait_ready, wait);
  self->device = qmi_device_new_finish (wait_result (wait), error);
  if (self->device == NULL)
    return FALSE;
  self->removed_handler
      = g_signal_connect (self->device, QMI_DEVICE_SIGNAL_REMOVED, G_CALLBACK (on_removed), self);
  self->indication_handler = g_signal_connect (self->device, QMI_DEVICE_SIGNAL_INDICATION,
                                               G_CALLBACK (on_indication), self);
  return TRUE;
}

/* Never QMI_DEVICE_OPEN_FLAGS_AUTO, which would guess the protocol from sysfs. */
static gboolean
connect_device (Qmi *self, QmiDeviceOpenFlags carrier, GCancellable *cancellable, GError **error)
{
  g_autoptr (Wait) wait = wait_new (cancellable, self->unplugged);

  qmi_device_open (self->device,
                   QMI_DEVICE_OPEN_FLAGS_PROXY | QMI_DEVICE_OPEN_FLAGS_EXPECT_INDICATIONS | carrier,
                   TIMEOUT_S, wait_inner (wait), wait_ready, wait);
  return qmi_device_open_finish (self->device, wait_result (wait), error);
}

/* We never switch slots: that resets the card under ModemManager. UIM wants the logical slot that
 * the physical one is mapped to. Modems with one slot do not know the question. */
static gboolean
check_slot (Qmi *self, guint wanted, GCancellable *cancellable, GError **error)
{
  g_autoptr (QmiMessage) response = NULL;
  g_autoptr (GError) local = NULL;
  const guint8 *list;
  guint16 size = 0;
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
  list = qmi_message_get_raw_tlv (response, 0x10, &size);
  there = slots_find (list, size, wanted, &logical);
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

static gpointer
open_device (const ChannelTarget *target, const char *proxy, QmiDeviceOpenFlags carrier,
             GCancellable *cancellable, GError **error)
{
  Qmi *self;

  if (!proxy_check (LAYER, proxy, error))
    return NULL;
  self = g_new0 (Qmi, 1);
  self->path = g_strdup (target->device);
  self->memory = g_strdup (target->memory);
  self->quirks = target->quirks;
  self->unplugged = g_cancellable_new ();
  self->answers = answers_new ();
  if (find_device (self, cancellable, error) && connect_device (self, carrier, cancellable, error)
      && get_client (self, error) && check_slot (self, target->slot, cancellable, error))
    return self;
  translate (self, error);
  qmi_close_device (self);
  return NULL;
}

static gpointer
qmi_open_device (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  return open_device (target, QMI_PROXY_SOCKET_PATH, QMI_DEVICE_OPEN_FLAGS_NONE, cancellable,
                      error);
}

static gpointer
qmi_mbim_open_device (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  return open_device (target, "mbim-proxy", QMI_DEVICE_OPEN_FLAGS_MBIM, cancellable, error);
}

static gboolean
qmi_close_logical (gpointer data, guint number, GError **error)
{
  Qmi *self = data;
  QmiMessage *request = request_new (self, UIM_LOGICAL_CHANNEL);
  g_autoptr (QmiMessage) response = NULL;

  add_u8 (request, 0x01, self->slot);
  add_u8 (request, 0x11, number);
  response = command (self, request, NULL, error);
  return response != NULL;
}

/* Closes every channel that our client may have; *ANY says whether there was one. */
static gboolean
close_every (Qmi *self, gboolean *any, GError **error)
{
  for (guint number = 1; number <= CHANNEL_MAX; number++)
    {
      g_autoptr (GError) local = NULL;

      if (qmi_close_logical (self, number, &local))
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
bury (Qmi *self, guint8 cid, GError **error)
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

static gboolean
qmi_recover (gpointer data, GError **error)
{
  Qmi *self = data;
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
static gboolean
qmi_open_logical (gpointer data, GBytes *aid, guint *number, GCancellable *cancellable,
                  GError **error)
{
  Qmi *self = data;
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
    qmi_close_logical (self, opened, NULL);
  else if (response == NULL || code == 0)
    close_every (self, &any, NULL); /* the number of what may be open is not known */
  return FALSE;
}

/* The answer that comes in indications, which TLV 0x11 of a response announces. */
static GBytes *
collect (Qmi *self, const guint8 *announced, guint timeout_ms, GCancellable *cancellable,
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

static GBytes *
qmi_transmit (gpointer data, guint number, GBytes *apdu, GCancellable *cancellable, GError **error)
{
  Qmi *self = data;
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
power (Qmi *self, guint16 id, GCancellable *cancellable, GError **error)
{
  QmiMessage *request = request_new (self, id);
  g_autoptr (QmiMessage) response = NULL;

  add_u8 (request, 0x01, self->slot);
  response = command (self, request, cancellable, error);
  return response != NULL;
}

/* Once off it is not cancelled; the gap is what SIM7600 needs to notice. */
static gboolean
qmi_power_cycle (gpointer data, GCancellable *cancellable, GError **error)
{
  return power (data, UIM_POWER_OFF, cancellable, error) && wait_sleep (POWER_GAP_MS, NULL, error)
         && power (data, UIM_POWER_ON, NULL, error);
}

const ChannelDriver channel_qmi = {
  .name = "qmi",
  .open_device = qmi_open_device,
  .open_logical = qmi_open_logical,
  .transmit = qmi_transmit,
  .close_logical = qmi_close_logical,
  .recover = qmi_recover,
  .power_cycle = qmi_power_cycle,
  .close_device = qmi_close_device,
};

/* The same carried by an MBIM port. */
const ChannelDriver channel_qmi_mbim = {
  .name = "qmi-mbim",
  .port = "mbim",
  .open_device = qmi_mbim_open_device,
  .open_logical = qmi_open_logical,
  .transmit = qmi_transmit,
  .close_logical = qmi_close_logical,
  .recover = qmi_recover,
  .power_cycle = qmi_power_cycle,
  .close_device = qmi_close_device,
};
