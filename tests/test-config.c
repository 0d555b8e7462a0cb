/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* policy/config: defaults, files in order, refusals that name file and line, credentials, and that
 * esimd.conf documents every key. */

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "config-keys.h"
#include "config.h"

typedef struct
{
  char *dir;
  char *path;
} Fixture;

static void
set_up (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  self->dir = g_dir_make_tmp ("test-config-XXXXXX", NULL);
  self->path = g_build_filename (self->dir, "esimd.conf", NULL);
}

static void
tear_down (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *quoted = g_shell_quote (self->dir);
  g_autofree char *command = g_strdup_printf ("rm -r %s", quoted);

  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (self->dir);
  g_free (self->path);
}

/* Writes TEXT to NAME in the fixture's folder, mode 0600; "@" in TEXT becomes that folder. */
static void
put (Fixture *self, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (self->dir, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_auto (GStrv) parts = g_strsplit (text, "@", -1);
  g_autofree char *whole = g_strjoinv (self->dir, parts);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, whole, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
}

static Policy *
load (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  Policy *policy = policy_load (self->path, NULL, &error);

  g_assert_no_error (error);
  return policy;
}

static void
test_defaults (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (Policy) policy = load (self);
  ConnectSettings settings = policy_connect_settings (policy, "8988307000000000015");

  g_assert_cmpint (policy->provision, ==, POLICY_PROVISION_ON_REQUEST);
  g_assert_cmpint (policy->method, ==, POLICY_METHOD_EID);
  g_assert_cmpstr (policy->provider, ==, "");
  g_assert_cmpstr (policy->fleet, ==, "");
  g_assert_true (policy->rollback);
  g_assert_cmpuint (policy->reservation_timeout_s, ==, 900);
  g_assert_cmpuint (policy->registration_timeout_s, ==, 300);
  g_assert_cmpuint (policy->poll_interval_s, ==, 5);
  g_assert_cmpuint (policy->modem_timeout_s, ==, 10);
  g_assert_cmpstr (policy->connect, ==, "auto");
  g_assert_cmpstr (policy->verify_host, ==, "");
  g_assert_cmpstr (settings.apn, ==, "super");
  g_assert_cmpstr (settings.ip_type, ==, "ipv4");
  g_assert_true (settings.roaming);
  g_assert_cmpuint (settings.metric, ==, 700);
  g_assert_true (settings.set_dns);
  g_assert_cmpstr (policy->ci_file, ==, "");
  g_assert_cmpuint (g_bytes_get_size (policy->ci_pem), >, 100);
  g_assert_cmpuint (policy->providers->len, ==, 0);
}

/* Of Super SIMs by their ICCID, of others by the table, of the rest none. */
static void
test_apn (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  static const struct
  {
    const char *iccid, *apn;
  } rows[] = {
    { "8988307000000000015", "super" },
    { "8988323000000000011", "super" },
    { "8910392000000000013", "super" },
    { "8988308000000000014", NULL },
    { "898830", NULL },
    { "8944000000000000010", "all.example" },
    { "8944501000000000012", "iot.example" },
    { "8988307999000000018", "mine" },
    { "8945000000000000013", NULL },
    { "", NULL },
    { NULL, NULL },
  };
  g_autoptr (Policy) policy = NULL;

  put (self, "esimd.conf", "[data]\napns=8944:all.example,89445:iot.example,8988307999:mine\n");
  policy = load (self);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpstr (policy_apn (policy, rows[i].iccid), ==, rows[i].apn);
  g_assert_cmpstr (policy_connect_settings (policy, "1234").apn, ==, "");
  g_assert_cmpstr (policy_connect_settings (policy, NULL).apn, ==, "");
}

static void
test_order (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (Policy) policy = NULL;

  put (self, "esimd.conf", "[data]\napn=first\nroute-metric=1\nip-type=ipv6\nroaming = no \n");
  put (self, "conf.d/20.conf", "[data]\napn=third\nip-type=\n");
  put (self, "conf.d/10.conf", "[data]\napn=second\nroute-metric=20\n[provision]\nmode=never\n");
  put (self, "conf.d/30.conf.old", "[rubbish]\n");
  policy = load (self);
  g_assert_cmpstr (policy->apn, ==, "third");
  g_assert_cmpuint (policy->metric, ==, 20);
  g_assert_cmpstr (policy->ip_type, ==, "ipv4");
  g_assert_false (policy->roaming);
  g_assert_cmpint (policy->provision, ==, POLICY_PROVISION_NEVER);
}

static const struct
{
  const char *text;
  const char *place;
  const char *says;
} wrong[] = {
  { "[data]\n\n# a comment\nx=1\n", "esimd.conf:4: ",
    "unknown key 'x' in [data]; known: apn, apns, ip-type, roaming, connect, delete-connection, "
    "route-metric, dns, "
    "verify-host" },
  { "[dta]\napn=super\n", "esimd.conf:1: ",
    "unknown group [dta]; known: [provision], [data], [modem], [lpa], [provider NAME]" },
  { "[provider]\n", "esimd.conf:1: ", "unknown group [provider]" },
  { "apn=super\n", "esimd.conf:1: ", "'apn' stands before the first [group]" },
  { "[data]\napn=a\n[lpa]\n[data]\napn=b\n",
    "esimd.conf:5: ", "'apn' is set a second time, first in line 2" },
  { "[data\n", "esimd.conf:1: ", "a group is written [name]" },
  { "[data]\napn\n", "esimd.conf:2: ", "neither [group], key=value nor a # comment" },
  { "[data]\nApn=super\n", "esimd.conf:2: ", "neither [group], key=value nor a # comment" },
  { "[data]\napn=super sim\n", "esimd.conf:2: ", "an access point name" },
  { "[data]\napns=89:\n", "esimd.conf:2: ", "what ICCIDs begin with" },
  { "[data]\nroaming=maybe\n", "esimd.conf:2: ", "'maybe' is no value for roaming: one of yes|no" },
  { "[data]\nroute-metric=0\n", "esimd.conf:2: ", "a number from 1 to 4294967295" },
  { "[data]\nroute-metric=4294967296\n", "esimd.conf:2: ", "a number from 1 to 4294967295" },
  { "[provision]\npoll-interval=5s\n", "esimd.conf:2: ", "a number from 1 to 3600" },
  { "[provision]\nmode=automatic # now\n", "esimd.conf:2: ", "one of never|on-request|automatic" },
  { "[provision]\nmode=automatic\n", "esimd.conf:2: ", "needs provider=NAME" },
  { "[provision]\nprovider=kore\n", "esimd.conf:2: ", "there is no group [provider kore]" },
  { "[provision]\ncallback-listen=8085\n", "esimd.conf:2: ", "an IP address and a port" },
  { "[provision]\ncallback-listen=localhost:8085\n", "esimd.conf:2: ", "an IP address and a port" },
  { "[provision]\ncallback-listen=[::1]:8085\n[provider a]\napi=kore\n",
    "esimd.conf:2: ", "needs callback-url=" },
  { "[lpa]\nci-file=ci.pem\n", "esimd.conf:2: ", "an absolute path" },
  { "[lpa]\nci-file=@/no.pem\n", "esimd.conf:2: ", "no.pem" },
  { "[provider a]\n", "esimd.conf:1: ", "[provider a] needs api=twilio or api=kore" },
  { "[provider a-b]\napi=kore\n", "esimd.conf:1: ", "letters, digits and _ only" },
  { "[provider a]\napi=kore\nbase-url=http://a.example\n", "esimd.conf:3: ", "https://" },
  { "[provider a]\napi=twilio\ntoken-url=https://a.example\n",
    "esimd.conf:3: ", "api=twilio has no use for token-url" },
  { "[provider a]\napi=kore\ncredentials=/a\ncredential=a\n", "esimd.conf:4: ", "keep one" },
  { "[provider a]\napi=kore\nca-file=@/none.pem\n", "esimd.conf:3: ", "none.pem" },
};

static void
test_refusals (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      put (self, "esimd.conf", wrong[i].text);
      g_assert_null (policy_load (self->path, NULL, &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SETTINGS);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, wrong[i].place));
      g_assert_nonnull (strstr (error->message, wrong[i].says));
      g_assert_true (g_str_has_prefix (error->message, self->path));
    }
}

