/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* How a run ends: done, given up or stopped, and in which words that is told. */

#include <string.h>

#include "base/error.h"
#include "provision/run.h"

void
run_show (Provision *self, Step step, const char *detail)
{
  if (self->step == step && g_strcmp0 (self->detail, detail) == 0)
    return;
  self->step = step;
  g_free (self->detail);
  self->detail = g_strdup (detail);
  g_signal_emit_by_name (self, "changed");
}

void
run_end (Provision *self, GVariant *result, GError *error)
{
  g_autoptr (Provision) alive = g_object_ref (self);

  g_clear_handle_id (&self->timer, g_source_remove);
  if (result)
    card_keep_slot (self->card);
  run_engage (self, FALSE);
  self->running = self->waiting = FALSE;
  keep_begin (self, result != NULL);
  if (self->journal)
    {
      /* A person's wish for this profile stands as long as it is tried on. */
      if (!error_is_code (error, ESIM_ERROR_CANCELLED) && !self->tried_on)
        journal_set (self->journal, NULL, JOURNAL_ASKED, NULL, NULL);
      notices_schedule (self);
    }
  g_clear_error (&self->error);
  self->error = error;
  g_clear_error (&self->failure);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->progress, progress_unref);
  run_close_session (self);
  run_forget_sights (&self->seen);
  g_signal_emit_by_name (self, "changed");
  g_signal_emit_by_name (self, "finished", result);
  if (result)
    g_variant_unref (result);
  run_begin_next (alive);
}

void
run_end_cancelled (Provision *self)
{
  GError *error = NULL;

  error_set (&error, ESIM_ERROR_CANCELLED, "provision", "provisioning was stopped");
  run_show (self, STEP_LAST, "Stopped; the next start goes on from there.");
  run_end (self, NULL, error);
}

static void
insert_fact (Provision *self, GVariantDict *dict, const char *name, const char *key)
{
  g_autofree char *value = journal_get (self->journal, key);

  if (value)
    g_variant_dict_insert (dict, name, "s", value);
}

void
run_end_done (Provision *self, const Decision *decision)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *ours = run_ours (self);
  g_autoptr (GError) problem = NULL;
  g_autofree char *detail = NULL;

  /* What was displaced is history once ours works. */
  if (!journal_set (self->journal, &problem, JOURNAL_BEFORE, NULL, JOURNAL_BEFORE_APN, NULL, NULL))
    g_debug ("%s", problem->message);
  g_variant_dict_insert (&dict, "iccid", "s", ours ? ours : "");
  insert_fact (self, &dict, "reservation", JOURNAL_RESERVATION);
  insert_fact (self, &dict, "sim", JOURNAL_SIM);
  if (self->seen.link)
    {
      g_variant_dict_insert (&dict, "bearer", "s", self->seen.link->bearer);
      g_variant_dict_insert (&dict, "interface", "s", self->seen.link->interface);
    }
  if (self->seen.rung)
    {
      g_variant_dict_insert (&dict, "modem-back", "s", self->seen.rung);
      detail = g_strdup_printf ("%s The modem saw its new profile: %s.", decision->reason,
                                self->seen.rung);
    }
  g_variant_dict_insert_value (&dict, "cost", progress_cost_variant (self->progress));
  run_show (self, STEP_DONE, detail ? detail : decision->reason);
  run_end (self, g_variant_ref_sink (g_variant_dict_end (&dict)), NULL);
}

static EsimError
code_of_verdict (Verdict verdict)
{
  switch (verdict)
    {
    case VERDICT_FOREIGN_PROFILE:
      return ESIM_ERROR_PROFILE_STATE;
    case VERDICT_NO_PROVIDER:
      return ESIM_ERROR_SETTINGS;
    case VERDICT_UNSETTLED:
      return ESIM_ERROR_RESERVATION_UNSETTLED;
    case VERDICT_RESERVATION_LATE:
      return ESIM_ERROR_RESERVATION_LATE;
    case VERDICT_RESERVATION_FAILED:
    case VERDICT_PROFILE_GONE:
      return ESIM_ERROR_RESERVATION_FAILED;
    case VERDICT_MODEM_NOT_BACK:
      return ESIM_ERROR_MODEM_NOT_BACK;
    case VERDICT_NOT_REGISTERED:
    case VERDICT_ROLLED_BACK:
      return ESIM_ERROR_NOT_REGISTERED;
    case VERDICT_OTHER_LINK:
      return ESIM_ERROR_DATA_FAILED;
    case VERDICT_NONE:
    case VERDICT_EXHAUSTED:
    case VERDICT_LAST:
      break;
    }
  return ESIM_ERROR_FAILED;
}

