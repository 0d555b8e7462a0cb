/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* net/http: whom it trusts, what it bears, and that cancelling takes effect at once. */

#include "fixture.h"

#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "net/http.h"
#include "pace.h"

/* A server under one of the lab's TLS certificates. */
typedef struct
{
  GSubprocess *process;
  guint port;
} Server;

static Server
server_start (Fixture *lab, const char *name)
{
  g_autofree char *program = g_test_build_filename (G_TEST_DIST, "lab", "http-odd.py", NULL);
  g_autofree char *certificate = g_strdup_printf ("%s/pki/%s.pem", lab->dir, name);
  g_autofree char *key = g_strdup_printf ("%s/pki/%s.key.pem", lab->dir, name);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDataInputStream) lines = NULL;
  g_autofree char *line = NULL;
  Server self;

  self.process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "setpriv", "--pdeathsig",
                                   "KILL", "/usr/bin/python3", program, certificate, key, NULL);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self.process));
  line = g_data_input_stream_read_line (lines, NULL, NULL, NULL);
  g_assert_nonnull (line);
  self.port = atoi (line);
  return self;
}

static void
server_stop (Server *self)
{
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->process);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Server, server_stop)

static HttpResponse *
ask (Http *http, const char *method, const char *host, guint port, const char *path,
     GCancellable *cancellable, GError **error)
{
  g_autofree char *url = g_strdup_printf ("https://%s:%u/%s", host, port, path);
  HttpRequest request = { .method = method, .url = url, .timeout_s = 10 };

  return http_send (http, &request, cancellable, error);
}

#define HOST "smdp.esimd.test"

static void
test_exchange (gconstpointer lab)
{
  g_auto (Server) server = server_start ((Fixture *) lab, "dptls");
  g_autoptr (GBytes) pem = fixture_pem ((Fixture *) lab, "ci");
  g_autoptr (GBytes) body = g_bytes_new_static ("BODY", 4);
  g_autoptr (Progress) progress = progress_new (NULL, NULL);
  g_autoptr (Http) http = http_new (HTTP_TRUST_PEM, pem, progress);
  g_autofree char *url = g_strdup_printf ("https://" HOST ":%u/echo", server.port);
  g_autoptr (GError) error = NULL;
  const char *const headers[] = { "X-One: 1", NULL };
  HttpRequest request = {
    .method = "POST",
    .url = url,
    .headers = headers,
    .user_agent = "me",
    .basic_user = "user",
    .basic_password = "word",
    .body = body,
  };

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (HttpResponse) response = http_send (http, &request, NULL, &error);
      g_autofree char *text = NULL;

      g_assert_no_error (error);
      g_assert_cmpuint (response->status, ==, 200);
      g_assert_cmpstr (response->content_type, ==, "text/plain");
      g_assert_nonnull (strstr (response->chain_pem, "BEGIN CERTIFICATE"));
      text = g_strndup (g_bytes_get_data (response->body, NULL), g_bytes_get_size (response->body));
      g_assert_true (g_str_has_prefix (text, "POST\n"));
      g_assert_true (g_str_has_suffix (text, "\nBODY"));
      g_assert_nonnull (strstr (text, "X-One: 1"));
      g_assert_nonnull (strstr (text, "User-Agent: me"));
      g_assert_nonnull (strstr (text, "Authorization: Basic dXNlcjp3b3Jk"));
      g_assert_null (strstr (text, "Expect"));
    }
  g_assert_cmpuint (progress_get_cost (progress).http_requests, ==, 3);
  g_assert_cmpuint (progress_get_cost (progress).tls_handshakes, ==, 1);
}

