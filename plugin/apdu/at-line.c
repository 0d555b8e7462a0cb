/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* AT commands to a modem: through ModemManager's Command where it allows that, else through a
 * serial port, borrowed from it or nobody else's. */

#include "apdu/at-line.h"

#include <string.h>

#include "apdu/borrow.h"
#include "apdu/serial.h"
#include "base/error.h"
#include "base/wait.h"

#define LAYER "at"
#define MM_NAME "org.freedesktop.ModemManager1"
#define MM_ERROR MM_NAME ".Error."
#define GREETING_MS 1000 /* a modem that listens answers AT at once */
#define GREETINGS 3      /* the first may be lost in what came before */
#define LATE_MS 10000    /* what a command that was given up may still take */
#define BUSY_TRIES 20 /* of BUSY_MS: ModemManager closes a port a moment after it was inhibited */
#define BUSY_MS 100
#define BUS_GRACE_MS 5000
#define HANDLE 16 /* hexadecimal digits: fewer may be a word */
#define KEEP_S 60 /* beyond a command's own time, for what is between two commands */

struct _AtLine
{
  GDBusConnection *bus; /* for ModemManager's Command; NULL: the port is used */
  char *path;
  Borrow *borrow;
  Serial *port;
  gboolean late; /* the last command was given up: its answer may still come */
};

/* What a modem has said so far to one command. */
typedef struct
{
  const char *prefix;
  char *answer; /* what follows the prefix */
  char *bare;   /* a line of digits, or a long one of hexadecimal digits */
} Reply;

static void
reply_clear (Reply *self)
{
  g_free (self->answer);
  g_free (self->bare);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reply, reply_clear)

/* The bare answer of CCHO: a channel, or a handle of the modem's own. */
static gboolean
is_bare (const char *line)
{
  gsize length = strlen (line);

  return length > 0
         && (strspn (line, "0123456789") == length
             || (length == HANDLE && strspn (line, "0123456789abcdefABCDEF") == length));
}

/* Everything that is neither is unsolicited, and none of our business. */
static void
reply_take (Reply *self, const char *line)
{
  if (self->prefix == NULL)
    return;
  if (g_str_has_prefix (line, self->prefix))
    {
      g_free (self->answer);
      self->answer = g_strstrip (g_strdup (line + strlen (self->prefix)));
    }
  else if (is_bare (line))
    {
      g_free (self->bare);
      self->bare = g_strdup (line);
    }
}

static gboolean
reply_finish (Reply *self, const char *command, char **answer, GError **error)
{
  if (self->prefix == NULL)
    return TRUE;
  if (self->answer == NULL && self->bare == NULL)
    {
      error_set (error, ESIM_ERROR_CHANNEL, LAYER, "the modem answered %.12s without %s", command,
                 self->prefix);
      return FALSE;
    }
  *answer = self->answer ? g_steal_pointer (&self->answer) : g_steal_pointer (&self->bare);
  return TRUE;
}

/* +CME ERROR: 14 (3GPP TS 27.007, 9.2.1), or in ModemManager's words: it passes. */
static gboolean
is_sim_busy (const char *said)
{
  return strcmp (said, "+CME ERROR: 14") == 0 || strcmp (said, "+CME ERROR: SIM busy") == 0
         || strcmp (said, "MobileEquipment.SimBusy") == 0;
}

static void
set_refused (const char *command, const char *said, GError **error)
{
  GError *refused = NULL;

  error_set (&refused, is_sim_busy (said) ? ESIM_ERROR_CARD_BUSY : ESIM_ERROR_CHANNEL, LAYER,
             "the modem answered %.12s with %s", command, said);
  error_add_raw (refused, "at", said);
  g_propagate_error (error, refused);
}

/* ITU-T V.250, 5.7.1, 3GPP TS 27.007, 9.2, and a manufacturer's own. */
static gboolean
is_error (const char *line)
{
  return strcmp (line, "ERROR") == 0 || g_str_has_prefix (line, "+CME ERROR")
         || g_str_has_prefix (line, "+CMS ERROR") || strcmp (line, "COMMAND NOT SUPPORT") == 0
         || strcmp (line, "NO CARRIER") == 0;
}

static gboolean
is_final (const char *line)
{
  return strcmp (line, "OK") == 0 || is_error (line);
}

/* The answer to a command that was given up must not be taken for the next one's. */
static void
drain (AtLine *self)
{
  gint64 deadline = g_get_monotonic_time () + LATE_MS * G_TIME_SPAN_MILLISECOND;
  g_autofree char *line = NULL;

  do
    {
      g_free (line);
      line = serial_read_line (self->port, deadline, NULL, NULL);
    }
  while (line && !is_final (line));
  self->late = FALSE;
}

static gboolean
port_command (AtLine *self, const char *command, Reply *reply, guint timeout_ms,
              GCancellable *cancellable, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;
  g_autofree char *sent = g_strconcat (command, "\r", NULL);

  if (self->late)
    drain (self);
  if (self->borrow && !borrow_keep (self->borrow, timeout_ms / 1000 + KEEP_S, error))
    return FALSE;
  if (!serial_send (self->port, sent, deadline, cancellable, error))
    return FALSE;
  while (TRUE)
    {
      g_autofree char *line = serial_read_line (self->port, deadline, cancellable, error);

      self->late = line == NULL;
      if (line == NULL)
        return FALSE;
      if (strcmp (line, "OK") == 0)
        return TRUE;
      if (is_error (line))
        {
          set_refused (command, line, error);
          return FALSE;
        }
      if (strcmp (line, command) != 0) /* an echo */
        reply_take (reply, line);
    }
}

