/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The steps that talk to the provider: look up, order once, prepare the Sim. */

#include "base/error.h"
#include "provision/act.h"

/* The one session of a run: its connection and token serve every step. */
static ProviderSession *
session_of (Act *self, GError **error)
{
  const PolicyProvider *provider = policy_find_provider (self->policy, self->policy->provider);

  if (provider == NULL || self->provider == NULL)
    {
      error_set (error, ESIM_ERROR_SETTINGS, "provision", "no provider is set up");
      return NULL;
    }
  if (provider->credentials_problem)
    {
      error_set (error, ESIM_ERROR_CREDENTIALS, "provision", "%s", provider->credentials_problem);
      return NULL;
    }
  if (self->session == NULL)
    self->session = self->provider->open (&provider->access, self->progress, error);
  return self->session;
}

static gboolean
is_listed (const char *list, const char *sid)
{
  g_auto (GStrv) sids = g_strsplit (list ? list : "", " ", -1);

  return g_strv_contains ((const char *const *) sids, sid);
}

/* ---- which reservation is this card's ---- */

static Reservation *
take_from (GPtrArray *list, guint index)
{
  g_ptr_array_set_free_func (list, NULL);
  for (guint i = 0; i < list->len; i++)
    if (i != index)
      reservation_free (list->pdata[i]);
  return list->pdata[index];
}

static gboolean
dismiss_all (Act *self, GPtrArray *list, GError **error)
{
  g_autofree char *dismissed = journal_get (self->journal, JOURNAL_DISMISSED);
  g_autoptr (GString) all = g_string_new (dismissed);

  for (guint i = 0; i < list->len; i++)
    {
      const Reservation *one = list->pdata[i];

      if (!is_listed (all->str, one->sid))
        g_string_append_printf (all, "%s%s", all->len ? " " : "", one->sid);
    }
  return journal_set (self->journal, error, JOURNAL_DISMISSED, all->str, NULL);
}

static gboolean
find_by_eid (Act *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) list
      = self->provider->list_reservations (session, self->eid, cancellable, error);
  g_autofree char *dismissed = NULL;
  int best = -1;

  if (list == NULL || (self->dismiss && !dismiss_all (self, list, error)))
    return FALSE;
  dismissed = journal_get (self->journal, JOURNAL_DISMISSED);
  for (guint i = 0; i < list->len; i++)
    {
      Reservation *one = list->pdata[i];

      if (self->asked && is_listed (dismissed, one->sid))
        continue;
      if (best < 0 || reservation_worth (one) > reservation_worth (list->pdata[best]))
        best = (int) i;
    }
  if (best >= 0)
    self->reservation = take_from (list, (guint) best);
  return TRUE;
}

/* Matching-ID mode has no key to look by. What an order of ours may have made: new since the intent
 * was written, for no EID, not loaded by anyone, and in no other card's journal. */
static gboolean
may_be_ours (Act *self, const Reservation *one, const char *known)
{
  return *one->eid == '\0' && reservation_worth (one) >= 3 && !is_listed (known, one->sid)
         && !journal_is_taken (self->journal, JOURNAL_RESERVATION, one->sid);
}

static gboolean
find_by_intent (Act *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  g_autofree char *known = journal_get (self->journal, JOURNAL_INTENT_KNOWN);
  g_autoptr (GPtrArray) list
      = self->provider->list_reservations (session, NULL, cancellable, error);
  guint candidates = 0, last = 0;

  if (list == NULL)
    return FALSE;
  for (guint i = 0; i < list->len; i++)
    if (may_be_ours (self, list->pdata[i], known))
      {
        candidates++;
        last = i;
      }
  if (candidates == 1)
    self->reservation = take_from (list, last);
  self->unsettled = candidates > 1;
  return TRUE;
}

/* Nothing is there for an order that got no answer. By EID the list is the truth once the server
 * has had time; by matching ID it can't be told from one that was lost. */
static gboolean
judge_missing (Act *self, GError **error)
{
  self->settling = !self->settled && !self->unsettled;
  if (self->settling)
    return TRUE;
  if (self->unsettled || self->policy->method == POLICY_METHOD_MATCHING_ID)
    {
      self->unsettled = TRUE;
      return TRUE;
    }
  return journal_set (self->journal, error, JOURNAL_INTENT, NULL, JOURNAL_INTENT_KNOWN, NULL, NULL);
}

static gboolean
find (Act *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  g_autofree char *sid = journal_get (self->journal, JOURNAL_RESERVATION);
  gboolean intent = journal_get_number (self->journal, JOURNAL_INTENT) != 0;

  if (sid)
    {
      self->reservation = self->provider->get_reservation (session, sid, cancellable, error);
      return self->reservation != NULL;
    }
  if (self->policy->method == POLICY_METHOD_EID)
    {
      if (!find_by_eid (self, session, cancellable, error))
        return FALSE;
    }
  else if (intent && !find_by_intent (self, session, cancellable, error))
    return FALSE;
  return self->reservation || !intent || judge_missing (self, error);
}

static gboolean
keep_reservation (Act *self, GError **error)
{
  const Reservation *found = self->reservation;

  return journal_set (self->journal, error, JOURNAL_RESERVATION, found->sid, JOURNAL_INTENT, NULL,
                      JOURNAL_INTENT_KNOWN, NULL, NULL)
         && (*found->sim_sid == '\0'
             || journal_set (self->journal, error, JOURNAL_SIM, found->sim_sid, NULL));
}

/* ---- the Fleet ---- */

