/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Orders once and only once: the intent goes to disk before the request, and what got no answer is
 * looked for, never sent again. */

#include "provision/order.h"

#include "base/error.h"

#define LAYER "provision"
/* How long an order without answer may take to show up in the provider's list. */
#define SETTLE_S 20
/* How many SIDs of orders are remembered: as many as a list of recent ones shows. */
#define KEEP 100

void
order_free (Order *self)
{
  g_clear_pointer (&self->policy, policy_unref);
  g_free (self->provider);
  journal_unref (self->journal);
  progress_unref (self->progress);
  g_free (self->eid);
  g_free (self->fleet);
  g_free (self->callback_url);
  g_free (self->callback_method);
  g_free (self->sid);
  g_clear_pointer (&self->reservation, reservation_free);
  g_clear_pointer (&self->sim, provider_sim_free);
  g_free (self->fleet_sid);
  g_free (self);
}

ProviderSession *
order_open (const ProviderDriver *driver, const Policy *policy, const char *name,
            ProviderAccess *access, Progress *progress, GError **error)
{
  const PolicyProvider *provider = policy_find_provider (policy, name);

  if (provider == NULL)
    error_set (error, ESIM_ERROR_SETTINGS, LAYER, "the provider %s was taken out of the settings",
               name);
  else if (provider->credentials_problem)
    error_set (error, ESIM_ERROR_CREDENTIALS, LAYER, "%s", provider->credentials_problem);
  else
    {
      *access = provider->access;
      return driver->open (access, progress, error);
    }
  return NULL;
}

/* ---- lists of SIDs in the journal ---- */

/* The words of LIST but WITHOUT, at most KEEP - 1 of them, the newest; then AND. */
static char *
edit_list (const char *list, const char *without, const char *and)
{
  g_auto (GStrv) words = g_strsplit (list ? list : "", " ", -1);
  guint length = g_strv_length (words);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = length >= KEEP ? length - KEEP + 1 : 0; i < length; i++)
    if (*words[i] && !g_str_equal (words[i], without))
      g_string_append_printf (text, "%s%s", text->len ? " " : "", words[i]);
  if (and)
    g_string_append_printf (text, "%s%s", text->len ? " " : "", and);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
is_listed (const char *list, const char *sid)
{
  g_auto (GStrv) sids = g_strsplit (list ? list : "", " ", -1);

  return g_strv_contains ((const char *const *) sids, sid);
}

gboolean
order_close (Journal *journal, const char *sid, GError **error)
{
  g_autofree char *list = journal_get (journal, JOURNAL_CUT_OFF);
  g_autofree char *rest = edit_list (list, sid, NULL);

  return journal_set (journal, error, JOURNAL_CUT_OFF, *rest ? rest : NULL, NULL);
}

/* The reservation SID is what the intent led to. With a matching ID nothing else than the journal
 * says whose it is. */
static gboolean
journal_order (Order *self, const char *sid, gboolean by_eid, GError **error)
{
  g_autofree char *ours = journal_get (self->journal, JOURNAL_RESERVATION);
  g_autofree char *all = edit_list (ours, sid, sid);
  g_autofree char *list = journal_get (self->journal, JOURNAL_CUT_OFF);
  g_autofree char *open = by_eid ? g_strdup (list) : edit_list (list, sid, sid);

  return journal_set (self->journal, error, JOURNAL_RESERVATION, all, JOURNAL_CUT_OFF, open,
                      JOURNAL_INTENT, NULL, JOURNAL_INTENT_KNOWN, NULL, JOURNAL_INTENT_EID, NULL,
                      NULL);
}

static gboolean
journal_no_intent (Order *self, GError **error)
{
  return journal_set (self->journal, error, JOURNAL_INTENT, NULL, JOURNAL_INTENT_KNOWN, NULL,
                      JOURNAL_INTENT_EID, NULL, NULL);
}

/* ---- an order that got no answer ---- */

static gboolean
may_be_it (Order *self, const Reservation *one, const char *eid, const char *known)
{
  if (reservation_worth (one) < 3 || is_listed (known, one->sid))
    return FALSE;
  return *eid ? g_str_equal (one->eid, eid)
              : *one->eid == '\0'
                    && !journal_is_taken (self->journal, JOURNAL_RESERVATION, one->sid);
}

