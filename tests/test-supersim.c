/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The Super SIM driver against the lab's strict stand-in, under both kinds of credentials. */

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "base/error.h"
#include "provider/provider.h"

extern const ProviderDriver provider_supersim;

#define EID "89049032123451234512345678901235"
#define OTHER_EID "89049032000000000000000000000062"

typedef struct
{
  char *dir;
  GSubprocess *process;
  guint twilio_port, kore_port;
} Lab;

typedef struct
{
  ProviderAccess access;
  char *url, *token_url, *user, *secret;
  ProviderSession *session;
} Session;

static guint
read_port (GDataInputStream *lines)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (line && g_str_has_prefix (line, "http "));
  return (guint) g_ascii_strtoull (line + 5, NULL, 10);
}

static void
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

static void
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
static JsonNode *
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

static void
fault (Lab *lab, const char *members)
{
  g_autofree char *request = g_strdup_printf ("{\"do\": \"fault\", %s}", members);
  g_autoptr (JsonNode) answer = tell (lab, request);
}

static void
order (Lab *lab, const char *request)
{
  g_autoptr (JsonNode) answer = tell (lab, request);
}

/* How often OPERATION ("POST /v1/ESimProfiles") reached the stand-in. */
static gint64
count_of (Lab *lab, const char *operation)
{
  g_autoptr (JsonNode) answer = tell (lab, "{\"do\": \"requests\"}");
  JsonObject *counts = json_object_get_object_member (json_node_get_object (answer), "counts");

  return json_object_get_int_member_with_default (counts, operation, 0);
}

static guint
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

static void
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

static void
session_close (Session *self)
{
  provider_supersim.close (self->session);
  g_free (self->url);
  g_free (self->token_url);
  g_free (self->user);
  g_free (self->secret);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Session, session_close)

static void
wait_available (Session *self, const char *sid, Reservation **found)
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

static char *
first_fleet (Session *self)
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

/* The whole way of one reservation. */
static void
walk (Lab *lab, gboolean kore, const char *eid)
{
  g_auto (Session) self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (Reservation) made = NULL;
  g_autoptr (Reservation) ripe = NULL;
  g_autoptr (ProviderSim) sim = NULL;
  g_autoptr (ProviderSim) later = NULL;
  g_autofree char *fleet = NULL;

  session_open (&self, lab, kore);
  made = provider_supersim.reserve (self.session, eid, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (made->sid, "HP"));
  g_assert_cmpint (made->created, >, 1500000000);
  g_assert_cmpstr (made->iccid, ==, "");
  wait_available (&self, made->sid, &ripe);
  g_assert_cmpstr (ripe->eid, ==, eid ? eid : "");
  g_assert_cmpint (*ripe->activation_code != '\0', ==, eid == NULL);
  g_assert_cmpstr (ripe->smdp_address, ==, "smdp.esimd.test");
  g_assert_true (g_str_has_prefix (ripe->iccid, "8988307"));

  fleet = first_fleet (&self);
  sim = provider_supersim.activate_sim (self.session, ripe->sim_sid, fleet, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (sim->status, ==, PROVIDER_SIM_SCHEDULED);
  g_usleep (700000);
  later = provider_supersim.get_sim (self.session, ripe->sim_sid, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (later->status, ==, PROVIDER_SIM_ACTIVE);
  g_assert_cmpstr (later->fleet_sid, ==, fleet);
  g_assert_cmpstr (later->iccid, ==, ripe->iccid);
}

static void
test_twilio_eid (Lab *lab, gconstpointer data)
{
  (void) data;
  walk (lab, FALSE, EID);
}

static void
test_twilio_matching_id (Lab *lab, gconstpointer data)
{
  (void) data;
  walk (lab, FALSE, NULL);
}

static void
test_kore_eid (Lab *lab, gconstpointer data)
{
  (void) data;
  walk (lab, TRUE, EID);
  g_assert_cmpint (count_of (lab, "POST /api-services/v1/auth/token"), ==, 1);
}

static void
test_wrong_credentials (Lab *lab, gconstpointer data)
{
  (void) data;
  for (int kore = 0; kore < 2; kore++)
    {
      g_auto (Session) self = { 0 };
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) list = NULL;
      g_autoptr (Reservation) made = NULL;

      session_open (&self, lab, kore);
      self.access.secret = "wrong";
      list = provider_supersim.list_reservations (self.session, EID, NULL, &error);
      g_assert_null (list);
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CREDENTIALS);
      g_assert_cmpstr (error_get_raw (error, "http-status"), ==, "401");
      g_assert_null (strstr (error->message, "wrong"));
      g_clear_error (&error);
      made = provider_supersim.reserve (self.session, EID, NULL, &error);
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CREDENTIALS);
    }
  g_assert_cmpuint (count_profiles (lab), ==, 0);
}

