/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What is wanted and what is seen, to the one next step: a pure function, so a test can walk every
 * combination. */

#pragma once

#include <stdbool.h>

typedef enum
{
  STEP_WAIT_NETWORK,
  STEP_READ_CARD,
  STEP_LOOK_UP_RESERVATION,
  STEP_RESERVE,
  STEP_WAIT_RESERVATION,
  STEP_PREPARE_SIM,
  STEP_WAIT_SIM,
  STEP_DOWNLOAD,
  STEP_ENABLE,
  STEP_WAIT_MODEM,
  STEP_WAIT_REGISTRATION,
  STEP_CONNECT,
  STEP_VERIFY_DATA,
  STEP_SEND_NOTIFICATIONS,
  STEP_ROLL_BACK,
  STEP_DONE,
  STEP_GIVE_UP,
  STEP_LAST
} Step;

/* The facts, each a small enum or flag so that all combinations can be walked. UNKNOWN = not looked
 * at yet in this round. */
typedef enum
{
  METHOD_EID,
  METHOD_MATCHING_ID,
  METHOD_LAST
} Method;
typedef enum
{
  NETWORK_NO,
  NETWORK_YES,
  NETWORK_LAST
} Network;
typedef enum
{
  CARD_UNKNOWN,          /* not read since the last change */
  CARD_EMPTY,            /* no profile that is neither a factory test profile nor ours */
  CARD_FOREIGN_DISABLED, /* someone else's profiles, none enabled */
  CARD_FOREIGN_ENABLED,  /* someone else's profile is enabled: never switched away from unless a
                            person asked */
  CARD_OURS_DISABLED,    /* ours is there and no other works */
  CARD_OURS_DISABLED_FOREIGN_ENABLED,
  CARD_OURS_ENABLED,
  CARD_LAST
} CardSight;
typedef enum
{
  RESERVATION_SIGHT_UNKNOWN,   /* not looked up */
  RESERVATION_SIGHT_NONE,      /* looked: there is none */
  RESERVATION_SIGHT_UNSETTLED, /* an order was sent, its answer never came, and looking could not
                                  settle it */
  RESERVATION_SIGHT_PENDING,   /* new, reserving, or a status not known */
  RESERVATION_SIGHT_LATE,      /* pending for longer than the policy allows */
  RESERVATION_SIGHT_AVAILABLE,
  RESERVATION_SIGHT_INSTALLED, /* downloaded or installed, as the provider says */
  RESERVATION_SIGHT_FAILED,
  RESERVATION_SIGHT_LAST
} ReservationSight;
typedef enum
{
  SIM_SIGHT_UNKNOWN,
  SIM_SIGHT_WRONG,
  SIM_SIGHT_SCHEDULED,
  SIM_SIGHT_RIGHT,
  SIM_SIGHT_LAST
} SimSight;
typedef enum
{
  MODEM_SIGHT_GONE,
  MODEM_SIGHT_OTHER_PROFILE, /* the stack has not seen our ICCID yet */
  MODEM_SIGHT_SEARCHING,
  MODEM_SIGHT_DENIED,
  MODEM_SIGHT_REGISTERED,
  MODEM_SIGHT_LAST
} ModemSight;
typedef enum
{
  LINK_NONE,
  LINK_OTHER,
  LINK_UP,
  LINK_CONFIGURED,
  LINK_VERIFIED,
  LINK_LAST
} LinkSight;
