/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* esimcli: reads the command line, reaches the service, runs the one verb. */

#include <glib/gi18n.h>
#include <locale.h>

#include "options.h"

static ExitStatus
run (const Options *options, GError **error)
{
  g_autoptr (Client) client = client_new (options->verbose, error);

  return client ? options->run (client, options, error) : EXIT_FAILED;
}

int
main (int argc, char **argv)
{
  Options options = { 0 };
  g_autoptr (GError) error = NULL;
  ExitStatus status = EXIT_DONE;

  setlocale (LC_ALL, "");
  textdomain (GETTEXT_PACKAGE);
  if (options_parse (&options, &argc, &argv, &error) && options.run)
    status = run (&options, &error);
  options_clear (&options);
  return error ? report_error (error) : status;
}
