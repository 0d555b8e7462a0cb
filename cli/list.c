/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The lists: -L, --list-profiles, --list-jobs. */

#include <glib/gi18n.h>

#include "verbs.h"

static EsimProfile *
enabled_of (GPtrArray *profiles)
{
  for (guint i = 0; i < profiles->len; i++)
    if (g_strcmp0 (esim_profile_get_state (profiles->pdata[i]), "enabled") == 0)
      return profiles->pdata[i];
  return NULL;
}

typedef char *(*Line) (Client *client, const Options *options, gpointer proxy);

static char *
euicc_line (Client *client, const Options *options, gpointer proxy)
{
  EsimEuicc *euicc = proxy;
  g_autoptr (GPtrArray) all = client_profiles_of (client, client_path (euicc));
  g_autoptr (GPtrArray) profiles = show_profiles_wanted (options, all);
  EsimProfile *enabled = enabled_of (profiles);
  const char *modem = esim_euicc_get_modem (euicc);
  g_autofree char *count
      = g_strdup_printf (ngettext ("%u profile", "%u profiles", profiles->len), profiles->len);
  gboolean away = g_strcmp0 (modem, "/") == 0;
  gboolean parked = !away && !esim_euicc_get_active (euicc);

  return g_strdup_printf ("%s [%s] %s%s%s, %s, %s%s", client_path (euicc),
                          esim_euicc_get_eid (euicc), away ? "" : _ ("in "),
                          away ? _ ("modem is away") : modem,
                          parked ? _ (" (its slot is not in use)") : "", count,
                          enabled ? _ ("enabled: ") : _ ("none enabled"),
                          enabled ? esim_profile_get_iccid (enabled) : "");
}

static char *
profile_line (Client *client, G_GNUC_UNUSED const Options *options, gpointer profile)
{
  g_autofree char *summary = show_profile_summary (profile);
  g_autofree char *clean = output_clean (summary);

  return g_strdup_printf ("%s %s", client_path (profile), clean);
}

static char *
job_line (Client *client, G_GNUC_UNUSED const Options *options, gpointer proxy)
{
  EsimJob *job = proxy;
  const char *step = client_job_is_over (job) ? "" : esim_job_get_step (job);

  return g_strdup_printf ("%s [%s] %s%s%s", client_path (job), esim_job_get_kind (job),
                          esim_job_get_state (job), *step ? " " : "", step);
}

static ExitStatus
list (Client *client, const Options *options, GPtrArray *proxies, const char *key, Line line,
      const char *none)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < proxies->len; i++)
    {
      g_ptr_array_add (paths, (char *) client_path (proxies->pdata[i]));
      g_ptr_array_add (lines, line (client, options, proxies->pdata[i]));
    }
  output_paths (options_format (options), key, paths, lines, none);
  return EXIT_DONE;
}

ExitStatus
list_euiccs (Client *client, const Options *options, GError **error)
{
  g_autoptr (GPtrArray) euiccs = client_euiccs (client);

  return list (client, options, euiccs, "euicc-list", euicc_line, _ ("No eUICCs were found"));
}

ExitStatus
list_profiles (Client *client, const Options *options, GError **error)
{
  g_autoptr (GPtrArray) all = NULL, profiles = NULL;
  g_autoptr (EsimEuicc) euicc = NULL;

  if (options->euicc || options->modem)
    {
      euicc = client_find_euicc (client, options->euicc, options->modem, TRUE, error);
      if (euicc == NULL)
        return EXIT_FAILED;
    }
  all = euicc ? client_profiles_of (client, client_path (euicc)) : client_profiles (client);
  profiles = show_profiles_wanted (options, all);
  return list (client, options, profiles, "profile-list", profile_line,
               _ ("No profiles were found"));
}

ExitStatus
list_jobs (Client *client, const Options *options, GError **error)
{
  g_autoptr (GPtrArray) jobs = client_jobs (client);

  return list (client, options, jobs, "job-list", job_line, _ ("No jobs were found"));
}
