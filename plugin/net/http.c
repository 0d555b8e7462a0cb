/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* HTTPS by libcurl: one easy handle in one multi handle, so that a wait ends the moment it is
 * cancelled. What curl is told and what its errors mean is in http-curl.c. */

#include "net/http.h"

#include <string.h>

#include "base/error.h"
#include "net/http-curl.h"

#define SLOW_S 5

struct _Http
{
  HttpTrust trust;
  GBytes *pem;
  Progress *progress;
  CURLM *multi; /* keeps the connections */
  CURL *easy;
  char *chain_pem; /* of the last handshake; a kept connection shows none */
  HttpSlow slow;
  gpointer slow_data;
};

Http *
http_new (HttpTrust trust, GBytes *pem, Progress *progress)
{
  Http *self = g_new0 (Http, 1);

  self->trust = trust;
  self->pem = pem ? g_bytes_ref (pem) : NULL;
  self->progress = progress ? progress_ref (progress) : NULL;
  self->multi = curl_multi_init ();
  self->easy = curl_easy_init ();
  return self;
}

void
http_free (Http *self)
{
  curl_easy_cleanup (self->easy);
  curl_multi_cleanup (self->multi);
  g_clear_pointer (&self->pem, g_bytes_unref);
  g_clear_pointer (&self->progress, progress_unref);
  g_free (self->chain_pem);
  g_free (self);
}

void
http_on_slow (Http *self, HttpSlow slow, gpointer data)
{
  self->slow = slow;
  self->slow_data = data;
}

static gboolean
is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return address && g_inet_address_get_is_loopback (address);
}

/* Plain http is for a stand-in on this machine only, and never where a CI is pinned. */
static gboolean
check_url (Http *self, GUri *uri, GError **error)
{
  const char *scheme = g_uri_get_scheme (uri);
  const char *host = g_uri_get_host (uri);

  if (host && *host && strcmp (scheme, "https") == 0)
    return TRUE;
  if (host && strcmp (scheme, "http") == 0 && self->trust == HTTP_TRUST_SYSTEM
      && is_loopback (host))
    return TRUE;
  error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "http", "%s://%s is not an https address", scheme,
             host ? host : "");
  return FALSE;
}

static guint
port_of (GUri *uri)
{
  int port = g_uri_get_port (uri);

  if (port > 0)
    return port;
  return strcmp (g_uri_get_scheme (uri), "https") == 0 ? 443 : 80;
}

/* "host:port:address,address" for CURLOPT_RESOLVE; NULL without an error where the host is an
 * address already. Curl's own resolver thread is joined at clean-up, cancelled or not (8 s seen).
 */
static gboolean
resolve (GUri *uri, char **entry, GCancellable *cancellable, GError **error)
{
  const char *host = g_uri_get_host (uri);
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autoptr (GError) problem = NULL;
  GList *addresses;
  GString *text;

  if (g_hostname_is_ip_address (host))
    return TRUE;
  addresses = g_resolver_lookup_by_name (resolver, host, cancellable, &problem);
  if (problem)
    {
      gboolean cancelled = g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED);

      error_set (error, cancelled ? ESIM_ERROR_CANCELLED : ESIM_ERROR_NAME_NOT_RESOLVED, "http",
                 "the address of %s: %s", host, problem->message);
      return FALSE;
    }
  text = g_string_new (NULL);
  g_string_append_printf (text, "%s:%u:", host, port_of (uri));
  for (GList *link = addresses; link; link = link->next)
    {
      g_autofree char *address = g_inet_address_to_string (link->data);
      gboolean v6 = g_inet_address_get_family (link->data) == G_SOCKET_FAMILY_IPV6;

      g_string_append_printf (text, v6 ? "%s[%s]" : "%s%s", link == addresses ? "" : ",", address);
    }
  g_resolver_free_addresses (addresses);
  *entry = g_string_free (text, FALSE);
  return TRUE;
}

static void
wake (G_GNUC_UNUSED GCancellable *cancellable, gpointer multi)
{
  curl_multi_wakeup (multi);
}

static CURLcode
result_of (CURLM *multi)
{
  int left;
  CURLMsg *message = curl_multi_info_read (multi, &left);

  return message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
}

