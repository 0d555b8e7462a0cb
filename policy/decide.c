/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The one next step on the way from a bare card to a connected one. */

#include "decide.h"

enum
{
  FIVE_MINUTES = 300,
  HALF_HOUR = 1800,
  HOUR = 3600,
};

static Decision
take (Step step, const char *reason)
{
  return (Decision){ .step = step, .reason = reason };
}

static Decision
give_up (Verdict verdict, unsigned look_again_s, const char *reason)
{
  return (Decision){
    .step = STEP_GIVE_UP, .verdict = verdict, .reason = reason, .look_again_s = look_again_s
  };
}

/* Ours does not come on line: back to what worked, where that is wanted and possible, else GIVE_UP.
 */
static Decision
fall_back (const Wanted *wanted, const Observed *seen, Decision giving_up)
{
  if (wanted->roll_back && seen->previous && !seen->rolled_back && seen->card == CARD_OURS_ENABLED
      && seen->modem != MODEM_SIGHT_GONE)
    return take (STEP_ROLL_BACK, "The new profile does not come on line; the one before is enabled "
                                 "again.");
  return giving_up;
}

/* The Sim at the provider, as far as it matters: STEP_DONE when nothing is left to do there. */
static Decision
decide_sim (const Observed *seen)
{
  switch (seen->sim)
    {
    case SIM_SIGHT_UNKNOWN:
      return take (STEP_LOOK_UP_RESERVATION, "The Sim is looked up.");
    case SIM_SIGHT_WRONG:
      return take (STEP_PREPARE_SIM, "The Sim is activated in its Fleet.");
    case SIM_SIGHT_SCHEDULED:
      return take (STEP_WAIT_SIM, "The provider is changing the Sim.");
    case SIM_SIGHT_RIGHT:
    case SIM_SIGHT_LAST:
      break;
    }
  return take (STEP_DONE, "The Sim is active.");
}

/* A profile is reserved and can be loaded. */
static Decision
decide_download (const Observed *seen)
{
  Decision sim = decide_sim (seen);

  if (sim.step != STEP_DONE)
    return sim;
  if (seen->modem == MODEM_SIGHT_GONE)
    return take (STEP_WAIT_MODEM, "The modem is away; the profile is loaded when it is back.");
  return take (STEP_DOWNLOAD, "The profile is loaded into the card.");
}

/* Our profile is not on the card. */
static Decision
decide_profile (const Wanted *wanted, const Observed *seen)
{
  if (!wanted->provider)
    return give_up (VERDICT_NO_PROVIDER, 0,
                    "No provider is set up that a profile could come from.");
  if (seen->network == NETWORK_NO)
    return take (STEP_WAIT_NETWORK, "Waiting for a network that reaches the provider.");

  switch (seen->reservation)
    {
    case RESERVATION_SIGHT_UNKNOWN:
      return take (STEP_LOOK_UP_RESERVATION, "Looking whether a profile is reserved already.");
    case RESERVATION_SIGHT_NONE:
      return take (STEP_RESERVE, "A profile is reserved.");
    case RESERVATION_SIGHT_UNSETTLED:
      return give_up (VERDICT_UNSETTLED, 0,
                      "An order was sent and its answer never came; looking did not settle whether "
                      "it was made. A person has to say: name the reservation, or none.");
    case RESERVATION_SIGHT_PENDING:
      return take (STEP_WAIT_RESERVATION, "The provider is reserving a profile.");
    case RESERVATION_SIGHT_LATE:
      return give_up (VERDICT_RESERVATION_LATE, HALF_HOUR,
                      "The reserved profile is still not available.");
    case RESERVATION_SIGHT_AVAILABLE:
      return decide_download (seen);
    case RESERVATION_SIGHT_INSTALLED:
      return give_up (VERDICT_PROFILE_GONE, 0,
                      "The reserved profile was installed once and is no longer on this card. "
                      "A person has to say whether another is wanted: settle it with none.");
    case RESERVATION_SIGHT_FAILED:
    case RESERVATION_SIGHT_LAST:
      break;
    }
  return give_up (VERDICT_RESERVATION_FAILED, 0, "The provider could not reserve a profile.");
}

/* Notifications go while the uplink of before is there, and once more at the end; one that can't be
 * sent never holds the rest up. */
static bool
can_notify (const Observed *seen)
{
  return seen->notifications && seen->network == NETWORK_YES;
}

static Decision
finish (const Observed *seen, const char *reason)
{
  if (can_notify (seen))
    return take (STEP_SEND_NOTIFICATIONS, "The card's notifications are sent.");
  return take (STEP_DONE, reason);
}

static Decision
decide_link (const Wanted *wanted, const Observed *seen)
{
  if (!wanted->connect)
    return finish (seen, "Everything is in place; data is not esimd's to bring up.");
  switch (seen->link)
    {
    case LINK_NONE:
      if (seen->closed && !wanted->asked)
        return finish (seen, "Someone closed the connection; it stays closed until Provision is "
                             "called.");
      return take (STEP_CONNECT, "Data is brought up.");
    case LINK_OTHER:
      return give_up (VERDICT_OTHER_LINK, 0,
                      "Someone else's connection is up on this modem; it is left alone.");
    case LINK_UP:
      return take (STEP_CONNECT, "The interface is configured.");
    case LINK_CONFIGURED:
      if (wanted->verify)
        return take (STEP_VERIFY_DATA, "The connection is tried.");
      break;
    case LINK_VERIFIED:
    case LINK_LAST:
      break;
    }
  return finish (seen, "Everything is in place.");
}