char *
run_fallen (Provision *self)
{
  g_autofree char *why = journal_get (self->journal, JOURNAL_FALLEN);

  return g_strconcat ("the profile before is enabled again: ",
                      why ? why : "the new one did not come on line", NULL);
}

/* The provider's own words on a reservation that failed; it is not used again when a person asks
 * for another. */
static GError *
reservation_failure (Provision *self, const char *reason)
{
  const Reservation *failed = self->seen.reservation;
  g_autofree char *dismissed = journal_get (self->journal, JOURNAL_DISMISSED);
  g_autofree char *all = dismissed && !strstr (dismissed, failed->sid)
                             ? g_strdup_printf ("%s %s", dismissed, failed->sid)
                             : g_strdup (dismissed ? dismissed : failed->sid);
  GError *error = NULL;

  journal_set (self->journal, NULL, JOURNAL_DISMISSED, all, NULL);
  error_set (&error,
             g_str_equal (failed->error_code, "83500") ? ESIM_ERROR_OUT_OF_STOCK
                                                       : ESIM_ERROR_RESERVATION_FAILED,
             "provision", "%s %s: %s", reason, failed->sid, failed->error_message);
  error_add_raw (error, "code", failed->error_code);
  return error;
}

static GError *
failure_of (Provision *self, const Decision *decision)
{
  const PolicyProvider *provider;
  g_autofree char *detail = NULL;
  GError *error = NULL;

  if (decision->verdict == VERDICT_EXHAUSTED && self->failure)
    return g_error_copy (self->failure);
  if (decision->verdict == VERDICT_RESERVATION_FAILED)
    return reservation_failure (self, decision->reason);
  if (decision->verdict == VERDICT_ROLLED_BACK)
    {
      error = self->seen.fallen ? g_error_copy (self->seen.fallen) : NULL;
      detail = run_fallen (self);
      if (error == NULL)
        error_set (&error, ESIM_ERROR_NOT_REGISTERED, "provision", "%s", detail);
      else
        {
          g_free (error->message);
          error->message = g_steal_pointer (&detail);
        }
      return error;
    }
  provider = policy_find_provider (self->policy, self->policy->provider);
  if (decision->verdict == VERDICT_NO_PROVIDER && provider && provider->credentials_problem)
    error_set (&error, ESIM_ERROR_CREDENTIALS, "provision", "%s", provider->credentials_problem);
  else
    error_set (&error, code_of_verdict (decision->verdict), "provision", "%s", decision->reason);
  return error;
}

void
run_end_given_up (Provision *self, const Decision *decision)
{
  GError *error = failure_of (self, decision);
  gboolean rolled_back = run_has_fact (self, JOURNAL_ROLLED_BACK);

  /* There is nothing better on the card: a network may take it, or the modem see it, later. */
  self->tried_on
      = decision->verdict == VERDICT_NOT_REGISTERED
        || (decision->verdict == VERDICT_MODEM_NOT_BACK
            && (self->seen.assumed_enabled || run_observed (self).card == CARD_OURS_ENABLED));
  self->unseen = decision->verdict == VERDICT_MODEM_NOT_BACK;
  run_show (self, STEP_GIVE_UP, error->message);
  g_clear_handle_id (&self->again_timer, g_source_remove);
  if (decision->look_again_s
      && (self->tried_on || self->policy->provision == POLICY_PROVISION_AUTOMATIC))
    run_again (self, decision->look_again_s * 1000);
  run_end (self, NULL, error);
  /* The modem may have to be helped to see the profile that was gone back to. */
  if (rolled_back)
    provision_card_changed (self);
}
