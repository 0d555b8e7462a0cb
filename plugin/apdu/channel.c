/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* STORE DATA to an ISD-R over whatever driver: segments, 61xx, 6Cxx, 6881, and a channel that is
 * closed on every path. */

#include "apdu/channel.h"

#include "apdu/sw.h"
#include "base/error.h"
#include "base/hex.h"
#include "base/wait.h"

#define LAYER "apdu"
#define RESPONSE_MAX (1024 * 1024) /* far above any eUICC's longest answer, icons included */
#define ROUNDS_MAX 8192            /* GET RESPONSEs to one command; 256 bytes each is enough */
#define SEGMENT_MIN 30             /* a modem that takes no APDU of this length takes none */
#define SEGMENTS_MAX 256           /* P2 numbers them in one byte */

struct _Channel
{
  const ChannelDriver *driver;
  ChannelTarget target; /* its strings are ours */
  gpointer device;      /* NULL while it rests */
  GBytes *aid;          /* NULL: not to be opened again */
  guint number;         /* 0: no logical channel open */
  ChannelCheck check;
  gpointer check_data;
  Progress *progress;
};

/* The GSMA's ISD-R (SGP.02, 2.2.3), then those of removable eUICCs that chose another. */
static const char *const isdr_aids[] = {
  "A0000005591010FFFFFFFF8900000100", "A0000005591010FFFFFFFF8900050500", /* 5ber */
  "A0000005591010000000008900000300",                                     /* eSIM.me */
  "A0000005591010FFFFFFFF8900000177",                                     /* XeSIM */
  "A06573746B6D65FFFFFFFF4953442D52",                                     /* eSTK.me */
};

gboolean
channel_check_selected (const char *layer, guint16 sw, guint number, GError **error)
{
  g_autofree char *hex = g_strdup_printf ("%04X", sw);
  GError *refused = NULL;

  if ((sw == 0x9000 || sw >> 8 == 0x91 || sw >> 8 == 0x61) && number >= 1 && number <= 19)
    return TRUE;
  if (sw == 0x6a82 || sw == 0x6999) /* GlobalPlatform 11.9.3.2 */
    error_set (&refused, ESIM_ERROR_NO_EUICC, layer, "the card has no such applet (%s)", hex);
  else if (sw == 0x6881 || sw == 0x6a81) /* ISO 7816-4, 7.1.2 */
    error_set (&refused, ESIM_ERROR_BUSY, layer, "the card has no channel free (%s)", hex);
  else
    error_set (&refused, ESIM_ERROR_CHANNEL, layer, "channel %u, status word %s: %s", number, hex,
               sw_words (sw));
  error_add_raw (refused, "sw", hex);
  g_propagate_error (error, refused);
  return FALSE;
}

/* Selects the first AID that the card knows. Only "no such applet" leads on to the next: on other
 * errors a further try would hide the reason. */
static gboolean
open_isdr (Channel *self, GCancellable *cancellable, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (isdr_aids); i++)
    {
      g_autoptr (GBytes) aid = hex_decode (isdr_aids[i]);
      g_autoptr (GError) local = NULL;

      if (self->driver->open_logical (self->device, aid, &self->number, cancellable, &local))
        {
          self->aid = g_steal_pointer (&aid);
          return TRUE;
        }
      if (!error_is_code (local, ESIM_ERROR_NO_EUICC) || i + 1 == G_N_ELEMENTS (isdr_aids))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  g_assert_not_reached ();
}

/* Some modems need a moment between being spoken to and being able to open a channel. */
static gboolean
open_device (Channel *self, GCancellable *cancellable, GError **error)
{
  guint delay_ms = self->target.quirks.open_delay_ms;

  self->device = self->driver->open_device (&self->target, cancellable, error);
  return self->device && (delay_ms == 0 || wait_sleep (delay_ms, cancellable, error));
}

Channel *
channel_open (const ChannelDriver *driver, const ChannelTarget *target, Progress *progress,
              GCancellable *cancellable, GError **error)
{
  g_autoptr (Channel) self = g_new0 (Channel, 1);

  self->driver = driver;
  self->target = *target;
  self->target.device = g_strdup (target->device);
  self->target.stack = g_strdup (target->stack);
  self->target.modem = g_strdup (target->modem);
  self->target.memory = g_strdup (target->memory);
  self->progress = progress ? progress_ref (progress) : NULL;
  if (!open_device (self, cancellable, error) || !open_isdr (self, cancellable, error))
    {
      g_prefix_error (error, "ISD-R through %s: ", target->device);
      return NULL;
    }
  return g_steal_pointer (&self);
}

