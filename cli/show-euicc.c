/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One card with its profiles. */

#include <glib/gi18n.h>

#include "verbs.h"

static const char *
path_or_unknown (const char *path)
{
  return g_strcmp0 (path, "/") == 0 ? NULL : path;
}

static void
add_general (Output *output, EsimEuicc *euicc)
{
  guint slot = esim_euicc_get_slot (euicc); /* 0 while the modem is away */
  gboolean active = esim_euicc_get_active (euicc);
  g_autofree char *number = g_strdup_printf ("%u", slot);

  output_section (output, "General");
  output_text (output, "euicc.dbus-path", "path", client_path (euicc));
  output_text (output, "euicc.generic.eid", "eid", esim_euicc_get_eid (euicc));
  output_text (output, "euicc.generic.job", "job", path_or_unknown (esim_euicc_get_job (euicc)));
  output_section (output, "Modem");
  output_text (output, "euicc.generic.modem", "path",
               path_or_unknown (esim_euicc_get_modem (euicc)));
  output_text (output, "euicc.generic.modem-stack", "stack", esim_euicc_get_modem_stack (euicc));
  output_text (output, "euicc.generic.slot", "slot", slot > 0 ? number : NULL);
  output_text (output, "euicc.generic.active", "slot in use",
               slot == 0 ? NULL
               : active  ? "yes"
                         : "no");
  output_text (output, "euicc.generic.channel", "channel", esim_euicc_get_channel (euicc));
}

static void
add_card (Output *output, EsimEuicc *euicc)
{
  g_autofree char *free_memory = g_strdup_printf ("%" G_GUINT64_FORMAT " bytes",
                                                  (guint64) esim_euicc_get_free_memory (euicc));

  output_section (output, "Card");
  output_text (output, "euicc.card.spec-version", "SGP.22 version",
               esim_euicc_get_spec_version (euicc));
  output_line (output, "free memory", free_memory);
  output_number (output, "euicc.card.free-memory", NULL, esim_euicc_get_free_memory (euicc));
  output_text (output, "euicc.card.default-smdp", "default SM-DP+",
               esim_euicc_get_default_smdp (euicc));
  output_text (output, "euicc.card.root-smds", "root SM-DS", esim_euicc_get_root_smds (euicc));
  output_list (output, "euicc.card.ci-key-ids", "CI key ids", esim_euicc_get_ci_key_ids (euicc));
  output_text (output, "euicc.card.profile-version", "profile version",
               esim_euicc_get_profile_version (euicc));
  output_text (output, "euicc.card.firmware-version", "firmware version",
               esim_euicc_get_firmware_version (euicc));
  output_text (output, "euicc.card.category", "category", esim_euicc_get_category (euicc));
  output_text (output, "euicc.card.accreditation", "accreditation",
               esim_euicc_get_accreditation (euicc));
  output_list (output, "euicc.card.capabilities", "capabilities",
               esim_euicc_get_capabilities (euicc));
  output_list (output, "euicc.card.forbidden-rules", "forbidden rules",
               esim_euicc_get_forbidden_rules (euicc));
  output_number (output, "euicc.card.pending-notifications", "notifications waiting",
                 esim_euicc_get_pending_notifications (euicc));
}

static void
add_profiles (Output *output, GPtrArray *profiles)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();

  output_section (output, "Profiles");
  for (guint i = 0; i < profiles->len; i++)
    {
      const char *path = client_path (profiles->pdata[i]);
      g_autofree char *name = g_strdup_printf ("%u", client_number (path));
      g_autofree char *summary = show_profile_summary (profiles->pdata[i]);

      output_line (output, name, summary);
      g_ptr_array_add (paths, (char *) path);
    }
  if (profiles->len == 0)
    output_line (output, "none", _ ("esimcli --provision or --download brings one"));
  g_ptr_array_add (paths, NULL);
  output_list (output, "euicc.profiles", NULL, (const char *const *) paths->pdata);
}

ExitStatus
show_euicc (Client *client, const Options *options, GError **error)
{
  g_autoptr (Output) output = output_new (options_format (options));
  g_autoptr (EsimEuicc) euicc
      = client_find_euicc (client, options->euicc, options->modem, TRUE, error);
  g_autoptr (GPtrArray) all = NULL, profiles = NULL;

  if (euicc == NULL)
    return EXIT_FAILED;
  all = client_profiles_of (client, client_path (euicc));
  profiles = show_profiles_wanted (options, all);
  add_general (output, euicc);
  add_card (output, euicc);
  output_section (output, "Provisioning");
  output_text (output, "euicc.provisioning.state", "state",
               esim_euicc_get_provisioning_state (euicc));
  output_text (output, "euicc.provisioning.detail", "detail",
               esim_euicc_get_provisioning_detail (euicc));
  add_profiles (output, profiles);
  output_print (output);
  return EXIT_DONE;
}
