/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa/es9p: what is sent word by word, what every member may be, and what each refusal means. Here
 * net/http is the test's own: the functions below stand in for it. */

#include <string.h>

#include "base/error.h"
#include "lpa/es9p-json.h"
#include "lpa/es9p-refusal.h"
#include "lpa/es9p.h"

#define HEADER(status) "\"header\":{\"functionExecutionStatus\":{\"status\":\"" status "\"}}"
#define GOOD HEADER ("Executed-Success")
#define ID "0A0B0C0D"

/* ---- the server ---- */

struct _Http
{
  guint status;
  const char *answer; /* NULL: there is no way to the server */
  char *method, *url, *user_agent, *headers, *body;
  guint timeout_s;
};

Http *
http_new (G_GNUC_UNUSED HttpTrust trust, G_GNUC_UNUSED GBytes *pem,
          G_GNUC_UNUSED Progress *progress)
{
  return g_new0 (Http, 1);
}

static void
forget (Http *self)
{
  g_clear_pointer (&self->method, g_free);
  g_clear_pointer (&self->url, g_free);
  g_clear_pointer (&self->user_agent, g_free);
  g_clear_pointer (&self->headers, g_free);
  g_clear_pointer (&self->body, g_free);
}

void
http_free (Http *self)
{
  forget (self);
  g_free (self);
}

static HttpResponse *
response_of (guint status, const char *body, gsize size)
{
  HttpResponse *self = g_new0 (HttpResponse, 1);

  self->status = status;
  self->content_type = g_strdup ("application/json");
  self->body = g_bytes_new (body, size);
  self->chain_pem = g_strdup ("PEM");
  return self;
}

HttpResponse *
http_send (Http *self, const HttpRequest *request, G_GNUC_UNUSED GCancellable *cancellable,
           GError **error)
{
  gsize size;
  const char *body = g_bytes_get_data (request->body, &size);

  forget (self);
  self->method = g_strdup (request->method);
  self->url = g_strdup (request->url);
  self->user_agent = g_strdup (request->user_agent);
  self->headers = g_strjoinv ("\n", (char **) request->headers);
  self->body = g_strndup (body, size);
  self->timeout_s = request->timeout_s;
  if (self->answer)
    return response_of (self->status, self->answer, strlen (self->answer));
  error_set (error, ESIM_ERROR_NO_NETWORK, "http", "no way");
  return NULL;
}

void
http_response_free (HttpResponse *self)
{
  g_free (self->content_type);
  g_free (self->retry_after);
  g_bytes_unref (self->body);
  g_free (self->chain_pem);
  g_free (self);
}

/* ---- every function, as one sees it from far away ---- */

static gboolean
initiate (Http *http, GError **error)
{
  g_autoptr (GBytes) challenge = g_bytes_new_static ("0123456789ABCDEF", 16);
  g_autoptr (GBytes) info1 = g_bytes_new_static ("\xBF\x20\0", 3);
  g_autoptr (Es9pInitiated) initiated
      = es9p_initiate_authentication (http, "SMDP.Test:8443", challenge, info1, NULL, error);

  return initiated != NULL;
}

static gboolean
authenticate (Http *http, GError **error)
{
  g_autoptr (GBytes) response = g_bytes_new_static ("\xBF\x38\0", 3);
  g_autoptr (Es9pAuthenticated) offer
      = es9p_authenticate_client (http, "smdp.test", ID, response, NULL, error);

  return offer != NULL;
}

static gboolean
get_package (Http *http, GError **error)
{
  g_autoptr (GBytes) response = g_bytes_new_static ("\xBF\x21\0", 3);
  g_autoptr (GBytes) package
      = es9p_get_bound_profile_package (http, "smdp.test", ID, response, NULL, error);

  return package != NULL;
}

static gboolean
cancel (Http *http, GError **error)
{
  g_autoptr (GBytes) response = g_bytes_new_static ("\xBF\x41\0", 3);

  return es9p_cancel_session (http, "smdp.test", ID, response, NULL, error);
}