static void
test_no_credentials (void)
{
  ProviderAccess access = {
    .name = "twilio", .kind = "basic", .base_url = "https://x.test", .user = "", .secret = ""
  };
  g_autoptr (GError) error = NULL;

  g_assert_null (provider_supersim.open (&access, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CREDENTIALS);
}

/* A token that ran out (KORE says 403) is fetched anew, once; even for an order, made once. */
static void
test_token_expires (Lab *lab, gconstpointer data)
{
  g_auto (Session) self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (Reservation) made = NULL;

  (void) data;
  session_open (&self, lab, TRUE);
  list = provider_supersim.list_reservations (self.session, EID, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, 0);
  order (lab, "{\"do\": \"revoke_tokens\"}");
  made = provider_supersim.reserve (self.session, EID, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_profiles (lab), ==, 1);
  g_assert_cmpint (count_of (lab, "POST /api-services/v1/auth/token"), ==, 2);
}

static void
test_token_refused (Lab *lab, gconstpointer data)
{
  g_auto (Session) self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (Reservation) made = NULL;

  (void) data;
  session_open (&self, lab, TRUE);
  fault (lab, "\"at\": \"token\", \"how\": \"status\", \"code\": 500");
  made = provider_supersim.reserve (self.session, EID, NULL, &error);
  g_assert_null (made);
  /* The order itself never left: not unsettled. */
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SERVER_FAILED);
  g_assert_cmpint (count_of (lab, "POST /v1/ESimProfiles"), ==, 0);
}

typedef struct
{
  const char *fault;
  EsimError error;
  guint profiles; /* that the stand-in has afterwards */
} OrderFault;

static void
test_order_faults (Lab *lab, gconstpointer data)
{
#define AT "\"at\": \"esimprofiles.create\", \"how\": "
  static const OrderFault faults[] = {
    { AT "\"status\", \"code\": 500", ESIM_ERROR_RESERVATION_UNSETTLED, 0 },
    { AT "\"status\", \"code\": 500, \"when\": \"after\"", ESIM_ERROR_RESERVATION_UNSETTLED, 1 },
    { AT "\"status\", \"code\": 429", ESIM_ERROR_RATE_LIMITED, 1 },
    { AT "\"status\", \"code\": 403", ESIM_ERROR_CREDENTIALS, 1 },
    { AT "\"html\"", ESIM_ERROR_RESERVATION_UNSETTLED, 1 },
    { AT "\"html\", \"code\": 200, \"when\": \"after\"", ESIM_ERROR_RESERVATION_UNSETTLED, 2 },
    { AT "\"reset\"", ESIM_ERROR_RESERVATION_UNSETTLED, 2 },
    { AT "\"reset\", \"when\": \"after\"", ESIM_ERROR_RESERVATION_UNSETTLED, 3 },
    { AT "\"garbage-json\", \"when\": \"after\"", ESIM_ERROR_RESERVATION_UNSETTLED, 4 },
    { AT "\"truncate\"", ESIM_ERROR_RESERVATION_UNSETTLED, 5 },
    { AT "\"out-of-stock\"", ESIM_ERROR_OUT_OF_STOCK, 5 },
    { AT "\"status\", \"code\": 400, \"api_code\": 83500", ESIM_ERROR_OUT_OF_STOCK, 5 },
    { AT "\"status\", \"code\": 400, \"api_code\": 20001", ESIM_ERROR_PROVIDER_REFUSED, 5 },
  };

  (void) data;
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_auto (Session) self = { 0 };
      g_autoptr (GError) error = NULL;
      g_autoptr (Reservation) made = NULL;

      g_test_message ("%s", faults[i].fault);
      session_open (&self, lab, FALSE);
      fault (lab, faults[i].fault);
      made = provider_supersim.reserve (self.session, EID, NULL, &error);
      g_assert_null (made);
      g_assert_error (error, ESIM_ERROR, (int) faults[i].error);
      g_assert_cmpuint (count_profiles (lab), ==, faults[i].profiles);
    }
  g_assert_cmpint (count_of (lab, "POST /v1/ESimProfiles"), ==, G_N_ELEMENTS (faults));
