/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* How each step of a run is started, and what its result teaches. */

#include "base/error.h"
#include "card/install.h"
#include "provision/act.h"
#include "provision/ladder.h"
#include "provision/observe.h"
#include "provision/retry.h"
#include "provision/run.h"

/* An order that got no answer is looked for this long before the list counts as the truth, this far
 * apart. */
#define SETTLE_S 20
#define SETTLE_POLL_MS 2000
/* Registration is looked at when the modem says something new, and this often besides. */
#define REGISTRATION_POLL_MS 5000
/* A server that takes longer to answer holds no run up. */
#define NOTIFY_PATIENCE_S 10

/* A job on its way, and what to do with it when it is back. */
typedef struct
{
  Provision *provision;
  Step step;
  void (*learn) (Provision *self, Act *act);
} Trip;

static void
trip_free (Trip *self)
{
  g_object_unref (self->provision);
  g_free (self);
}

const ConnectDriver *const *
run_connects (Provision *self)
{
  return g_str_equal (self->policy->connect, "none") ? NULL : self->connects;
}

/* The ICCID of the profile that is ours: on the card, or else reserved, or else journaled. The
 * caller frees. */
char *
run_ours (Provision *self)
{
  g_autofree char *journaled = journal_get (self->journal, JOURNAL_ICCID);
  const CardFacts *facts = card_facts (self->card);
  const char *on_card = facts ? observe_ours (facts, journaled) : NULL;

  if (on_card)
    return g_strdup (on_card);
  if (self->seen.reservation && *self->seen.reservation->iccid)
    return g_strdup (self->seen.reservation->iccid);
  return g_steal_pointer (&journaled);
}

void
run_close_session (Provision *self)
{
  if (self->session)
    self->providers[0]->close (self->session);
  self->session = NULL;
  g_clear_pointer (&self->session_policy, policy_unref);
}

/* What a step opened serves the next one; what failed is not used again. */
static void
keep_session (Provision *self, Act *act)
{
  run_close_session (self);
  self->session = g_steal_pointer (&act->session);
  self->session_policy = policy_ref (act->policy);
}

static Act *
act_new (Provision *self)
{
  Act *act = g_new0 (Act, 1);

  act->policy = policy_ref (self->policy);
  act->journal = journal_ref (self->journal);
  act->progress = progress_ref (self->progress);
  act->eid = g_strdup (card_eid (self->card));
  act->access = card_access (self->card) ? card_access_ref (card_access (self->card)) : NULL;
  act->modem = card_modem (self->card) ? modem_snapshot_ref (card_modem (self->card)) : NULL;
  act->driver = card_modem_driver (self->card);
  act->provider = self->providers ? self->providers[0] : NULL;
  act->connects = run_connects (self);
  act->iccid = run_ours (self);
  act->fleet_sid = g_strdup (self->seen.fleet_sid);
  if (self->session_policy != self->policy)
    run_close_session (self);
  act->session = g_steal_pointer (&self->session);
  act->asked = self->asked;
  act->dismiss = self->seen.dismiss;
  act->may_displace = self->asked;
  return act;
}

static void
trip_done (gpointer data, const GError *error, gpointer user_data)
{
  Trip *trip = user_data;
  Provision *self = trip->provision;
  g_autoptr (GError) left = NULL;

  if (error_is_code (error, ESIM_ERROR_CANCELLED)
      && !g_cancellable_is_cancelled (self->cancellable))
    {
      error_set (&left, ESIM_ERROR_DEVICE_GONE, "provision", "the modem left meanwhile");
      error = left;
    }
  if (error == NULL)
    keep_session (self, data);
  else if (((Act *) data)->facts)
    card_set_facts (self->card, ((Act *) data)->facts);
  if (error == NULL && trip->learn)
    trip->learn (self, data);
  run_step_done (self, trip->step, error);
  trip_free (trip);
}