/* How many reservations may be it; *SID is the last of them. FALSE: the list is not to be had. */
static gboolean
look_for_it (Order *self, ProviderSession *session, const char *eid, guint *n, char **sid,
             GCancellable *cancellable, GError **error)
{
  g_autofree char *known = journal_get (self->journal, JOURNAL_INTENT_KNOWN);
  g_autoptr (GPtrArray) list
      = self->driver->list_reservations (session, *eid ? eid : NULL, cancellable, error);

  *n = 0;
  for (guint i = 0; list && i < list->len; i++)
    {
      const Reservation *one = list->pdata[i];

      if (!may_be_it (self, one, eid, known))
        continue;
      g_free (*sid);
      *sid = g_strdup (one->sid);
      *n += 1;
    }
  return list != NULL;
}

/* Found, not made, or not to be told; while there is time, later (state SETTLING). */
static gboolean
judge (Order *self, const char *eid, guint n, const char *sid, GError **error)
{
  gint64 age
      = g_get_real_time () / G_USEC_PER_SEC - journal_get_number (self->journal, JOURNAL_INTENT);
  /* With several by EID any one of them will do for the card. */
  gboolean found = n == 1 || (n > 1 && *eid), mine = g_strcmp0 (*eid ? eid : NULL, self->eid) == 0;

  if (found && mine)
    self->sid = g_strdup (sid);
  if (found)
    return journal_order (self, sid, *eid != '\0', error);
  self->state = ORDER_SETTLING;
  /* A clock that was set back does not make it wait for ever. */
  if (n == 0 && age >= 0 && age < SETTLE_S)
    return TRUE;
  if (n == 0 && *eid)
    return journal_no_intent (self, error);
  error_set (error, ESIM_ERROR_RESERVATION_UNSETTLED, LAYER,
             n ? "an order with a matching ID got no answer, and %u new reservations may be it"
               : "an order with a matching ID got no answer, and %u reservations may be it",
             n);
  return FALSE;
}

/* Deals with the intent of this or of an earlier order. */
static gboolean
settle (Order *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  g_autofree char *known_eid = journal_get (self->journal, JOURNAL_INTENT_EID);
  const char *eid = known_eid ? known_eid : "";
  g_autofree char *sid = NULL;
  guint n = 0;

  if (self->forget)
    {
      self->forget = FALSE;
      return journal_no_intent (self, error);
    }
  progress_step (self->progress, "look-up-order");
  return look_for_it (self, session, eid, &n, &sid, cancellable, error)
         && judge (self, eid, n, sid, error);
}

/* ---- the order ---- */

/* One by the same EID that is still of use: a card needs no second. */
static gboolean
find_by_eid (Order *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) list
      = self->driver->list_reservations (session, self->eid, cancellable, error);
  const Reservation *best = NULL;

  for (guint i = 0; list && i < list->len; i++)
    if (best == NULL || reservation_worth (list->pdata[i]) > reservation_worth (best))
      best = list->pdata[i];
  if (best && reservation_worth (best) >= 3)
    self->sid = g_strdup (best->sid);
  return list != NULL;
}

/* SIDs that are there before the order. */
static char *
list_known (Order *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) list = self->driver->list_reservations (session, NULL, cancellable, error);
  g_autoptr (GString) known = g_string_new (NULL);

  if (list == NULL)
    return NULL;
  for (guint i = 0; i < list->len; i++)
    g_string_append_printf (known, "%s%s", i ? " " : "", ((Reservation *) list->pdata[i])->sid);
  return g_string_free (g_steal_pointer (&known), FALSE);
}

static gboolean
journal_intent (Order *self, const char *known, GError **error)
{
  g_autofree char *now = g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC);

  return journal_set (self->journal, error, JOURNAL_INTENT, now, JOURNAL_INTENT_KNOWN, known,
                      JOURNAL_INTENT_EID, self->eid ? self->eid : "", NULL);
}

/* With the intent on disk: no one else orders for the same card. A reservation that is there
 * already is SID. */
static gboolean
check_alone (Order *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  if (self->eid == NULL)
    return TRUE;
  if (!journal_is_ordered_elsewhere (self->journal, self->eid))
    return find_by_eid (self, session, cancellable, error);
  error_set (error, ESIM_ERROR_BUSY, LAYER,
             "a profile is being ordered for this card already, by Provision");
  return FALSE;
}

static gboolean
place (Order *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  g_autofree char *known
      = self->eid ? g_strdup ("") : list_known (self, session, cancellable, error);
  g_autoptr (GError) refusal = NULL;
  g_autoptr (Reservation) made = NULL;

  if (known == NULL || !journal_intent (self, known, error))
    return FALSE;
  progress_step (self->progress, "reserve");
  if (check_alone (self, session, cancellable, &refusal) && self->sid)
    return journal_no_intent (self, error);
  if (refusal == NULL)
    made = self->driver->reserve (session, self->eid, cancellable, &refusal);
  if (made)
    {
      self->sid = g_strdup (made->sid);
      self->ordered = TRUE;
      return journal_order (self, made->sid, self->eid != NULL, error);
    }
  self->state = ORDER_SETTLING;
  self->ordered = error_is_code (refusal, ESIM_ERROR_RESERVATION_UNSETTLED);
  if (self->ordered && !g_cancellable_is_cancelled (cancellable))
    return TRUE;
  /* Any other refusal says that nothing was ordered. */
  if (!self->ordered && !journal_no_intent (self, error))
    return FALSE;
  g_propagate_error (error, g_steal_pointer (&refusal));
  return FALSE;
}