/* Tells once that the exchange which began at BEGAN takes long; FALSE: not yet. */
static gboolean
tell_slow (Http *self, gint64 began)
{
  if (self->slow == NULL || g_get_monotonic_time () - began < SLOW_S * G_TIME_SPAN_SECOND)
    return FALSE;
  self->slow (self->slow_data);
  return TRUE;
}

/* Runs the transfer; the waking handler takes no lock, so disconnecting it can't dead-lock. */
static CURLcode
run (Http *self, GCancellable *cancellable)
{
  gulong handler
      = cancellable ? g_cancellable_connect (cancellable, G_CALLBACK (wake), self->multi, NULL) : 0;
  CURLMcode status = CURLM_OK;
  gint64 began = g_get_monotonic_time ();
  gboolean told = FALSE;
  int running = 1;

  while (status == CURLM_OK && !g_cancellable_is_cancelled (cancellable))
    {
      status = curl_multi_perform (self->multi, &running);
      if (running == 0 || status != CURLM_OK)
        break;
      status = curl_multi_poll (self->multi, NULL, 0, 1000, NULL);
      told = told || tell_slow (self, began);
    }
  g_cancellable_disconnect (cancellable, handler);
  if (running && g_cancellable_is_cancelled (cancellable))
    return CURLE_ABORTED_BY_CALLBACK;
  return status == CURLM_OK ? result_of (self->multi) : CURLE_FAILED_INIT;
}

static void
count (Http *self, const HttpRequest *request, GByteArray *received)
{
  guint64 sent = request->body ? g_bytes_get_size (request->body) : 0;

  if (self->progress)
    progress_count_http (self->progress, http_curl_handshakes (self->easy), sent + received->len);
}

static HttpResponse *
make_response (Http *self, GByteArray *received)
{
  HttpResponse *response = g_new0 (HttpResponse, 1);
  char *chain = http_curl_chain (self->easy);

  if (chain)
    {
      g_free (self->chain_pem);
      self->chain_pem = chain;
    }
  response->status = http_curl_status (self->easy);
  response->content_type = http_curl_content_type (self->easy);
  response->retry_after = http_curl_header (self->easy, "Retry-After");
  response->body = g_bytes_new (received->data, received->len);
  response->chain_pem = g_strdup (self->chain_pem);
  return response;
}

static HttpResponse *
exchange (Http *self, const HttpRequest *request, const char *resolved, GCancellable *cancellable,
          GError **error)
{
  g_autoptr (GByteArray) received = g_byte_array_new ();
  char problem[CURL_ERROR_SIZE] = "";
  HttpCurl transfer = {
    .easy = self->easy,
    .request = request,
    .resolved = resolved,
    .pem = self->trust == HTTP_TRUST_PEM ? self->pem : NULL,
    .received = received,
    .problem = problem,
  };
  HttpResponse *response = NULL;
  CURLcode code;

  http_curl_prepare (&transfer);
  curl_multi_add_handle (self->multi, self->easy);
  code = http_curl_verdict (&transfer, run (self, cancellable));
  count (self, request, received);
  if (code == CURLE_OK)
    response = make_response (self, received);
  else
    http_curl_error (error, code, problem, request->url);
  curl_multi_remove_handle (self->multi, self->easy);
  http_curl_clear (&transfer);
  return response;
}

HttpResponse *
http_send (Http *self, const HttpRequest *request, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GUri) uri = g_uri_parse (request->url, G_URI_FLAGS_NONE, &problem);
  g_autofree char *resolved = NULL;

  if (uri == NULL)
    {
      error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "http", "%s is not an address: %s",
                 request->url, problem->message);
      return NULL;
    }
  if (self->trust == HTTP_TRUST_PEM && self->pem == NULL)
    {
      error_set (error, ESIM_ERROR_SETTINGS, "http", "no CA is set for %s", request->url);
      return NULL;
    }
  if (!check_url (self, uri, error) || !resolve (uri, &resolved, cancellable, error))
    return NULL;
  return exchange (self, request, resolved, cancellable, error);
}

void
http_response_free (HttpResponse *self)
{
  g_free (self->content_type);
  g_free (self->retry_after);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_free (self->chain_pem);
  g_free (self);
}
