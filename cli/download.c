/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* --download: one profile, by its activation code or from the default SM-DP+. */

#include <glib/gi18n.h>

#include "follow.h"
#include "prompt.h"
#include "qr.h"

/* VALUE, or for "-" a line of standard input: a command line is for everybody to read. */
static char *
secret (const char *value, GError **error)
{
  char *line;

  if (g_strcmp0 (value, "-") != 0)
    return g_strdup (value);
  line = prompt_read_secret ();
  if (line == NULL)
    g_set_error (
        error, REPORT_ERROR, EXIT_USAGE,
        _ ("standard input ended before the code\nWrite one code a line, the activation code "
           "first."));
  return line;
}

/* ACTIVATION_CODE is "" for the default SM-DP+. */
static ExitStatus
start (Client *client, const Options *options, const char *activation_code, GError **error)
{
  g_autoptr (EsimEuicc) euicc
      = client_find_euicc (client, options->euicc, options->modem, FALSE, error);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *confirmation_code = NULL;

  if (euicc == NULL)
    return EXIT_FAILED;
  if (options->confirmation_code)
    {
      confirmation_code = secret (options->confirmation_code, error);
      if (confirmation_code == NULL)
        return EXIT_FAILED;
      g_variant_dict_insert (&dict, "confirmation-code", "s", confirmation_code);
    }
  if (options->accept_rules)
    g_variant_dict_insert (&dict, "accept-rules", "b", TRUE);
  if (options->look)
    g_variant_dict_insert (&dict, "look", "b", TRUE);
  return follow_call (client, options, euicc, "Download",
                      g_variant_new ("(s@a{sv})", activation_code, g_variant_dict_end (&dict)),
                      error);
}

ExitStatus
download (Client *client, const Options *options, GError **error)
{
  g_autofree char *code = secret (options->value, error);

  /* On the bus "" means the default SM-DP+. Here it is a variable that a script did not set. */
  if (code && *g_strstrip (code) == '\0')
    {
      g_set_error (error, REPORT_ERROR, EXIT_USAGE,
                   _ ("the activation code is empty\nTo install what the default SM-DP+ has for "
                      "this card use --download-default."));
      return EXIT_FAILED;
    }
  return code ? start (client, options, code, error) : EXIT_FAILED;
}

ExitStatus
download_default (Client *client, const Options *options, GError **error)
{
  return start (client, options, "", error);
}

ExitStatus
download_qr (Client *client, const Options *options, GError **error)
{
  g_autofree char *code = qr_read (options->value, error);

  return code ? start (client, options, code, error) : EXIT_FAILED;
}
