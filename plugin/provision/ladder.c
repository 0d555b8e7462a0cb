/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Waiting for a modem, and the rungs where waiting does not help: re-probe, power the card off and
 * on, reset. */

#include "provision/ladder.h"

#include <string.h>

#include "base/error.h"

/* A modem that is changing state is left alone this long, this often, before its rung is given up.
 */
#define BUSY_RETRY_S 3
#define BUSY_RETRIES 10
/* A reset takes slow modems this long to come back from. */
#define AWAY_MAX_S 120
/* How often it may be away when it is looked for; nothing can be climbed meanwhile. */
#define ABSENCES_MAX 3
/* Digits of an ICCID without its check digit (ITU-T E.118: 19 with it, some have 20). */
#define ICCID_SIGNIFICANT 18

typedef enum
{
  RUNG_REPROBE,
  RUNG_POWER_CYCLE,
  RUNG_RESET,
  RUNG_NONE,
} Rung;

struct _Ladder
{
  Card *card;
  char *iccid;
  guint patience_s;
  GCancellable *cancellable;
  LadderDone done;
  gpointer data;
  Rung next;
  gboolean hurry; /* the modem is known not to see it by itself */
  const char *climbed;
  guint busy_retries;
  guint absences; /* looks in a row that did not find it */
  gboolean climbing;
  guint timer;
  gulong changed, cancelled;
};

/* One rung as a job. */
typedef struct
{
  const ModemDriver *driver;
  ModemSnapshot *modem;
  CardAccess *access;
  Rung rung;
} Climb;

static void
climb_free (gpointer data)
{
  Climb *self = data;

  modem_snapshot_unref (self->modem);
  g_clear_pointer (&self->access, card_access_unref);
  g_free (self);
}

gboolean
ladder_same_iccid (const char *a, const char *b)
{
  if (a == NULL || b == NULL || strlen (a) < ICCID_SIGNIFICANT || strlen (b) < ICCID_SIGNIFICANT)
    return FALSE;
  /* With 20 digits the last is the check digit or padding; 19 always tell two cards apart. */
  return strncmp (a, b, MIN (19, MIN (strlen (a), strlen (b)))) == 0;
}

static gboolean
is_back (Ladder *self)
{
  const ModemSnapshot *modem = card_modem (self->card);

  if (modem == NULL || card_access (self->card) == NULL)
    return FALSE;
  return self->iccid == NULL || ladder_same_iccid (modem->iccid, self->iccid);
}

static void
finish (Ladder *self, const GError *error)
{
  LadderDone done = self->done;
  gpointer data = self->data;
  const char *rung = self->climbed;

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_signal_handler (&self->changed, self->card);
  if (self->cancelled)
    g_signal_handler_disconnect (self->cancellable, self->cancelled);
  g_object_unref (self->card);
  g_clear_object (&self->cancellable);
  g_free (self->iccid);
  g_free (self);
  done (rung, error, data);
}

/* Ends it if it can end now; a rung's job first comes home. */
static gboolean
ended (Ladder *self)
{
  g_autoptr (GError) error = NULL;

  if (self->climbing)
    return FALSE;
  if (g_cancellable_is_cancelled (self->cancellable))
    error_set (&error, ESIM_ERROR_CANCELLED, "provision", "cancelled while waiting for the modem");
  else if (!is_back (self))
    return FALSE;
  finish (self, error);
  return TRUE;
}

static gboolean on_timer (gpointer data);

static void
wait_more (Ladder *self, guint seconds)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add_seconds (seconds, on_timer, self);
}

static gboolean
climb_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Climb *self = data;

  switch (self->rung)
    {
    case RUNG_REPROBE:
      return self->driver->climb (self->modem, MODEM_RUNG_REPROBE, cancellable, error);
    case RUNG_POWER_CYCLE:
      return channel_power_cycle (self->access->driver, &self->access->target, cancellable, error);
    case RUNG_RESET:
      return self->driver->climb (self->modem, MODEM_RUNG_RESET, cancellable, error);
    case RUNG_NONE:
      break;
    }
  return TRUE;
}

