/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The channel by AT commands: CCHO, CGLA and CCHC of 3GPP TS 27.007 (8.45 to 8.47) in what dialect
 * the modem speaks, or CSIM (8.17) where it has only that. */

#include "apdu/at-line.h"

#include <stdlib.h>
#include <string.h>

#include "apdu/manage.h"
#include "apdu/memory.h"
#include "base/error.h"
#include "base/hex.h"

#define LAYER "at"
#define COMMAND_TIMEOUT_MS 10000 /* for all but APDUs; a SELECT may wake the card */
#define POWER_TIMEOUT_MS 20000
#define LONG_APDU 64   /* bytes; a line for fewer was never too long for a modem */
#define CHANNELS_MAX 3 /* without the basic one, of a card with standard channels */

extern const ChannelDriver channel_at;

typedef struct
{
  AtLine *line;
  Quirks quirks;
  char *device, *memory; /* for what a crash would leave open */
  gboolean csim;         /* CCHO does not work here, CSIM does */
  gboolean plain_cla; /* what CCHO gave is a session of the modem's: it sets the channel itself */
  gboolean reclaimed; /* channels that nobody closed were looked for */
  gboolean proven;    /* the card has answered on this channel */
  guint session;      /* what CCHO or MANAGE CHANNEL gave, 0 where it is no number of a channel */
  char *handle;       /* the same as CCHO wrote it: some modems have sixteen hexadecimal digits */
} At;

static void
at_close_device (gpointer data)
{
  At *self = data;

  at_line_close (self->line);
  g_free (self->handle);
  g_free (self->device);
  g_free (self->memory);
  g_free (self);
}

static gpointer
at_open_device (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  AtLine *line = at_line_open (target, cancellable, error);
  At *self;

  if (line == NULL)
    return NULL;
  self = g_new0 (At, 1);
  self->line = line;
  self->quirks = target->quirks;
  self->device = g_strdup (target->device);
  self->memory = g_strdup (target->memory);
  self->csim = self->quirks.at_csim;
  self->plain_cla = self->quirks.at_session_handles;
  return self;
}

/* LENGTH,"HEX", the quotes not always there; LENGTH counts digits, with some modems bytes. */
static GBytes *
parse_answer (const char *answer, GError **error)
{
  char *end;
  gulong length = strtoul (answer, &end, 10);
  g_autofree char *hex = NULL;
  GBytes *bytes = NULL;

  if (end != answer && *end == ',')
    {
      hex = g_strdup (end + 1);
      g_strstrip (g_strdelimit (hex, "\"", ' '));
      if (strlen (hex) >= 4 && (strlen (hex) == length || strlen (hex) == 2 * length))
        bytes = hex_decode (hex);
    }
  if (bytes == NULL)
    error_set (error, ESIM_ERROR_CARD_RUBBISH, LAYER, "the modem's answer is no APDU: %.24s",
               answer);
  return bytes;
}

/* A long line that the modem refuses may be too long for it: the card has not heard of it. */
static void
mark_long (const GError *error, gsize size)
{
  if (size > LONG_APDU && error_get_raw (error, "at"))
    error_add_raw ((GError *) error, "apdu-length", "refused");
}

/* One APDU by CGLA, or by CSIM on the card's own numbers. */
static GBytes *
exchange (At *self, gboolean csim, const guint8 *apdu, gsize size, GCancellable *cancellable,
          GError **error)
{
  g_autofree char *hex = hex_encode (apdu, size);
  g_autofree char *command
      = csim ? g_strdup_printf ("AT+CSIM=%zu,\"%s\"", 2 * size, hex)
             : g_strdup_printf ("AT+CGLA=%s,%zu,\"%s\"", self->handle, 2 * size, hex);
  g_autofree char *answer = NULL;
  g_autoptr (GError) local = NULL;

  if (at_line_command (self->line, command, csim ? "+CSIM:" : "+CGLA:",
                       1000 * self->quirks.apdu_timeout_s, &answer, cancellable, &local))
    return parse_answer (answer, error);
  mark_long (local, size);
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

static guint16
status_word (GBytes *answer)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (answer, &size);

  return data[size - 2] << 8 | data[size - 1];
}

