/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The channel that oFono itself has to an eUICC with some modems (xmm7xxx):
 * org.ofono.intel.EuiccLpa. */

#include <string.h>

#include "apdu/channel.h"
#include "base/error.h"

#define LAYER "ofono"
#define INTERFACE "org.ofono.intel.EuiccLpa"
#define SELECT_TIMEOUT_MS 15000

extern const ChannelDriver channel_ofono;

typedef struct
{
  GDBusConnection *bus;
  char *path;
  guint apdu_timeout_s;
} Ofono;

static gboolean
is_busy (const char *name)
{
  return g_strcmp0 (name, "org.ofono.Error.InProgress") == 0;
}

static EsimError
code_of (const GError *foreign, const char *name)
{
  if (g_error_matches (foreign, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return ESIM_ERROR_CANCELLED;
  if (g_error_matches (foreign, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return ESIM_ERROR_TIMED_OUT;
  if (is_busy (name))
    return ESIM_ERROR_BUSY;
  if (name && g_str_has_prefix (name, "org.ofono.Error."))
    return ESIM_ERROR_CHANNEL;
  return ESIM_ERROR_DEVICE_GONE; /* the modem's object, or oFono */
}

/* After a failed AT command oFono never answers, and says "in progress" to all that follows, until
 * the modem is powered off and on: hence the time-out. */
static GVariant *
call (Ofono *self, const char *method, GVariant *arguments, guint timeout_ms,
      GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) foreign = NULL;
  GVariant *answer = g_dbus_connection_call_sync (
      self->bus, "org.ofono", self->path, INTERFACE, method, arguments, NULL,
      G_DBUS_CALL_FLAGS_NO_AUTO_START, timeout_ms, cancellable, &foreign);
  g_autofree char *name = NULL;

  if (answer)
    return answer;
  name = g_dbus_error_get_remote_error (foreign);
  g_dbus_error_strip_remote_error (foreign);
  error_set (error, code_of (foreign, name), LAYER, "oFono's %s: %s%s", method, foreign->message,
             is_busy (name)
                 ? "; where that does not end, power the modem off and on (its property Powered)"
                 : "");
  return NULL;
}

static void
ofono_close_device (gpointer data)
{
  Ofono *self = data;

  g_object_unref (self->bus);
  g_free (self->path);
  g_free (self);
}

static gpointer
ofono_open_device (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  GDBusConnection *bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, cancellable, error);
  Ofono *self;

  error_translate (error);
  if (bus == NULL)
    return NULL;
  self = g_new0 (Ofono, 1);
  self->bus = bus;
  self->path = g_strdup (target->device);
  self->apdu_timeout_s = target->quirks.apdu_timeout_s;
  return self;
}

/* oFono knows GSMA's AID alone, and keeps the channel's number to itself. Not cancelled: it would
 * be open and nobody would close it. */
static gboolean
ofono_open_logical (gpointer data, GBytes *aid, guint *number, GCancellable *cancellable,
                    GError **error)
{
  static const guint8 gsma[16] = { 0xa0, 0x00, 0x00, 0x05, 0x59, 0x10, 0x10, 0xff,
                                   0xff, 0xff, 0xff, 0x89, 0x00, 0x00, 0x01, 0x00 };
  g_autoptr (GVariant) answer = NULL;

  if (g_bytes_get_size (aid) != sizeof gsma
      || memcmp (g_bytes_get_data (aid, NULL), gsma, sizeof gsma) != 0)
    {
      error_set (error, ESIM_ERROR_NO_EUICC, LAYER, "oFono selects no other AID than GSMA's");
      return FALSE;
    }
  answer = call (data, "SelectISDR", NULL, SELECT_TIMEOUT_MS, NULL, error);
  if (answer)
    *number = 1;
  return answer != NULL;
}

/* As the number of the channel is not known, the modem has to put it into the class byte. */
static GBytes *
ofono_transmit (gpointer data, guint number, GBytes *apdu, GCancellable *cancellable,
                GError **error)
{
  Ofono *self = data;
  gsize size;
  const guint8 *bytes = g_bytes_get_data (apdu, &size);
  g_autofree guint8 *plain = g_memdup2 (bytes, size);
  g_autoptr (GVariant) answer = NULL, array = NULL;

  plain[0] &= 0xfc;
  answer = call (
      self, "TransmitLpaApdu",
      g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, plain, size, 1)),
      1000 * self->apdu_timeout_s, cancellable, error);
  if (answer == NULL)
    return NULL;
  if (!g_variant_is_of_type (answer, G_VARIANT_TYPE ("(ay)")))
    {
      error_set (error, ESIM_ERROR_CHANNEL, LAYER, "oFono's answer is no APDU");
      return NULL;
    }
  array = g_variant_get_child_value (answer, 0);
  return g_variant_get_data_as_bytes (array);
}

static gboolean
ofono_close_logical (gpointer data, guint number, GError **error)
{
  g_autoptr (GVariant) answer = call (data, "ReleaseISDR", NULL, SELECT_TIMEOUT_MS, NULL, error);

  return answer != NULL;
}

const ChannelDriver channel_ofono = {
  .name = "ofono",
  .fragile = TRUE,
  .open_device = ofono_open_device,
  .open_logical = ofono_open_logical,
  .transmit = ofono_transmit,
  .close_logical = ofono_close_logical,
  .close_device = ofono_close_device,
};
