/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The channel to a card in a PC/SC reader, for the bench and for removable eUICCs. */

#include <winscard.h>

#include "apdu/channel.h"
#include "apdu/manage.h"
#include "base/error.h"

#define LAYER "pcsc"
#define ANSWER_MAX 258 /* 256 bytes and a status word: APDUs are short ones here */

extern const ChannelDriver channel_pcsc;

typedef struct
{
  SCARDCONTEXT context;
  SCARDHANDLE card;
  DWORD protocol;
  gboolean connected;
  char *reader;
} Pcsc;

static EsimError
code_of (LONG status)
{
  if (status == (LONG) SCARD_W_REMOVED_CARD || status == (LONG) SCARD_E_NO_SMARTCARD
      || status == (LONG) SCARD_E_READER_UNAVAILABLE || status == (LONG) SCARD_E_UNKNOWN_READER
      || status == (LONG) SCARD_E_NO_READERS_AVAILABLE || status == (LONG) SCARD_E_NO_SERVICE
      || status == (LONG) SCARD_E_SERVICE_STOPPED)
    return ESIM_ERROR_DEVICE_GONE;
  if (status == (LONG) SCARD_E_SHARING_VIOLATION)
    return ESIM_ERROR_BUSY;
  if (status == (LONG) SCARD_E_TIMEOUT)
    return ESIM_ERROR_TIMED_OUT;
  if (status == (LONG) SCARD_W_SECURITY_VIOLATION || status == (LONG) SCARD_E_NO_ACCESS)
    return ESIM_ERROR_NOT_AUTHORIZED;
  return ESIM_ERROR_CHANNEL;
}

static gboolean
check (Pcsc *self, LONG status, const char *what, GError **error)
{
  g_autofree char *hex = g_strdup_printf ("%08lX", (gulong) status & 0xffffffff);
  GError *failed = NULL;

  if (status == SCARD_S_SUCCESS)
    return TRUE;
  error_set (&failed, code_of (status), LAYER, "%s: %s: %s", self->reader, what,
             pcsc_stringify_error (status));
  error_add_raw (failed, "pcsc", hex);
  g_propagate_error (error, failed);
  return FALSE;
}

/* A card that was removed while an APDU was under way is told as a failed transmission. */
static gboolean
is_there (Pcsc *self)
{
  DWORD state = 0, protocol = 0, atr_length = MAX_ATR_SIZE, name_length = 0;
  guint8 atr[MAX_ATR_SIZE];

  return SCardStatus (self->card, NULL, &name_length, &state, &protocol, atr, &atr_length)
             == SCARD_S_SUCCESS
         && (state & SCARD_PRESENT);
}

static void
pcsc_close_device (gpointer data)
{
  Pcsc *self = data;

  if (self->connected)
    SCardDisconnect (self->card, SCARD_LEAVE_CARD);
  SCardReleaseContext (self->context);
  g_free (self->reader);
  g_free (self);
}

/* Exclusively: another program's SELECT between our APDUs would end the session. Whoever dies with
 * a card connected has it reset by pcscd, so that nothing is left open. */
static gpointer
pcsc_open_device (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  Pcsc *self = g_new0 (Pcsc, 1);

  self->reader = g_strdup (target->device);
  if (!check (self, SCardEstablishContext (SCARD_SCOPE_SYSTEM, NULL, NULL, &self->context),
              "pcscd can't be reached", error))
    {
      g_free (self->reader);
      g_free (self);
      return NULL;
    }
  self->connected
      = check (self,
               SCardConnect (self->context, self->reader, SCARD_SHARE_EXCLUSIVE,
                             SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &self->card, &self->protocol),
               "connect", error);
  if (self->connected)
    return self;
  pcsc_close_device (self);
  return NULL;
}

static GBytes *
transmit (gpointer data, const guint8 *apdu, gsize size, GError **error)
{
  Pcsc *self = data;
  guint8 answer[ANSWER_MAX];
  DWORD length = sizeof answer;
  const SCARD_IO_REQUEST *request
      = self->protocol == SCARD_PROTOCOL_T1 ? SCARD_PCI_T1 : SCARD_PCI_T0;
  LONG status = SCardTransmit (self->card, request, apdu, size, NULL, answer, &length);

  /* A virtual reader, and some real ones, answer for a card that has left with nothing at all. */
  if (status == SCARD_S_SUCCESS ? length == 0 : !is_there (self))
    {
      error_set (error, ESIM_ERROR_DEVICE_GONE, LAYER, "the card was taken out of %s",
                 self->reader);
      return NULL;
    }
  return check (self, status, "transmit", error) ? g_bytes_new (answer, length) : NULL;
}

static const ManageWay way = { LAYER, transmit };

static gboolean
pcsc_close_logical (gpointer data, guint number, GError **error)
{
  return manage_close (&way, data, number, error);
}

static gboolean
pcsc_open_logical (gpointer data, GBytes *aid, guint *number, GCancellable *cancellable,
                   GError **error)
{
  return manage_open (&way, data, aid, number, error);
}

/* pcscd has no way to give up an APDU: the reader's own time-out ends it. */
static GBytes *
pcsc_transmit (gpointer data, guint number, GBytes *apdu, GCancellable *cancellable, GError **error)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (apdu, &size);

  return transmit (data, bytes, size, error);
}

static gboolean
pcsc_power_cycle (gpointer data, GCancellable *cancellable, GError **error)
{
  Pcsc *self = data;

  return check (self,
                SCardReconnect (self->card, SCARD_SHARE_EXCLUSIVE,
                                SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, SCARD_UNPOWER_CARD,
                                &self->protocol),
                "power off and on", error);
}

const ChannelDriver channel_pcsc = {
  .name = "pcsc",
  .open_device = pcsc_open_device,
  .open_logical = pcsc_open_logical,
  .transmit = pcsc_transmit,
  .close_logical = pcsc_close_logical,
  .power_cycle = pcsc_power_cycle,
  .close_device = pcsc_close_device,
};