static gboolean
notify (Http *http, GError **error)
{
  g_autoptr (GBytes) notification = g_bytes_new_static ("\xBF\x37\0", 3);

  return es9p_handle_notification (http, "smdp.test", notification, NULL, error);
}

#define MEMBERS_MAX 6

typedef struct
{
  const char *name;
  gboolean (*call) (Http *http, GError **error);
  const char *url;
  const char *request;
  const char *members[MEMBERS_MAX]; /* of a good answer; the last ones NULL */
} Function;

#define URL(host, function) "https://" host "/gsma/rsp2/es9plus/" function
#define TRANSACTION "\"transactionId\":\"" ID "\""

static const Function functions[] = {
  { "initiateAuthentication",
    initiate,
    URL ("smdp.test:8443", "initiateAuthentication"),
    "{\"smdpAddress\":\"smdp.test\",\"euiccChallenge\":\"MDEyMzQ1Njc4OUFCQ0RFRg==\","
    "\"euiccInfo1\":\"vyAA\"}",
    { "transactionId", "serverSigned1", "serverSignature1", "euiccCiPKIdToBeUsed",
      "serverCertificate" } },
  { "authenticateClient",
    authenticate,
    URL ("smdp.test", "authenticateClient"),
    "{" TRANSACTION ",\"authenticateServerResponse\":\"vzgA\"}",
    { "transactionId", "profileMetadata", "smdpSigned2", "smdpSignature2", "smdpCertificate" } },
  { "getBoundProfilePackage",
    get_package,
    URL ("smdp.test", "getBoundProfilePackage"),
    "{" TRANSACTION ",\"prepareDownloadResponse\":\"vyEA\"}",
    { "transactionId", "boundProfilePackage" } },
  { "cancelSession",
    cancel,
    URL ("smdp.test", "cancelSession"),
    "{" TRANSACTION ",\"cancelSessionResponse\":\"v0EA\"}",
    { NULL } },
};

/* A good answer of FUNCTION, but for MEMBER, which has the JSON VALUE (NULL: it is missing). */
static char *
answer_of (const Function *function, const char *member, const char *value)
{
  GString *answer = g_string_new ("{" GOOD);

  for (guint i = 0; function->members[i]; i++)
    {
      const char *name = function->members[i];
      gboolean odd = g_strcmp0 (name, member) == 0;
      const char *good = g_str_equal (name, "transactionId") ? "\"" ID "\"" : "\"MAMCAQE=\"";

      if (!odd || value)
        g_string_append_printf (answer, ",\"%s\":%s", name, odd ? value : good);
    }
  g_string_append_c (answer, '}');
  return g_string_free (answer, FALSE);
}

static gboolean
call (const Function *function, guint status, const char *answer, GError **error)
{
  g_autoptr (Http) http = http_new (HTTP_TRUST_PEM, NULL, NULL);

  http->status = status;
  http->answer = answer;
  return function->call (http, error);
}

