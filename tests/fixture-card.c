/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A channel driver to the lab's eUICC in a process of its own, over pipes. */

#include "fixture.h"

#include <string.h>

#include "base/error.h"

typedef struct
{
  GSubprocess *process;
  GDataInputStream *lines;
  GOutputStream *out;
} Card;

static char *
ask (Card *self, const char *line)
{
  g_output_stream_printf (self->out, NULL, NULL, NULL, "%s\n", line);
  g_output_stream_flush (self->out, NULL, NULL);
  return g_data_input_stream_read_line (self->lines, NULL, NULL, NULL);
}

/* Reads until the card's process has opened its control socket. */
static gpointer
open_device (const ChannelTarget *target, G_GNUC_UNUSED GCancellable *cancellable, GError **error)
{
  g_autofree char *program = g_test_build_filename (G_TEST_DIST, "lab", "card-stdio.py", NULL);
  g_autofree char *pki = g_build_filename (target->device, "pki", NULL);
  g_autofree char *state = g_build_filename (target->device, "card.json", NULL);
  Card *self = g_new0 (Card, 1);
  g_autofree char *ready = NULL;

  self->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                                    error, "/usr/bin/python3", program, pki, state, NULL);
  g_assert_nonnull (self->process);
  self->out = g_subprocess_get_stdin_pipe (self->process);
  self->lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  ready = g_data_input_stream_read_line (self->lines, NULL, NULL, NULL);
  g_assert_cmpstr (ready, ==, "ready");
  return self;
}

static GBytes *
exchange (Card *self, GBytes *apdu, GError **error)
{
  GString *hex = g_string_new (NULL);
  g_autofree char *answer = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (apdu, &size);

  for (gsize i = 0; i < size; i++)
    g_string_append_printf (hex, "%02x", data[i]);
  answer = ask (self, hex->str);
  g_string_free (hex, TRUE);
  if (answer == NULL)
    error_set (error, ESIM_ERROR_DEVICE_GONE, "apdu", "the card's process is gone");
  else if (*answer == '\0')
    error_set (error, ESIM_ERROR_TIMED_OUT, "apdu", "the card is silent");
  else
    return bytes_from_hex (answer);
  return NULL;
}

static guint
status_of (GBytes *answer)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (answer, &size);

  return data[size - 2] << 8 | data[size - 1];
}

static gboolean
open_logical (gpointer self, GBytes *aid, guint *number, G_GNUC_UNUSED GCancellable *cancellable,
              GError **error)
{
  g_autoptr (GBytes) manage = bytes_from_hex ("0070000001");
  g_autoptr (GBytes) opened = exchange (self, manage, error);
  g_autoptr (GByteArray) select = g_byte_array_new ();
  g_autoptr (GBytes) request = NULL, selected = NULL;
  guint8 header[5] = { 0, 0xA4, 0x04, 0x00, g_bytes_get_size (aid) };

  if (opened == NULL)
    return FALSE;
  if (status_of (opened) != 0x9000)
    {
      error_set (error, ESIM_ERROR_BUSY, "apdu", "no channel is free");
      return FALSE;
    }
  header[0] = *(const guint8 *) g_bytes_get_data (opened, NULL);
  g_byte_array_append (select, header, sizeof header);
  g_byte_array_append (select, g_bytes_get_data (aid, NULL), g_bytes_get_size (aid));
  request = g_byte_array_free_to_bytes (g_steal_pointer (&select));
  selected = exchange (self, request, error);
  g_assert_nonnull (selected);
  g_assert_cmpuint (status_of (selected) >> 8, ==, 0x61);
  *number = header[0];
  return TRUE;
}

static GBytes *
transmit_raw (gpointer self, G_GNUC_UNUSED guint number, GBytes *apdu,
              G_GNUC_UNUSED GCancellable *cancellable, GError **error)
{
  return exchange (self, apdu, error);
}

static GBytes *
transmit (gpointer self, guint number, GBytes *apdu, G_GNUC_UNUSED GCancellable *cancellable,
          GError **error)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autoptr (GBytes) answer = exchange (self, apdu, error);

  while (answer && status_of (answer) >> 8 == 0x61)
    {
      guint8 more[5] = { number, 0xC0, 0, 0, status_of (answer) & 0xFF };
      g_autoptr (GBytes) request = g_bytes_new (more, sizeof more);

      g_byte_array_append (all, g_bytes_get_data (answer, NULL), g_bytes_get_size (answer) - 2);
      g_bytes_unref (answer);
      answer = exchange (self, request, error);
    }
  if (answer == NULL)
    return NULL;
  g_byte_array_append (all, g_bytes_get_data (answer, NULL), g_bytes_get_size (answer));
  return g_byte_array_free_to_bytes (g_steal_pointer (&all));
}

static gboolean
close_logical (gpointer self, guint number, GError **error)
{
  guint8 apdu[] = { 0, 0x70, 0x80, number };
  g_autoptr (GBytes) request = g_bytes_new (apdu, sizeof apdu);
  g_autoptr (GBytes) answer = exchange (self, request, error);

  return answer != NULL;
}

static gboolean
recover (G_GNUC_UNUSED gpointer self, G_GNUC_UNUSED GError **error)
{
  return TRUE;
}

static gboolean
power_cycle (gpointer self, G_GNUC_UNUSED GCancellable *cancellable, G_GNUC_UNUSED GError **error)
{
  g_autofree char *ok = ask (self, "reset");

  return g_strcmp0 (ok, "ok") == 0;
}

static void
close_device (gpointer data)
{
  Card *self = data;

  g_output_stream_close (self->out, NULL, NULL);
  g_subprocess_wait (self->process, NULL, NULL);
  g_object_unref (self->lines);
  g_object_unref (self->process);
  g_free (self);
}

const ChannelDriver fixture_card = {
  .name = "fixture",
  .open_device = open_device,
  .open_logical = open_logical,
  .transmit = transmit,
  .close_logical = close_logical,
  .recover = recover,
  .power_cycle = power_cycle,
  .close_device = close_device,
};

const ChannelDriver fixture_card_raw = {
  .name = "fixture-raw",
  .open_device = open_device,
  .open_logical = open_logical,
  .transmit = transmit_raw,
  .close_logical = close_logical,
  .recover = recover,
  .power_cycle = power_cycle,
  .close_device = close_device,
};
