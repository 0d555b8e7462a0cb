/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A job that does one thing on the card and reads the card anew, or asks it one thing. */

#include "service/task.h"

#include "base/error.h"
#include "base/wait.h"
#include "service/await.h"

/* After a switch the card may answer nothing while the modem restarts it: looks this often, this
 * far apart. */
#define LOOKS 10
#define LOOK_MS 500

typedef struct
{
  Euicc *euicc;
  Job *job;
  CardAccess *access;
  TaskPlan plan;
  CardFacts *facts;
} Task;

static void
task_free (gpointer data)
{
  Task *self = data;

  g_object_unref (self->euicc);
  g_object_unref (self->job);
  g_clear_pointer (&self->access, card_access_unref);
  if (self->plan.free_parameters)
    self->plan.free_parameters (self->plan.parameters);
  g_clear_pointer (&self->facts, card_facts_unref);
  g_free (self->plan.favours);
  g_free (self);
}

static gboolean
do_verb (Task *self, TaskVerb verb, Channel *channel, GCancellable *cancellable, GError **error)
{
  if (verb == NULL)
    return TRUE;
  progress_step (job_progress (self->job), "card");
  return verb (channel, self->plan.parameters, cancellable, error);
}

static gboolean
is_of_the_way (const GError *problem)
{
  return error_is_code (problem, ESIM_ERROR_CHANNEL)
         || error_is_code (problem, ESIM_ERROR_TIMED_OUT)
         || error_is_code (problem, ESIM_ERROR_BUSY);
}

/* Over a way that an APDU in between would spoil the card is not spoken to before the REFRESH that
 * it may have ordered is through. */
static void
let_restart (Task *self, Channel **channel)
{
  if (!self->access->driver->fragile || (self->plan.check == NULL && self->plan.then == NULL))
    return;
  g_clear_pointer (channel, channel_close);
  wait_sleep (1000 * CHANNEL_RESTART_S, NULL, NULL);
}

static gboolean
then_once (Task *self, Channel **channel, GError **error)
{
  g_clear_pointer (channel, channel_close);
  *channel = card_access_open (self->access, job_progress (self->job), NULL, error);
  return *channel && do_verb (self, self->plan.then, *channel, NULL, error);
}

/* The second verb is half of one thing: it is not given up for a cancellation any more, nor because
 * the first one's REFRESH cuts in now or the modem is still restarting the card. */
static gboolean
do_then (Task *self, Channel **channel, GError **error)
{
  if (self->plan.then == NULL)
    return TRUE;
  let_restart (self, channel);
  for (guint i = 1;; i++)
    {
      g_autoptr (GError) problem = NULL;

      if (then_once (self, channel, &problem))
        return TRUE;
      if (i == LOOKS || !is_of_the_way (problem))
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
      wait_sleep (LOOK_MS, NULL, NULL);
    }
}

/* A REFRESH closes every channel, so the card is read over a new one. */
static CardFacts *
look_again (Task *self)
{
  for (guint i = 0; i < LOOKS; i++)
    {
      g_autoptr (Channel) channel = card_access_open (self->access, NULL, NULL, NULL);
      CardFacts *facts = channel ? card_facts_read (channel, self->access->eid, NULL, NULL) : NULL;

      if (facts)
        return facts;
      wait_sleep (LOOK_MS, NULL, NULL);
    }
  return NULL;
}

/* The card's own REFRESH can take the answer away, and the channel with it; so does a cancellation
 * while the card works: then the card as it is decides. Without a sight of it PROBLEM stands. After
 * the first of two verbs it is looked at in any case: that one did change it. */
static gboolean
settle (Task *self, GError *problem, GError **error)
{
  gboolean lost = self->plan.check
                  && (error_is_code (problem, ESIM_ERROR_CHANNEL)
                      || error_is_code (problem, ESIM_ERROR_CANCELLED));

  if (lost || self->plan.then)
    self->facts = look_again (self);
  if (self->facts && lost && self->plan.check (self->facts, self->plan.parameters))
    {
      g_error_free (problem);
      return TRUE;
    }
  g_propagate_error (error, problem);
  return FALSE;
}

static gboolean
read_card (Task *self, Channel **channel, GCancellable *cancellable, GError **error)
{
  progress_step (job_progress (self->job), "read-card");
  let_restart (self, channel);
  if (*channel)
    self->facts = card_facts_read_with (*channel, self->access->eid, self->plan.icons, cancellable,
                                        self->plan.verb ? NULL : error);
  if (self->facts || self->plan.verb == NULL)
    return self->facts != NULL;
  g_clear_pointer (channel, channel_close);
  self->facts = look_again (self);
  return TRUE;
}

/* Where the first verb's answer got lost, the second one shows whether it was done. */
static gboolean
do_verbs (Task *self, Channel **channel, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (do_verb (self, self->plan.verb, *channel, cancellable, &problem)
      || (self->plan.then && is_of_the_way (problem)))
    return do_then (self, channel, error);
  g_propagate_error (error, g_steal_pointer (&problem));
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
  if (!do_verbs (self, &channel, cancellable, &problem))
    {
      g_clear_pointer (&channel, channel_close);
      return settle (self, problem, error);
    }
  return self->plan.result || read_card (self, &channel, cancellable, error);
}

static void
task_done (gpointer data, const GError *error, gpointer user_data)
{
  Task *self = data;
  gboolean asked = self->plan.result != NULL;

  if (self->facts)
    card_set_facts (euicc_card (self->euicc), self->facts);
  if (error == NULL && self->plan.keeps)
    card_keep_slot (euicc_card (self->euicc));
  if (error == NULL && self->plan.verb && !asked)
    provision_card_changed (euicc_provision (self->euicc));
  job_end (self->job, asked && !error ? self->plan.result (self->plan.parameters) : NULL, error);
}

static void
on_modem (const GError *error, gpointer data)
{
  Task *self = data;
  Card *card = euicc_card (self->euicc);

  if (error)
    {
      job_end (self->job, NULL, error);
      task_free (self);
      return;
    }
  if (self->plan.favours)
    provision_favour_profile (euicc_provision (self->euicc), self->plan.favours);
  self->access = card_access_ref (card_access (card));
  queue_push (card_queue (card), task_work, self, task_free, job_cancellable (self->job), task_done,
              NULL);
}

void
task_start (Euicc *euicc, Job *job, const TaskPlan *plan)
{
  Task *self = g_new0 (Task, 1);

  self->euicc = g_object_ref (euicc);
  self->job = job;
  self->plan = *plan;
  if (plan->suspends)
    provision_suspend (euicc_provision (euicc));
  await_modem (euicc_card (euicc), job_cancellable (job), on_modem, self);
}
