/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The verbs that keep card and service in order: notifications, refresh, rescan, reload. */

#include <glib/gi18n.h>

#include "follow.h"

static ExitStatus
start_with (Client *client, const Options *options, const char *method, GVariantDict *dict,
            GError **error)
{
  g_autoptr (EsimEuicc) euicc
      = client_find_euicc (client, options->euicc, options->modem, FALSE, error);

  if (euicc == NULL)
    return EXIT_FAILED;
  return follow_call (client, options, euicc, method,
                      g_variant_new ("(@a{sv})", g_variant_dict_end (dict)), error);
}

static ExitStatus
start (Client *client, const Options *options, const char *method, GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  return start_with (client, options, method, &dict, error);
}

ExitStatus
send_notifications (Client *client, const Options *options, GError **error)
{
  return start (client, options, "SendNotifications", error);
}

ExitStatus
send_notification (Client *client, const Options *options, GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GError) problem = NULL;
  guint64 number;

  if (!g_ascii_string_to_unsigned (options->value, 10, 0, G_MAXUINT64, &number, &problem))
    {
      g_set_error (error, REPORT_ERROR, EXIT_USAGE,
                   _ ("\"%s\" is no notification's number\nSee --list-notifications."),
                   options->value);
      return EXIT_FAILED;
    }
  g_variant_dict_insert (&dict, "sequence", "t", number);
  return start_with (client, options, "SendNotifications", &dict, error);
}

ExitStatus
refresh (Client *client, const Options *options, GError **error)
{
  return start (client, options, "Refresh", error);
}

ExitStatus
rescan (Client *client, const Options *options, GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (g_str_equal (options->verb, "rescan-slots"))
    g_variant_dict_insert (&dict, "all-slots", "b", TRUE);
  if (!client_call_manager (client, "Rescan", g_variant_dict_end (&dict), error))
    return EXIT_FAILED;
  g_print (_ ("successfully requested a rescan\n"));
  return EXIT_DONE;
}

ExitStatus
reload (Client *client, const Options *options, GError **error)
{
  if (!client_call_manager (client, "Reload", NULL, error))
    return EXIT_FAILED;
  g_print (_ ("successfully reloaded the settings\n"));
  return EXIT_DONE;
}
