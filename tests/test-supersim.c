/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The Super SIM driver against the lab's strict stand-in, under both kinds of credentials. */

#include "fixture-supersim.h"

#include "base/error.h"

#define EID "89049032123451234512345678901235"
#define OTHER_EID "89049032000000000000000000000062"

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
  session_wait_available (&self, made->sid, &ripe);
  g_assert_cmpstr (ripe->eid, ==, eid ? eid : "");
  g_assert_cmpint (*ripe->activation_code != '\0', ==, eid == NULL);
  g_assert_cmpstr (ripe->smdp_address, ==, "smdp.esimd.test");
  g_assert_true (g_str_has_prefix (ripe->iccid, "8988307"));

  fleet = session_first_fleet (&self);
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
  fleet = session_first_fleet (&self);
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