static void
test_requests (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      const Function *function = &functions[i];
      g_autofree char *answer = answer_of (function, NULL, NULL);
      Http http = { .status = 200, .answer = answer };
      g_autoptr (GError) error = NULL;

      g_assert_true (function->call (&http, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (http.method, ==, "POST");
      g_assert_cmpstr (http.url, ==, function->url);
      g_assert_cmpstr (http.body, ==, function->request);
      g_assert_cmpstr (http.user_agent, ==, "gsma-rsp-lpad");
      g_assert_nonnull (strstr (http.headers, "Content-Type: application/json"));
      g_assert_nonnull (strstr (http.headers, "X-Admin-Protocol: gsma/rsp/v2.2.2"));
      g_assert_cmpuint (http.timeout_s, ==, i == 3 ? 5 : 60);
      forget (&http);
    }
}

static void
test_no_way (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      g_autofree char *prefix = g_strdup_printf ("ES9+.%s: ", functions[i].name);
      g_autoptr (GError) error = NULL;

      g_assert_false (call (&functions[i], 200, NULL, &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_NO_NETWORK);
      g_assert_true (g_str_has_prefix (error->message, prefix));
    }
}

static void
test_members (void)
{
  static const char *const odd[]
      = { NULL, "null", "7", "true", "[\"MAMCAQE=\"]", "{\"a\":\"MAMCAQE=\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (functions) * MEMBERS_MAX * G_N_ELEMENTS (odd); i++)
    {
      const char *value = odd[i % G_N_ELEMENTS (odd)];
      const Function *function = &functions[i / G_N_ELEMENTS (odd) / MEMBERS_MAX];
      const char *member = function->members[i / G_N_ELEMENTS (odd) % MEMBERS_MAX];
      g_autofree char *answer = answer_of (function, member, value);
      g_autoptr (GError) error = NULL;

      if (member == NULL)
        continue;
      if (call (function, 200, answer, &error))
        g_error ("%s takes %s", function->name, answer);
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SERVER_RUBBISH);
      g_assert_nonnull (strstr (error->message, member));
    }
}

static void
test_base64 (void)
{
  static const char *const bad[]
      = { "\"\"",          "\"=\"",       "\"====\"",     "\"MAMC*QE=\"",
          "\"MAM\"",       "\"MAMCAQE\"", "\"M===\"",     "\"MAMC=QE=\"",
          "\"MAMCAQE==\"", "\"  \"",      "\"MAMC-_E=\"", "\"\\u0000\"" };
  static const char *const good[]
      = { "\"MAMCAQE=\"", "\" MAMC\\r\\n\\tAQE= \\n\"", "\"MAMCAQEA\"", "\"MAMCAQ==\"" };
  const Function *function = &functions[2];

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *answer = answer_of (function, "boundProfilePackage", bad[i]);
      g_autoptr (GError) error = NULL;

      if (call (function, 200, answer, &error))
        g_error ("%s is taken for base64", bad[i]);
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SERVER_RUBBISH);
      g_assert_nonnull (strstr (error->message, "boundProfilePackage"));
    }
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *answer = answer_of (function, "boundProfilePackage", good[i]);

      g_assert_true (call (function, 200, answer, NULL));
    }
}

static void
test_values (void)
{
  static const char answer[]
      = "{\"more\":[1,{}],\"transactionId\":\"" ID "\",\"serverSigned1\":\"MA MC\\nAQE=\","
        "\"serverSignature1\":\"Xw==\",\"euiccCiPKIdToBeUsed\":\"BAE=\","
        "\"serverCertificate\":\"MAA=\"," HEADER ("Executed-WithWarning") "}";
  static const guint8 expected[] = { 0x30, 0x03, 0x02, 0x01, 0x01 };
  g_autoptr (Http) http = http_new (HTTP_TRUST_PEM, NULL, NULL);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (Es9pInitiated) initiated = NULL;
  gsize size;
  gconstpointer data;

  http->status = 200;
  http->answer = answer;
  initiated = es9p_initiate_authentication (http, "smdp.test", bytes, bytes, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (initiated->transaction_id, ==, ID);
  g_assert_cmpstr (initiated->tls_chain_pem, ==, "PEM");
  data = g_bytes_get_data (initiated->signed1, &size);
  g_assert_cmpmem (data, size, expected, sizeof expected);
  g_assert_cmpuint (g_bytes_get_size (initiated->certificate), ==, 2);
}

/* The answer cut at every byte, and at every byte something that JSON has not. */
static void
test_cut (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      g_autofree char *answer = answer_of (&functions[i], NULL, NULL);

      for (gsize length = 0; length < strlen (answer); length++)
        {
          g_autofree char *cut = g_strndup (answer, length);
          g_autoptr (GError) error = NULL;

          g_assert_false (call (&functions[i], 200, cut, &error));
          g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SERVER_RUBBISH);
          g_free (cut);
          cut = g_strdup_printf ("%.*s\xFF%s", (int) length, answer, answer + length);
          g_clear_error (&error);
          g_assert_false (call (&functions[i], 200, cut, &error));
          g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SERVER_RUBBISH);
        }
    }
}