/* Not registered for too long: before giving up, see whether the Sim is active at all. */
static Decision
decide_late (const Wanted *wanted, const Observed *seen)
{
  if (wanted->provider && seen->network == NETWORK_YES)
    {
      if (seen->reservation == RESERVATION_SIGHT_UNKNOWN)
        return take (STEP_LOOK_UP_RESERVATION, "No network takes the Sim; looking whether it is "
                                               "active.");
      if (seen->sim == SIM_SIGHT_WRONG || seen->sim == SIM_SIGHT_SCHEDULED)
        return decide_sim (seen);
    }
  return fall_back (wanted, seen,
                    give_up (VERDICT_NOT_REGISTERED, HALF_HOUR, "No network has taken the Sim."));
}

/* Our profile is enabled. */
static Decision
decide_online (const Wanted *wanted, const Observed *seen)
{
  switch (seen->modem)
    {
    case MODEM_SIGHT_GONE:
    case MODEM_SIGHT_OTHER_PROFILE:
      return take (STEP_WAIT_MODEM, "Waiting for the modem to see its new profile.");
    case MODEM_SIGHT_SEARCHING:
      return take (STEP_WAIT_REGISTRATION, "Waiting for a network to take the Sim.");
    case MODEM_SIGHT_DENIED:
      return take (STEP_WAIT_REGISTRATION, "Networks have refused so far; waiting for one that "
                                           "takes the Sim.");
    case MODEM_SIGHT_LATE:
      return decide_late (wanted, seen);
    case MODEM_SIGHT_REGISTERED:
      return decide_link (wanted, seen);
    case MODEM_SIGHT_LOST:
    case MODEM_SIGHT_LAST:
      break;
    }
  return fall_back (
      wanted, seen,
      give_up (VERDICT_MODEM_NOT_BACK, HALF_HOUR, "The modem has not seen its new profile."));
}

/* Our profile is there, disabled. */
static Decision
decide_enable (const Observed *seen)
{
  if (can_notify (seen))
    return take (STEP_SEND_NOTIFICATIONS,
                 "The card's notifications are sent while there is a way.");
  return take (STEP_ENABLE, "The profile is enabled.");
}

static bool
is_ours_disabled (CardSight card)
{
  return card == CARD_OURS_DISABLED || card == CARD_OURS_DISABLED_FOREIGN_ENABLED;
}

static Decision
decide_card (const Wanted *wanted, const Observed *seen)
{
  bool foreign
      = seen->card == CARD_FOREIGN_ENABLED || seen->card == CARD_OURS_DISABLED_FOREIGN_ENABLED;

  if (seen->card == CARD_OURS_ENABLED)
    return decide_online (wanted, seen);
  if (seen->modem == MODEM_SIGHT_LOST)
    return give_up (VERDICT_MODEM_NOT_BACK, HALF_HOUR, "The modem has not come back.");
  if (seen->rolled_back && is_ours_disabled (seen->card))
    return give_up (VERDICT_ROLLED_BACK, 0,
                    "The profile did not come on line and the one before is "
                    "enabled again.");
  if (foreign && !wanted->asked)
    return give_up (VERDICT_FOREIGN_PROFILE, 0,
                    "Another profile is enabled; it is not switched "
                    "away from unless someone asks.");

  switch (seen->card)
    {
    case CARD_EMPTY:
    case CARD_FOREIGN_DISABLED:
    case CARD_FOREIGN_ENABLED:
      return decide_profile (wanted, seen);
    case CARD_OURS_DISABLED:
    case CARD_OURS_DISABLED_FOREIGN_ENABLED:
      if (seen->modem != MODEM_SIGHT_GONE)
        return decide_enable (seen);
      break;
    case CARD_UNKNOWN:
      if (seen->modem != MODEM_SIGHT_GONE)
        return take (STEP_READ_CARD, "The card is read.");
      break;
    case CARD_OURS_ENABLED:
    case CARD_LAST:
      break;
    }
  return take (STEP_WAIT_MODEM, "The modem is away.");
}

Decision
decide (const Wanted *wanted, const Observed *observed)
{
  Decision next = decide_card (wanted, observed);

  if (!observed->exhausted || next.step == STEP_DONE || next.step == STEP_GIVE_UP
      || next.step == STEP_ROLL_BACK)
    return next;
  /* Ours is there and registered: data is worth more than an hour. */
  return fall_back (
      wanted, observed,
      give_up (VERDICT_EXHAUSTED,
               next.step == STEP_CONNECT || next.step == STEP_VERIFY_DATA ? FIVE_MINUTES : HOUR,
               "It was tried as often as it makes sense."));
}

const char *
step_name (Step step)
{
  static const char *const names[STEP_LAST] = {
    [STEP_WAIT_NETWORK] = "wait-network",
    [STEP_READ_CARD] = "read-card",
    [STEP_LOOK_UP_RESERVATION] = "look-up-reservation",
    [STEP_RESERVE] = "reserve",
    [STEP_WAIT_RESERVATION] = "wait-reservation",
    [STEP_PREPARE_SIM] = "prepare-sim",
    [STEP_WAIT_SIM] = "wait-sim",
    [STEP_DOWNLOAD] = "download",
    [STEP_ENABLE] = "enable",
    [STEP_WAIT_MODEM] = "wait-modem",
    [STEP_WAIT_REGISTRATION] = "wait-registration",
    [STEP_CONNECT] = "connect",
    [STEP_VERIFY_DATA] = "verify-data",
    [STEP_SEND_NOTIFICATIONS] = "send-notifications",
    [STEP_ROLL_BACK] = "roll-back",
    [STEP_DONE] = "done",
    [STEP_GIVE_UP] = "give-up",
  };

  return step < STEP_LAST ? names[step] : "unknown";
}