static void
test_refusal_in_conf_d (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  put (self, "conf.d/a.conf", "[data]\n");
  put (self, "conf.d/b.conf", "[data]\nroaming=perhaps\n");
  g_assert_null (policy_load (self->path, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "conf.d/b.conf:2: 'perhaps'"));
}

static void
test_providers (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (Policy) policy = NULL;
  const PolicyProvider *twilio, *kore;

  put (self, "esimd.conf",
       "[provision]\nmode=automatic\nprovider=kore\n"
       "[provider twilio]\napi=twilio\ncredentials=@/twilio.secret\n"
       "base-url=https://127.0.0.1:8443\ncallback-url=https://a.example/x\n"
       "[provider kore]\napi=kore\ncredentials=@/kore.secret\n");
  put (self, "twilio.secret", "# mine\naccount-sid=AC1\nauth-token=t=1\n");
  put (self, "kore.secret", "client-id = id\nclient-secret = s\n");
  policy = load (self);
  twilio = policy_find_provider (policy, "twilio");
  kore = policy_find_provider (policy, "kore");
  g_assert_null (policy_find_provider (policy, "other"));

  g_assert_null (twilio->credentials_problem);
  g_assert_cmpstr (twilio->access.name, ==, "twilio");
  g_assert_cmpstr (twilio->access.kind, ==, "basic");
  g_assert_cmpstr (twilio->access.base_url, ==, "https://127.0.0.1:8443");
  g_assert_null (twilio->access.token_url);
  g_assert_cmpstr (twilio->access.user, ==, "AC1");
  g_assert_cmpstr (twilio->access.secret, ==, "t=1");
  g_assert_cmpstr (twilio->access.callback_url, ==, "https://a.example/x");
  g_assert_cmpstr (twilio->access.callback_method, ==, "POST");
  g_assert_cmpstr (twilio->callback_secret, ==, "t=1");
  g_assert_null (twilio->access.ca_pem);

  g_assert_null (kore->credentials_problem);
  g_assert_cmpstr (kore->access.kind, ==, "oauth2");
  g_assert_cmpstr (kore->access.base_url, ==, "https://supersim.api.korewireless.com");
  g_assert_cmpstr (kore->access.token_url, ==,
                   "https://api.korewireless.com/api-services/v1/auth/token");
  g_assert_cmpstr (kore->access.user, ==, "id");
  g_assert_cmpstr (kore->access.secret, ==, "s");
  g_assert_null (kore->callback_secret);
  g_assert_null (kore->access.callback_url);
  g_assert_null (kore->access.callback_method);
}

