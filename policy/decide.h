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
  STEP_LOOK_UP_RESERVATION, /* and its Sim */
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
  NETWORK_NO, /* the last attempt to reach a server found no way there, and nothing changed since */
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
  RESERVATION_SIGHT_AVAILABLE, /* available, or downloaded: a load that was cut may be repeated */
  RESERVATION_SIGHT_INSTALLED, /* installed, as the provider says */
  RESERVATION_SIGHT_FAILED,
  RESERVATION_SIGHT_LAST
} ReservationSight;
typedef enum
{
  SIM_SIGHT_UNKNOWN,
  SIM_SIGHT_WRONG, /* not active, or not in its Fleet */
  SIM_SIGHT_SCHEDULED,
  SIM_SIGHT_RIGHT,
  SIM_SIGHT_LAST
} SimSight;
typedef enum
{
  MODEM_SIGHT_GONE,
  MODEM_SIGHT_OTHER_PROFILE, /* the stack has not seen our ICCID yet */
  MODEM_SIGHT_LOST,          /* and every rung of the ladder was climbed in vain */
  MODEM_SIGHT_SEARCHING,
  MODEM_SIGHT_DENIED,
  MODEM_SIGHT_LATE, /* searching or denied for longer than the policy allows */
  MODEM_SIGHT_REGISTERED,
  MODEM_SIGHT_LAST
} ModemSight;
typedef enum
{
  LINK_NONE,
  LINK_OTHER, /* a bearer on another APN: someone else's */
  LINK_UP,
  LINK_CONFIGURED,
  LINK_VERIFIED,
  LINK_LAST
} LinkSight;

/* What is wanted, as the policy and whoever started it say. */
typedef struct
{
  bool asked;     /* a person asked for it now; else it runs by itself */
  bool provider;  /* one is set up, so that a profile can be had */
  bool connect;   /* data is ours to bring up */
  bool verify;    /* and to be tried */
  bool roll_back; /* back to the profile before when ours does not come on line */
} Wanted;

typedef struct
{
  Network network;
  CardSight card;
  ReservationSight reservation;
  SimSight sim;
  ModemSight modem;
  LinkSight link;
  bool closed;        /* someone closed the connection, and it stays so unless asked */
  bool notifications; /* some wait on the card and their next try is due */
  bool previous;      /* ours displaced a profile that is still on the card */
  bool rolled_back;   /* that was gone back to, or tried */
  bool exhausted;     /* the step to take has failed as often as it may */
} Observed;

/* Why it ends without success. */
typedef enum
{
  VERDICT_NONE, /* not given up */
  VERDICT_FOREIGN_PROFILE,
  VERDICT_NO_PROVIDER,
  VERDICT_UNSETTLED,
  VERDICT_RESERVATION_LATE,
  VERDICT_RESERVATION_FAILED,
  VERDICT_PROFILE_GONE, /* installed once, and no longer on the card */
  VERDICT_MODEM_NOT_BACK,
  VERDICT_NOT_REGISTERED,
  VERDICT_OTHER_LINK,
  VERDICT_ROLLED_BACK,
  VERDICT_EXHAUSTED,
  VERDICT_LAST
} Verdict;

typedef struct
{
  Step step;
  Verdict verdict;       /* of STEP_GIVE_UP */
  const char *reason;    /* one sentence for people; static */
  unsigned look_again_s; /* of STEP_GIVE_UP: when to look again unasked, 0: not before asked */
} Decision;

/** decide: the one next step. Never fails, keeps nothing. */
Decision decide (const Wanted *wanted, const Observed *observed);

/** step_name: "wait-network", …; static. */
const char *step_name (Step step);
