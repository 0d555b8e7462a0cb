/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The functions of ES9+ as HTTP exchanges. */

#include "lpa/es9p.h"

#include <string.h>

#include "base/error.h"
#include "lpa/es9p-json.h"

/* Binding a package can take a server a while. */
#define ANSWER_TIMEOUT_S 60
/* Cancelling is a courtesy, often after the network has gone. */
#define FAREWELL_TIMEOUT_S 5

static const char *const headers[]
    = { "Content-Type: application/json", "X-Admin-Protocol: gsma/rsp/v2.2.2",
        "Accept: application/json", NULL };

static void
add_binary (JsonBuilder *builder, const char *member, GBytes *value)
{
  gsize size;
  const guchar *data = g_bytes_get_data (value, &size);
  g_autofree char *text = g_base64_encode (data, size);

  json_builder_set_member_name (builder, member);
  json_builder_add_string_value (builder, text);
}

static void
add_text (JsonBuilder *builder, const char *member, const char *value)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_string_value (builder, value);
}

static JsonBuilder *
new_request (void)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  return builder;
}

static GBytes *
to_body (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = NULL;
  char *text;

  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  return g_bytes_new_take (text, strlen (text));
}

/* ADDRESS may carry a port; some servers refuse a host with upper-case letters. */
static HttpResponse *
post (Http *http, const char *address, const char *function, JsonBuilder *request,
      GCancellable *cancellable, GError **error)
{
  g_autofree char *host = g_ascii_strdown (address, -1);
  g_autofree char *url = g_strdup_printf ("https://%s/gsma/rsp2/es9plus/%s", host, function);
  g_autoptr (GBytes) body = to_body (request);
  HttpRequest exchange = {
    .method = "POST",
    .url = url,
    .headers = headers,
    .user_agent = "gsma-rsp-lpad",
    .body = body,
    .timeout_s = strcmp (function, "cancelSession") == 0 ? FAREWELL_TIMEOUT_S : ANSWER_TIMEOUT_S,
  };
  HttpResponse *response = http_send (http, &exchange, cancellable, error);

  if (response == NULL)
    g_prefix_error (error, "ES9+.%s: ", function);
  return response;
}

/* The answer's members, after the header was found good. */
static JsonNode *
call (Http *http, const char *address, const char *function, JsonBuilder *request, char **chain,
      GCancellable *cancellable, GError **error)
{
  g_autoptr (HttpResponse) response = post (http, address, function, request, cancellable, error);

  if (response == NULL)
    return NULL;
  if (chain)
    *chain = g_strdup (response->chain_pem);
  return es9p_json_parse (response, function, error);
}

/* An answer that names another transaction than the one it was asked about is not for us. */
static gboolean
check_transaction (JsonNode *answer, const char *transaction_id, GError **error)
{
  g_autofree char *id = es9p_json_text (answer, "transactionId", error);

  if (id == NULL)
    return FALSE;
  if (g_ascii_strcasecmp (id, transaction_id) == 0)
    return TRUE;
  error_set (error, ESIM_ERROR_SERVER_RUBBISH, "es9p",
             "the server's answer: transactionId is not the session's");
  return FALSE;
}

/* The host alone: a port belongs to the URL. */
static char *
name_of (const char *address)
{
  g_autofree char *host = g_ascii_strdown (address, -1);

  return g_strndup (host, strcspn (host, ":"));
}

static gboolean
read_initiated (Es9pInitiated *self, JsonNode *answer, GError **error)
{
  return (self->transaction_id = es9p_json_text (answer, "transactionId", error))
         && (self->signed1 = es9p_json_binary (answer, "serverSigned1", error))
         && (self->signature1 = es9p_json_binary (answer, "serverSignature1", error))
         && (self->ci_key_id = es9p_json_binary (answer, "euiccCiPKIdToBeUsed", error))
         && (self->certificate = es9p_json_binary (answer, "serverCertificate", error));
}