/* What callbacks are signed with: the account's token, and nothing else that is known by itself. */
static void
test_callback_secrets (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  static const struct
  {
    const char *secret, *callback_secret;
  } files[] = {
    { "account-sid=AC1\nauth-token=hush\n", "hush" },
    { "account-sid=AC1\nauth-token=hush\ncallback-secret=other\n", "other" },
    { "api-key=SK1\napi-secret=hush\n", NULL },
    { "api-key=SK1\napi-secret=hush\ncallback-secret=token\n", "token" },
  };

  put (self, "esimd.conf",
       "[provision]\ncallback-listen=127.0.0.1:8085\n[provider a]\napi=twilio\n"
       "credentials=@/a.secret\ncallback-url=https://a.example/x\n");
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr (Policy) policy = NULL;

      put (self, "a.secret", files[i].secret);
      policy = load (self);
      g_assert_cmpstr (policy->callback_listen, ==, "127.0.0.1:8085");
      g_assert_cmpstr (policy_find_provider (policy, "a")->callback_secret, ==,
                       files[i].callback_secret);
    }
}

/* Loads with the credentials file TEXT of mode MODE; the problem must say SAYS and no secret. */
static void
expect_problem (Fixture *self, const char *text, int mode, const char *says)
{
  g_autofree char *secret = g_build_filename (self->dir, "a.secret", NULL);
  g_autoptr (Policy) policy = NULL;
  const PolicyProvider *provider;

  put (self, "esimd.conf", "[provider a]\napi=twilio\ncredentials=@/a.secret\n");
  put (self, "a.secret", text);
  g_assert_cmpint (g_chmod (secret, mode), ==, 0);
  policy = load (self);
  provider = policy_find_provider (policy, "a");
  g_test_message ("%s", provider->credentials_problem);
  g_assert_nonnull (provider->credentials_problem);
  g_assert_nonnull (strstr (provider->credentials_problem, says));
  g_assert_nonnull (strstr (provider->credentials_problem, secret));
  g_assert_null (strstr (provider->credentials_problem, "hush"));
  g_assert_null (provider->access.user);
  g_assert_null (provider->access.secret);
}

static void
test_credentials_refused (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *long_text = g_strnfill (5000, '#');

  expect_problem (self, "user=a\nsecret=hush\n", 0640, "chmod 600");
  expect_problem (self, "user=a\nsecret=hush\n", 0604, "chmod 600");
  expect_problem (self, "user=a\n", 0600, "has no line secret=");
  expect_problem (self, "secret=hush\n", 0600, "has no line user=");
  expect_problem (self, "user=a\nsecret=\n", 0600, "has no line secret=");
  expect_problem (self, "hush hush\n", 0600, "a.secret:1: ");
  expect_problem (self, "user=a\nsecret=hush\npassword=hush\n", 0600, "a.secret:3: ");
  expect_problem (self, "user=a\nsecret=hush\nsecret=hush2\n", 0600, "a.secret:3: ");
  expect_problem (self, "user=a\nsecret=hush\nauth-token=hush2\n", 0600, "a second time");
  expect_problem (self, long_text, 0600, "at most 4096");
}

