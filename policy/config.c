/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* esimd.conf and conf.d to a Policy: files in order, then what the values mean together. */

#include "config.h"

#include <string.h>

#include "base/error.h"
#include "config-credentials.h"
#include "config-keys.h"
#include "config-quirks.h"
#include "net/anchors.h"

/* A [provider NAME] group while it is read. */
typedef struct
{
  ConfigProvider keys;
  const ConfigLine *where; /* the last line that spoke of it */
  const char *name;
} Draft;

static const struct
{
  const char *api, *kind, *base_url, *token_url;
} apis[] = {
  { "twilio", "basic", "https://supersim.twilio.com", NULL },
  { "kore", "oauth2", "https://supersim.api.korewireless.com",
    "https://api.korewireless.com/api-services/v1/auth/token" },
};

static void
draft_free (gpointer data)
{
  Draft *self = data;

  config_keys_clear (CONFIG_PROVIDER, &self->keys);
  g_free (self);
}

static void
provider_free (gpointer data)
{
  PolicyProvider *self = data;

  g_free (self->name);
  g_free ((char *) self->access.base_url);
  g_free ((char *) self->access.token_url);
  g_free ((char *) self->access.user);
  g_free ((char *) self->access.secret);
  g_clear_pointer (&self->access.ca_pem, g_bytes_unref);
  g_free ((char *) self->access.callback_url);
  g_free ((char *) self->access.callback_method);
  g_free (self->credentials_problem);
  g_free (self->callback_secret);
  g_free (self);
}

static Policy *
policy_new (void)
{
  Policy *self = g_new0 (Policy, 1);

  g_atomic_ref_count_init (&self->refs);
  self->providers = g_ptr_array_new_with_free_func (provider_free);
  self->quirks = quirks_table_new ();
  config_keys_set_standard ("provision", self);
  config_keys_set_standard ("data", self);
  config_keys_set_standard ("modem", self);
  config_keys_set_standard ("lpa", self);
  return self;
}

