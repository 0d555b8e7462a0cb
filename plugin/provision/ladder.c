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
/* How often it may be away when it is looked for; nothing can be climbed meanwhile. After a reset
 * it boots, which takes real ones a minute: six times modem-timeout's default. */
#define ABSENCES_MAX 3
#define ABSENCES_MAX_RESET 9
/* Digits of an ICCID without its check digit (ITU-T E.118: 19 with it, some have 20). */
#define ICCID_SIGNIFICANT 18

typedef enum
{
  RUNG_REPROBE,
  RUNG_POWER_CYCLE,
  RUNG_REPROBE_AFTER, /* a stack that has not noticed the power-cycle either (ModemManager 1.20) */
  RUNG_RESET,
  RUNG_NONE,
} Rung;

static const char *const rung_names[RUNG_NONE]
    = { "re-probe", "power-cycle", "power-cycle", "reset" };

struct _Ladder
{
  Card *card;
  char *iccid;
  guint patience_s;
  GCancellable *cancellable;
  LadderDone done;
  gpointer data;
  Rung next;
  Rung learnt;    /* that comes after the first re-probe */
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

/* The stack first, which looks whether the modem is in a state for it, and knows that it goes; not
 * every modem has a reset that the stack knows. */
static gboolean
reset (Climb *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (self->driver->climb (self->modem, MODEM_RUNG_RESET, cancellable, &problem))
    return TRUE;
  if (error_is_code (problem, ESIM_ERROR_UNSUPPORTED) && self->access->driver->reset)
    return channel_reset (self->access->driver, &self->access->target, cancellable, error);
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

static gboolean
climb_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Climb *self = data;

  switch (self->rung)
    {
    case RUNG_REPROBE:
    case RUNG_REPROBE_AFTER:
      return self->driver->climb (self->modem, MODEM_RUNG_REPROBE, cancellable, error);
    case RUNG_POWER_CYCLE:
      return channel_power_cycle (self->access->driver, &self->access->target, cancellable, error);
    case RUNG_RESET:
      return reset (self, cancellable, error);
    case RUNG_NONE:
      break;
    }
  return TRUE;
}

/* A re-probe is cheap: it is always tried, so that one reset does not make all switches resets. */
static Rung
rung_after (Ladder *self, Rung rung, gboolean climbed)
{
  if (rung == RUNG_POWER_CYCLE && !climbed)
    return RUNG_RESET;
  return rung == RUNG_REPROBE ? MAX (self->learnt, RUNG_POWER_CYCLE) : rung + 1;
}

static void
climb_done (gpointer data, const GError *error, gpointer user_data)
{
  Climb *climb = data;
  Ladder *self = user_data;

  self->climbing = FALSE;
  /* The modem may be back before the call that brought it back has returned. */
  if (error == NULL)
    self->climbed = rung_names[climb->rung];
  if (ended (self))
    return;
  if (error_is_code (error, ESIM_ERROR_MODEM) && self->busy_retries++ < BUSY_RETRIES)
    {
      wait_more (self, BUSY_RETRY_S);
      return;
    }
  if (error)
    g_debug ("%s did not work: %s", rung_names[climb->rung], error->message);
  self->busy_retries = 0;
  self->next = rung_after (self, climb->rung, error == NULL);
  /* A rung that could not be climbed needs no time to take effect. */
  wait_more (self, error ? 1 : self->patience_s);
}

static gboolean
is_there (Ladder *self)
{
  return card_modem (self->card) && card_access (self->card);
}

static gboolean
is_away_for_good (Ladder *self)
{
  guint most = self->climbed == rung_names[RUNG_RESET] ? ABSENCES_MAX_RESET : ABSENCES_MAX;

  return ++self->absences > most;
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

static void
give_up (Ladder *self)
{
  g_autoptr (GError) error = NULL;

  error_set (&error, ESIM_ERROR_MODEM_NOT_BACK, "provision",
             card_modem (self->card) ? "the modem does not see its new profile"
                                     : "the modem has not come back");
  finish (self, error);
}

static gboolean
on_timer (gpointer data)
{
  Ladder *self = data;

  self->timer = 0;
  if (!is_there (self) && !is_away_for_good (self))
    wait_more (self, self->patience_s);
  else if (is_there (self) && self->iccid && self->next != RUNG_NONE)
    climb (self);
  else
    give_up (self);
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

/* One that comes back has all the time to see its profile. */
static void
on_changed (Ladder *self)
{
  gboolean came_back = self->absences > 0 && is_there (self);

  if (ended (self) || !came_back)
    return;
  self->absences = 0;
  wait_more (self, self->patience_s);
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
rung_of_quirks (Card *card)
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

/* What is below the rung that helped before did not. */
static Rung
rung_by_name (const char *name)
{
  Rung rung = RUNG_REPROBE;

  while (rung < RUNG_NONE && g_strcmp0 (name, rung_names[rung]) != 0)
    rung++;
  return rung == RUNG_NONE ? RUNG_REPROBE : rung;
}

Ladder *
ladder_start (Card *card, const char *iccid, const char *helped, guint patience_s,
              GCancellable *cancellable, LadderDone done, gpointer data)
{
  Rung told = rung_of_quirks (card);
  Ladder *self = g_new0 (Ladder, 1);

  self->card = g_object_ref (card);
  self->iccid = g_strdup (iccid);
  self->patience_s = MAX (patience_s, 1);
  self->next = told == RUNG_NONE ? RUNG_REPROBE : told;
  self->learnt = rung_by_name (helped);
  self->hurry = iccid && told != RUNG_NONE;
  self->climbed = LADDER_BY_ITSELF;
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