/* The SID of the Fleet that the policy names by SID or unique name. */
static gboolean
find_fleet (Act *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  if (*self->policy->fleet == '\0' || self->fleet_sid)
    return TRUE;
  self->fleet_sid
      = provider_find_fleet (self->provider, session, self->policy->fleet, cancellable, error);
  return self->fleet_sid != NULL;
}

static gboolean
look_at_sim (Act *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  if (*self->reservation->sim_sid == '\0')
    return TRUE;
  self->sim = self->provider->get_sim (session, self->reservation->sim_sid, cancellable, error);
  if (self->sim == NULL)
    return FALSE;
  /* A Sim that is not active is to be prepared whatever its Fleet. */
  return self->sim->status != PROVIDER_SIM_ACTIVE || find_fleet (self, session, cancellable, error);
}

/* ---- the jobs ---- */

gboolean
act_look_up (gpointer data, GCancellable *cancellable, GError **error)
{
  Act *self = data;
  ProviderSession *session = session_of (self, error);

  if (session == NULL || !find (self, session, cancellable, error))
    return FALSE;
  return self->reservation == NULL
         || (keep_reservation (self, error) && look_at_sim (self, session, cancellable, error));
}

/* What is there before the order, so that what it made can be told apart if its answer gets lost.
 */
static char *
list_known (Act *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GString) known = g_string_new (NULL);

  if (self->policy->method == POLICY_METHOD_EID)
    return g_strdup ("");
  list = self->provider->list_reservations (session, NULL, cancellable, error);
  if (list == NULL)
    return NULL;
  for (guint i = 0; i < list->len; i++)
    g_string_append_printf (known, "%s%s", i ? " " : "", ((Reservation *) list->pdata[i])->sid);
  return g_string_free (g_steal_pointer (&known), FALSE);
}

static gboolean
write_intent (Act *self, const char *known, GError **error)
{
  g_autofree char *now = g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC);

  return journal_set (self->journal, error, JOURNAL_INTENT, now, JOURNAL_INTENT_KNOWN, known, NULL);
}

/* With the intent on disk: someone else's order for this card is out, or has been made since the
 * list was looked at. That one, if it is of use, is RESERVATION. */
static gboolean
check_alone (Act *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  if (journal_is_ordered_elsewhere (self->journal, self->eid))
    {
      error_set (error, ESIM_ERROR_BUSY, "provision",
                 "a profile is being ordered for this card already, by Reserve");
      return FALSE;
    }
  if (self->policy->method != POLICY_METHOD_EID)
    return TRUE;
  if (!find_by_eid (self, session, cancellable, error))
    return FALSE;
  if (self->reservation && reservation_worth (self->reservation) < 3)
    g_clear_pointer (&self->reservation, reservation_free);
  return TRUE;
}

static gboolean
order (Act *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  gboolean by_eid = self->policy->method == POLICY_METHOD_EID;
  g_autofree char *known = list_known (self, session, cancellable, error);
  g_autoptr (GError) refusal = NULL;

  if (known == NULL || !write_intent (self, known, error))
    return FALSE;
  if (check_alone (self, session, cancellable, &refusal) && self->reservation == NULL)
    self->reservation
        = self->provider->reserve (session, by_eid ? self->eid : NULL, cancellable, &refusal);
  if (self->reservation)
    return keep_reservation (self, error);
  /* Any other refusal says that nothing was ordered. */
  if (!error_is_code (refusal, ESIM_ERROR_RESERVATION_UNSETTLED)
      && !journal_set (self->journal, error, JOURNAL_INTENT, NULL, JOURNAL_INTENT_KNOWN, NULL,
                       NULL))
    return FALSE;
  g_propagate_error (error, g_steal_pointer (&refusal));
  return FALSE;
}

/* The precondition again, on disk: an order is out, or a reservation is there. */
static gboolean
check_no_order (Act *self, GError **error)
{
  g_autofree char *sid = journal_get (self->journal, JOURNAL_RESERVATION);

  if (sid == NULL && journal_get_number (self->journal, JOURNAL_INTENT) == 0)
    return TRUE;
  error_set (error, ESIM_ERROR_BUSY, "provision", "an order for this card is under way already");
  return FALSE;
}

/* An order spends money: not before it is sure that its Sim can be activated. */
static gboolean
check_fleet (Act *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  if (*self->policy->fleet != '\0')
    return find_fleet (self, session, cancellable, error);
  error_set (error, ESIM_ERROR_NO_FLEET, "provision",
             "esimd.conf names no fleet, and a new Sim is in none: it could not be activated");
  return FALSE;
}

gboolean
act_reserve (gpointer data, GCancellable *cancellable, GError **error)
{
  Act *self = data;
  ProviderSession *session;

  if (!check_no_order (self, error))
    return FALSE;
  session = session_of (self, error);
  return session && check_fleet (self, session, cancellable, error)
         && order (self, session, cancellable, error);
}

gboolean
act_prepare_sim (gpointer data, GCancellable *cancellable, GError **error)
{
  Act *self = data;
  ProviderSession *session = session_of (self, error);
  g_autofree char *sid = journal_get (self->journal, JOURNAL_SIM);

  if (session == NULL)
    return FALSE;
  if (sid == NULL)
    error_set (error, ESIM_ERROR_NOT_FOUND, "provision", "the reservation names no Sim");
  else if (find_fleet (self, session, cancellable, error))
    self->sim = self->provider->activate_sim (session, sid, self->fleet_sid, cancellable, error);
  return self->sim != NULL;
}