static void
test_not_json (void)
{
  static const char *const bodies[] = { "<html><body>502 Bad Gateway</body></html>",
                                        "[]",
                                        "\"text\"",
                                        "null",
                                        "{}",
                                        "{\"header\":null}",
                                        "{\"header\":[]}",
                                        "{\"header\":{\"functionExecutionStatus\":\"Failed\"}}",
                                        "{" HEADER ("executed-success") "}",
                                        "{" HEADER ("") "}",
                                        "{" HEADER ("Failed") "}" };

  for (guint i = 0; i < G_N_ELEMENTS (bodies) * G_N_ELEMENTS (functions); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (call (&functions[i % G_N_ELEMENTS (functions)], 200,
                            bodies[i / G_N_ELEMENTS (functions)], &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SERVER_RUBBISH);
    }
}

/* json-glib alone would run over the stack. */
static void
test_deep (void)
{
  g_autofree char *arrays = g_strnfill (1 << 20, '[');
  GString *objects = g_string_new ("{" GOOD ",\"a\":");
  g_autoptr (GError) array = NULL, object = NULL;

  for (guint i = 0; i < 200000; i++)
    g_string_append (objects, "{\"a\":");
  g_assert_false (call (&functions[3], 200, arrays, &array));
  g_assert_error (array, ESIM_ERROR, ESIM_ERROR_SERVER_RUBBISH);
  g_assert_false (call (&functions[3], 200, objects->str, &object));
  g_assert_error (object, ESIM_ERROR, ESIM_ERROR_SERVER_RUBBISH);
  g_string_free (objects, TRUE);
}

static void
test_http_status (void)
{
  static const struct
  {
    guint status;
    EsimError code;
    const char *raw;
  } statuses[] = {
    { 204, ESIM_ERROR_SERVER_RUBBISH, "204" }, { 302, ESIM_ERROR_SERVER_RUBBISH, "302" },
    { 404, ESIM_ERROR_SERVER_RUBBISH, "404" }, { 500, ESIM_ERROR_SERVER_FAILED, "500" },
    { 503, ESIM_ERROR_SERVER_FAILED, "503" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (statuses) * G_N_ELEMENTS (functions); i++)
    {
      const Function *function = &functions[i % G_N_ELEMENTS (functions)];
      guint at = i / G_N_ELEMENTS (functions);
      g_autofree char *answer = answer_of (function, NULL, NULL);
      g_autoptr (GError) error = NULL;

      g_assert_false (call (function, statuses[at].status, answer, &error));
      g_assert_error (error, ESIM_ERROR, (int) statuses[at].code);
      g_assert_cmpstr (error_get_raw (error, "http-status"), ==, statuses[at].raw);
      g_assert_nonnull (strstr (error->message, function->name));
    }
}

/* A transaction is the same in either case of its letters, another one is not ours. */
static void
test_transaction (void)
{
  for (guint i = 1; i <= 2; i++)
    {
      g_autofree char *same = answer_of (&functions[i], "transactionId", "\"0a0b0c0d\"");
      g_autofree char *other = answer_of (&functions[i], "transactionId", "\"0A0B0C0E\"");
      g_autofree char *longer = answer_of (&functions[i], "transactionId", "\"0A0B0C0D00\"");
      g_autoptr (GError) error = NULL;

      g_assert_true (call (&functions[i], 200, same, NULL));
      g_assert_false (call (&functions[i], 200, longer, NULL));
      g_assert_false (call (&functions[i], 200, other, &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SERVER_RUBBISH);
    }
}

static void
test_notification (void)
{
  static const struct
  {
    guint status;
    const char *body;
    int code;
  } answers[] = {
    { 204, "", -1 },
    { 204, "{}", -1 },
    { 200, "", -1 },
    { 200, "{" GOOD "}", ESIM_ERROR_SERVER_RUBBISH },
    { 200, "<html>", ESIM_ERROR_SERVER_RUBBISH },
    { 302, "", ESIM_ERROR_SERVER_RUBBISH },
    { 400, "", ESIM_ERROR_SERVER_REFUSED },
    { 429, "", ESIM_ERROR_SERVER_FAILED },
    { 500, "", ESIM_ERROR_SERVER_FAILED },
    { 503, "", ESIM_ERROR_SERVER_FAILED },
    { 0, NULL, ESIM_ERROR_NO_NETWORK },
  };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      Http http = { .status = answers[i].status, .answer = answers[i].body };
      g_autoptr (GError) error = NULL;
      gboolean taken = notify (&http, &error);

      g_assert_cmpint (taken ? -1 : error->code, ==, answers[i].code);
      g_assert_cmpstr (http.body, ==, "{\"pendingNotification\":\"vzcA\"}");
      g_assert_cmpstr (http.url, ==, URL ("smdp.test", "handleNotification"));
      forget (&http);
    }
}

/* ---- refusals ---- */

static const struct
{
  const char *subject, *reason;
  EsimError code;
  const char *words;
} refusals[] = {
  { "8.2.6", "3.8", ESIM_ERROR_ACTIVATION_CODE, "activation code" },
  { "1.6", "2.1", ESIM_ERROR_ACTIVATION_CODE, "activation code" },
  { "8.1.1", "3.8", ESIM_ERROR_EID_MISMATCH, "another EID" },
  { "8.2.5", "4.3", ESIM_ERROR_NOT_ELIGIBLE, "no profile fits" },
  { "8.2", "1.2", ESIM_ERROR_NOT_RELEASED, "not released" },
  { "8.2", "3.7", ESIM_ERROR_SERVER_REFUSED, "bound anew" },
  { "8.8.5", "4.10", ESIM_ERROR_ORDER_EXPIRED, "expired" },
  { "8.8.5", "6.4", ESIM_ERROR_ORDER_EXPIRED, "too often" },
  { "8.2.7", "2.2", ESIM_ERROR_CONFIRMATION_CODE_NEEDED, "is needed" },
  { "8.2.7", "3.8", ESIM_ERROR_CONFIRMATION_CODE_WRONG, "is wrong" },
  { "8.2.7", "6.4", ESIM_ERROR_ORDER_EXPIRED, "too often" },
  { "8.1", "4.8", ESIM_ERROR_CARD_FULL, "no room" },
  { "8.1", "6.1", ESIM_ERROR_SERVER_REFUSED, "card's signature" },
  { "8.1.2", "6.1", ESIM_ERROR_SERVER_REFUSED, "card maker's certificate" },
  { "8.1.2", "6.3", ESIM_ERROR_SERVER_REFUSED, "card maker's certificate" },
  { "8.1.3", "6.1", ESIM_ERROR_SERVER_REFUSED, "card's certificate" },
  { "8.1.3", "6.3", ESIM_ERROR_SERVER_REFUSED, "card's certificate" },
  { "8.8.1", "3.8", ESIM_ERROR_SERVER_REFUSED, "check the address" },
  { "8.8.2", "3.1", ESIM_ERROR_WRONG_CI, "share no certificate issuer" },
  { "8.8.4", "3.7", ESIM_ERROR_WRONG_CI, "no certificate of the card's issuers" },
  { "8.11.1", "3.9", ESIM_ERROR_WRONG_CI, "card's issuer" },
  { "8.8.3", "3.1", ESIM_ERROR_NOT_ELIGIBLE, "version" },
  { "8.10.1", "3.9", ESIM_ERROR_SESSION_GONE, "no such session" },
  { "8.9.5", "3.9", ESIM_ERROR_NOT_FOUND, "nothing waits" },
  /* none of the table's: strings, not numbers */
  { "8.8.5", "4.1", ESIM_ERROR_SERVER_REFUSED, "the server refused" },
  { "8.8.2", "3.10", ESIM_ERROR_SERVER_REFUSED, "the server refused" },
  { "8.1", "4.80", ESIM_ERROR_SERVER_REFUSED, "the server refused" },
  { "8.10", "4.8", ESIM_ERROR_SERVER_REFUSED, "the server refused" },
  { "8.2", "3.8", ESIM_ERROR_SERVER_REFUSED, "the server refused" },
  { "", "", ESIM_ERROR_SERVER_REFUSED, "the server refused" },
};

static void
test_refusals (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals) * G_N_ELEMENTS (functions); i++)
    {
      const Function *function = &functions[i % G_N_ELEMENTS (functions)];
      guint at = i / G_N_ELEMENTS (functions);
      g_autofree char *answer = g_strdup_printf (
          "{\"header\":{\"functionExecutionStatus\":{\"status\":\"%s\",\"statusCodeData\":"
          "{\"subjectCode\":\"%s\",\"reasonCode\":\"%s\",\"message\":\"Own words\"}}}}",
          at % 2 ? "Failed" : "Expired", refusals[at].subject, refusals[at].reason);
      g_autoptr (GError) error = NULL;

      g_assert_false (call (function, 200, answer, &error));
      g_assert_error (error, ESIM_ERROR, (int) refusals[at].code);
      g_assert_nonnull (strstr (error->message, refusals[at].words));
      g_assert_nonnull (strstr (error->message, "Own words"));
      g_assert_nonnull (strstr (error->message, function->name));
      g_assert_cmpstr (error_get_raw (error, "subject"), ==, refusals[at].subject);
      g_assert_cmpstr (error_get_raw (error, "reason"), ==, refusals[at].reason);
      g_assert_cmpstr (error_layer (error), ==, "es9p");
    }
}

