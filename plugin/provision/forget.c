/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A profile has left its card: what was made outside for it goes, too. */

#include "provision/run.h"

typedef struct
{
  const ConnectDriver *const *connects;
  char *iccid;
} Forget;

static void
forget_free (gpointer data)
{
  Forget *self = data;

  g_free (self->iccid);
  g_free (self);
}

/* Every driver is asked, since the setting may have been another one when it was made. */
static gboolean
forget_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Forget *self = data;
  gboolean good = TRUE;

  for (guint i = 0; good && self->connects[i]; i++)
    if (self->connects[i]->forget)
      good = self->connects[i]->forget (self->iccid, cancellable, error);
  return good;
}

static void
on_forgotten (gpointer data, const GError *error, gpointer user_data)
{
  if (error)
    g_debug ("what was made for a profile that is gone stays: %s", error->message);
}

void
provision_forget_profile (Provision *self, const char *iccid)
{
  Forget *job;

  if (!self->policy->delete_connection || self->connects == NULL)
    return;
  job = g_new0 (Forget, 1);
  job->connects = self->connects;
  job->iccid = g_strdup (iccid);
  queue_push (card_net_queue (self->card), forget_work, job, forget_free, self->background,
              on_forgotten, NULL);
}