static EsimError
code_of (const GError *foreign, const char *name)
{
  if (g_error_matches (foreign, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return ESIM_ERROR_CANCELLED;
  if (g_error_matches (foreign, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
      || g_strcmp0 (name, MM_ERROR "Serial.ResponseTimeout") == 0)
    return ESIM_ERROR_TIMED_OUT;
  if (g_strcmp0 (name, MM_ERROR "Core.Unauthorized") == 0)
    return ESIM_ERROR_NOT_AUTHORIZED;
  if (name == NULL || !g_str_has_prefix (name, MM_ERROR))
    return ESIM_ERROR_DEVICE_GONE; /* the modem's object, or ModemManager */
  if (g_str_has_prefix (name, MM_ERROR "Core."))
    return ESIM_ERROR_BUSY; /* connected over the one port it has, or between two states */
  return ESIM_ERROR_CHANNEL;
}

static void
translate (const char *command, GError *foreign, GError **error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (foreign);
  EsimError code = code_of (foreign, name);

  g_dbus_error_strip_remote_error (foreign);
  if (name && g_str_has_prefix (name, MM_ERROR "MobileEquipment."))
    set_refused (command, name + strlen (MM_ERROR), error);
  else
    error_set (error, code, LAYER, "ModemManager's Command: %s", foreign->message);
}

/* ModemManager takes the echo, the final result and the first line's end away. */
static gboolean
bus_command (AtLine *self, const char *command, Reply *reply, guint timeout_ms,
             GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GVariant) result = g_dbus_connection_call_sync (
      self->bus, MM_NAME, self->path, MM_NAME ".Modem", "Command",
      g_variant_new ("(su)", command, (timeout_ms + 999) / 1000), G_VARIANT_TYPE ("(s)"),
      G_DBUS_CALL_FLAGS_NO_AUTO_START, timeout_ms + BUS_GRACE_MS, cancellable, &foreign);
  g_auto (GStrv) lines = NULL;
  const char *text;

  if (result == NULL)
    {
      translate (command, foreign, error);
      return FALSE;
    }
  g_variant_get (result, "(&s)", &text);
  lines = g_strsplit_set (text, "\r\n", 0);
  for (guint i = 0; lines[i]; i++)
    reply_take (reply, g_strstrip (lines[i]));
  return TRUE;
}

gboolean
at_line_command (AtLine *self, const char *command, const char *prefix, guint timeout_ms,
                 char **answer, GCancellable *cancellable, GError **error)
{
  g_auto (Reply) reply = { .prefix = prefix };
  gboolean done = self->bus ? bus_command (self, command, &reply, timeout_ms, cancellable, error)
                            : port_command (self, command, &reply, timeout_ms, cancellable, error);

  return done && reply_finish (&reply, command, answer, error);
}

void
at_line_close (AtLine *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->port, serial_close);
  g_clear_pointer (&self->borrow, borrow_return);
  g_clear_object (&self->bus);
  g_free (self->path);
  g_free (self);
}

/* Finds a modem that listens behind the port; without echo and with numbers for errors, if it can.
 */
static gboolean
greet (AtLine *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;

  for (guint i = 0; i < GREETINGS; i++)
    {
      g_clear_error (&local);
      self->late = FALSE;
      if (at_line_command (self, "AT", NULL, GREETING_MS, NULL, cancellable, &local)
          || error_get_raw (local, "at"))
        break;
      if (!error_is_code (local, ESIM_ERROR_TIMED_OUT))
        break;
    }
  if (local && error_get_raw (local, "at") == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  at_line_command (self, "ATE0", NULL, GREETING_MS, NULL, cancellable, NULL);
  at_line_command (self, "AT+CMEE=1", NULL, GREETING_MS, NULL, cancellable, NULL);
  return TRUE;
}

static gboolean
open_port (AtLine *self, const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;

  for (guint i = 0; i < BUSY_TRIES; i++)
    {
      g_clear_error (&local);
      self->port = serial_open (target->device, &local);
      if (self->port || !self->borrow || !error_is_code (local, ESIM_ERROR_BUSY))
        break;
      if (!wait_sleep (BUSY_MS, cancellable, error))
        return FALSE;
    }
  if (self->port)
    return greet (self, cancellable, error);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* Whether ModemManager takes commands for the modem; FALSE without error: it does not, by its
 * settings, or the modem is away from it just now. */
static gboolean
try_command (AtLine *self, const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;
  gint state;

  self->bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, cancellable, error);
  error_translate (error);
  if (self->bus == NULL)
    return FALSE;
  self->path = borrow_find (self->bus, target->modem, &state);
  if (self->path && at_line_command (self, "AT", NULL, GREETING_MS, NULL, cancellable, &local))
    return TRUE;
  g_clear_object (&self->bus);
  if (local && !error_is_code (local, ESIM_ERROR_NOT_AUTHORIZED)
      && !error_is_code (local, ESIM_ERROR_DEVICE_GONE))
    g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

AtLine *
at_line_open (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  g_autoptr (AtLine) self = g_new0 (AtLine, 1);
  g_autoptr (GError) local = NULL;

  if (g_strcmp0 (target->stack, "modemmanager") == 0)
    {
      if (try_command (self, target, cancellable, &local))
        return g_steal_pointer (&self);
      if (local == NULL)
        self->borrow = borrow_modem (target->modem, cancellable, &local);
      if (local)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
    }
  return open_port (self, target, cancellable, error) ? g_steal_pointer (&self) : NULL;
}
