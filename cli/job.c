/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The verbs of one job: follow it, cancel it. */

#include <glib/gi18n.h>

#include "follow.h"

ExitStatus
job_follow (Client *client, const Options *options, GError **error)
{
  g_autoptr (EsimJob) job = client_find_job (client, options->job, error);

  return job ? follow_job (client, options, client_path (job), error) : EXIT_FAILED;
}

ExitStatus
job_cancel (Client *client, const Options *options, GError **error)
{
  g_autoptr (EsimJob) job = client_find_job (client, options->job, error);
  g_autoptr (GVariant) reply = NULL;

  if (job && client_job_is_over (job))
    g_set_error (error, REPORT_ERROR, EXIT_FAILED,
                 _ ("job %s is over already: %s\nSee how it ended with esimcli -j %s."),
                 options->job, esim_job_get_state (job), options->job);
  else if (job)
    reply = client_call (client, job, "Cancel", g_variant_new ("(a{sv})", NULL), error);
  if (reply == NULL)
    return EXIT_FAILED;
  g_print (_ ("successfully requested to cancel the job\n"));
  return EXIT_DONE;
}