#undef AT
}

static void
test_raw_codes (Lab *lab, gconstpointer data)
{
  g_auto (Session) self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = NULL;

  (void) data;
  session_open (&self, lab, FALSE);
  fault (lab,
         "\"at\": \"esimprofiles.list\", \"how\": \"status\", \"code\": 429, \"retry_after\": 17");
  list = provider_supersim.list_reservations (self.session, EID, NULL, &error);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_RATE_LIMITED);
  g_assert_cmpstr (error_get_raw (error, "http-status"), ==, "429");
  g_assert_cmpstr (error_get_raw (error, "code"), ==, "20429");
  g_assert_cmpstr (error_get_raw (error, "retry-after"), ==, "17");
  g_assert_cmpstr (error_layer (error), ==, "provider");
}

/* Where no byte can have left, the order is certainly not made. */
static void
test_never_left (Lab *lab, gconstpointer data)
{
  g_auto (Session) self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (Reservation) made = NULL;
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();

  (void) data;
  session_open (&self, lab, FALSE);
  self.access.base_url = "http://127.0.0.1:1";
  made = provider_supersim.reserve (self.session, EID, NULL, &error);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_NO_NETWORK);
  g_clear_error (&error);
  self.access.base_url = "https://no-such-name.invalid";
  made = provider_supersim.reserve (self.session, EID, NULL, &error);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_NAME_NOT_RESOLVED);
  g_clear_error (&error);
  g_cancellable_cancel (cancelled);
  made = provider_supersim.reserve (self.session, EID, cancelled, &error);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (300000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* Cancelled while the server ponders: it may yet be made. */
static void
test_cancelled_on_the_way (Lab *lab, gconstpointer data)
{
  g_auto (Session) self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (Reservation) made = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GThread *thread;

  (void) data;
  session_open (&self, lab, FALSE);
  fault (lab, "\"at\": \"esimprofiles.create\", \"how\": \"stall\", \"seconds\": 3");
  thread = g_thread_new ("cancel", cancel_soon, cancellable);
  made = provider_supersim.reserve (self.session, EID, cancellable, &error);
  g_thread_join (thread);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_RESERVATION_UNSETTLED);
}

static void
test_pages (Lab *lab, gconstpointer data)
{
  g_auto (Session) self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) own = NULL;
  g_autoptr (GPtrArray) recent = NULL;

  (void) data;
  for (guint i = 0; i < 120; i++)
    order (lab, "{\"do\": \"add_profile\", \"eid\": \"" EID "\", \"available\": false}");
  order (lab, "{\"do\": \"add_profile\", \"eid\": \"" OTHER_EID "\"}");
  session_open (&self, lab, FALSE);
  own = provider_supersim.list_reservations (self.session, EID, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (own->len, ==, 120);
  g_assert_cmpint (count_of (lab, "GET /v1/ESimProfiles"), ==, 3);
  for (guint i = 1; i < own->len; i++)
    {
      const Reservation *newer = own->pdata[i - 1], *older = own->pdata[i];

      g_assert_cmpint (newer->created, >=, older->created);
      g_assert_cmpstr (newer->sid, !=, older->sid);
    }
  recent = provider_supersim.list_reservations (self.session, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (recent->len, ==, 100);
  g_assert_cmpstr (((Reservation *) recent->pdata[0])->eid, ==, OTHER_EID);
}

static void
test_evil_page (Lab *lab, gconstpointer data)
{
  g_auto (Session) self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = NULL;
  g_autofree char *other_port = NULL;

  (void) data;
  session_open (&self, lab, FALSE);
  other_port = g_strdup_printf ("\"at\": \"esimprofiles.list\", \"how\": \"evil-next-page\", "
                                "\"origin\": \"http://127.0.0.1:%u\"",
                                lab->kore_port);
  fault (lab, other_port);
  list = provider_supersim.list_reservations (self.session, EID, NULL, &error);
  g_assert_null (list);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SERVER_RUBBISH);
  g_assert_cmpint (count_of (lab, "GET /v1/ESimProfiles"), ==, 1);
}

