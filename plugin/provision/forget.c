/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A profile is about to be enabled, or has left its card: what was made outside for profiles
 * follows. */

#include "provision/run.h"

typedef struct
{
  const ConnectDriver *const *connects;
  char *iccid;
} Change;

static void
change_free (gpointer data)
{
  Change *self = data;

  g_free (self->iccid);
  g_free (self);
}

static gboolean
favour_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Change *self = data;

  connect_favour (self->connects, self->iccid, cancellable);
  return TRUE;
}

/* Every driver is asked, since the setting may have been another one when it was made. */
static gboolean
forget_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Change *self = data;
  gboolean good = TRUE;

  for (guint i = 0; good && self->connects[i]; i++)
    if (self->connects[i]->forget)
      good = self->connects[i]->forget (self->iccid, cancellable, error);
  return good;
}

static void
on_done (gpointer data, const GError *error, gpointer user_data)
{
  if (error)
    g_debug ("what was made for a profile that is gone stays: %s", error->message);
}

static void
push (Provision *self, QueueWork work, const char *iccid)
{
  Change *job = g_new0 (Change, 1);

  job->connects = self->connects;
  job->iccid = g_strdup (iccid);
  queue_push (card_net_queue (self->card), work, job, change_free, self->background, on_done, NULL);
}

void
provision_favour_profile (Provision *self, const char *iccid)
{
  if (self->connects)
    push (self, favour_work, iccid);
}

void
provision_forget_profile (Provision *self, const char *iccid)
{
  if (self->policy->delete_connection && self->connects)
    push (self, forget_work, iccid);
}