static void
test_credentials_missing (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (Policy) policy = NULL;

  put (self, "esimd.conf",
       "[provider a]\napi=twilio\ncredentials=@/none\n[provider b]\napi=twilio\n"
       "[provider c]\napi=kore\ncredential=supersim\n[provider d]\napi=kore\ncredentials=@\n");
  policy = load (self);
  g_assert_nonnull (strstr (policy_find_provider (policy, "a")->credentials_problem, "/none: No"));
  g_assert_nonnull (
      strstr (policy_find_provider (policy, "b")->credentials_problem, "neither credentials="));
  g_assert_nonnull (strstr (policy_find_provider (policy, "c")->credentials_problem,
                            "LoadCredential=supersim:FILE"));
  g_assert_nonnull (strstr (policy_find_provider (policy, "d")->credentials_problem, "not a file"));
}

static void
test_systemd_credential (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *dir = g_build_filename (self->dir, "creds", NULL);
  g_autofree char *file = g_build_filename (dir, "supersim", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (Policy) policy = NULL;

  put (self, "esimd.conf", "[provider a]\napi=kore\ncredential=supersim\n");
  put (self, "creds/supersim", "user=u\nsecret=s\n");
  /* systemd's access list for a service user shows as the group's bits. */
  g_assert_cmpint (g_chmod (file, 0440), ==, 0);
  policy = policy_load (self->path, dir, &error);
  g_assert_no_error (error);
  g_assert_null (policy_find_provider (policy, "a")->credentials_problem);
  g_assert_cmpstr (policy_find_provider (policy, "a")->access.secret, ==, "s");
}

/* The esimd.conf that is installed, with every "#key=" and "#[group]" line made a setting. */
static char *
uncommented (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "policy", "esimd.conf", NULL);
  g_autoptr (GRegex) comment = g_regex_new ("^#(?=[[a-z])", G_REGEX_MULTILINE, 0, NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return g_regex_replace_literal (comment, text, -1, 0, "", 0, NULL);
}

static gboolean
documents (GPtrArray *lines, const ConfigKey *key)
{
  for (guint i = 0; i < lines->len; i++)
    {
      const ConfigLine *line = lines->pdata[i];
      gboolean provider = strcmp (key->group, CONFIG_PROVIDER) == 0;

      if (g_strcmp0 (line->key, key->key) != 0
          || !(provider ? g_str_has_prefix (line->group, CONFIG_PROVIDER " ")
                        : strcmp (line->group, key->group) == 0))
        continue;
      if (!provider)
        g_assert_cmpstr (line->value, ==, key->standard);
      return TRUE;
    }
  return FALSE;
}

static void
test_documented (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *text = uncommented ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) lines = config_file_parse ("esimd.conf", text, &error);
  guint n;
  const ConfigKey *keys = config_keys (&n);

  g_assert_no_error (error);
  for (guint i = 0; i < n; i++)
    if (!documents (lines, &keys[i]))
      g_error ("esimd.conf does not document [%s] %s", keys[i].group, keys[i].key);
  for (guint i = 0; i < lines->len; i++)
    {
      g_assert_nonnull (config_keys_find (lines->pdata[i], &error));
      g_assert_no_error (error);
    }
  (void) self;
}

static void
test_shipped_is_default (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "policy", "esimd.conf", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (Policy) policy = policy_load (path, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (policy->providers->len, ==, 0);
  g_assert_cmpstr (policy->apn, ==, "super");
  (void) self;
}

#define ADD(name, function) g_test_add ("/config/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("defaults", test_defaults);
  ADD ("apn", test_apn);
  ADD ("order", test_order);
  ADD ("refusals", test_refusals);
  ADD ("refusal-in-conf.d", test_refusal_in_conf_d);
  ADD ("providers", test_providers);
  ADD ("callback-secrets", test_callback_secrets);
  ADD ("credentials-refused", test_credentials_refused);
  ADD ("credentials-missing", test_credentials_missing);
  ADD ("systemd-credential", test_systemd_credential);
  ADD ("documented", test_documented);
  ADD ("shipped-is-default", test_shipped_is_default);
  return g_test_run ();
}
