/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The loop: look, decide, take one step, look again. */

#include "provision/provision.h"

#include <string.h>

#include "base/error.h"
#include "provision/retry.h"
#include "provision/run.h"

/* A step that fails this often in a row is not tried again in this run. */
#define ATTEMPTS_MAX 5
/* Someone waits for an answer: no network is one after three tries. */
#define ATTEMPTS_ASKED_NO_NETWORK 3
/* Far more than any way has: something undoes what is done. */
#define STEPS_MAX 300

G_DEFINE_FINAL_TYPE (Provision, provision, G_TYPE_OBJECT)

/* ---- the loop ---- */

static gboolean
on_timer (gpointer data)
{
  Provision *self = data;

  self->timer = 0;
  run_advance (self);
  return G_SOURCE_REMOVE;
}

void
run_wait (Provision *self, guint ms)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add (ms, on_timer, self);
}

static gboolean
is_waiting_step (Step step)
{
  return step == STEP_WAIT_NETWORK || step == STEP_WAIT_RESERVATION || step == STEP_WAIT_SIM
         || step == STEP_WAIT_MODEM || step == STEP_WAIT_REGISTRATION;
}

/* A change of the Sim that never ends, and a way that goes in circles. */
static gboolean
is_out_of_time (Provision *self, Step step)
{
  g_autoptr (GError) error = NULL;

  if (step == STEP_WAIT_SIM
      && run_has_passed (self->seen.sim_since, self->policy->reservation_timeout_s))
    error_set (&error, ESIM_ERROR_SIM_SCHEDULED, "provision",
               "the provider's change of the Sim does not come to an end");
  else if (!is_waiting_step (step) && ++self->seen.steps > STEPS_MAX)
    error_set (&error, ESIM_ERROR_FAILED, "provision", "what was done is undone again and again");
  if (error == NULL)
    return FALSE;
  g_clear_error (&self->failure);
  self->failure = g_steal_pointer (&error);
  self->seen.exhausted = TRUE;
  return TRUE;
}

void
run_engage (Provision *self, gboolean engaged)
{
  if (self->engaged == engaged)
    return;
  self->engaged = engaged;
  if (engaged)
    card_engage (self->card);
  else
    card_disengage (self->card);
}

static void
follow (Provision *self, const Decision *decision)
{
  if (decision->step == STEP_DONE)
    run_end_done (self, decision);
  else if (decision->step == STEP_GIVE_UP)
    run_end_given_up (self, decision);
  else if (is_out_of_time (self, decision->step))
    run_advance (self);
  else
    {
      /* Without a network for days, it keeps nobody from the card in another slot. */
      run_engage (self, self->asked || decision->step != STEP_WAIT_NETWORK);
      run_show (self, decision->step, decision->reason);
      progress_step (self->progress, step_name (decision->step));
      run_take (self, decision->step);
    }
}

void
run_advance (Provision *self)
{
  Wanted wanted;
  Observed seen;
  Decision decision;

  if (!self->running || self->busy)
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  if (g_cancellable_is_cancelled (self->cancellable))
    {
      run_end_cancelled (self);
      return;
    }
  wanted = run_wanted (self);
  seen = run_observed (self);
  if (wanted.connect && !self->seen.link_looked && seen.card == CARD_OURS_ENABLED
      && seen.modem == MODEM_SIGHT_REGISTERED && !seen.exhausted)
    {
      run_look_at_link (self);
      return;
    }
  decision = decide (&wanted, &seen);
  follow (self, &decision);
}

static gboolean
is_about_link (Step step)
{
  return step == STEP_CONNECT || step == STEP_VERIFY_DATA;
}

/* Data may take as long to pass as a registration: a new profile is not rolled back sooner. */
static gboolean
was_tried_enough (Provision *self, Step step)
{
  if (is_about_link (step))
    return run_has_passed (self->seen.linking_since, self->policy->registration_timeout_s);
  return self->seen.attempts[step] >= ATTEMPTS_MAX;
}

/* What a failure makes untrue of what was seen. */
static void
forget (Provision *self, Step step, const GError *error)
{
  if (step == STEP_ENABLE || step == STEP_ROLL_BACK || step == STEP_DOWNLOAD)
    self->seen.card_read = FALSE;
  if (step == STEP_RESERVE || step == STEP_PREPARE_SIM)
    self->seen.looked_up = FALSE;
  if (step == STEP_CONNECT || step == STEP_VERIFY_DATA)
    self->seen.link_looked = FALSE;
  if (error_is_code (error, ESIM_ERROR_DEVICE_GONE))
    self->seen.linking_since = 0;
  else if (is_about_link (step) && self->seen.linking_since == 0)
    self->seen.linking_since = g_get_monotonic_time ();
  if (error_is_code (error, ESIM_ERROR_RESERVATION_UNSETTLED))
    self->seen.settling_since = g_get_monotonic_time ();
}

