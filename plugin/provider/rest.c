/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One authenticated exchange with a provider's API: a form out, a JSON object or the API's refusal
 * back. */

#include "provider/rest.h"

#include "base/error.h"
#include "base/json-read.h"
#include "net/http.h"

#define LAYER "provider"

struct _Rest
{
  const ProviderAccess *access;
  const RestCode *codes;
  Http *http;
  char *token; /* OAuth2 only; NULL until the first request */
};

void
rest_answer_free (RestAnswer *self)
{
  g_clear_pointer (&self->root, json_node_unref);
  g_free (self->retry_after);
  g_free (self);
}

Rest *
rest_new (const ProviderAccess *access, const RestCode *codes, Progress *progress, GError **error)
{
  Rest *self;

  if (access->user == NULL || *access->user == '\0' || access->secret == NULL
      || *access->secret == '\0')
    {
      error_set (error, ESIM_ERROR_CREDENTIALS, LAYER, "provider %s has no credentials",
                 access->name);
      return NULL;
    }
  if (g_str_equal (access->kind, "oauth2") && access->token_url == NULL)
    {
      error_set (error, ESIM_ERROR_SETTINGS, LAYER, "provider %s has no token-url", access->name);
      return NULL;
    }
  self = g_new0 (Rest, 1);
  self->access = access;
  self->codes = codes;
  self->http
      = http_new (access->ca_pem ? HTTP_TRUST_PEM : HTTP_TRUST_SYSTEM, access->ca_pem, progress);
  return self;
}

void
rest_free (Rest *self)
{
  http_free (self->http);
  g_free (self->token);
  g_free (self);
}

const char *
rest_text (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return "";
  return json_node_get_string (node);
}

/* Codes come as numbers in errors and as strings in failed reservations. */
char *
rest_code_text (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64)
    return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
  return g_strdup (rest_text (object, name));
}

/* ---- forms ---- */

void
rest_form_add (GString *form, const char *name, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  if (form->len > 0)
    g_string_append_c (form, '&');
  g_string_append_printf (form, "%s=", name);
  g_string_append_uri_escaped (form, value, NULL, FALSE);
}

/* ---- one exchange ---- */

static RestAnswer *
exchange (Rest *self, const HttpRequest *request, GCancellable *cancellable, GError **error)
{
  g_autoptr (HttpResponse) response = http_send (self->http, request, cancellable, error);
  RestAnswer *answer;

  if (response == NULL)
    return NULL;
  answer = g_new0 (RestAnswer, 1);
  answer->status = response->status;
  answer->retry_after = g_strdup (response->retry_after);
  answer->root = json_read_object (response->body);
  return answer;
}

/* The row of CODE; the last one, without a meaning, where it is not known. */
static const RestCode *
find_code (const Rest *self, const char *code)
{
  const RestCode *known = self->codes;

  while (known->code && !g_str_equal (code, known->code))
    known++;
  return known;
}

static EsimError
code_of_refusal (const RestCode *known, const RestAnswer *answer, const char *code)
{
  if (known->code)
    return known->error;
  if (answer->status == 429)
    return ESIM_ERROR_RATE_LIMITED;
  if (answer->status >= 500)
    return ESIM_ERROR_SERVER_FAILED;
  if (answer->status == 401 || answer->status == 403)
    return ESIM_ERROR_CREDENTIALS;
  /* Without the provider's own code it is not the provider's API that refused, but whatever stands
   * at that address. */
  return answer->status >= 400 && *code ? ESIM_ERROR_PROVIDER_REFUSED : ESIM_ERROR_SERVER_RUBBISH;
}

static void
set_refusal (const Rest *self, const RestAnswer *answer, GError **error)
{
  JsonObject *body = answer->root ? json_node_get_object (answer->root) : NULL;
  g_autofree char *code = body ? rest_code_text (body, "code") : g_strdup ("");
  const char *message = body ? rest_text (body, "message") : "";
  g_autofree char *status = g_strdup_printf ("%u", answer->status);
  const RestCode *known = find_code (self, code);
  GError *refusal = NULL;

  if (*message == '\0' && body)
    message = rest_text (body, "error_description");
  error_set (&refusal, code_of_refusal (known, answer, code), LAYER,
             "the provider answered %s (HTTP status %s%s%s: %s)",
             *message ? message : "without the text its API gives", status, *code ? ", code " : "",
             code, known->meaning ? known->meaning : http_status_words (answer->status));
  error_add_raw (refusal, "http-status", status);
  if (*code)
    error_add_raw (refusal, "code", code);
  if (answer->retry_after)
    error_add_raw (refusal, "retry-after", answer->retry_after);
  g_propagate_error (error, refusal);
}

void
rest_set_rubbish (const RestAnswer *answer, const char *what, GError **error)
{
  g_autofree char *status = g_strdup_printf ("%u", answer->status);
  GError *rubbish = NULL;

  error_set (&rubbish, ESIM_ERROR_SERVER_RUBBISH, LAYER, "the provider's answer %s", what);
  error_add_raw (rubbish, "http-status", status);
  g_propagate_error (error, rubbish);
}

/* ---- credentials ---- */

static gboolean
is_oauth (const Rest *self)
{
  return g_str_equal (self->access->kind, "oauth2");
}

/* OAuth2 client credentials, RFC 6749 clause 4.4; KORE takes the client's id and secret in the
 * form. */