static void
close_logical (Channel *self)
{
  g_autoptr (GError) error = NULL;

  if (self->number != 0 && !self->driver->close_logical (self->device, self->number, &error))
    g_debug ("%s: channel %u: %s", self->target.device, self->number, error->message);
  self->number = 0;
}

static void
shut (Channel *self)
{
  if (self->device == NULL)
    return;
  close_logical (self);
  self->driver->close_device (self->device);
  self->device = NULL;
}

void
channel_on_wake (Channel *self, ChannelCheck check, gpointer data)
{
  self->check = check;
  self->check_data = data;
}

void
channel_rest (Channel *self)
{
  if (!self->driver->borrows || self->device == NULL)
    return;
  g_debug ("%s: goes back to its stack for the time being", self->target.device);
  shut (self);
}

void
channel_close (Channel *self)
{
  if (self == NULL)
    return;
  shut (self);
  g_clear_pointer (&self->aid, g_bytes_unref);
  g_clear_pointer (&self->progress, progress_unref);
  g_free ((char *) self->target.device);
  g_free ((char *) self->target.stack);
  g_free ((char *) self->target.modem);
  g_free ((char *) self->target.memory);
  g_free (self);
}

gboolean
channel_recover (const ChannelDriver *driver, const ChannelTarget *target, GError **error)
{
  gpointer device;
  gboolean recovered;

  if (driver->recover == NULL)
    return TRUE;
  device = driver->open_device (target, NULL, error);
  if (device == NULL)
    return FALSE;
  recovered = driver->recover (device, error);
  driver->close_device (device);
  return recovered;
}

/* One verb of the device, without any logical channel. */
static gboolean
do_with_device (const ChannelDriver *driver, const ChannelTarget *target,
                gboolean (*verb) (gpointer self, GCancellable *cancellable, GError **error),
                const char *what, GCancellable *cancellable, GError **error)
{
  gpointer device;
  gboolean done;

  if (verb == NULL)
    {
      error_set (error, ESIM_ERROR_UNSUPPORTED, LAYER, "%s has no way to %s", driver->name, what);
      return FALSE;
    }
  device = driver->open_device (target, cancellable, error);
  if (device == NULL)
    return FALSE;
  done = verb (device, cancellable, error);
  driver->close_device (device);
  return done;
}

gboolean
channel_power_cycle (const ChannelDriver *driver, const ChannelTarget *target,
                     GCancellable *cancellable, GError **error)
{
  return do_with_device (driver, target, driver->power_cycle, "power the card off and on",
                         cancellable, error);
}

gboolean
channel_reset (const ChannelDriver *driver, const ChannelTarget *target, GCancellable *cancellable,
               GError **error)
{
  return do_with_device (driver, target, driver->reset, "reset the modem", cancellable, error);
}

GArray *
channel_list_slots (const ChannelDriver *driver, const ChannelTarget *target,
                    GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) slots = g_array_new (FALSE, TRUE, sizeof (ChannelSlot));
  gpointer device;
  gboolean listed;

  if (driver->list_slots == NULL)
    {
      error_set (error, ESIM_ERROR_UNSUPPORTED, LAYER, "%s has no way to list slots", driver->name);
      return NULL;
    }
  device = driver->open_device (target, cancellable, error);
  if (device == NULL)
    return NULL;
  listed = driver->list_slots (device, slots, cancellable, error);
  driver->close_device (device);
  return listed ? g_steal_pointer (&slots) : NULL;
}

/* The class byte for our channel: proprietary, so 80 to 83, or C0 to CF for channels 4 to 19
 * (ISO 7816-4, 5.4.1; GlobalPlatform 11.1.4). */
static guint8
class_byte (Channel *self)
{
  return self->number < 4 ? 0x80 | self->number : 0xc0 | (self->number - 4);
}

/* One APDU there and back. The answer has at least a status word; *SW is it. */
static GBytes *
transmit (Channel *self, GBytes *apdu, guint16 *sw, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) answer = NULL;
  const guint8 *data;
  gsize size;

  if (g_cancellable_is_cancelled (cancellable))
    {
      error_set (error, ESIM_ERROR_CANCELLED, LAYER, "cancelled between two APDUs");
      return NULL;
    }
  answer = self->driver->transmit (self->device, self->number, apdu, cancellable, error);
  progress_count_apdu (self->progress,
                       g_bytes_get_size (apdu) + (answer ? g_bytes_get_size (answer) : 0));
  if (answer == NULL)
    return NULL;
  data = g_bytes_get_data (answer, &size);
  if (size < 2)
    {
      error_set (error, ESIM_ERROR_CARD_RUBBISH, LAYER,
                 "the card answered %zu bytes, which can't hold a status word", size);
      return NULL;
    }
  *sw = data[size - 2] << 8 | data[size - 1];
  return g_bytes_new_from_bytes (answer, 0, size - 2);
}