static void
step_failed (Provision *self, Step step, const GError *error)
{
  guint attempts = ++self->seen.attempts[step];
  /* What the link itself does not reach is no matter of another uplink. */
  gboolean no_way = retry_is_no_way (error) && !is_about_link (step);

  g_debug ("%s: %s", step_name (step), error->message);
  g_clear_error (&self->failure);
  self->failure = g_error_copy (error);
  forget (self, step, error);
  if (no_way && (!self->asked || attempts < ATTEMPTS_ASKED_NO_NETWORK))
    self->seen.no_network = TRUE;
  else if (!retry_is_worth (error) || was_tried_enough (self, step) || no_way)
    self->seen.exhausted = TRUE;
  else
    {
      run_wait (self, retry_delay_ms (error, attempts));
      return;
    }
  run_advance (self);
}

void
run_step_done (Provision *self, Step step, const GError *error)
{
  self->busy = FALSE;
  if (!self->running)
    return;
  if (g_cancellable_is_cancelled (self->cancellable))
    run_end_cancelled (self);
  else if (error)
    step_failed (self, step, error);
  else
    {
      self->seen.attempts[step] = 0;
      run_advance (self);
    }
}

/* Nobody's connection is given up for what was not asked for: neither is a slot switched to, nor is
 * one kept that was lent for a job. */
static gboolean
may_use_slot (Provision *self)
{
  return !card_is_parked (self->card)
         && (!card_is_on_loan (self->card) || run_has_fact (self, JOURNAL_ASKED));
}

/* ModemManager does not answer a call to connect a modem that leaves meanwhile. */
static void
abandon_link (Provision *self)
{
  if (!self->busy || !is_about_link (self->step) || card_modem (self->card)
      || g_cancellable_is_cancelled (self->cancellable))
    return;
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
}

/* News end a wait, but never a back-off or a poll's interval. */
static void
on_card_changed (Provision *self)
{
  gboolean was_free = self->was_free;

  self->was_free = may_use_slot (self);
  if (self->was_free && !was_free && !self->running)
    run_again (self, 0);
  if (self->timer && self->step == STEP_WAIT_REGISTRATION)
    run_wait (self, 0);
  if (self->running && !self->engaged && !self->was_free)
    run_end_cancelled (self); /* it begins anew when the slot is back */
  abandon_link (self);
  keep_look (self);
  notices_schedule (self);
  run_look_at_trouble (self);
}

static void
on_network_changed (Provision *self, gboolean available)
{
  if (!available)
    return;
  if (self->timer && self->step == STEP_WAIT_NETWORK)
    run_wait (self, 0);
  notices_online (self);
}

/* ---- starting and stopping ---- */

/* A person's word counts anew: what was tried and failed before is forgotten. */
static gboolean
note_asked (Provision *self, const char *settle, GError **error)
{
  g_autofree char *sid = journal_get (self->journal, JOURNAL_RESERVATION);
  g_autofree char *dismissed = journal_get (self->journal, JOURNAL_DISMISSED);
  gboolean none = settle && g_str_equal (settle, "none");
  gboolean stale = sid && dismissed && strstr (dismissed, sid);

  if (settle && !none && !g_str_has_prefix (settle, "HP"))
    {
      error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "provision",
                 "'%s' is neither a reservation's SID (HP…) nor \"none\"", settle);
      return FALSE;
    }
  self->seen.dismiss = none;
  if (settle || stale)
    return journal_set (self->journal, error, JOURNAL_RESERVATION, settle && !none ? settle : NULL,
                        JOURNAL_INTENT, NULL, JOURNAL_INTENT_KNOWN, NULL, JOURNAL_SIM, NULL,
                        JOURNAL_ICCID, NULL, JOURNAL_SUSPENDED, NULL, JOURNAL_ROLLED_BACK, NULL,
                        JOURNAL_FALLEN, NULL, JOURNAL_CLOSED, NULL, JOURNAL_ASKED, "1", NULL);
  return journal_set (self->journal, error, JOURNAL_SUSPENDED, NULL, JOURNAL_ROLLED_BACK, NULL,
                      JOURNAL_FALLEN, NULL, JOURNAL_CLOSED, NULL, JOURNAL_ASKED, "1", NULL);
}