Es9pInitiated *
es9p_initiate_authentication (Http *http, const char *address, GBytes *challenge, GBytes *info1,
                              GCancellable *cancellable, GError **error)
{
  g_autoptr (Es9pInitiated) self = g_new0 (Es9pInitiated, 1);
  g_autoptr (JsonBuilder) request = new_request ();
  g_autoptr (JsonNode) answer = NULL;
  g_autofree char *name = name_of (address);

  add_text (request, "smdpAddress", name);
  add_binary (request, "euiccChallenge", challenge);
  add_binary (request, "euiccInfo1", info1);
  answer = call (http, address, "initiateAuthentication", request, &self->tls_chain_pem,
                 cancellable, error);
  if (answer == NULL || !read_initiated (self, answer, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
es9p_initiated_free (Es9pInitiated *self)
{
  g_free (self->transaction_id);
  g_clear_pointer (&self->signed1, g_bytes_unref);
  g_clear_pointer (&self->signature1, g_bytes_unref);
  g_clear_pointer (&self->ci_key_id, g_bytes_unref);
  g_clear_pointer (&self->certificate, g_bytes_unref);
  g_free (self->tls_chain_pem);
  g_free (self);
}

static gboolean
read_authenticated (Es9pAuthenticated *self, JsonNode *answer, GError **error)
{
  return (self->metadata = es9p_json_binary (answer, "profileMetadata", error))
         && (self->signed2 = es9p_json_binary (answer, "smdpSigned2", error))
         && (self->signature2 = es9p_json_binary (answer, "smdpSignature2", error))
         && (self->certificate = es9p_json_binary (answer, "smdpCertificate", error));
}

static JsonNode *
authenticate_client (Http *http, const char *address, const char *transaction_id, GBytes *response,
                     GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonBuilder) request = new_request ();
  g_autoptr (JsonNode) answer = NULL;

  add_text (request, "transactionId", transaction_id);
  add_binary (request, "authenticateServerResponse", response);
  answer = call (http, address, "authenticateClient", request, NULL, cancellable, error);
  if (answer == NULL || !check_transaction (answer, transaction_id, error))
    return NULL;
  return g_steal_pointer (&answer);
}

void
es9p_event_free (Es9pEvent *self)
{
  g_free (self->event_id);
  g_free (self->address);
  g_free (self);
}

static Es9pEvent *
read_event (JsonNode *entry, GError **error)
{
  g_autofree char *id = es9p_json_text (entry, "eventId", error);
  g_autofree char *address = id ? es9p_json_text (entry, "rspServerAddress", error) : NULL;
  Es9pEvent *self;

  if (address == NULL)
    return NULL;
  self = g_new0 (Es9pEvent, 1);
  self->event_id = g_steal_pointer (&id);
  self->address = g_ascii_strdown (g_strstrip (address), -1);
  return self;
}

GPtrArray *
es9p_authenticate_for_events (Http *http, const char *address, const char *transaction_id,
                              GBytes *response, GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonNode) answer
      = authenticate_client (http, address, transaction_id, response, cancellable, error);
  g_autoptr (GPtrArray) events = g_ptr_array_new_with_free_func ((GDestroyNotify) es9p_event_free);
  JsonArray *entries = answer ? es9p_json_array (answer, "eventEntries", error) : NULL;

  if (entries == NULL)
    return NULL;
  for (guint i = 0; i < json_array_get_length (entries); i++)
    {
      Es9pEvent *event = read_event (json_array_get_element (entries, i), error);

      if (event == NULL)
        return NULL;
      g_ptr_array_add (events, event);
    }
  return g_steal_pointer (&events);
}

Es9pAuthenticated *
es9p_authenticate_client (Http *http, const char *address, const char *transaction_id,
                          GBytes *response, GCancellable *cancellable, GError **error)
{
  g_autoptr (Es9pAuthenticated) self = g_new0 (Es9pAuthenticated, 1);
  g_autoptr (JsonNode) answer
      = authenticate_client (http, address, transaction_id, response, cancellable, error);

  if (answer == NULL || !read_authenticated (self, answer, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
es9p_authenticated_free (Es9pAuthenticated *self)
{
  g_clear_pointer (&self->metadata, g_bytes_unref);
  g_clear_pointer (&self->signed2, g_bytes_unref);
  g_clear_pointer (&self->signature2, g_bytes_unref);
  g_clear_pointer (&self->certificate, g_bytes_unref);
  g_free (self);
}

GBytes *
es9p_get_bound_profile_package (Http *http, const char *address, const char *transaction_id,
                                GBytes *response, GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonBuilder) request = new_request ();
  g_autoptr (JsonNode) answer = NULL;

  add_text (request, "transactionId", transaction_id);
  add_binary (request, "prepareDownloadResponse", response);
  answer = call (http, address, "getBoundProfilePackage", request, NULL, cancellable, error);
  if (answer == NULL || !check_transaction (answer, transaction_id, error))
    return NULL;
  return es9p_json_binary (answer, "boundProfilePackage", error);
}

gboolean
es9p_cancel_session (Http *http, const char *address, const char *transaction_id, GBytes *response,
                     GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonBuilder) request = new_request ();
  g_autoptr (JsonNode) answer = NULL;

  add_text (request, "transactionId", transaction_id);
  add_binary (request, "cancelSessionResponse", response);
  answer = call (http, address, "cancelSession", request, NULL, cancellable, error);
  return answer != NULL;
}

/* 408 and 429 ask for another try; what else is 4xx says that another will not help either. */
static EsimError
code_of_refusal (guint status)
{
  if (status >= 500 || status == 408 || status == 429)
    return ESIM_ERROR_SERVER_FAILED;
  return status / 100 == 4 ? ESIM_ERROR_SERVER_REFUSED : ESIM_ERROR_SERVER_RUBBISH;
}

gboolean
es9p_handle_notification (Http *http, const char *address, GBytes *notification,
                          GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonBuilder) request = new_request ();
  g_autoptr (HttpResponse) response = NULL;
  g_autofree char *status = NULL;

  add_binary (request, "pendingNotification", notification);
  response = post (http, address, "handleNotification", request, cancellable, error);
  if (response == NULL)
    return FALSE;
  if (response->status == 204
      || (response->status == 200 && g_bytes_get_size (response->body) == 0))
    return TRUE;
  status = g_strdup_printf ("%u", response->status);
  error_set (error, code_of_refusal (response->status), "es9p",
             "handleNotification: the server %s it: HTTP %s: %s",
             response->status / 100 == 4 ? "refuses" : "did not take", status,
             http_status_words (response->status));
  error_add_raw (error ? *error : NULL, "http-status", status);
  return FALSE;
}