/* APDU with its Le (the last byte of case 2 and 4, absent in case 3) set to LE. */
static GBytes *
with_le (GBytes *apdu, guint8 le)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (apdu, &size);
  gsize bare = size > 5 ? 5 + (gsize) data[4] : 4;
  GByteArray *with = g_byte_array_sized_new (bare + 1);

  g_byte_array_append (with, data, bare);
  g_byte_array_append (with, &le, 1);
  return g_byte_array_free_to_bytes (with);
}

static GBytes *
get_response (Channel *self, guint8 le)
{
  guint8 apdu[] = { class_byte (self), 0xc0, 0x00, 0x00, le };

  return g_bytes_new (apdu, sizeof apdu);
}

static gboolean
is_rubbish (guint16 sw, gsize got, gsize all, guint round, GError **error)
{
  if (all > RESPONSE_MAX)
    error_set (error, ESIM_ERROR_CARD_RUBBISH, LAYER, "the card's answer is over %d bytes long",
               RESPONSE_MAX);
  else if (sw >> 8 == 0x61 && round > 0 && (got == 0 || round > ROUNDS_MAX))
    error_set (error, ESIM_ERROR_CARD_RUBBISH, LAYER, "the card says %04X (more data) without end",
               sw);
  else
    return FALSE;
  return TRUE;
}

/* One command with all that ISO 7816-4 may put between it and its answer: GET RESPONSE after 61xx,
 * the same again with the right Le after 6Cxx. *RESPONSE is all data, *SW the last status word,
 * whatever it says. */
static gboolean
exchange (Channel *self, GBytes *command, GBytes **response, guint16 *sw, GCancellable *cancellable,
          GError **error)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autoptr (GBytes) apdu = g_bytes_ref (command);
  gboolean corrected = FALSE; /* 6Cxx is believed once for each APDU */

  for (guint round = 0;; round++)
    {
      g_autoptr (GBytes) part = transmit (self, apdu, sw, cancellable, error);
      GBytes *next;
      gsize size;

      if (part == NULL)
        return FALSE;
      size = g_bytes_get_size (part);
      g_byte_array_append (all, g_bytes_get_data (part, NULL), size);
      if (is_rubbish (*sw, size, all->len, round, error))
        return FALSE;
      if (*sw >> 8 == 0x61)
        next = get_response (self, *sw & 0xff);
      else if (*sw >> 8 == 0x6c && !corrected)
        next = with_le (apdu, *sw & 0xff);
      else
        break;
      corrected = *sw >> 8 == 0x6c;
      g_bytes_unref (apdu);
      apdu = next;
    }
  *response = g_byte_array_free_to_bytes (g_steal_pointer (&all));
  return TRUE;
}

/* Segment INDEX of COMMAND as an APDU: 80 E2 11/91 index (SGP.22, 5.7.2). */
static GBytes *
store_data_apdu (Channel *self, GBytes *command, gsize segment_size, gsize index)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (command, &size);
  gsize from = index * segment_size;
  gsize length = MIN (segment_size, size - from);
  gboolean last = from + length == size;
  guint8 header[] = { class_byte (self), 0xe2, last ? 0x91 : 0x11, index, length };
  GByteArray *apdu = g_byte_array_sized_new (sizeof header + length + 1);

  g_byte_array_append (apdu, header, sizeof header);
  g_byte_array_append (apdu, data + from, length);
  if (self->target.quirks.append_le)
    g_byte_array_append (apdu, (const guint8 *) "", 1);
  return g_byte_array_free_to_bytes (apdu);
}

/* 9000, or 91xx: done, and the card has a proactive command waiting for the modem. */
static gboolean
is_success (guint16 sw)
{
  return sw == 0x9000 || sw >> 8 == 0x91;
}

static void
set_refused (GError **error, guint16 sw)
{
  g_autofree char *hex = g_strdup_printf ("%04X", sw);
  GError *refused = NULL;

  /* ETSI TS 102 221, 10.2.1.2: 9300 is the toolkit being busy, which passes. */
  error_set (&refused, sw == 0x9300 ? ESIM_ERROR_CARD_BUSY : ESIM_ERROR_CARD_REFUSED, LAYER,
             "the card answered %s to STORE DATA: %s", hex, sw_words (sw));
  error_add_raw (refused, "sw", hex);
  g_propagate_error (error, refused);
}

