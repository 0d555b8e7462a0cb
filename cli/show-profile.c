/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One profile. */

#include <glib/gi18n.h>

#include "verbs.h"

char *
show_profile_summary (EsimProfile *profile)
{
  const char *nickname = esim_profile_get_nickname (profile);
  const char *name = nickname && *nickname ? nickname : esim_profile_get_name (profile);
  const char *owner = esim_profile_get_service_provider (profile);
  const char *class = esim_profile_get_class (profile);

  return g_strdup_printf ("%s %s, %s%s%s%s%s", esim_profile_get_iccid (profile),
                          esim_profile_get_state (profile), name && *name ? name : _ ("no name"),
                          owner && *owner ? ", " : "", owner ? owner : "",
                          g_strcmp0 (class, "operational") == 0 ? "" : ", ",
                          g_strcmp0 (class, "operational") == 0 ? "" : class);
}

GPtrArray *
show_profiles_wanted (const Options *options, GPtrArray *profiles)
{
  GPtrArray *wanted = g_ptr_array_new_with_free_func (g_object_unref);
  gboolean all = options->all || options_format (options) != OUTPUT_HUMAN;

  for (guint i = 0; i < profiles->len; i++)
    if (all || !client_is_test_aside (profiles->pdata[i]))
      g_ptr_array_add (wanted, g_object_ref (profiles->pdata[i]));
  return wanted;
}

static void
add_owner (Output *output, EsimProfile *profile)
{
  output_section (output, "Owner");
  output_text (output, "profile.owner.service-provider", "service provider",
               esim_profile_get_service_provider (profile));
  output_text (output, "profile.owner.mcc", "mcc", esim_profile_get_mcc (profile));
  output_text (output, "profile.owner.mnc", "mnc", esim_profile_get_mnc (profile));
  output_list (output, "profile.owner.policy-rules", "policy rules",
               esim_profile_get_policy_rules (profile));
}

ExitStatus
show_profile (Client *client, const Options *options, GError **error)
{
  g_autoptr (Output) output = output_new (options_format (options));
  g_autoptr (EsimProfile) profile
      = client_find_profile (client, options->profile, options->euicc, options->modem, error);

  if (profile == NULL)
    return EXIT_FAILED;
  output_section (output, "General");
  output_text (output, "profile.dbus-path", "path", client_path (profile));
  output_text (output, "profile.generic.euicc", "eUICC", esim_profile_get_euicc (profile));
  output_text (output, "profile.generic.iccid", "iccid", esim_profile_get_iccid (profile));
  output_text (output, "profile.generic.isdp-aid", "ISD-P aid",
               esim_profile_get_isdp_aid (profile));
  output_section (output, "Status");
  output_text (output, "profile.generic.state", "state", esim_profile_get_state (profile));
  output_text (output, "profile.generic.class", "class", esim_profile_get_class (profile));
  output_text (output, "profile.generic.nickname", "nickname", esim_profile_get_nickname (profile));
  output_text (output, "profile.generic.name", "name", esim_profile_get_name (profile));
  add_owner (output, profile);
  output_print (output);
  return EXIT_DONE;
}