Policy *
policy_ref (Policy *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
policy_unref (Policy *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  config_keys_clear ("provision", self);
  config_keys_clear ("data", self);
  config_keys_clear ("modem", self);
  config_keys_clear ("lpa", self);
  g_clear_pointer (&self->ci_pem, g_bytes_unref);
  g_clear_pointer (&self->apn_table, g_ptr_array_unref);
  g_ptr_array_unref (self->providers);
  quirks_table_free (self->quirks);
  g_free (self);
}

const PolicyProvider *
policy_find_provider (const Policy *self, const char *name)
{
  for (guint i = 0; i < self->providers->len; i++)
    {
      const PolicyProvider *provider = self->providers->pdata[i];

      if (strcmp (provider->name, name) == 0)
        return provider;
    }
  return NULL;
}

const char *
policy_apn (const Policy *self, const char *iccid)
{
  return iccid ? apn_for (self->apn_table, self->apn, iccid) : NULL;
}

ConnectSettings
policy_connect_settings (const Policy *self, const char *iccid)
{
  const char *apn = policy_apn (self, iccid);

  return (ConnectSettings){ .apn = apn ? apn : "",
                            .ip_type = self->ip_type,
                            .roaming = self->roaming,
                            .metric = self->metric,
                            .set_dns = self->set_dns };
}

/* Appends PATH's lines to LINES; a missing file has none. */
static gboolean
read_file (GPtrArray *lines, const char *path, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *text = NULL;
  GPtrArray *more;

  if (!g_file_get_contents (path, &text, NULL, &local))
    {
      if (g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return TRUE;
      error_set (error, ESIM_ERROR_SETTINGS, "policy", "%s", local->message);
      return FALSE;
    }
  more = config_file_parse (path, text, error);
  if (more == NULL)
    return FALSE;
  g_ptr_array_extend_and_steal (lines, more);
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* FIRST, then the *.conf files of the folder NAME beside PATH, by name. */
static GPtrArray *
list_files (const char *first, const char *path, const char *folder_name)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *conf_d = g_build_filename (folder, folder_name, NULL);
  g_autoptr (GDir) dir = g_dir_open (conf_d, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ".conf") && *name != '.')
      g_ptr_array_add (files, g_build_filename (conf_d, name, NULL));
  g_ptr_array_sort (files, compare_names);
  g_ptr_array_insert (files, 0, g_strdup (first));
  return files;
}

static GPtrArray *
read_files (const char *path, GError **error)
{
  g_autoptr (GPtrArray) files = list_files (path, path, "conf.d");
  /* Takes over the free function of the first array that is stolen into it; none when empty. */
  g_autoptr (GPtrArray) lines = config_file_parse (path, "", NULL);

  for (guint i = 0; i < files->len; i++)
    if (!read_file (lines, files->pdata[i], error))
      return NULL;
  return g_steal_pointer (&lines);
}

static Draft *
draft_of (GPtrArray *drafts, const ConfigLine *line)
{
  const char *name = line->group + strlen (CONFIG_PROVIDER " ");
  Draft *draft;

  for (guint i = 0; i < drafts->len; i++)
    if (strcmp (((Draft *) drafts->pdata[i])->name, name) == 0)
      return drafts->pdata[i];
  draft = g_new0 (Draft, 1);
  draft->name = name;
  config_keys_set_standard (CONFIG_PROVIDER, &draft->keys);
  g_ptr_array_add (drafts, draft);
  return draft;
}

static gboolean
is_provider_name (const char *name)
{
  return *name != '\0' && strlen (name) <= 64
         && strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
                == strlen (name);
}

static gboolean
take_line (Policy *self, GPtrArray *drafts, const ConfigLine *line, GError **error)
{
  const ConfigKey *key = config_keys_find (line, error);
  gpointer target = self;

  if (key == NULL)
    return FALSE;
  if (strcmp (key->group, CONFIG_PROVIDER) == 0)
    {
      Draft *draft = draft_of (drafts, line);

      /* It becomes a part of a D-Bus object path. */
      if (!is_provider_name (draft->name))
        {
          config_file_refuse (error, line, "a provider's NAME has letters, digits and _ only");
          return FALSE;
        }
      draft->where = line;
      target = &draft->keys;
    }
  return line->key == NULL || config_key_set (key, target, line, error);
}

/* The line that had the last word on KEY of GROUP, NULL where none did. */
static const ConfigLine *
last_word (GPtrArray *lines, const char *group, const char *key)
{
  for (guint i = lines->len; i > 0; i--)
    {
      const ConfigLine *line = lines->pdata[i - 1];

      if (strcmp (line->group, group) == 0 && g_strcmp0 (line->key, key) == 0)
        return line;
    }
  return NULL;
}

/* The certificates in PATH; the error has the place of the line that named it. */
static GBytes *
read_anchors (const char *path, const ConfigLine *where, GError **error)
{
  GBytes *pem = anchors_from_file (path, error);

  if (pem == NULL)
    g_prefix_error (error, "%s:%u: ", where->file, where->line);
  return pem;
}

/* Twilio signs with the account's auth token, which is the secret where the user is the account;
 * with an API key nobody has told it to us. KORE signs with a secret of its own. */
static char *
take_credentials (const char *path, gboolean guarded, PolicyProvider *provider)
{
  g_auto (ConfigCredentials) found = { 0 };
  char *problem = config_credentials_read (path, guarded, &found);

  if (problem)
    return problem;
  if (found.callback_secret == NULL && strcmp (provider->access.kind, "basic") == 0
      && g_str_has_prefix (found.user, "AC"))
    found.callback_secret = g_strdup (found.secret);
  provider->access.user = g_steal_pointer (&found.user);
  provider->access.secret = g_steal_pointer (&found.secret);
  provider->callback_secret = g_steal_pointer (&found.callback_secret);
  return NULL;
}

static char *
find_credentials (const ConfigProvider *keys, const char *credentials_dir, PolicyProvider *provider)
{
  g_autofree char *path = NULL;

  if (*keys->credentials)
    return take_credentials (keys->credentials, TRUE, provider);
  if (*keys->credential == '\0')
    return g_strdup_printf ("[provider %s] has neither credentials= nor credential=",
                            provider->name);
  if (credentials_dir == NULL)
    return g_strdup_printf ("no systemd credential '%s': add LoadCredential=%s:FILE to the unit "
                            "esimd.service",
                            keys->credential, keys->credential);
  path = g_build_filename (credentials_dir, keys->credential, NULL);
  return take_credentials (path, FALSE, provider);
}

/* What the group leaves out is filled in from its api. */
static gboolean
fill_from_api (const Draft *draft, ProviderAccess *access, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (apis); i++)
    {
      const ConfigProvider *keys = &draft->keys;

      if (strcmp (apis[i].api, keys->api) != 0)
        continue;
      if (apis[i].token_url == NULL && *keys->token_url)
        {
          config_file_refuse (error, draft->where, "api=%s has no use for token-url", keys->api);
          return FALSE;
        }
      access->kind = apis[i].kind;
      access->base_url = g_strdup (*keys->base_url ? keys->base_url : apis[i].base_url);
      access->token_url = g_strdup (*keys->token_url ? keys->token_url : apis[i].token_url);
      return TRUE;
    }
  config_file_refuse (error, draft->where, "[provider %s] needs api=twilio or api=kore",
                      draft->name);
  return FALSE;
}