static void
test_odd_refusals (void)
{
  static const struct
  {
    const char *data;
    EsimError code;
  } odd[] = {
    { "{\"subjectCode\":\"8.2.6\"}", ESIM_ERROR_SERVER_RUBBISH },
    { "{\"reasonCode\":\"3.8\"}", ESIM_ERROR_SERVER_RUBBISH },
    { "{\"subjectCode\":8.2,\"reasonCode\":3.8}", ESIM_ERROR_SERVER_RUBBISH },
    { "[]", ESIM_ERROR_SERVER_RUBBISH },
    { "null", ESIM_ERROR_SERVER_RUBBISH },
    { "{\"subjectCode\":\"8.2.6\",\"reasonCode\":\"3.8\",\"message\":null}",
      ESIM_ERROR_ACTIVATION_CODE },
    { "{\"subjectCode\":\"8.2.6\",\"reasonCode\":\"3.8\",\"message\":\"%s%n\"}",
      ESIM_ERROR_ACTIVATION_CODE },
  };
  g_autoptr (GError) expired = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      g_autofree char *answer
          = g_strconcat ("{\"header\":{\"functionExecutionStatus\":{\"status\":\"Failed\","
                         "\"statusCodeData\":",
                         odd[i].data, "}}}", NULL);
      g_autoptr (GError) error = NULL;

      g_assert_false (call (&functions[1], 200, answer, &error));
      g_assert_error (error, ESIM_ERROR, (int) odd[i].code);
    }
  g_assert_false (call (&functions[1], 200, "{" HEADER ("Expired") "}", &expired));
  g_assert_error (expired, ESIM_ERROR, ESIM_ERROR_SESSION_GONE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/es9p/requests", test_requests);
  g_test_add_func ("/es9p/no-way", test_no_way);
  g_test_add_func ("/es9p/members", test_members);
  g_test_add_func ("/es9p/base64", test_base64);
  g_test_add_func ("/es9p/values", test_values);
  g_test_add_func ("/es9p/cut", test_cut);
  g_test_add_func ("/es9p/not-json", test_not_json);
  g_test_add_func ("/es9p/deep", test_deep);
  g_test_add_func ("/es9p/http-status", test_http_status);
  g_test_add_func ("/es9p/transaction", test_transaction);
  g_test_add_func ("/es9p/notification", test_notification);
  g_test_add_func ("/es9p/refusals", test_refusals);
  g_test_add_func ("/es9p/odd-refusals", test_odd_refusals);
  return g_test_run ();
}