/* Why it may not even begin. */
static gboolean
check_start (Provision *self, const char *settle, GError **error)
{
  if (self->journal == NULL)
    {
      g_propagate_error (error, g_error_copy (self->problem));
      return FALSE;
    }
  if (self->policy->provision == POLICY_PROVISION_NEVER)
    {
      error_set (error, ESIM_ERROR_SETTINGS, "provision",
                 "esimd.conf says provisioning mode=never");
      return FALSE;
    }
  return note_asked (self, settle, error);
}

static gboolean
may_run_unasked (Provision *self)
{
  return self->journal && !run_has_fact (self, JOURNAL_SUSPENDED)
         && (self->policy->provision == POLICY_PROVISION_AUTOMATIC
             || run_has_fact (self, JOURNAL_ASKED));
}

/* Whether the run under way is still wanted. */
static gboolean
may_go_on (Provision *self)
{
  return self->asked ? self->policy->provision != POLICY_PROVISION_NEVER : may_run_unasked (self);
}

static void
forget_next (Provision *self)
{
  g_clear_pointer (&self->next.settle, g_free);
  g_clear_pointer (&self->next.progress, progress_unref);
  self->next.pending = self->next.asked = self->next.stopped = FALSE;
}

static void
set_progress (Provision *self, Progress *progress)
{
  g_clear_pointer (&self->progress, progress_unref);
  self->progress = progress ? progress_ref (progress) : progress_new (NULL, NULL);
}

gboolean
provision_is_running (Provision *self)
{
  return self->running;
}

gboolean
provision_is_stopping (Provision *self)
{
  return self->running && g_cancellable_is_cancelled (self->cancellable);
}

static void
start_later (Provision *self, gboolean asked, const char *settle, Progress *progress)
{
  if (self->next.pending && !asked)
    return;
  forget_next (self);
  self->next.pending = TRUE;
  self->next.asked = asked;
  self->next.settle = g_strdup (settle);
  self->next.progress = progress ? progress_ref (progress) : NULL;
}

void
run_begin_next (Provision *self)
{
  gboolean asked = self->next.asked, stopped = self->next.stopped;
  g_autofree char *settle = g_steal_pointer (&self->next.settle);
  g_autoptr (Progress) progress = g_steal_pointer (&self->next.progress);

  if (!self->next.pending)
    return;
  forget_next (self);
  if (!stopped)
    provision_start (self, asked, settle, progress);
  else if (asked)
    run_end_cancelled (self);
}

void
provision_start (Provision *self, gboolean asked, const char *settle, Progress *progress)
{
  GError *error = NULL;

  g_clear_handle_id (&self->again_timer, g_source_remove);
  if (provision_is_stopping (self))
    {
      start_later (self, asked, settle, progress);
      return;
    }
  if (!asked && (self->running || !may_run_unasked (self) || !may_use_slot (self)))
    return;
  if (asked && !check_start (self, self->running ? NULL : settle, &error))
    {
      run_show (self, STEP_GIVE_UP, error->message);
      run_end (self, NULL, error);
      return;
    }
  /* A person's run that was cut goes on as one. */
  self->asked = asked || run_has_fact (self, JOURNAL_ASKED);
  if (!self->running || progress)
    set_progress (self, progress);
  if (!self->running)
    {
      self->cancellable = g_cancellable_new ();
      /* Unasked it starts right after the card was read. */
      self->seen.card_read = !asked && card_facts (self->card) != NULL;
      self->running = TRUE;
      self->tried_on = FALSE;
      run_engage (self, TRUE);
    }
  self->seen.exhausted = FALSE;
  run_wait (self, 0);
}

void
provision_stop (Provision *self, gboolean for_good)
{
  if (for_good && self->journal)
    journal_set (self->journal, NULL, JOURNAL_ASKED, NULL, NULL);
  g_clear_handle_id (&self->again_timer, g_source_remove);
  g_cancellable_cancel (self->background);
  g_clear_object (&self->background);
  self->background = g_cancellable_new ();
  self->next.stopped = self->next.pending;
  if (self->outbox)
    outbox_cancel_unwanted (self->outbox);
  if (!self->running)
    return;
  g_cancellable_cancel (self->cancellable);
  /* A step that is out comes home first. */
  run_advance (self);
}

