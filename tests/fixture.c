/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Starts the lab's stand-ins and speaks to them for C tests. */

#include "fixture.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"

#define PYTHON "/usr/bin/python3"

GBytes *
bytes_from_hex (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (; *hex; hex += 2)
    {
      guint8 byte = g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]);

      g_byte_array_append (bytes, &byte, 1);
    }
  return g_byte_array_free_to_bytes (bytes);
}

static char *
lab_file (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "lab", name, NULL);
}

static void
make_certificates (Fixture *self)
{
  g_autofree char *program = lab_file ("pki.py");
  g_autofree char *folder = g_build_filename (self->dir, "pki", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process
      = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, PYTHON, program, folder, NULL);

  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
}

static void
start_smdp (Fixture *self)
{
  g_autofree char *program = lab_file ("smdp.py");
  g_autofree char *pki = g_build_filename (self->dir, "pki", NULL);
  g_autofree char *log = g_build_filename (self->dir, "smdp.log", NULL);
  g_autofree char *command = g_strdup_printf (
      "exec " PYTHON
      " -u '%s' --pki '%s' --state '%s' --lab-dir '%s' --listen 127.0.0.1:0 >'%s' 2>&1",
      program, pki, self->dir, self->dir, log);
  g_autoptr (GError) error = NULL;

  self->smdp = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, "/bin/sh", "-c", command, NULL);
  g_assert_no_error (error);
  for (guint i = 0; i < 200 && self->port == 0; i++)
    {
      g_autofree char *text = NULL;
      const char *found = NULL;

      g_usleep (50000);
      if (g_file_get_contents (log, &text, NULL, NULL))
        found = strstr (text, "listening on 127.0.0.1:");
      if (found && strchr (found, '\n'))
        self->port = atoi (found + strlen ("listening on 127.0.0.1:"));
    }
  g_assert_cmpuint (self->port, >, 0);
}

Fixture *
fixture_new (void)
{
  Fixture *self = g_new0 (Fixture, 1);
  g_autoptr (GError) error = NULL;

  self->dir = g_dir_make_tmp ("esimd-test-XXXXXX", &error);
  g_assert_no_error (error);
  g_setenv ("LAB_DIR", self->dir, TRUE);
  make_certificates (self);
  start_smdp (self);
  self->smdp_address = g_strdup_printf ("smdp.esimd.test:%u", self->port);
  resolver_install ();
  return self;
}

void
fixture_free (Fixture *self)
{
  g_autoptr (GSubprocess) remove = NULL;

  g_subprocess_force_exit (self->smdp);
  g_subprocess_wait (self->smdp, NULL, NULL);
  g_object_unref (self->smdp);
  remove = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, NULL, "rm", "-rf", self->dir, NULL);
  g_subprocess_wait (remove, NULL, NULL);
  g_free (self->dir);
  g_free (self->smdp_address);
  g_free (self);
}

GBytes *
fixture_pem (Fixture *self, const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s/pki/%s.pem", self->dir, name);
  g_autoptr (GError) error = NULL;
  char *text;
  gsize size;

  g_file_get_contents (path, &text, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (text, size);
}

char *
fixture_control (Fixture *self, const char *who, const char *format, ...)
{
  g_autofree char *path = g_strdup_printf ("%s/%s.ctl", self->dir, who);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GDataInputStream) lines = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *request = NULL;
  GOutputStream *out;
  char *line;
  va_list args;

  connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, &error);
  g_assert_no_error (error);
  va_start (args, format);
  request = g_strdup_vprintf (format, args);
  va_end (args);
  out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_output_stream_printf (out, NULL, NULL, &error, "%s\n", request);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  line = g_data_input_stream_read_line (lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (line);
  if (strstr (line, "\"ok\": true") == NULL)
    g_error ("%s: %s: %s", who, request, line);
  return line;
}