/* Up to a SID, or SETTLING. */
static gboolean
get_reservation (Order *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  if (journal_get_number (self->journal, JOURNAL_INTENT) != 0
      && !settle (self, session, cancellable, error))
    return FALSE;
  if (self->sid || journal_get_number (self->journal, JOURNAL_INTENT) != 0)
    return TRUE;
  return place (self, session, cancellable, error);
}

/* ---- what follows ---- */

static gboolean
set_failed (const Reservation *failed, GError **error)
{
  GError *refusal = NULL;

  error_set (&refusal,
             g_str_equal (failed->error_code, "83500") ? ESIM_ERROR_OUT_OF_STOCK
                                                       : ESIM_ERROR_RESERVATION_FAILED,
             LAYER, "the reservation %s has failed: %s", failed->sid, failed->error_message);
  if (*failed->error_code)
    error_add_raw (refusal, "code", failed->error_code);
  g_propagate_error (error, refusal);
  return FALSE;
}

static gboolean
activate (Order *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  const char *sid = self->reservation->sim_sid;

  progress_step (self->progress, "prepare-sim");
  if (self->fleet && self->fleet_sid == NULL)
    self->fleet_sid = provider_find_fleet (self->driver, session, self->fleet, cancellable, error);
  if (self->fleet && self->fleet_sid == NULL)
    return FALSE;
  g_clear_pointer (&self->sim, provider_sim_free);
  self->sim = self->driver->get_sim (session, sid, cancellable, error);
  if (self->sim == NULL)
    return FALSE;
  if (self->sim->status == PROVIDER_SIM_ACTIVE
      && (self->fleet_sid == NULL || g_str_equal (self->sim->fleet_sid, self->fleet_sid)))
    self->state = ORDER_DONE;
  if (self->state == ORDER_DONE || self->sim->status == PROVIDER_SIM_SCHEDULED)
    return TRUE;
  g_clear_pointer (&self->sim, provider_sim_free);
  self->sim = self->driver->activate_sim (session, sid, self->fleet_sid, cancellable, error);
  return self->sim != NULL;
}

/* A person named the reservation: an intent that may have led to it is settled. */
static gboolean
settle_by (Order *self, const Reservation *named, GError **error)
{
  g_autofree char *eid = journal_get (self->journal, JOURNAL_INTENT_EID);
  g_autofree char *known = journal_get (self->journal, JOURNAL_INTENT_KNOWN);

  return journal_get_number (self->journal, JOURNAL_INTENT) == 0
         || !may_be_it (self, named, eid ? eid : "", known)
         || journal_order (self, named->sid, *named->eid != '\0', error);
}

static gboolean
go_on (Order *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  Reservation *now;

  progress_step (self->progress, "wait-reservation");
  now = self->driver->get_reservation (session, self->sid, cancellable, error);
  if (now == NULL)
    return FALSE;
  g_clear_pointer (&self->reservation, reservation_free);
  self->reservation = now;
  if (!settle_by (self, now, error))
    return FALSE;
  if (now->status == RESERVATION_FAILED)
    return set_failed (now, error);
  if (*now->sim_sid == '\0' || *now->iccid == '\0')
    return TRUE;
  return activate (self, session, cancellable, error);
}

gboolean
order_turn (gpointer data, GCancellable *cancellable, GError **error)
{
  Order *self = data;
  ProviderAccess access;
  ProviderSession *session
      = order_open (self->driver, self->policy, self->provider, &access, self->progress, error);
  gboolean good = session != NULL;

  if (!good)
    return FALSE;
  if (self->callback_url)
    access.callback_url = self->callback_url;
  if (self->callback_method)
    access.callback_method = self->callback_method;
  self->state = ORDER_WAITING;
  if (self->sid == NULL)
    good = get_reservation (self, session, cancellable, error);
  if (good && self->sid)
    {
      self->state = self->order_only ? ORDER_DONE : ORDER_WAITING;
      good = self->order_only || go_on (self, session, cancellable, error);
    }
  self->driver->close (session);
  return good;
}