void
provision_suspend (Provision *self)
{
  g_autoptr (GError) error = NULL;

  if (self->journal
      && !journal_set (self->journal, &error, JOURNAL_SUSPENDED, "1", JOURNAL_BEFORE_APN, NULL,
                       NULL))
    g_debug ("%s", error->message);
  provision_stop (self, TRUE);
  g_signal_emit_by_name (self, "changed");
}

/* It ends a wait for the provider, but no back-off. */
void
provision_poke (Provision *self)
{
  if (!self->running || (self->step != STEP_WAIT_RESERVATION && self->step != STEP_WAIT_SIM))
    return;
  if (self->timer && self->waiting && !self->seen.poked)
    run_wait (self, POKED_MS);
  self->seen.poked = TRUE;
}

void
provision_set_policy (Provision *self, Policy *policy)
{
  policy_ref (policy);
  policy_unref (self->policy);
  self->policy = policy;
  if (self->running && !may_go_on (self))
    {
      g_cancellable_cancel (self->cancellable);
      run_advance (self);
    }
  provision_start (self, FALSE, NULL, NULL);
}

const char *
provision_state (Provision *self)
{
  if (self->running && self->step != STEP_LAST)
    return step_name (self->step);
  return run_has_fact (self, JOURNAL_SUSPENDED) ? "suspended" : "idle";
}

const char *
provision_detail (Provision *self)
{
  if (!self->running && self->trouble)
    return self->trouble;
  if (!self->running && run_has_fact (self, JOURNAL_SUSPENDED))
    return "suspended: a person switched or deleted a profile; nothing is done by itself until "
           "Provision is called.";
  if (self->detail == NULL && run_has_fact (self, JOURNAL_ROLLED_BACK))
    self->detail = run_fallen (self);
  return self->detail ? self->detail : "";
}

const GError *
provision_error (Provision *self)
{
  return self->error;
}

static void
on_outbox_changed (gpointer data)
{
  notices_schedule (data);
}

Provision *
provision_new (Card *card, Policy *policy, const ProviderDriver *const *providers,
               const ConnectDriver *const *connects, const char *state_dir)
{
  Provision *self = g_object_new (PROVISION_TYPE, NULL);

  self->card = g_object_ref (card);
  self->policy = policy_ref (policy);
  self->providers = providers;
  self->connects = connects;
  self->journal = journal_open (state_dir, card_eid (card), &self->problem);
  self->card_handler
      = g_signal_connect_swapped (card, "changed", G_CALLBACK (on_card_changed), self);
  self->network_handler
      = g_signal_connect_data (g_network_monitor_get_default (), "network-changed",
                               G_CALLBACK (on_network_changed), self, NULL, G_CONNECT_SWAPPED);
  self->was_free = may_use_slot (self);
  if (self->journal)
    self->outbox = outbox_new (card, self->journal, on_outbox_changed, self);
  notices_schedule (self);
  restore_start (self);
  return self;
}

static void
provision_finalize (GObject *object)
{
  Provision *self = ESIM_PROVISION (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->again_timer, g_source_remove);
  g_clear_handle_id (&self->notify_timer, g_source_remove);
  g_clear_handle_id (&self->restore_timer, g_source_remove);
  g_clear_signal_handler (&self->card_handler, self->card);
  g_clear_signal_handler (&self->network_handler, g_network_monitor_get_default ());
  run_forget_sights (&self->seen);
  forget_next (self);
  run_close_session (self);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->background);
  g_clear_pointer (&self->progress, progress_unref);
  g_clear_pointer (&self->outbox, outbox_close);
  g_clear_pointer (&self->journal, journal_unref);
  g_clear_error (&self->problem);
  g_clear_error (&self->failure);
  g_clear_error (&self->error);
  g_clear_pointer (&self->policy, policy_unref);
  g_clear_object (&self->card);
  g_free (self->detail);
  g_free (self->trouble);
  G_OBJECT_CLASS (provision_parent_class)->finalize (object);
}

static void
provision_class_init (ProvisionClass *class)
{
  G_OBJECT_CLASS (class)->finalize = provision_finalize;
  g_signal_new ("changed", PROVISION_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  g_signal_new ("finished", PROVISION_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                G_TYPE_VARIANT);
}

static void
provision_init (Provision *self)
{
  self->step = STEP_LAST;
  self->background = g_cancellable_new ();
}