static void
go (Provision *self, Queue *queue, Step step, QueueWork work, Act *act,
    void (*learn) (Provision *self, Act *act))
{
  Trip *trip = g_new0 (Trip, 1);

  trip->provision = g_object_ref (self);
  trip->step = step;
  trip->learn = learn;
  self->busy = TRUE;
  queue_push (queue, work, act, act_free, self->cancellable, trip_done, trip);
}

static void
go_net (Provision *self, Step step, QueueWork work, void (*learn) (Provision *self, Act *act))
{
  go (self, card_net_queue (self->card), step, work, act_new (self), learn);
}

static void
go_card (Provision *self, Step step, QueueWork work, void (*learn) (Provision *self, Act *act))
{
  go (self, card_queue (self->card), step, work, act_new (self), learn);
}

/* ---- what results teach ---- */

static void
learn_card (Provision *self, Act *act)
{
  self->seen.card_read = TRUE;
  self->seen.assumed_enabled = FALSE;
  card_set_facts (self->card, act->facts);
}

static void
learn_sim (Provision *self, Act *act)
{
  g_clear_pointer (&self->seen.sim, provider_sim_free);
  self->seen.sim = g_steal_pointer (&act->sim);
  g_free (self->seen.fleet_sid);
  self->seen.fleet_sid = g_strdup (act->fleet_sid);
}

static void
learn_reservation (Provision *self, Act *act)
{
  self->seen.no_network = FALSE;
  self->seen.dismiss = FALSE;
  self->seen.unsettled = act->unsettled;
  if (!act->settling)
    self->seen.settling_since = 0;
  else if (self->seen.settling_since == 0)
    self->seen.settling_since = g_get_monotonic_time ();
  self->seen.looked_up = !act->settling;
  g_clear_pointer (&self->seen.reservation, reservation_free);
  self->seen.reservation = g_steal_pointer (&act->reservation);
  learn_sim (self, act);
}

/* A Sim that was changed is given the whole time to register anew. */
static void
learn_prepared (Provision *self, Act *act)
{
  learn_sim (self, act);
  self->seen.registering_since = 0;
  self->seen.sim_since = 0;
}

static void
learn_enabled (Provision *self, Act *act)
{
  (void) act;
  self->seen.assumed_enabled = TRUE;
  self->seen.modem_lost = FALSE;
  self->seen.link_looked = FALSE;
  self->seen.registering_since = 0;
}

static void
learn_rolled_back (Provision *self, Act *act)
{
  (void) act;
  self->seen.card_read = FALSE;
  self->seen.link_looked = FALSE;
  self->seen.attempts[STEP_READ_CARD] = 0;
}

static void
learn_link (Provision *self, Act *act)
{
  g_clear_pointer (&self->seen.link, connect_status_free);
  self->seen.link = g_steal_pointer (&act->link);
  self->seen.link_path = act->modem ? g_str_hash (act->modem->path) : 0;
  self->seen.link_looked = TRUE;
}

static void
learn_verified (Provision *self, Act *act)
{
  learn_link (self, act);
  self->seen.verified = TRUE;
}

static void
learn_woken (Provision *self, Act *act)
{
  (void) act;
  self->seen.woken = act->modem ? g_str_hash (act->modem->path) : 0;
}

/* ---- starting ---- */

void
run_look_at_link (Provision *self)
{
  go_net (self, STEP_LAST, act_look_at_link, learn_link);
}

static void
take_look_up (Provision *self, Step step)
{
  Act *act;

  if (self->seen.settling_since && !self->waiting
      && !run_has_passed (self->seen.settling_since, SETTLE_S))
    {
      self->waiting = TRUE;
      run_wait (self, SETTLE_POLL_MS);
      return;
    }
  self->waiting = FALSE;
  act = act_new (self);
  act->settled = run_has_passed (self->seen.settling_since, SETTLE_S);
  go (self, card_net_queue (self->card), step, act_look_up, act, learn_reservation);
}