static void
climb_done (gpointer data, const GError *error, gpointer user_data)
{
  static const char *const names[] = { "re-probe", "power-cycle", "reset" };
  Climb *climb = data;
  Ladder *self = user_data;

  self->climbing = FALSE;
  if (ended (self))
    return;
  if (error_is_code (error, ESIM_ERROR_MODEM) && self->busy_retries++ < BUSY_RETRIES)
    {
      wait_more (self, BUSY_RETRY_S);
      return;
    }
  if (error)
    g_debug ("%s did not work: %s", names[climb->rung], error->message);
  else
    self->climbed = names[climb->rung];
  self->busy_retries = 0;
  self->next = climb->rung + 1;
  /* A rung that could not be climbed needs no time to take effect. */
  wait_more (self, error ? 1 : self->patience_s);
}

static void
climb (Ladder *self)
{
  Climb *job = g_new0 (Climb, 1);
  Queue *queue
      = self->next == RUNG_POWER_CYCLE ? card_queue (self->card) : card_net_queue (self->card);

  job->driver = card_modem_driver (self->card);
  job->modem = modem_snapshot_ref (card_modem (self->card));
  job->access = card_access_ref (card_access (self->card));
  job->rung = self->next;
  self->climbing = TRUE;
  card_excuse (self->card, AWAY_MAX_S);
  queue_push (queue, climb_work, job, climb_free, self->cancellable, climb_done, self);
}

static gboolean
on_timer (gpointer data)
{
  Ladder *self = data;
  g_autoptr (GError) error = NULL;

  self->timer = 0;
  if (self->next == RUNG_NONE || self->absences >= ABSENCES_MAX)
    {
      error_set (&error, ESIM_ERROR_MODEM_NOT_BACK, "provision",
                 card_modem (self->card) ? "the modem does not see its new profile"
                                         : "the modem has not come back");
      finish (self, error);
    }
  else if (self->iccid && card_modem (self->card) && card_access (self->card))
    {
      self->absences = 0;
      climb (self);
    }
  else
    {
      self->absences++;
      wait_more (self, self->patience_s);
    }
  return G_SOURCE_REMOVE;
}

/* First look, off the caller's stack. */
static gboolean
on_start (gpointer data)
{
  Ladder *self = data;

  self->timer = 0;
  if (!ended (self))
    wait_more (self, self->hurry ? 1 : self->patience_s);
  return G_SOURCE_REMOVE;
}

static void
on_changed (Ladder *self)
{
  ended (self);
}

/* The handler must not run on the stack of whoever cancels: GCancellable holds its lock there. */
static void
on_cancelled (Ladder *self)
{
  if (self->climbing)
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_idle_add (on_start, self);
}

/* The rung that quirks.conf names for this modem, RUNG_NONE where it may do without. */
static Rung
first_rung (Card *card)
{
  const CardAccess *access = card_access (card);

  if (access == NULL)
    return RUNG_NONE;
  switch (access->target.quirks.after_enable)
    {
    case QUIRKS_AFTER_ENABLE_WAIT:
      return RUNG_NONE;
    case QUIRKS_AFTER_ENABLE_REPROBE:
      return RUNG_REPROBE;
    case QUIRKS_AFTER_ENABLE_POWER_CYCLE:
      return RUNG_POWER_CYCLE;
    case QUIRKS_AFTER_ENABLE_RESET:
      return RUNG_RESET;
    }
  return RUNG_NONE;
}

Ladder *
ladder_start (Card *card, const char *iccid, guint patience_s, GCancellable *cancellable,
              LadderDone done, gpointer data)
{
  Ladder *self = g_new0 (Ladder, 1);

  self->card = g_object_ref (card);
  self->iccid = g_strdup (iccid);
  self->patience_s = MAX (patience_s, 1);
  self->next = first_rung (card);
  self->hurry = iccid && self->next != RUNG_NONE;
  if (self->next == RUNG_NONE)
    self->next = RUNG_REPROBE;
  self->climbed = "by itself";
  self->done = done;
  self->data = data;
  self->changed = g_signal_connect_swapped (card, "changed", G_CALLBACK (on_changed), self);
  self->timer = g_idle_add (on_start, self);
  if (cancellable)
    {
      self->cancellable = g_object_ref (cancellable);
      self->cancelled
          = g_signal_connect_swapped (cancellable, "cancelled", G_CALLBACK (on_cancelled), self);
    }
  return self;
}
