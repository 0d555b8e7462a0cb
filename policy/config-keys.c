/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Every key that esimd.conf knows: the table and the reading of values. */

#include "config-keys.h"

#include <string.h>

#include "config.h"

#define POLICY(field) G_STRUCT_OFFSET (Policy, field)
#define PROVIDER(field) G_STRUCT_OFFSET (ConfigProvider, field)
#define HTTPS "https://[^/ ]+[^ ]*", "an address that begins with https://"
#define PATH "/.*", "an absolute path"

static const ConfigKey table[] = {
  { "provision", "mode", CONFIG_CHOICE, POLICY (provision), "on-request",
    "never|on-request|automatic", NULL },
  { "provision", "method", CONFIG_CHOICE, POLICY (method), "eid", "eid|matching-id", NULL },
  { "provision", "provider", CONFIG_TEXT, POLICY (provider), "", NULL, NULL },
  { "provision", "fleet", CONFIG_TEXT, POLICY (fleet), "", NULL, NULL },
  { "provision", "roll-back", CONFIG_BOOLEAN, POLICY (rollback), "yes", "yes|no", NULL },
  { "provision", "reservation-timeout", CONFIG_NUMBER, POLICY (reservation_timeout_s), "900",
    "1..604800", NULL },
  { "provision", "registration-timeout", CONFIG_NUMBER, POLICY (registration_timeout_s), "300",
    "1..86400", NULL },
  { "provision", "poll-interval", CONFIG_NUMBER, POLICY (poll_interval_s), "5", "1..3600", NULL },
  { "provision", "modem-timeout", CONFIG_NUMBER, POLICY (modem_timeout_s), "10", "1..600", NULL },
  { "provision", "callback-listen", CONFIG_TEXT, POLICY (callback_listen), "",
    "([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}",
    "an IP address and a port: 127.0.0.1:8085 or [::1]:8085" },

  { "data", "apn", CONFIG_TEXT, POLICY (apn), "super", "[A-Za-z0-9._-]{1,100}",
    "an access point name: letters, digits, dots, hyphens" },
  { "data", "apns", CONFIG_TEXT, POLICY (apns), "",
    "[0-9]{2,20}:[A-Za-z0-9._-]{1,100}(,[0-9]{2,20}:[A-Za-z0-9._-]{1,100})*",
    "what ICCIDs begin with, a colon, an access point name, with commas between" },
  { "data", "ip-type", CONFIG_WORD, POLICY (ip_type), "ipv4", "ipv4|ipv6|ipv4v6", NULL },
  { "data", "roaming", CONFIG_BOOLEAN, POLICY (roaming), "yes", "yes|no", NULL },
  { "data", "connect", CONFIG_WORD, POLICY (connect), "auto",
    "auto|networkmanager|modemmanager|ofono|none", NULL },
  { "data", "delete-connection", CONFIG_BOOLEAN, POLICY (delete_connection), "yes", "yes|no",
    NULL },
  { "data", "route-metric", CONFIG_NUMBER, POLICY (metric), "700", "1..4294967295", NULL },
  { "data", "dns", CONFIG_BOOLEAN, POLICY (set_dns), "yes", "yes|no", NULL },
  { "data", "verify-host", CONFIG_TEXT, POLICY (verify_host), "", "[A-Za-z0-9.:-]+",
    "a host's name or address" },

  { "modem", "at-port", CONFIG_TEXT, POLICY (at_port), "",
    "(/[^,= ]+=)?/dev/[^,= ]+(,(/[^,= ]+=)?/dev/[^,= ]+)*",
    "a serial port such as /dev/ttyUSB3, or MODEM=PORT with commas between" },
  { "modem", "switch-slots", CONFIG_BOOLEAN, POLICY (switch_slots), "yes", "yes|no", NULL },
  { "modem", "switch-back", CONFIG_NUMBER, POLICY (switch_back_s), "10", "0..86400", NULL },

  { "lpa", "ci-file", CONFIG_TEXT, POLICY (ci_file), "", PATH },
  { "lpa", "consent-timeout", CONFIG_NUMBER, POLICY (consent_timeout_s), "120", "1..3600", NULL },
  { "lpa", "smds", CONFIG_TEXT, POLICY (smds), "",
    "[A-Za-z0-9][A-Za-z0-9.:-]*(,[A-Za-z0-9][A-Za-z0-9.:-]*)*", "host names, with commas between" },

  { CONFIG_PROVIDER, "api", CONFIG_WORD, PROVIDER (api), "", "twilio|kore", NULL },
  { CONFIG_PROVIDER, "base-url", CONFIG_TEXT, PROVIDER (base_url), "", HTTPS },
  { CONFIG_PROVIDER, "token-url", CONFIG_TEXT, PROVIDER (token_url), "", HTTPS },
  { CONFIG_PROVIDER, "credentials", CONFIG_TEXT, PROVIDER (credentials), "", PATH },
  { CONFIG_PROVIDER, "credential", CONFIG_TEXT, PROVIDER (credential), "", "[A-Za-z0-9_.-]+",
    "the name of a systemd credential" },
  { CONFIG_PROVIDER, "ca-file", CONFIG_TEXT, PROVIDER (ca_file), "", PATH },
  { CONFIG_PROVIDER, "callback-url", CONFIG_TEXT, PROVIDER (callback_url), "",
    "https?://[^/ ]+[^ ]*", "an address that begins with https:// or http://" },
  { CONFIG_PROVIDER, "callback-method", CONFIG_WORD, PROVIDER (callback_method), "POST", "POST|GET",
    NULL },
};

const ConfigKey *
config_keys (guint *n)
{
  *n = G_N_ELEMENTS (table);
  return table;
}