/* Every second time it is taken, the provider is asked; in between it waits. */
static void
take_poll (Provision *self, Step step, gint64 *since)
{
  if (*since == 0)
    *since = g_get_monotonic_time ();
  self->waiting = !self->waiting;
  if (self->waiting)
    run_wait (self, self->seen.poked ? POKED_MS : MAX (self->policy->poll_interval_s, 1) * 1000);
  else
    go_net (self, step, act_look_up, learn_reservation);
  self->seen.poked = FALSE;
}

static void
take_registration (Provision *self)
{
  const ModemSnapshot *modem = card_modem (self->card);

  if (self->seen.registering_since == 0)
    self->seen.registering_since = g_get_monotonic_time ();
  if (modem && modem->state == MODEM_STATE_DISABLED && self->seen.woken != g_str_hash (modem->path))
    go_net (self, STEP_WAIT_REGISTRATION, act_wake_modem, learn_woken);
  else
    run_wait (self, REGISTRATION_POLL_MS);
}

static void
on_ladder (const char *rung, const GError *error, gpointer data)
{
  g_autoptr (Provision) self = data;

  if (error_is_code (error, ESIM_ERROR_MODEM_NOT_BACK))
    {
      self->seen.modem_lost = TRUE;
      error = NULL;
    }
  else if (error == NULL)
    self->seen.rung = rung;
  run_step_done (self, STEP_WAIT_MODEM, error);
}

static void
take_ladder (Provision *self)
{
  g_autofree char *ours = run_ours (self);
  const CardFacts *facts = card_facts (self->card);
  const Profile *profile = facts && ours ? card_facts_find (facts, ours) : NULL;
  gboolean enabled = self->seen.assumed_enabled || (profile && profile->state == PROFILE_ENABLED);
  const ModemDriver *driver = card_modem_driver (self->card); /* NULL: it is away */

  if (enabled && driver && driver->no_radio)
    {
      GError *error = NULL;

      error_set (&error, ESIM_ERROR_UNSUPPORTED, "provision",
                 "the profile is on the card and enabled; a card reader has no radio: put the card "
                 "into a modem");
      run_end (self, NULL, error);
      return;
    }
  self->busy = TRUE;
  run_ladder (self, enabled ? ours : NULL, self->cancellable, on_ladder, g_object_ref (self));
}

static void
on_installed (Install *install, const char *iccid, const GError *error, gpointer data)
{
  g_autoptr (Provision) self = data;
  g_autoptr (GError) problem = NULL;

  (void) install;
  /* Installed, and the modem gone before the card could be read once more. */
  if (error_is_code (error, ESIM_ERROR_PROFILE_EXISTS)
      || (error == NULL && !card_facts_find (card_facts (self->card), iccid)))
    self->seen.card_read = FALSE;
  if (error == NULL)
    journal_set (self->journal, &problem, JOURNAL_ICCID, iccid, NULL);
  run_step_done (self, STEP_DOWNLOAD, error ? error : problem);
}

/* By EID the default order at the reservation's SM-DP+, with an empty matching ID; else what the
 * activation code says. */
static Activation *
reserved_activation (const Reservation *reservation, GError **error)
{
  if (*reservation->activation_code)
    return activation_parse (reservation->activation_code, error);
  if (*reservation->smdp_address)
    return activation_new (reservation->smdp_address, reservation->matching_id);
  error_set (error, ESIM_ERROR_SERVER_RUBBISH, "provision",
             "the reservation is available but names no SM-DP+");
  return NULL;
}

static void
take_download (Provision *self)
{
  InstallSettings settings = { .ci_pem = self->policy->ci_pem };
  const Reservation *reservation = self->seen.reservation;
  g_autoptr (GError) error = NULL;
  Activation *activation = reserved_activation (reservation, &error);

  /* Written first: a cut while it loads finds the profile as ours. */
  if (activation && *reservation->iccid
      && !journal_set (self->journal, &error, JOURNAL_ICCID, reservation->iccid, NULL))
    g_clear_pointer (&activation, activation_free);
  self->busy = TRUE;
  if (activation == NULL)
    run_step_done (self, STEP_DOWNLOAD, error);
  else
    install_start (self->card, activation, &settings, self->progress, self->cancellable, NULL,
                   on_installed, g_object_ref (self));
}