static gboolean
fetch_token (Rest *self, GCancellable *cancellable, GError **error)
{
  const char *headers[]
      = { "Content-Type: application/x-www-form-urlencoded", "Accept: application/json", NULL };
  g_autoptr (GString) form = g_string_new ("grant_type=client_credentials");
  g_autoptr (GBytes) body = NULL;
  HttpRequest request = { .method = "POST", .url = self->access->token_url, .headers = headers };
  g_autoptr (RestAnswer) answer = NULL;
  const char *token = "";

  rest_form_add (form, "client_id", self->access->user);
  rest_form_add (form, "client_secret", self->access->secret);
  body = g_bytes_new (form->str, form->len);
  request.body = body;
  answer = exchange (self, &request, cancellable, error);
  if (answer && answer->status != 200)
    set_refusal (self, answer, error);
  else if (answer)
    {
      token = answer->root ? rest_text (json_node_get_object (answer->root), "access_token") : "";
      if (*token == '\0')
        rest_set_rubbish (answer, "to the token request holds no access token", error);
    }
  if (*token == '\0')
    {
      g_prefix_error (error, "getting an access token: ");
      return FALSE;
    }
  g_free (self->token);
  self->token = g_strdup (token);
  return TRUE;
}

static RestAnswer *
send_authorized (Rest *self, const HttpRequest *bare, GCancellable *cancellable, GError **error)
{
  HttpRequest request = *bare;
  g_autofree char *bearer = NULL;
  const char *headers[4] = { "Accept: application/json" };
  guint n = 1;

  if (request.body)
    headers[n++] = "Content-Type: application/x-www-form-urlencoded";
  if (is_oauth (self))
    {
      bearer = g_strconcat ("Authorization: Bearer ", self->token, NULL);
      headers[n++] = bearer;
    }
  else
    {
      request.basic_user = self->access->user;
      request.basic_password = self->access->secret;
    }
  request.headers = headers;
  return exchange (self, &request, cancellable, error);
}

/* One request with credentials. A token may have run out since it was fetched (KORE then says 403):
 * it is fetched anew once, which is safe for a POST too, since a request refused so was not
 * processed. *SENT (may be NULL) says whether the request itself may have reached the server. */
RestAnswer *
rest_ask (Rest *self, const char *method, const char *url, const GString *form, gboolean *sent,
          GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) body = form ? g_bytes_new (form->str, form->len) : NULL;
  HttpRequest request = { .method = method, .url = url, .body = body };
  gboolean fresh = FALSE;
  RestAnswer *answer;

  if (g_cancellable_is_cancelled (cancellable))
    {
      error_set (error, ESIM_ERROR_CANCELLED, LAYER, "cancelled before the request was sent");
      return NULL;
    }
  if (is_oauth (self) && self->token == NULL)
    {
      if (!fetch_token (self, cancellable, error))
        return NULL;
      fresh = TRUE;
    }
  if (sent)
    *sent = TRUE;
  answer = send_authorized (self, &request, cancellable, error);
  if (answer == NULL || !is_oauth (self) || fresh
      || (answer->status != 401 && answer->status != 403))
    return answer;

  g_clear_pointer (&answer, rest_answer_free);
  if (sent)
    *sent = FALSE;
  if (!fetch_token (self, cancellable, error))
    return NULL;
  if (sent)
    *sent = TRUE;
  return send_authorized (self, &request, cancellable, error);
}

/* Takes over ANSWER: the same when it says success in JSON, else NULL and an error. */
RestAnswer *
rest_accept (Rest *self, RestAnswer *answer, GError **error)
{
  g_autoptr (RestAnswer) own = answer;

  if (own == NULL)
    return NULL;
  if (own->status < 200 || own->status > 299)
    {
      set_refusal (self, own, error);
      return NULL;
    }
  if (own->root == NULL)
    {
      rest_set_rubbish (own, "is not a JSON object", error);
      return NULL;
    }
  return g_steal_pointer (&own);
}

RestAnswer *
rest_get (Rest *self, const char *url, GCancellable *cancellable, GError **error)
{
  return rest_accept (self, rest_ask (self, "GET", url, NULL, NULL, cancellable, error), error);
}

char *
rest_url (const Rest *self, const char *kind, const char *sid)
{
  g_autofree char *name = sid ? g_uri_escape_string (sid, NULL, FALSE) : NULL;
  gsize end = strlen (self->access->base_url);

  while (end > 0 && self->access->base_url[end - 1] == '/')
    end--;
  return g_strdup_printf ("%.*s/v1/%s%s%s", (int) end, self->access->base_url, kind,
                          name ? "/" : "", name ? name : "");
}

static int
port_of (GUri *uri)
{
  if (g_uri_get_port (uri) != -1)
    return g_uri_get_port (uri);
  return g_str_equal (g_uri_get_scheme (uri), "https") ? 443 : 80;
}

/* next_page_url is absolute and the request for it carries our credentials. */
gboolean
rest_same_origin (const Rest *self, const char *url)
{
  g_autoptr (GUri) one = g_uri_parse (self->access->base_url, G_URI_FLAGS_NONE, NULL);
  g_autoptr (GUri) other = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);

  return one && other && g_uri_get_host (one) && g_uri_get_host (other)
         && g_str_equal (g_uri_get_scheme (one), g_uri_get_scheme (other))
         && g_ascii_strcasecmp (g_uri_get_host (one), g_uri_get_host (other)) == 0
         && port_of (one) == port_of (other);
}