static void
test_answers (gconstpointer lab)
{
  static const struct
  {
    const char *path;
    guint status;
    int code;
  } answers[] = {
    { "redirect", 302, -1 },
    { "later", 429, -1 },
    { "large", 0, ESIM_ERROR_SERVER_RUBBISH },
    { "cut", 0, ESIM_ERROR_NO_NETWORK },
    { "drop", 0, ESIM_ERROR_NO_NETWORK },
    { "ok", 200, -1 },
  };
  g_auto (Server) server = server_start ((Fixture *) lab, "dptls");
  g_autoptr (GBytes) pem = fixture_pem ((Fixture *) lab, "ci");
  g_autoptr (Http) http = http_new (HTTP_TRUST_PEM, pem, NULL);
  g_autoptr (HttpResponse) dropped = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HttpResponse) response
          = ask (http, "POST", HOST, server.port, answers[i].path, NULL, &error);

      g_assert_cmpint (error ? error->code : -1, ==, answers[i].code);
      g_assert_cmpuint (response ? response->status : 0, ==, answers[i].status);
      if (answers[i].status == 429)
        g_assert_cmpstr (response->retry_after, ==, "17");
      if (error)
        g_assert_nonnull (error_get_raw (error, "curl"));
    }
  /* "drop" came over a kept connection: curl must not have sent it a second time */
  dropped = ask (http, "GET", HOST, server.port, "dropped", NULL, NULL);
  g_assert_cmpmem (g_bytes_get_data (dropped->body, NULL), g_bytes_get_size (dropped->body), "1",
                   1);
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (300000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
assert_cancels (Http *http, const char *host, guint port)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);

  g_assert_null (ask (http, "GET", host, port, "stall", cancellable, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
  g_assert_true (pace_within ((gdouble) (g_get_monotonic_time () - start) / G_USEC_PER_SEC, 0.4));
  g_thread_join (thread);
}

static void
test_cancel (gconstpointer lab)
{
  g_auto (Server) server = server_start ((Fixture *) lab, "dptls");
  g_autoptr (GBytes) pem = fixture_pem ((Fixture *) lab, "ci");
  g_autoptr (Http) http = http_new (HTTP_TRUST_PEM, pem, NULL);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  assert_cancels (http, HOST, server.port);
  assert_cancels (http, "slow.test", server.port);
  g_cancellable_cancel (cancelled);
  g_assert_null (ask (http, "GET", HOST, server.port, "ok", cancelled, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
}

static void
test_timeout (gconstpointer lab)
{
  g_auto (Server) server = server_start ((Fixture *) lab, "dptls");
  g_autoptr (GBytes) pem = fixture_pem ((Fixture *) lab, "ci");
  g_autoptr (Http) http = http_new (HTTP_TRUST_PEM, pem, NULL);
  g_autofree char *url = g_strdup_printf ("https://" HOST ":%u/stall", server.port);
  HttpRequest request = { .method = "GET", .url = url, .timeout_s = 1 };
  g_autoptr (GError) error = NULL;

  g_assert_null (http_send (http, &request, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_TIMED_OUT);
}

static void
test_trust (gconstpointer lab)
{
  static const char *const untrusted[] = { "dptls2", "dptls-web", "dptls-expired" };
  g_autoptr (GBytes) pem = fixture_pem ((Fixture *) lab, "ci");
  g_auto (Server) good = server_start ((Fixture *) lab, "dptls");
  g_autoptr (Http) http = http_new (HTTP_TRUST_PEM, pem, NULL);
  g_autoptr (GError) name = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (untrusted); i++)
    {
      g_auto (Server) server = server_start ((Fixture *) lab, untrusted[i]);
      g_autoptr (GError) error = NULL;

      g_assert_null (ask (http, "GET", HOST, server.port, "ok", NULL, &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_TLS);
      g_assert_cmpstr (error_get_raw (error, "curl"), ==, "60");
    }
  g_assert_null (ask (http, "GET", "other.test", good.port, "ok", NULL, &name));
  g_assert_error (name, ESIM_ERROR, ESIM_ERROR_TLS);
}

static void
test_addresses (gconstpointer lab)
{
  static const struct
  {
    const char *url;
    HttpTrust trust;
    EsimError code;
  } bad[] = {
    { "https://nowhere.test/", HTTP_TRUST_PEM, ESIM_ERROR_NAME_NOT_RESOLVED },
    { "https://127.0.0.1:1/", HTTP_TRUST_PEM, ESIM_ERROR_NO_NETWORK },
    { "http://127.0.0.1:1/", HTTP_TRUST_PEM, ESIM_ERROR_INVALID_ARGUMENT },
    { "http://127.0.0.1:1/", HTTP_TRUST_SYSTEM, ESIM_ERROR_NO_NETWORK },
    { "http://smdp.esimd.test/", HTTP_TRUST_SYSTEM, ESIM_ERROR_INVALID_ARGUMENT },
    { "file:///etc/passwd", HTTP_TRUST_SYSTEM, ESIM_ERROR_INVALID_ARGUMENT },
    { "not an address", HTTP_TRUST_SYSTEM, ESIM_ERROR_INVALID_ARGUMENT },
  };
  g_autoptr (GBytes) pem = fixture_pem ((Fixture *) lab, "ci");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (Http) http = http_new (bad[i].trust, pem, NULL);
      g_autoptr (GError) error = NULL;
      HttpRequest request = { .method = "GET", .url = bad[i].url };

      g_assert_null (http_send (http, &request, NULL, &error));
      g_assert_error (error, ESIM_ERROR, (int) bad[i].code);
    }
}

/* A folder as /etc/ssl/certs is, with webca alone. */
static void
make_store (Fixture *lab, const char *folder)
{
  g_autoptr (GBytes) pem = fixture_pem (lab, "webca");
  gsize size;
  const char *text = g_bytes_get_data (pem, &size);
  BIO *bio = BIO_new_mem_buf (text, (int) size);
  X509 *certificate = PEM_read_bio_X509 (bio, NULL, NULL, NULL);
  g_autofree char *hashed
      = g_strdup_printf ("%s/%08lx.0", folder, X509_subject_name_hash (certificate));
  g_autofree char *bundle = g_build_filename (folder, "ca-certificates.crt", NULL);

  g_mkdir (folder, 0755);
  g_assert_true (g_file_set_contents (hashed, text, size, NULL));
  g_assert_true (g_file_set_contents (bundle, text, size, NULL));
  X509_free (certificate);
  BIO_free (bio);
}

/* In a mount namespace of its own, where the system's store holds webca: exit status 0 when that is
 * so and a pinned CI trusts it nevertheless not. */
static int
in_namespace (const char *pem_path, guint port)
{
  g_autoptr (Http) system = http_new (HTTP_TRUST_SYSTEM, NULL, NULL);
  g_autoptr (Http) pinned = NULL;
  g_autoptr (HttpResponse) response = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) pem = NULL;
  char *text;
  gsize size;

  resolver_install ();
  if (!g_file_get_contents (pem_path, &text, &size, NULL))
    return 3;
  pem = g_bytes_new_take (text, size);
  pinned = http_new (HTTP_TRUST_PEM, pem, NULL);
  response = ask (system, "GET", HOST, port, "ok", NULL, NULL);
  if (response == NULL)
    return 4;
  if (ask (pinned, "GET", HOST, port, "ok", NULL, &error))
    return 5;
  return error_is_code (error, ESIM_ERROR_TLS) ? 0 : 6;
}

static void
test_system_store (gconstpointer lab)
{
  const Fixture *fixture = lab;
  g_autofree char *folder = g_build_filename (fixture->dir, "store", NULL);
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_auto (Server) server = server_start ((Fixture *) lab, "dptls-web");
  g_autofree char *command = NULL;
  g_autoptr (GSubprocess) process = NULL;

  make_store ((Fixture *) lab, folder);
  command = g_strdup_printf ("mount --bind '%s' /etc/ssl/certs || exit 77; "
                             "exec '%s' --in-namespace '%s/pki/ci.pem' %u",
                             folder, self, fixture->dir, server.port);
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL, "unshare", "-rm", "sh", "-c",
                              command, NULL);
  g_subprocess_wait (process, NULL, NULL);
  if (g_subprocess_get_exit_status (process) == 77 || g_subprocess_get_exit_status (process) == 1)
    g_test_skip ("no mount namespace here");
  else
    g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 0);
}

int
main (int argc, char **argv)
{
  g_autoptr (Fixture) lab = NULL;

  if (argc == 4 && strcmp (argv[1], "--in-namespace") == 0)
    return in_namespace (argv[2], atoi (argv[3]));
  g_test_init (&argc, &argv, NULL);
  lab = fixture_new ();
  g_test_add_data_func ("/http/exchange", lab, test_exchange);
  g_test_add_data_func ("/http/answers", lab, test_answers);
  g_test_add_data_func ("/http/cancel", lab, test_cancel);
  g_test_add_data_func ("/http/timeout", lab, test_timeout);
  g_test_add_data_func ("/http/trust", lab, test_trust);
  g_test_add_data_func ("/http/addresses", lab, test_addresses);
  g_test_add_data_func ("/http/system-store", lab, test_system_store);
  return g_test_run ();
}