/* Why ours has to go, for whoever asked; in the words of the step that failed where one did. */
static void
note_why (Provision *self)
{
  if (self->seen.fallen)
    return;
  if (self->seen.exhausted && self->failure)
    self->seen.fallen = g_error_copy (self->failure);
  else if (self->seen.modem_lost)
    error_set (&self->seen.fallen, ESIM_ERROR_MODEM_NOT_BACK, "provision",
               "the modem has not seen its new profile");
  else
    error_set (&self->seen.fallen, ESIM_ERROR_NOT_REGISTERED, "provision",
               "no network has taken the new profile within %u s",
               self->policy->registration_timeout_s);
}

/* The world is another one afterwards. */
static void
take_roll_back (Provision *self)
{
  Act *act;

  note_why (self);
  self->seen.exhausted = FALSE;
  self->seen.modem_lost = FALSE;
  self->seen.assumed_enabled = FALSE;
  act = act_new (self);
  act->why = g_strdup (self->seen.fallen->message);
  go (self, card_queue (self->card), STEP_ROLL_BACK, act_roll_back, act, learn_rolled_back);
}

/* What could not be delivered stays for later and is no failure of this run. */
static void
on_outbox (const OutboxCount *count, const GError *error, gpointer data)
{
  g_autoptr (Provision) self = data;

  notices_sent (self, count, error);
  run_step_done (self, STEP_SEND_NOTIFICATIONS, NULL);
}

static void
take_notifications (Provision *self)
{
  OutboxWish wish
      = { .which = OUTBOX_DUE, .ci_pem = self->policy->ci_pem, .patience_s = NOTIFY_PATIENCE_S };

  self->busy = TRUE;
  outbox_send (self->outbox, &wish, self->progress, self->cancellable, on_outbox,
               g_object_ref (self));
}

/* A timer, or the network's own news, ends it. */
static void
take_network (Provision *self)
{
  self->seen.no_network = FALSE;
  run_wait (self, retry_delay_ms (self->failure, self->seen.attempts[STEP_WAIT_NETWORK]++ + 2));
}

void
run_take (Provision *self, Step step)
{
  switch (step)
    {
    case STEP_WAIT_NETWORK:
      take_network (self);
      break;
    case STEP_READ_CARD:
      go_card (self, step, act_read_card, learn_card);
      break;
    case STEP_LOOK_UP_RESERVATION:
      take_look_up (self, step);
      break;
    case STEP_RESERVE:
      go_net (self, step, act_reserve, learn_reservation);
      break;
    case STEP_WAIT_RESERVATION:
      take_poll (self, step, &self->seen.reserving_since);
      break;
    case STEP_PREPARE_SIM:
      go_net (self, step, act_prepare_sim, learn_prepared);
      break;
    case STEP_WAIT_SIM:
      take_poll (self, step, &self->seen.sim_since);
      break;
    case STEP_DOWNLOAD:
      take_download (self);
      break;
    case STEP_ENABLE:
      go_card (self, step, act_enable, learn_enabled);
      break;
    case STEP_WAIT_MODEM:
      take_ladder (self);
      break;
    case STEP_WAIT_REGISTRATION:
      take_registration (self);
      break;
    case STEP_CONNECT:
      go_net (self, step, act_connect, learn_link);
      break;
    case STEP_VERIFY_DATA:
      go_net (self, step, act_verify, learn_verified);
      break;
    case STEP_SEND_NOTIFICATIONS:
      take_notifications (self);
      break;
    case STEP_ROLL_BACK:
      take_roll_back (self);
      break;
    case STEP_DONE:
    case STEP_GIVE_UP:
    case STEP_LAST:
      break;
    }
}
