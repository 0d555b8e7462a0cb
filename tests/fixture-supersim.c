/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The Super SIM stand-in for tests of its driver. */

#include "fixture-supersim.h"

#include <gio/gunixsocketaddress.h>

#include "base/error.h"

static guint
read_port (GDataInputStream *lines)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (line && g_str_has_prefix (line, "http "));
  return (guint) g_ascii_strtoull (line + 5, NULL, 10);
}

void
lab_start (Lab *lab, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDataInputStream) lines = NULL;
  g_autofree char *script
      = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "lab", "supersim.py", NULL);
  g_autofree char *state = NULL;

  (void) data;
  lab->dir = g_dir_make_tmp ("test-supersim-XXXXXX", &error);
  g_assert_no_error (error);
  state = g_build_filename (lab->dir, "state", NULL);
  lab->process
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "/usr/bin/python3", script,
                          "--state", state, "--lab-dir", lab->dir, "--http", "127.0.0.1:0",
                          "--http", "127.0.0.1:0=supersim.api.korewireless.com", NULL);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (lab->process));
  lab->twilio_port = read_port (lines);
  lab->kore_port = read_port (lines);
}

void
lab_stop (Lab *lab, gconstpointer data)
{
  const char *remove[] = { "rm", "-r", lab->dir, NULL };

  (void) data;
  g_subprocess_force_exit (lab->process);
  g_subprocess_wait (lab->process, NULL, NULL);
  g_clear_object (&lab->process);
  g_spawn_sync (NULL, (char **) remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
  g_free (lab->dir);
}

/* One line to the stand-in's control socket; the answer must be ok. */
JsonNode *
tell (Lab *lab, const char *request)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (lab->dir, "supersim.ctl", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection
      = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, &error);
  g_autoptr (GDataInputStream) lines = NULL;
  g_autofree char *line = g_strconcat (request, "\n", NULL);
  g_autofree char *answer = NULL;
  JsonNode *node;

  g_assert_no_error (error);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), line,
                             strlen (line), NULL, NULL, &error);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  answer = g_data_input_stream_read_line (lines, NULL, NULL, &error);
  g_assert_no_error (error);
  node = json_from_string (answer, &error);
  g_assert_no_error (error);
  if (!json_object_get_boolean_member (json_node_get_object (node), "ok"))
    g_error ("%s: %s", request, answer);
  return node;
}

void
fault (Lab *lab, const char *members)
{
  g_autofree char *request = g_strdup_printf ("{\"do\": \"fault\", %s}", members);
  g_autoptr (JsonNode) answer = tell (lab, request);
}

void
order (Lab *lab, const char *request)
{
  g_autoptr (JsonNode) answer = tell (lab, request);
}

/* How often OPERATION ("POST /v1/ESimProfiles") reached the stand-in. */
gint64
count_of (Lab *lab, const char *operation)
{
  g_autoptr (JsonNode) answer = tell (lab, "{\"do\": \"requests\"}");
  JsonObject *counts = json_object_get_object_member (json_node_get_object (answer), "counts");

  return json_object_get_int_member_with_default (counts, operation, 0);
}

guint
count_profiles (Lab *lab)
{
  g_autoptr (JsonNode) answer = tell (lab, "{\"do\": \"profiles\"}");

  return json_array_get_length (
      json_object_get_array_member (json_node_get_object (answer), "profiles"));
}

static char *
credential (Lab *lab, const char *name, const char *member)
{
  g_autofree char *file = g_strconcat (name, ".json", NULL);
  g_autofree char *path = g_build_filename (lab->dir, "credentials", file, NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();

  g_assert_true (json_parser_load_from_file (parser, path, NULL));
  return g_strdup (
      json_object_get_string_member (json_node_get_object (json_parser_get_root (parser)), member));
}

void
session_open (Session *self, Lab *lab, gboolean kore)
{
  g_autoptr (GError) error = NULL;
  guint port = kore ? lab->kore_port : lab->twilio_port;

  self->url = g_strdup_printf ("http://127.0.0.1:%u", port);
  self->token_url = g_strdup_printf ("http://127.0.0.1:%u/api-services/v1/auth/token", port);
  self->user = credential (lab, kore ? "kore" : "twilio", kore ? "client_id" : "account_sid");
  self->secret = credential (lab, kore ? "kore" : "twilio", kore ? "client_secret" : "auth_token");
  self->access = (ProviderAccess){ .name = kore ? "kore" : "twilio",
                                   .kind = kore ? "oauth2" : "basic",
                                   .base_url = self->url,
                                   .token_url = kore ? self->token_url : NULL,
                                   .user = self->user,
                                   .secret = self->secret };
  self->session = provider_supersim.open (&self->access, NULL, &error);
  g_assert_no_error (error);
}

void
session_close (Session *self)
{
  provider_supersim.close (self->session);
  g_free (self->url);
  g_free (self->token_url);
  g_free (self->user);
  g_free (self->secret);
}

void
session_wait_available (Session *self, const char *sid, Reservation **found)
{
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (Reservation) now
          = provider_supersim.get_reservation (self->session, sid, NULL, &error);

      g_assert_no_error (error);
      if (now->status == RESERVATION_AVAILABLE)
        {
          *found = g_steal_pointer (&now);
          return;
        }
      g_usleep (50000);
    }
  g_error ("%s never became available", sid);
}

char *
session_first_fleet (Session *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) fleets = provider_supersim.list_fleets (self->session, NULL, &error);
  const ProviderFleet *fleet;

  g_assert_no_error (error);
  g_assert_cmpuint (fleets->len, >=, 1);
  fleet = fleets->pdata[0];
  g_assert_cmpstr (fleet->unique_name, ==, "lab-fleet");
  return g_strdup (fleet->sid);
}