/* The logical channel is not there any more (6881), a modem may have closed it: opens it anew. */
static gboolean
reopen (Channel *self, GCancellable *cancellable, GError **error)
{
  close_logical (self);
  return self->driver->open_logical (self->device, self->aid, &self->number, cancellable, error);
}

/* The first segment may find its channel closed; as the card has heard nothing of this command yet,
 * once more does no harm. */
static gboolean
send_segment (Channel *self, GBytes *command, gsize segment_size, gsize index, GBytes **response,
              GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) apdu = store_data_apdu (self, command, segment_size, index);
  g_autoptr (GBytes) data = NULL;
  guint16 sw;

  if (!exchange (self, apdu, &data, &sw, cancellable, error))
    return FALSE;
  if (sw == 0x6881 && index == 0)
    {
      if (!reopen (self, cancellable, error))
        return FALSE;
      g_clear_pointer (&apdu, g_bytes_unref);
      g_clear_pointer (&data, g_bytes_unref);
      apdu = store_data_apdu (self, command, segment_size, index);
      if (!exchange (self, apdu, &data, &sw, cancellable, error))
        return FALSE;
    }
  if (!is_success (sw))
    {
      set_refused (error, sw);
      return FALSE;
    }
  g_clear_pointer (response, g_bytes_unref);
  *response = g_steal_pointer (&data);
  return TRUE;
}

/* Opens again what rests. A failure is for good: whoever cancels because of it need not wait for
 * the modem once more. */
static gboolean
wake (Channel *self, GCancellable *cancellable, GError **error)
{
  if (self->device || self->aid == NULL)
    return TRUE;
  if (open_device (self, cancellable, error)
      && self->driver->open_logical (self->device, self->aid, &self->number, cancellable, error)
      && (self->check == NULL || self->check (self->check_data, self, cancellable, error)))
    return TRUE;
  shut (self);
  g_clear_pointer (&self->aid, g_bytes_unref);
  return FALSE;
}

static gboolean
may_send (Channel *self, GBytes *command, gsize segment_size, GError **error)
{
  gsize size = g_bytes_get_size (command);

  if (self->number == 0)
    error_set (error, ESIM_ERROR_CHANNEL, LAYER, "the logical channel is closed");
  else if (size == 0 || size > segment_size * SEGMENTS_MAX)
    error_set (error, ESIM_ERROR_INVALID_ARGUMENT, LAYER,
               "a command of %zu bytes can't be sent in segments of %zu", size, segment_size);
  else
    return TRUE;
  return FALSE;
}

/* COMMAND in all its segments; *SENT counts those that went well. */
static GBytes *
store_data (Channel *self, GBytes *command, gsize *sent, GCancellable *cancellable, GError **error)
{
  gsize segment_size = CLAMP (self->target.quirks.segment_size, 1, 255);
  gsize size = g_bytes_get_size (command);
  g_autoptr (GBytes) response = NULL;

  if (!may_send (self, command, segment_size, error))
    return NULL;
  for (*sent = 0; *sent * segment_size < size; (*sent)++)
    if (!send_segment (self, command, segment_size, *sent, &response, cancellable, error))
      {
        g_prefix_error (error, "STORE DATA, segment %zu: ", *sent + 1);
        return NULL;
      }
  return g_steal_pointer (&response);
}

/* Some modems refuse APDUs, or the lines that carry them, which are longer than they like. */
static gboolean
shorten_segments (Channel *self, const GError *error)
{
  guint *segment_size = &self->target.quirks.segment_size;

  if (error_get_raw (error, "apdu-length") == NULL || *segment_size / 2 < SEGMENT_MIN)
    return FALSE;
  *segment_size /= 2;
  g_debug ("%s: segments of %u bytes from now on", self->target.device, *segment_size);
  return TRUE;
}

GBytes *
channel_store_data (Channel *self, GBytes *command, GCancellable *cancellable, GError **error)
{
  if (!wake (self, cancellable, error))
    return NULL;
  while (TRUE)
    {
      g_autoptr (GError) local = NULL;
      gsize sent = 0;
      GBytes *response = store_data (self, command, &sent, cancellable, &local);

      if (response)
        return response;
      /* Once more only where the card has heard nothing of it yet. */
      if (sent > 0 || !shorten_segments (self, local))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
    }
}

Progress *
channel_progress (Channel *self)
{
  return self->progress;
}

const Quirks *
channel_quirks (Channel *self)
{
  return &self->target.quirks;
}