/* The known groups, or the known keys of GROUP, for a message. */
static char *
list_known (const char *group)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      gboolean first = i == 0 || strcmp (table[i - 1].group, table[i].group) != 0;

      if (group == NULL && first)
        g_string_append_printf (list, "%s[%s%s]", list->len ? ", " : "", table[i].group,
                                strcmp (table[i].group, CONFIG_PROVIDER) == 0 ? " NAME" : "");
      if (group != NULL && strcmp (table[i].group, group) == 0)
        g_string_append_printf (list, "%s%s", list->len ? ", " : "", table[i].key);
    }
  return g_string_free (g_steal_pointer (&list), FALSE);
}

static const ConfigKey *
find (const char *group, const char *key)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (strcmp (table[i].group, group) == 0 && (key == NULL || strcmp (table[i].key, key) == 0))
      return &table[i];
  return NULL;
}

const ConfigKey *
config_keys_find (const ConfigLine *line, GError **error)
{
  gboolean provider = g_str_has_prefix (line->group, CONFIG_PROVIDER " ");
  const char *group = provider ? CONFIG_PROVIDER : line->group;
  const ConfigKey *key = find (group, line->key);
  g_autofree char *known = NULL;

  /* "[provider]" without a name is no group of its own. */
  if (!provider && strcmp (line->group, CONFIG_PROVIDER) == 0)
    key = NULL;
  if (key)
    return key;
  if (*line->group == '\0')
    config_file_refuse (error, line, "'%s' stands before the first [group]", line->key);
  else if (find (group, NULL) == NULL || (!provider && strcmp (group, CONFIG_PROVIDER) == 0))
    config_file_refuse (error, line, "unknown group [%s]; known: %s", line->group,
                        known = list_known (NULL));
  else
    config_file_refuse (error, line, "unknown key '%s' in [%s]; known: %s", line->key, line->group,
                        known = list_known (group));
  return NULL;
}

/* The position of VALUE in "a|b|c", -1 when it is not there. */
static int
position (const char *allowed, const char *value)
{
  g_auto (GStrv) words = g_strsplit (allowed, "|", -1);

  for (int i = 0; words[i]; i++)
    if (strcmp (words[i], value) == 0)
      return i;
  return -1;
}

static gboolean
in_range (const char *allowed, const char *value, guint *number)
{
  const char *dots = strstr (allowed, "..");
  guint64 lowest = g_ascii_strtoull (allowed, NULL, 10);
  guint64 highest = g_ascii_strtoull (dots + 2, NULL, 10);
  guint64 n;

  if (!g_ascii_string_to_unsigned (value, 10, lowest, highest, &n, NULL))
    return FALSE;
  *number = (guint) n;
  return TRUE;
}

static void
set_string (char **field, const char *value)
{
  g_free (*field);
  *field = g_strdup (value);
}

static gboolean
fits (const ConfigKey *self, const char *value)
{
  g_autofree char *whole = self->allowed ? g_strdup_printf ("^(?:%s)$", self->allowed) : NULL;

  return whole == NULL || g_regex_match_simple (whole, value, G_REGEX_DOLLAR_ENDONLY, 0);
}

/* Reads VALUE into FIELD; FALSE where it is not one of those allowed. */
static gboolean
set_value (const ConfigKey *self, gpointer field, const char *value)
{
  int choice;

  switch (self->type)
    {
    case CONFIG_CHOICE:
      choice = position (self->allowed, value);
      if (choice >= 0)
        *(guint *) field = choice;
      return choice >= 0;
    case CONFIG_BOOLEAN:
      choice = position (self->allowed, value);
      if (choice >= 0)
        *(gboolean *) field = choice == 0;
      return choice >= 0;
    case CONFIG_NUMBER:
      return in_range (self->allowed, value, field);
    case CONFIG_WORD:
    case CONFIG_TEXT:
      if (!fits (self, value))
        return FALSE;
      set_string (field, value);
      return TRUE;
    }
  return FALSE;
}

static char *
describe (const ConfigKey *self)
{
  const char *dots;

  if (self->type == CONFIG_TEXT)
    return g_strdup (self->wants);
  if (self->type != CONFIG_NUMBER)
    return g_strdup_printf ("one of %s", self->allowed);
  dots = strstr (self->allowed, "..");
  return g_strdup_printf ("a number from %.*s to %s", (int) (dots - self->allowed), self->allowed,
                          dots + 2);
}

static void
set_standard (const ConfigKey *self, gpointer target)
{
  gpointer field = G_STRUCT_MEMBER_P (target, self->offset);

  /* "" may stand for "not set" where a person could not write it. */
  if (self->type == CONFIG_TEXT || self->type == CONFIG_WORD)
    set_string (field, self->standard);
  else
    set_value (self, field, self->standard);
}

gboolean
config_key_set (const ConfigKey *self, gpointer target, const ConfigLine *line, GError **error)
{
  g_autofree char *wanted = NULL;

  if (*line->value == '\0')
    {
      set_standard (self, target);
      return TRUE;
    }
  if (set_value (self, G_STRUCT_MEMBER_P (target, self->offset), line->value))
    return TRUE;
  wanted = describe (self);
  config_file_refuse (error, line, "'%s' is no value for %s: %s", line->value, self->key, wanted);
  return FALSE;
}

void
config_keys_set_standard (const char *group, gpointer target)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (strcmp (table[i].group, group) == 0)
      set_standard (&table[i], target);
}

void
config_keys_clear (const char *group, gpointer target)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (strcmp (table[i].group, group) == 0
        && (table[i].type == CONFIG_TEXT || table[i].type == CONFIG_WORD))
      g_clear_pointer (&G_STRUCT_MEMBER (char *, target, table[i].offset), g_free);
}
