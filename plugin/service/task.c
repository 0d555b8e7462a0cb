/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A job that does one thing on the card and reads the card anew. */

#include "service/task.h"

#include "base/error.h"
#include "base/wait.h"

/* After a switch the card may answer nothing while the modem restarts it: looks this often, this
 * far apart. */
#define LOOKS 10
#define LOOK_MS 500

typedef struct
{
  Euicc *euicc;
  Job *job;
  CardAccess *access;
  TaskVerb verb;
  TaskCheck check;
  gpointer parameters;
  GDestroyNotify free_parameters;
  CardFacts *facts;
} Task;

static void
task_free (gpointer data)
{
  Task *self = data;

  g_object_unref (self->euicc);
  g_object_unref (self->job);
  card_access_unref (self->access);
  if (self->free_parameters)
    self->free_parameters (self->parameters);
  g_clear_pointer (&self->facts, card_facts_unref);
  g_free (self);
}

static gboolean
do_verb (Task *self, Channel *channel, GCancellable *cancellable, GError **error)
{
  if (self->verb == NULL)
    return TRUE;
  progress_step (job_progress (self->job), "card");
  return self->verb (channel, self->parameters, cancellable, error);
}

/* A REFRESH closes every channel, so the card is read over a new one. */
static CardFacts *
look_again (Task *self)
{
  for (guint i = 0; i < LOOKS; i++)
    {
      g_autoptr (Channel) channel = card_access_open (self->access, NULL, NULL, NULL);
      CardFacts *facts = channel ? card_facts_read (channel, NULL, NULL) : NULL;

      if (facts)
        return facts;
      wait_sleep (LOOK_MS, NULL, NULL);
    }
  return NULL;
}

/* The card's own REFRESH can take the answer away, and the channel with it: then the card as it is
 * decides. Without a sight of it PROBLEM stands. */
static gboolean
settle (Task *self, GError *problem, GError **error)
{
  if (self->check && error_is_code (problem, ESIM_ERROR_CHANNEL))
    self->facts = look_again (self);
  if (self->facts && self->check (self->facts, self->parameters))
    {
      g_error_free (problem);
      return TRUE;
    }
  g_propagate_error (error, problem);
  return FALSE;
}

static gboolean
task_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Task *self = data;
  g_autoptr (Channel) channel = NULL;
  GError *problem = NULL;

  progress_step (job_progress (self->job), "open-channel");
  channel = card_access_open (self->access, job_progress (self->job), cancellable, error);
  if (channel == NULL)
    return FALSE;
  if (!do_verb (self, channel, cancellable, &problem))
    {
      g_clear_pointer (&channel, channel_close);
      return settle (self, problem, error);
    }
  progress_step (job_progress (self->job), "read-card");
  self->facts = card_facts_read (channel, cancellable, self->verb ? NULL : error);
  if (self->facts || self->verb == NULL)
    return self->facts != NULL;
  g_clear_pointer (&channel, channel_close);
  self->facts = look_again (self);
  return TRUE;
}

static void
task_done (gpointer data, const GError *error, gpointer user_data)
{
  Task *self = data;

  if (self->facts)
    card_set_facts (euicc_card (self->euicc), self->facts);
  if (error == NULL && self->verb)
    provision_card_changed (euicc_provision (self->euicc));
  job_end (self->job, NULL, error);
}

void
task_start (Euicc *euicc, Job *job, TaskVerb verb, TaskCheck check, gpointer parameters,
            GDestroyNotify free_parameters)
{
  Task *self = g_new0 (Task, 1);

  self->euicc = g_object_ref (euicc);
  self->job = job;
  self->access = card_access_ref (card_access (euicc_card (euicc)));
  self->verb = verb;
  self->check = check;
  self->parameters = parameters;
  self->free_parameters = free_parameters;
  queue_push (card_queue (euicc_card (euicc)), task_work, self, task_free, job_cancellable (job),
              task_done, NULL);
}