static void
test_unknown_status (Lab *lab, gconstpointer data)
{
  g_auto (Session) self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = NULL;

  (void) data;
  order (lab, "{\"do\": \"add_profile\", \"eid\": \"" EID "\", \"available\": false}");
  session_open (&self, lab, FALSE);
  fault (lab, "\"at\": \"esimprofiles.list\", \"how\": \"unknown-status\"");
  list = provider_supersim.list_reservations (self.session, EID, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (((Reservation *) list->pdata[0])->status, ==, RESERVATION_UNKNOWN);
}

static void
test_failed (Lab *lab, gconstpointer data)
{
  g_auto (Session) self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (Reservation) made = NULL;
  g_autoptr (Reservation) later = NULL;

  (void) data;
  session_open (&self, lab, FALSE);
  fault (lab, "\"at\": \"esimprofiles.create\", \"how\": \"reservation-fails\"");
  made = provider_supersim.reserve (self.session, EID, NULL, &error);
  g_assert_no_error (error);
  g_usleep (1200000);
  later = provider_supersim.get_reservation (self.session, made->sid, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (later->status, ==, RESERVATION_FAILED);
  g_assert_cmpstr (later->error_code, ==, "83500");
  g_assert_cmpstr (later->error_message, !=, "");
}

static void
test_sim_refusals (Lab *lab, gconstpointer data)
{
  g_auto (Session) self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer
      = tell (lab, "{\"do\": \"add_sim\", \"iccid\": \"8988307000000000018\"}");
  const char *sid = json_object_get_string_member (json_node_get_object (answer), "sid");
  g_autofree char *fleet = NULL;
  g_autoptr (ProviderSim) sim = NULL;

  (void) data;
  session_open (&self, lab, FALSE);
  g_assert_null (provider_supersim.activate_sim (self.session, sid, NULL, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_NO_FLEET);
  g_assert_cmpstr (error_get_raw (error, "code"), ==, "83007");
  g_clear_error (&error);
  g_assert_null (provider_supersim.activate_sim (self.session, sid, "no-such-fleet", NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_NO_FLEET);
  g_assert_cmpstr (error_get_raw (error, "code"), ==, "83006");
  g_clear_error (&error);
  fleet = first_fleet (&self);
  sim = provider_supersim.activate_sim (self.session, sid, fleet, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (provider_supersim.activate_sim (self.session, sid, fleet, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SIM_SCHEDULED);
  g_clear_error (&error);
  g_assert_null (
      provider_supersim.get_sim (self.session, "HS00000000000000000000000000000000", NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_NOT_FOUND);
}

static void
add (const char *path, void (*test) (Lab *lab, gconstpointer data))
{
  g_test_add (path, Lab, NULL, lab_start, test, lab_stop);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/supersim/twilio/eid", test_twilio_eid);
  add ("/supersim/twilio/matching-id", test_twilio_matching_id);
  add ("/supersim/kore/eid", test_kore_eid);
  add ("/supersim/kore/token-expires", test_token_expires);
  add ("/supersim/kore/token-refused", test_token_refused);
  add ("/supersim/credentials/wrong", test_wrong_credentials);
  g_test_add_func ("/supersim/credentials/none", test_no_credentials);
  add ("/supersim/order/faults", test_order_faults);
  add ("/supersim/order/never-left", test_never_left);
  add ("/supersim/order/cancelled", test_cancelled_on_the_way);
  add ("/supersim/order/fails", test_failed);
  add ("/supersim/raw-codes", test_raw_codes);
  add ("/supersim/pages", test_pages);
  add ("/supersim/evil-page", test_evil_page);
  add ("/supersim/unknown-status", test_unknown_status);
  add ("/supersim/sim-refusals", test_sim_refusals);
  return g_test_run ();
}
