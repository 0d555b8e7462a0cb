/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The verbs of one profile: enable, disable, delete, set a nickname. */

#include <glib/gi18n.h>

#include "follow.h"

/* NICKNAME NULL: the method takes none. */
static ExitStatus
start (Client *client, const Options *options, const char *method, const char *nickname,
       GError **error)
{
  g_autoptr (EsimProfile) profile
      = client_find_profile (client, options->profile, options->euicc, options->modem, error);
  GVariant *parameters;

  if (profile == NULL)
    return EXIT_FAILED;
  parameters
      = nickname ? g_variant_new ("(sa{sv})", nickname, NULL) : g_variant_new ("(a{sv})", NULL);
  return follow_call (client, options, profile, method, parameters, error);
}

ExitStatus
enable (Client *client, const Options *options, GError **error)
{
  return start (client, options, "Enable", NULL, error);
}

ExitStatus
disable (Client *client, const Options *options, GError **error)
{
  return start (client, options, "Disable", NULL, error);
}

static gboolean
is_enabled (EsimProfile *profile)
{
  return g_strcmp0 (esim_profile_get_state (profile), "enabled") == 0;
}

/* The only operational profile of its card. */
static gboolean
is_last (Client *client, EsimProfile *profile)
{
  g_autoptr (GPtrArray) all = client_profiles_of (client, esim_profile_get_euicc (profile));
  guint operational = 0;

  for (guint i = 0; i < all->len; i++)
    operational += g_strcmp0 (esim_profile_get_class (all->pdata[i]), "operational") == 0;
  return operational == 1 && g_strcmp0 (esim_profile_get_class (profile), "operational") == 0;
}

ExitStatus
delete_profile (Client *client, const Options *options, GError **error)
{
  g_autoptr (EsimProfile) profile
      = client_find_profile (client, options->profile, options->euicc, options->modem, error);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (profile == NULL)
    return EXIT_FAILED;
  if (is_enabled (profile) || is_last (client, profile))
    {
      if (!card_is_meant (options, esim_profile_get_iccid (profile), error))
        return EXIT_FAILED;
      g_variant_dict_insert (&dict, "disable-first", "b", TRUE);
      g_variant_dict_insert (&dict, "even-last", "b", TRUE);
    }
  return follow_call (client, options, profile, "Delete",
                      g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)), error);
}

ExitStatus
set_nickname (Client *client, const Options *options, GError **error)
{
  if (g_utf8_validate (options->value, -1, NULL))
    return start (client, options, "SetNickname", options->value, error);
  g_set_error (
      error, REPORT_ERROR, EXIT_USAGE,
      _ ("the nickname is not UTF-8\nSet the locale (LANG) to the one your terminal uses."));
  return EXIT_FAILED;
}