static GBytes *
csim (gpointer data, const guint8 *apdu, gsize size, GError **error)
{
  return exchange (data, TRUE, apdu, size, NULL, error);
}

static const ManageWay csim_way = { LAYER, csim };

static gboolean
csim_open (At *self, GBytes *aid, GError **error)
{
  return manage_open (&csim_way, self, aid, &self->session, error);
}

static gboolean
ccho (At *self, GBytes *aid, GError **error)
{
  g_autofree char *hex = hex_encode (g_bytes_get_data (aid, NULL), g_bytes_get_size (aid));
  g_autofree char *command = g_strdup_printf ("AT+CCHO=\"%s\"", hex);
  g_autofree char *answer = NULL;
  guint64 session = 0;

  if (!at_line_command (self->line, command, "+CCHO:", COMMAND_TIMEOUT_MS, &answer, NULL, error))
    return FALSE;
  g_strstrip (answer);
  if (*answer == '\0' || strlen (answer) > 20
      || strspn (answer, "0123456789abcdefABCDEF") != strlen (answer))
    {
      error_set (error, ESIM_ERROR_CHANNEL, LAYER, "the modem opened channel '%.12s'", answer);
      return FALSE;
    }
  if (!g_ascii_string_to_unsigned (answer, 10, 1, 19, &session, NULL))
    self->plain_cla = TRUE; /* no number of a card's channel */
  self->session = (guint) session;
  g_free (self->handle);
  self->handle = g_steal_pointer (&answer);
  return TRUE;
}

static gboolean
cchc (At *self, const char *session, GError **error)
{
  g_autofree char *command = g_strconcat ("AT+CCHC=", session, NULL);

  return at_line_command (self->line, command, NULL, COMMAND_TIMEOUT_MS, NULL, NULL, error);
}

/* Without CCHC (EM9191) the card's own command may do, where the session is its number. */
static gboolean
close_session (At *self, const char *session, guint number, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (self->csim)
    return manage_close (&csim_way, self, number, error);
  if (cchc (self, session, &local)
      || (error_get_raw (local, "at") && !self->plain_cla
          && manage_close (&csim_way, self, number, NULL)))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* What is open now, as a number; 0: it has none. */
static guint
open_number (const At *self)
{
  guint64 number = 0;

  if (self->csim)
    return self->session;
  g_ascii_string_to_unsigned (self->handle, 10, 1, G_MAXUINT, &number, NULL);
  return (guint) number;
}

/* What a crashed predecessor had open, as it wrote it down. */
static void
close_leftovers (At *self)
{
  g_autoptr (GArray) numbers = memory_recall (self->memory, self->device);

  for (guint i = 0; i < numbers->len; i++)
    {
      guint number = g_array_index (numbers, guint, i);
      g_autofree char *session = g_strdup_printf ("%u", number);

      close_session (self, session, number, NULL);
      memory_remove (self->memory, self->device, number);
    }
}

/* Sessions that another program left open have no owner that AT could tell; the modem itself
 * refuses the numbers that were not given out by CCHO. Only when there is none left. */
static void
reclaim (At *self)
{
  self->reclaimed = TRUE;
  for (guint i = 1; i <= CHANNELS_MAX; i++)
    {
      const char session[] = { '0' + i, '\0' };

      cchc (self, session, NULL);
    }
}

/* CCHO's refusal gives no reason, so CSIM is asked for it; where CSIM gets through, it is the modem
 * that has no CCHO. */
static gboolean
open_anyhow (At *self, GBytes *aid, GError **refused, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (csim_open (self, aid, &local))
    {
      self->csim = TRUE;
      return TRUE;
    }
  if (error_is_code (*refused, ESIM_ERROR_CARD_BUSY))
    g_propagate_error (error, g_error_copy (*refused));
  else if (error_get_raw (local, "sw") == NULL && !error_get_raw (local, "at"))
    g_propagate_error (error, g_steal_pointer (&local)); /* gone, silent, … */
  else if (error_is_code (local, ESIM_ERROR_NO_EUICC))
    g_propagate_error (error, g_steal_pointer (&local));
  else if (!self->reclaimed)
    {
      reclaim (self);
      if (ccho (self, aid, NULL))
        return TRUE;
      return open_anyhow (self, aid, refused, error);
    }
  else if (error_get_raw (local, "sw"))
    g_propagate_error (error, g_steal_pointer (&local));
  else
    {
      /* Neither way: no AID that was asked for so far is there, or no channel at all. */
      error_set (error, ESIM_ERROR_NO_EUICC, LAYER, "no channel by CCHO nor by CSIM: %s",
                 (*refused)->message);
      error_add_raw (error ? *error : NULL, "at", error_get_raw (*refused, "at"));
    }
  return FALSE;
}

static gboolean
at_open_logical (gpointer data, GBytes *aid, guint *number, GCancellable *cancellable,
                 GError **error)
{
  At *self = data;
  g_autoptr (GError) refused = NULL;
  gboolean opened;

  if (g_cancellable_is_cancelled (cancellable))
    {
      error_set (error, ESIM_ERROR_CANCELLED, LAYER, "cancelled");
      return FALSE;
    }
  self->proven = FALSE;
  close_leftovers (self);
  if (self->csim)
    opened = csim_open (self, aid, error);
  else if (!(opened = ccho (self, aid, &refused)) && error_get_raw (refused, "at"))
    opened = open_anyhow (self, aid, &refused, error);
  else if (!opened)
    g_propagate_error (error, g_steal_pointer (&refused));
  if (!opened)
    return FALSE;
  *number = self->session >= 1 && self->session <= 19 ? self->session : 1;
  if (open_number (self))
    memory_add (self->memory, self->device, open_number (self));
  return TRUE;
}

/* APDU for a modem that puts the channel into the class byte by itself. */
static GBytes *
without_channel (GBytes *apdu)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (apdu, &size);
  guint8 *copy = g_memdup2 (bytes, size);

  copy[0] &= copy[0] & 0x40 ? 0xb0 : 0xfc; /* ISO 7816-4, 5.4.1 */
  return g_bytes_new_take (copy, size);
}

