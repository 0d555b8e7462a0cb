/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Values of the layers below to the enums of decide(). */

#include "provision/observe.h"

#include "config.h"
#include "provision/ladder.h"

const char *
observe_ours (const CardFacts *facts, const char *journaled)
{
  const char *ours = NULL;

  for (guint i = 0; i < facts->profiles->len; i++)
    {
      const Profile *profile = facts->profiles->pdata[i];

      if (journaled)
        {
          if (ladder_same_iccid (profile->iccid, journaled))
            return profile->iccid;
        }
      else if (apn_is_super_sim (profile->iccid)
               && (ours == NULL || profile->state == PROFILE_ENABLED))
        ours = profile->iccid;
    }
  return ours;
}

CardSight
observe_card (const CardFacts *facts, const char *ours)
{
  gboolean found = FALSE, foreign = FALSE, enabled = FALSE;

  for (guint i = 0; i < facts->profiles->len; i++)
    {
      const Profile *profile = facts->profiles->pdata[i];

      if (g_strcmp0 (profile->iccid, ours) == 0)
        {
          if (profile->state == PROFILE_ENABLED)
            return CARD_OURS_ENABLED;
          found = TRUE;
        }
      else if (!profile_is_factory_test (profile))
        {
          foreign = TRUE;
          enabled = enabled || profile->state == PROFILE_ENABLED;
        }
    }
  if (found) /* a reservation has an ICCID before the card has its profile */
    return enabled ? CARD_OURS_DISABLED_FOREIGN_ENABLED : CARD_OURS_DISABLED;
  if (enabled)
    return CARD_FOREIGN_ENABLED;
  return foreign ? CARD_FOREIGN_DISABLED : CARD_EMPTY;
}

ModemSight
observe_modem (Card *card, const char *iccid)
{
  const ModemSnapshot *modem = card_modem (card);

  if (modem == NULL || card_access (card) == NULL)
    return MODEM_SIGHT_GONE;
  if (iccid == NULL || !ladder_same_iccid (modem->iccid, iccid))
    return MODEM_SIGHT_OTHER_PROFILE;
  switch (modem->state)
    {
    case MODEM_STATE_REGISTERED:
    case MODEM_STATE_CONNECTED:
      return MODEM_SIGHT_REGISTERED;
    case MODEM_STATE_DENIED:
      return MODEM_SIGHT_DENIED;
    case MODEM_STATE_UNKNOWN:
    case MODEM_STATE_FAILED:
    case MODEM_STATE_CHANGING:
    case MODEM_STATE_LOCKED:
    case MODEM_STATE_DISABLED:
    case MODEM_STATE_SEARCHING:
      break;
    }
  return MODEM_SIGHT_SEARCHING;
}

ReservationSight
observe_reservation (const Reservation *reservation)
{
  if (reservation == NULL)
    return RESERVATION_SIGHT_NONE;
  switch (reservation->status)
    {
    case RESERVATION_AVAILABLE:
    case RESERVATION_DOWNLOADED:
      return RESERVATION_SIGHT_AVAILABLE;
    case RESERVATION_INSTALLED:
      return RESERVATION_SIGHT_INSTALLED;
    case RESERVATION_FAILED:
      return RESERVATION_SIGHT_FAILED;
    case RESERVATION_NEW:
    case RESERVATION_RESERVING:
    case RESERVATION_UNKNOWN:
      break;
    }
  return RESERVATION_SIGHT_PENDING;
}

SimSight
observe_sim (const ProviderSim *sim, const char *fleet)
{
  if (sim == NULL)
    return SIM_SIGHT_UNKNOWN;
  if (sim->status == PROVIDER_SIM_SCHEDULED)
    return SIM_SIGHT_SCHEDULED;
  if (sim->status != PROVIDER_SIM_ACTIVE || (fleet && !g_str_equal (sim->fleet_sid, fleet)))
    return SIM_SIGHT_WRONG;
  return SIM_SIGHT_RIGHT;
}

LinkSight
observe_link (const ConnectStatus *status)
{
  if (status == NULL)
    return LINK_NONE;
  switch (status->level)
    {
    case CONNECT_NONE:
      break;
    case CONNECT_OTHER:
      return LINK_OTHER;
    case CONNECT_UP:
      return LINK_UP;
    case CONNECT_CONFIGURED:
      return LINK_CONFIGURED;
    }
  return LINK_NONE;
}
