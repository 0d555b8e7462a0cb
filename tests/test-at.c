/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* apdu/at on a pty, behind which at.conversation is played: every command is asserted, dialects and
 * faults are in it. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apdu/channel.h"
#include "base/error.h"

extern const ChannelDriver channel_at;

/* The modem's end of the line, and its part of the conversation: "> " what the host says, "< " what
 * it hears then, "~" silence, "! hangup". */
typedef struct
{
  int master, slave;
  char **lines;
  guint at;
  GThread *thread;
  ChannelTarget target;
  GMainContext *context;
} Line;

static char *
read_command (Line *self)
{
  GString *command = g_string_new (NULL);
  char byte = '\0';

  while (read (self->master, &byte, 1) == 1 && byte != '\r')
    g_string_append_c (command, byte);
  return g_string_free (command, byte != '\r');
}

/* In pieces, as a serial line delivers. */
static void
say (Line *self, const char *text)
{
  g_autofree char *said = g_strcompress (text);
  gsize length = strlen (said), first = length / 2;

  g_assert_cmpint (write (self->master, said, first), ==, (gssize) first);
  g_usleep (2000);
  g_assert_cmpint (write (self->master, said + first, length - first), ==,
                   (gssize) (length - first));
}

static gpointer
play (gpointer data)
{
  Line *self = data;

  for (; self->lines[self->at]; self->at++)
    {
      const char *line = self->lines[self->at];

      if (*line == '>')
        {
          g_autofree char *command = read_command (self);

          g_assert_cmpstr (command, ==, line + 2);
        }
      else if (*line == '<')
        say (self, line + 2);
      else if (*line == '~')
        g_usleep (1300 * 1000);
      else if (*line == '!')
        {
          close (self->slave);
          close (self->master);
          self->master = self->slave = -1;
        }
    }
  return NULL;
}

static void
line_up (Line *self, const char *name)
{
  g_autofree char *file = g_test_build_filename (G_TEST_DIST, "at.conversation", NULL);
  g_autoptr (GKeyFile) all = g_key_file_new ();
  g_autofree char *text = NULL, *greeting = NULL, *whole = NULL;
  g_autoptr (GError) error = NULL;

  g_key_file_load_from_file (all, file, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  greeting = g_key_file_get_value (all, "conversations", "greeting", &error);
  g_assert_no_error (error);
  text = g_key_file_get_value (all, "conversations", name, &error);
  g_assert_no_error (error);
  whole = g_strconcat (greeting, "|", text, NULL);
  *self = (Line){ .lines = g_strsplit (whole, "|", 0), .context = g_main_context_new () };
  self->master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (grantpt (self->master), ==, 0);
  g_assert_cmpint (unlockpt (self->master), ==, 0);
  self->target
      = (ChannelTarget){ .device = g_strdup (ptsname (self->master)), .quirks = QUIRKS_DEFAULT };
  self->target.quirks.apdu_timeout_s = 1;
  /* A line that nobody has open would be at its end. */
  self->slave = open (self->target.device, O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_main_context_push_thread_default (self->context);
  self->thread = g_thread_new ("modem", play, self);
}

/* Asserts that all was said. */
static void
line_down (Line *self)
{
  g_thread_join (self->thread);
  g_assert_cmpstr (self->lines[self->at], ==, NULL);
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  if (self->slave >= 0)
    close (self->slave);
  if (self->master >= 0)
    close (self->master);
  g_free ((char *) self->target.device);
  g_strfreev (self->lines);
}

static GBytes *
get_eid (Channel *channel, GError **error)
{
  g_autoptr (GBytes) request = g_bytes_new_static ("\xbf\x3e\x03\x5c\x01\x5a", 6);

  return channel_store_data (channel, request, NULL, error);
}

static void
reads_eid (gconstpointer name)
{
  static const guint8 expected[]
      = "\xbf\x3e\x12\x5a\x10\x89\x04\x41\x45\0\0\0\0\0\0\0\0\0\0\x01\x25";
  g_autoptr (GBytes) wanted = g_bytes_new_static (expected, sizeof expected - 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) response = NULL;
  Channel *channel;
  Line line;

  line_up (&line, name);
  channel = channel_open (&channel_at, &line.target, NULL, NULL, &error);
  g_assert_no_error (error);
  response = get_eid (channel, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (response, wanted));
  channel_close (channel);
  line_down (&line);
}

/* Opening, or the first command, fails with CODE within three seconds. */
static void
fails (const char *name, EsimError code)
{
  gint64 began = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  Channel *channel;
  Line line;

  line_up (&line, name);
  channel = channel_open (&channel_at, &line.target, NULL, NULL, &error);
  if (channel)
    g_assert_null (get_eid (channel, &error));
  g_assert_error (error, ESIM_ERROR, (int) code);
  channel_close (channel);
  line_down (&line);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 3 * G_USEC_PER_SEC);
}

/* Minimum functionality and back, by which the rung "power-cycle" of the ladder is climbed. */
static gboolean
power_cycle (const char *name, GError **error)
{
  gboolean done;
  Line line;

  line_up (&line, name);
  done = channel_power_cycle (&channel_at, &line.target, NULL, error);
  line_down (&line);
  return done;
}

static void
test_power_cycle (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (power_cycle ("power-cycle", &error));
  g_assert_no_error (error);
  g_assert_false (power_cycle ("power-refused", &error));
  g_assert_cmpstr (error_get_raw (error, "at"), !=, NULL);
}

static void
test_faults (void)
{
  fails ("no-applet", ESIM_ERROR_NO_EUICC);
  fails ("no-way", ESIM_ERROR_NO_EUICC);
  fails ("none-free", ESIM_ERROR_BUSY);
  fails ("rubbish", ESIM_ERROR_CARD_RUBBISH);
  fails ("unplugged", ESIM_ERROR_DEVICE_GONE);
}

/* A late answer is not taken for the next command's. */
static void
test_late (void)
{
  fails ("late", ESIM_ERROR_TIMED_OUT);
}

static void
test_taken (void)
{
  g_autoptr (GError) error = NULL;
  const ChannelTarget gone = { .device = "/dev/no-such-port", .quirks = QUIRKS_DEFAULT };
  const ChannelTarget file = { .device = "/dev/null", .quirks = QUIRKS_DEFAULT };

  g_assert_null (channel_open (&channel_at, &gone, NULL, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_DEVICE_GONE);
  g_clear_error (&error);
  g_assert_null (channel_open (&channel_at, &file, NULL, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CHANNEL);
}

int
main (int argc, char **argv)
{
  static const char *const dialects[]
      = { "named",           "bare",    "csim",        "high-handle", "low-handle", "hex-handle",
          "bare-hex-handle", "no-cchc", "unsolicited", "reclaim",     "unquoted" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (dialects); i++)
    {
      g_autofree char *path = g_strconcat ("/at/", dialects[i], NULL);

      g_test_add_data_func (path, dialects[i], reads_eid);
    }
  g_test_add_func ("/at/power-cycle", test_power_cycle);
  g_test_add_func ("/at/faults", test_faults);
  g_test_add_func ("/at/late", test_late);
  g_test_add_func ("/at/taken", test_taken);
  return g_test_run ();
}
