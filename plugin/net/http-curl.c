/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Sets up one libcurl transfer: whom it trusts, what it sends, how much it takes; and reads what
 * came of it. */

#include "net/http-curl.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/error.h"

#define ANSWER_MAX (4 * 1024 * 1024)
#define DEFAULT_TIMEOUT_S 60
#define CONNECT_TIMEOUT_S 20

static size_t
receive (char *data, G_GNUC_UNUSED size_t one, size_t size, void *received)
{
  GByteArray *bytes = received;

  if (bytes->len + size > ANSWER_MAX)
    return 0;
  g_byte_array_append (bytes, (const guint8 *) data, size);
  return size;
}

/* When a kept connection breaks before any answer, curl sends the request again by itself. That
 * must not happen to one that orders something: it is better lost and looked after. */
static int
before_request (void *data, G_GNUC_UNUSED char *to, G_GNUC_UNUSED char *from,
                G_GNUC_UNUSED int to_port, G_GNUC_UNUSED int from_port)
{
  HttpCurl *self = data;

  self->sent++;
  if (self->sent > 1 && strcmp (self->request->method, "GET") != 0)
    return CURL_PREREQFUNC_ABORT;
  return CURL_PREREQFUNC_OK;
}

CURLcode
http_curl_verdict (const HttpCurl *self, CURLcode code)
{
  return code == CURLE_ABORTED_BY_CALLBACK && self->sent > 1 ? CURLE_GOT_NOTHING : code;
}