static gboolean
add_provider (Policy *self, const Draft *draft, const char *credentials_dir, GError **error)
{
  const ConfigProvider *keys = &draft->keys;
  PolicyProvider *provider = g_new0 (PolicyProvider, 1);
  ProviderAccess *access = &provider->access;

  g_ptr_array_add (self->providers, provider);
  access->name = provider->name = g_strdup (draft->name);
  if (!fill_from_api (draft, access, error))
    return FALSE;
  if (*keys->ca_file)
    {
      access->ca_pem = read_anchors (keys->ca_file, draft->where, error);
      if (access->ca_pem == NULL)
        return FALSE;
    }
  if (*keys->credentials && *keys->credential)
    {
      config_file_refuse (error, draft->where,
                          "[provider %s] has credentials= and credential=: keep one", draft->name);
      return FALSE;
    }
  if (*keys->callback_url)
    {
      access->callback_url = g_strdup (keys->callback_url);
      access->callback_method = g_strdup (keys->callback_method);
    }
  provider->credentials_problem = find_credentials (keys, credentials_dir, provider);
  return TRUE;
}

static gboolean
check_callbacks (Policy *self, GPtrArray *lines, GError **error)
{
  if (*self->callback_listen == '\0')
    return TRUE;
  for (guint i = 0; i < self->providers->len; i++)
    if (((PolicyProvider *) self->providers->pdata[i])->access.callback_url)
      return TRUE;
  config_file_refuse (error, last_word (lines, "provision", "callback-listen"),
                      "callback-listen needs callback-url=ADDRESS in a [provider NAME] group: how "
                      "the provider reaches it");
  return FALSE;
}

/* What single lines can't show: files to read, and values that need one another. */
static gboolean
complete (Policy *self, GPtrArray *lines, GError **error)
{
  const ConfigLine *named = last_word (lines, "provision", "provider");

  self->apn_table = apn_table_parse (self->apns);
  self->ci_pem = *self->ci_file
                     ? read_anchors (self->ci_file, last_word (lines, "lpa", "ci-file"), error)
                     : anchors_gsma ();
  if (self->ci_pem == NULL)
    return FALSE;
  if (*self->provider && policy_find_provider (self, self->provider) == NULL)
    {
      config_file_refuse (error, named, "there is no group [provider %s]", self->provider);
      return FALSE;
    }
  if (self->provision == POLICY_PROVISION_AUTOMATIC && *self->provider == '\0')
    {
      config_file_refuse (error, last_word (lines, "provision", "mode"),
                          "mode=automatic needs provider=NAME of a [provider NAME] group");
      return FALSE;
    }
  return check_callbacks (self, lines, error);
}

Policy *
policy_load (const char *path, const char *credentials_dir, GError **error)
{
  g_autoptr (Policy) self = policy_new ();
  g_autoptr (GPtrArray) drafts = g_ptr_array_new_with_free_func (draft_free);
  g_autoptr (GPtrArray) lines = read_files (path, error);

  if (lines == NULL)
    return NULL;
  for (guint i = 0; i < lines->len; i++)
    if (!take_line (self, drafts, lines->pdata[i], error))
      return NULL;
  for (guint i = 0; i < drafts->len; i++)
    if (!add_provider (self, drafts->pdata[i], credentials_dir, error))
      return NULL;
  if (!complete (self, lines, error))
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
policy_load_quirks (Policy *self, const char *quirks_file, const char *path,
                    const char *const *channels, GError **error)
{
  g_autoptr (GPtrArray) files = list_files (quirks_file, path, "quirks.d");

  for (guint i = 0; i < files->len; i++)
    {
      GPtrArray *lines = config_file_parse (files->pdata[i], "", NULL);

      if (!read_file (lines, files->pdata[i], error))
        {
          g_ptr_array_unref (lines);
          return FALSE;
        }
      if (!quirks_table_add (self->quirks, lines, channels, error))
        return FALSE;
    }
  return TRUE;
}

Quirks
policy_quirks (const Policy *self, const QuirksModem *modem)
{
  return quirks_table_find (self->quirks, modem);
}
