/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* After a roll-back: the connection that the profile before had, again. */

#include "base/error.h"
#include "provision/run.h"

#define LOOK_S 2
/* A re-probed modem has to be enabled first, which the policy's time to register does not cover. */
#define PATIENCE_MIN_S 60

typedef struct
{
  Provision *provision;
  Policy *policy;
  ModemSnapshot *modem;
  const ModemDriver *driver;
  const ConnectDriver *const *connects;
  char *apn;
  gboolean connected;
} Restore;

static void
restore_free (gpointer data)
{
  Restore *self = data;

  g_object_unref (self->provision);
  policy_unref (self->policy);
  modem_snapshot_unref (self->modem);
  g_free (self->apn);
  g_free (self);
}

/* Someone else may have brought something up meanwhile: that is left alone. */
static gboolean
restore_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Restore *self = data;
  ConnectSettings settings = policy_connect_settings (self->policy, NULL);
  const ConnectDriver *connect;
  g_autoptr (ConnectStatus) link = NULL;

  /* A re-probe leaves the modem disabled. */
  if (self->modem->state == MODEM_STATE_DISABLED)
    return self->driver->enable (self->modem, cancellable, error);
  settings.apn = self->apn;
  connect = connect_choose (self->connects, self->policy->connect, self->modem, cancellable, error);
  if (connect)
    link = connect->observe (self->modem, &settings, cancellable, error);
  if (link == NULL)
    return FALSE;
  self->connected
      = link->level != CONNECT_NONE || connect->up (self->modem, &settings, cancellable, error);
  return self->connected;
}

static gboolean on_look (gpointer data);

static void
look_later (Provision *self)
{
  g_clear_handle_id (&self->restore_timer, g_source_remove);
  self->restore_timer = g_timeout_add_seconds (LOOK_S, on_look, self);
}

static void
finish (Provision *self)
{
  g_autoptr (GError) error = NULL;

  self->restoring_since = 0;
  if (!journal_set (self->journal, &error, JOURNAL_BEFORE_APN, NULL, NULL))
    g_debug ("%s", error->message);
}

static void
on_restored (gpointer data, const GError *error, gpointer user_data)
{
  const Restore *job = data;
  Provision *self = job->provision;

  (void) user_data;
  if (error)
    g_debug ("the connection of before: %s", error->message);
  if (job->connected)
    finish (self);
  else if (!error_is_code (error, ESIM_ERROR_CANCELLED))
    look_later (self);
}

static void
restore (Provision *self, char *apn)
{
  Restore *job = g_new0 (Restore, 1);

  job->provision = g_object_ref (self);
  job->policy = policy_ref (self->policy);
  job->modem = modem_snapshot_ref (card_modem (self->card));
  job->driver = card_modem_driver (self->card);
  job->connects = run_connects (self);
  job->apn = apn;
  queue_push (card_net_queue (self->card), restore_work, job, restore_free, self->background,
              on_restored, NULL);
}

static gboolean
on_look (gpointer data)
{
  Provision *self = data;
  const ModemSnapshot *modem = card_modem (self->card);
  g_autofree char *apn = journal_get (self->journal, JOURNAL_BEFORE_APN);

  self->restore_timer = 0;
  if (self->running || apn == NULL)
    self->restoring_since = 0; /* the run, or a person, has it now */
  else if (run_has_passed (self->restoring_since,
                           MAX (self->policy->registration_timeout_s, PATIENCE_MIN_S)))
    finish (self);
  else if (modem && card_access (self->card) && run_connects (self)
           && (modem->state == MODEM_STATE_REGISTERED || modem->state == MODEM_STATE_CONNECTED
               || modem->state == MODEM_STATE_DISABLED))
    restore (self, g_steal_pointer (&apn));
  else
    look_later (self);
  return G_SOURCE_REMOVE;
}

void
restore_start (Provision *self)
{
  g_autofree char *apn = self->journal ? journal_get (self->journal, JOURNAL_BEFORE_APN) : NULL;

  if (apn == NULL || !run_has_fact (self, JOURNAL_ROLLED_BACK))
    return;
  self->restoring_since = g_get_monotonic_time ();
  look_later (self);
}
