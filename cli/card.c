/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The verbs of the card itself: discover, default SM-DP+, lists, reset. */

#include <glib/gi18n.h>
#include <string.h>

#include "consent.h"
#include "follow.h"
#include "prompt.h"

static ExitStatus
start (Client *client, const Options *options, const char *method, GVariant *parameters,
       GError **error)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (parameters);
  g_autoptr (EsimEuicc) euicc
      = client_find_euicc (client, options->euicc, options->modem, FALSE, error);

  return euicc ? follow_call (client, options, euicc, method, owned, error) : EXIT_FAILED;
}

ExitStatus
discover (Client *client, const Options *options, GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (g_str_equal (options->verb, "download-found"))
    g_variant_dict_insert (&dict, "download", "b", TRUE);
  if (options->accept_rules)
    g_variant_dict_insert (&dict, "accept-rules", "b", TRUE);
  if (options->look)
    g_variant_dict_insert (&dict, "look", "b", TRUE);
  return start (client, options, "Discover", g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)),
                error);
}

ExitStatus
set_default_smdp (Client *client, const Options *options, GError **error)
{
  const char *address = options->value;

  if (*address == '\0')
    {
      g_set_error (error, REPORT_ERROR, EXIT_USAGE,
                   _ ("the address is empty\nTo remove the card's address use "
                      "--set-default-smdp=none."));
      return EXIT_FAILED;
    }
  if (g_str_equal (address, "none"))
    address = "";
  return start (client, options, "SetDefaultSmdp", g_variant_new ("(sa{sv})", address, NULL),
                error);
}

ExitStatus
list_notifications (Client *client, const Options *options, GError **error)
{
  return start (client, options, "ListNotifications", g_variant_new ("(a{sv})", NULL), error);
}

ExitStatus
list_rules (Client *client, const Options *options, GError **error)
{
  return start (client, options, "ListRules", g_variant_new ("(a{sv})", NULL), error);
}

gboolean
card_is_meant (const Options *options, const char *number, GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autofree char *line = NULL;

  if (options->yes)
    return TRUE;
  if (consent_possible ())
    {
      g_printerr ("%s\n", number);
      line = prompt_line (
          loop, _ ("This can't be undone. Type the last 4 digits of the number above: "), TRUE);
    }
  if (line && strlen (line) == 4 && g_str_has_suffix (number, line))
    return TRUE;
  g_set_error (error, REPORT_ERROR, EXIT_USAGE,
               _ ("this can't be undone, and was not confirmed\nAdd --yes if it is meant."));
  return FALSE;
}

ExitStatus
reset (Client *client, const Options *options, GError **error)
{
  g_autoptr (EsimEuicc) euicc
      = client_find_euicc (client, options->euicc, options->modem, FALSE, error);
  g_auto (GStrv) what = g_strsplit (options->value, ",", -1);

  if (euicc == NULL || !card_is_meant (options, esim_euicc_get_eid (euicc), error))
    return EXIT_FAILED;
  return follow_call (client, options, euicc, "Reset", g_variant_new ("(^asa{sv})", what, NULL),
                      error);
}