static GBytes *
send_apdu (At *self, GBytes *apdu, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) plain = self->plain_cla ? without_channel (apdu) : g_bytes_ref (apdu);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (plain, &size);

  return exchange (self, self->csim, bytes, size, cancellable, error);
}

/* 6881 to the first APDU: the number that the modem gave is none of the card's, which has heard
 * nothing. */
static GBytes *
at_transmit (gpointer data, guint number, GBytes *apdu, GCancellable *cancellable, GError **error)
{
  At *self = data;
  g_autoptr (GBytes) answer = send_apdu (self, apdu, cancellable, error);
  g_autoptr (GBytes) second = NULL;

  if (answer == NULL)
    return NULL;
  if (status_word (answer) != 0x6881 || self->csim || self->plain_cla || self->proven)
    {
      self->proven = TRUE;
      return g_steal_pointer (&answer);
    }
  self->plain_cla = TRUE;
  second = send_apdu (self, apdu, cancellable, error);
  if (second == NULL)
    return NULL;
  self->plain_cla = self->proven = status_word (second) != 0x6881;
  return g_steal_pointer (&second);
}

static gboolean
at_close_logical (gpointer data, guint number, GError **error)
{
  At *self = data;

  if (!close_session (self, self->handle, number, error))
    return FALSE;
  memory_remove (self->memory, self->device, open_number (self));
  return TRUE;
}

/* 3GPP TS 27.007, 8.2: minimum functionality cuts the card's power in most modems. */
static gboolean
at_power_cycle (gpointer data, GCancellable *cancellable, GError **error)
{
  At *self = data;

  return at_line_command (self->line, "AT+CFUN=0", NULL, POWER_TIMEOUT_MS, NULL, NULL, error)
         && at_line_command (self->line, "AT+CFUN=1", NULL, POWER_TIMEOUT_MS, NULL, NULL, error);
}

const ChannelDriver channel_at = {
  .name = "at",
  .borrows = TRUE,
  .open_device = at_open_device,
  .open_logical = at_open_logical,
  .transmit = at_transmit,
  .close_logical = at_close_logical,
  .power_cycle = at_power_cycle,
  .close_device = at_close_device,
};