/* CAPATH has to go as well as CAINFO: Debian's curl otherwise trusts /etc/ssl/certs besides. */
static void
set_trust (HttpCurl *self)
{
  struct curl_blob blob = { .flags = CURL_BLOB_COPY };

  curl_easy_setopt (self->easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt (self->easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt (self->easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt (self->easy, CURLOPT_CERTINFO, 1L);
  if (self->pem == NULL)
    return;
  blob.data = (void *) g_bytes_get_data (self->pem, &blob.len);
  curl_easy_setopt (self->easy, CURLOPT_CAINFO, NULL);
  curl_easy_setopt (self->easy, CURLOPT_CAPATH, NULL);
  curl_easy_setopt (self->easy, CURLOPT_CAINFO_BLOB, &blob);
}

static void
set_limits (HttpCurl *self)
{
  guint timeout = self->request->timeout_s ? self->request->timeout_s : DEFAULT_TIMEOUT_S;

  curl_easy_setopt (self->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (self->easy, CURLOPT_TIMEOUT, (long) timeout);
  curl_easy_setopt (self->easy, CURLOPT_CONNECTTIMEOUT, (long) MIN (timeout, CONNECT_TIMEOUT_S));
  curl_easy_setopt (self->easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt (self->easy, CURLOPT_PROTOCOLS_STR, self->pem ? "https" : "https,http");
  curl_easy_setopt (self->easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
  /* names are resolved here, so a proxy of the environment could not be told the right one */
  curl_easy_setopt (self->easy, CURLOPT_PROXY, "");
}

static void
set_body (HttpCurl *self)
{
  const HttpRequest *request = self->request;

  curl_easy_setopt (self->easy, CURLOPT_CUSTOMREQUEST, request->method);
  if (request->body == NULL && strcmp (request->method, "GET") == 0)
    return;
  curl_easy_setopt (self->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                    (curl_off_t) (request->body ? g_bytes_get_size (request->body) : 0));
  curl_easy_setopt (self->easy, CURLOPT_POSTFIELDS,
                    request->body ? g_bytes_get_data (request->body, NULL) : "");
}

static void
set_headers (HttpCurl *self)
{
  const HttpRequest *request = self->request;

  /* some servers never answer the question that curl asks before a large body */
  self->headers = curl_slist_append (self->headers, "Expect:");
  for (guint i = 0; request->headers && request->headers[i]; i++)
    self->headers = curl_slist_append (self->headers, request->headers[i]);
  curl_easy_setopt (self->easy, CURLOPT_HTTPHEADER, self->headers);
  if (request->user_agent)
    curl_easy_setopt (self->easy, CURLOPT_USERAGENT, request->user_agent);
  if (request->basic_user == NULL)
    return;
  curl_easy_setopt (self->easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
  curl_easy_setopt (self->easy, CURLOPT_USERNAME, request->basic_user);
  curl_easy_setopt (self->easy, CURLOPT_PASSWORD,
                    request->basic_password ? request->basic_password : "");
}

void
http_curl_prepare (HttpCurl *self)
{
  curl_easy_reset (self->easy); /* keeps connections */
  curl_easy_setopt (self->easy, CURLOPT_URL, self->request->url);
  curl_easy_setopt (self->easy, CURLOPT_ERRORBUFFER, self->problem);
  curl_easy_setopt (self->easy, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt (self->easy, CURLOPT_WRITEDATA, self->received);
  curl_easy_setopt (self->easy, CURLOPT_PREREQFUNCTION, before_request);
  curl_easy_setopt (self->easy, CURLOPT_PREREQDATA, self);
  if (self->resolved)
    {
      self->resolves = curl_slist_append (NULL, self->resolved);
      curl_easy_setopt (self->easy, CURLOPT_RESOLVE, self->resolves);
    }
  set_trust (self);
  set_limits (self);
  set_body (self);
  set_headers (self);
}

void
http_curl_clear (HttpCurl *self)
{
  curl_easy_reset (self->easy);
  g_clear_pointer (&self->headers, curl_slist_free_all);
  g_clear_pointer (&self->resolves, curl_slist_free_all);
  /* A pool thread may idle until the process ends, with its random generators and errors. */
  OPENSSL_thread_stop ();
}

guint
http_curl_status (CURL *easy)
{
  long status = 0;

  curl_easy_getinfo (easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

guint
http_curl_handshakes (CURL *easy)
{
  curl_off_t when = 0; /* 0 on a kept connection and on one without TLS */

  curl_easy_getinfo (easy, CURLINFO_APPCONNECT_TIME_T, &when);
  return when > 0;
}

char *
http_curl_content_type (CURL *easy)
{
  char *type = NULL;

  curl_easy_getinfo (easy, CURLINFO_CONTENT_TYPE, &type);
  return g_strdup (type);
}

char *
http_curl_header (CURL *easy, const char *name)
{
  struct curl_header *header = NULL;

  if (curl_easy_header (easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
    return NULL;
  return g_strdup (header->value);
}

char *
http_curl_chain (CURL *easy)
{
  g_autoptr (GString) chain = g_string_new (NULL);
  struct curl_certinfo *info = NULL;

  curl_easy_getinfo (easy, CURLINFO_CERTINFO, &info);
  for (int i = 0; info && i < info->num_of_certs; i++)
    for (struct curl_slist *line = info->certinfo[i]; line; line = line->next)
      if (g_str_has_prefix (line->data, "Cert:"))
        g_string_append (chain, line->data + strlen ("Cert:"));
  return chain->len ? g_string_free (g_steal_pointer (&chain), FALSE) : NULL;
}

static EsimError
code_of (CURLcode code)
{
  switch (code)
    {
    case CURLE_ABORTED_BY_CALLBACK:
      return ESIM_ERROR_CANCELLED;
    case CURLE_OPERATION_TIMEDOUT:
      return ESIM_ERROR_TIMED_OUT;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return ESIM_ERROR_NAME_NOT_RESOLVED;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return ESIM_ERROR_TLS;
    case CURLE_WRITE_ERROR: /* only receive() ends a transfer so: the answer is too long */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return ESIM_ERROR_SERVER_RUBBISH;
    default: /* libcurl's own enum: what is left is the way there */
      return ESIM_ERROR_NO_NETWORK;
    }
}

/* The server, or something on the way, hung up in the handshake: that is no verdict on its
 * certificate. */
static gboolean
handshake_broke (CURLcode code, const char *problem)
{
  return code == CURLE_SSL_CONNECT_ERROR
         && (strstr (problem, "SSL_ERROR_SYSCALL") || strstr (problem, "reset by peer"));
}

void
http_curl_error (GError **error, CURLcode code, const char *problem, const char *url)
{
  g_autofree char *number = g_strdup_printf ("%d", (int) code);
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *text = *problem ? problem : curl_easy_strerror (code);

  if (handshake_broke (code, problem))
    code = CURLE_GOT_NOTHING;
  if (code == CURLE_WRITE_ERROR)
    text = "the answer is longer than 4 MiB";
  if (code == CURLE_ABORTED_BY_CALLBACK)
    text = "cancelled";
  if (code == CURLE_GOT_NOTHING)
    text = "the connection broke before an answer came";
  error_set (error, code_of (code), "http", "%s: %s", uri ? g_uri_get_host (uri) : "", text);
  error_add_raw (error ? *error : NULL, "curl", number);
}
