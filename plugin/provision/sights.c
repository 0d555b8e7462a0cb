/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What a run wants and sees now, for decide(). */

#include "provision/observe.h"
#include "provision/run.h"

gboolean
run_has_passed (gint64 since, guint seconds)
{
  return since && g_get_monotonic_time () - since >= (gint64) seconds * G_USEC_PER_SEC;
}

gboolean
run_has_fact (Provision *self, const char *key)
{
  return self->journal && journal_get_number (self->journal, key) != 0;
}

void
run_forget_sights (Sights *self)
{
  g_clear_pointer (&self->reservation, reservation_free);
  g_clear_pointer (&self->sim, provider_sim_free);
  g_clear_pointer (&self->link, connect_status_free);
  g_clear_pointer (&self->fleet_sid, g_free);
  g_clear_error (&self->fallen);
  *self = (Sights){ 0 };
}

static const PolicyProvider *
usable_provider (Provision *self)
{
  const PolicyProvider *provider = *self->policy->provider
                                       ? policy_find_provider (self->policy, self->policy->provider)
                                       : NULL;

  return provider && provider->credentials_problem == NULL && self->providers && self->providers[0]
             ? provider
             : NULL;
}

Wanted
run_wanted (Provision *self)
{
  g_autofree char *ours = run_ours (self);

  return (Wanted){
    .asked = self->asked,
    .provider = usable_provider (self) != NULL,
    .connect = run_connects (self) && (ours == NULL || policy_apn (self->policy, ours)),
    .verify = *self->policy->verify_host != '\0',
    .roll_back = self->policy->rollback,
  };
}

static CardSight
card_now (Provision *self, const char *ours)
{
  const CardFacts *facts = card_facts (self->card);

  if (self->seen.assumed_enabled)
    {
      ModemSight modem = observe_modem (self->card, ours);

      /* The modem has read the card, so reading it disturbs no one. */
      if (modem == MODEM_SIGHT_GONE || modem == MODEM_SIGHT_OTHER_PROFILE)
        return CARD_OURS_ENABLED;
      return CARD_UNKNOWN;
    }
  return self->seen.card_read && facts ? observe_card (facts, ours) : CARD_UNKNOWN;
}

static ModemSight
modem_now (Provision *self, const char *ours, gboolean enabled)
{
  ModemSight modem = observe_modem (self->card, enabled ? ours : NULL);

  switch (modem)
    {
    case MODEM_SIGHT_GONE:
    case MODEM_SIGHT_OTHER_PROFILE:
      return self->seen.modem_lost ? MODEM_SIGHT_LOST : modem;
    case MODEM_SIGHT_SEARCHING:
    case MODEM_SIGHT_DENIED:
      if (run_has_passed (self->seen.registering_since, self->policy->registration_timeout_s))
        return MODEM_SIGHT_LATE;
      break;
    case MODEM_SIGHT_REGISTERED:
      self->seen.registering_since = 0;
      break;
    case MODEM_SIGHT_LOST:
    case MODEM_SIGHT_LATE:
    case MODEM_SIGHT_LAST:
      break;
    }
  return modem;
}

static ReservationSight
reservation_now (Provision *self)
{
  ReservationSight sight;

  if (self->seen.unsettled)
    return RESERVATION_SIGHT_UNSETTLED;
  if (!self->seen.looked_up)
    return RESERVATION_SIGHT_UNKNOWN;
  sight = observe_reservation (self->seen.reservation);
  if (sight == RESERVATION_SIGHT_PENDING
      && run_has_passed (self->seen.reserving_since, self->policy->reservation_timeout_s))
    return RESERVATION_SIGHT_LATE;
  return sight;
}

/* A reservation that names no Sim leaves nothing to prepare. */
static SimSight
sim_now (Provision *self)
{
  const char *fleet = *self->policy->fleet ? self->seen.fleet_sid : NULL;

  if (self->seen.sim == NULL && reservation_now (self) == RESERVATION_SIGHT_AVAILABLE
      && *self->seen.reservation->sim_sid == '\0')
    return SIM_SIGHT_RIGHT;
  return observe_sim (self->seen.sim, fleet);
}

static gboolean
has_previous (Provision *self)
{
  g_autofree char *before = journal_get (self->journal, JOURNAL_BEFORE);
  const CardFacts *facts = card_facts (self->card);
  const Profile *profile = before && facts ? card_facts_find (facts, before) : NULL;

  return profile && !profile_is_factory_test (profile);
}

static LinkSight
link_now (Provision *self)
{
  LinkSight link = observe_link (self->seen.link);

  return link == LINK_CONFIGURED && self->seen.verified ? LINK_VERIFIED : link;
}

/* A power cut between note and switch must not make the first try the last one. */
#define ROLL_BACKS_MAX 3

static gboolean
was_rolled_back (Provision *self, CardSight card)
{
  gint64 tries = self->journal ? journal_get_number (self->journal, JOURNAL_ROLLED_BACK) : 0;

  return tries >= (card == CARD_OURS_ENABLED ? ROLL_BACKS_MAX : 1);
}

/* Someone who asked is told what failed; unasked, no attempt is made before there is a network. */
static Network
network_now (Provision *self)
{
  if (self->seen.no_network)
    return NETWORK_NO;
  return self->asked || g_network_monitor_get_network_available (g_network_monitor_get_default ())
             ? NETWORK_YES
             : NETWORK_NO;
}

Observed
run_observed (Provision *self)
{
  g_autofree char *ours = run_ours (self);
  CardSight card = card_now (self, ours);
  gboolean enabled = card == CARD_OURS_ENABLED || self->seen.assumed_enabled;

  return (Observed){
    .network = network_now (self),
    .card = card,
    .reservation = reservation_now (self),
    .sim = sim_now (self),
    .modem = modem_now (self, ours, enabled),
    .link = link_now (self),
    .closed = run_has_fact (self, JOURNAL_CLOSED),
    .notifications = notices_due (self),
    .previous = has_previous (self),
    .rolled_back = was_rolled_back (self, card),
    .exhausted = self->seen.exhausted,
  };
}
