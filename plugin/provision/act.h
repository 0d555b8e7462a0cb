/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The steps of provisioning as queue jobs: values in, values out; each checks its precondition
 * again, since facts age. */

#pragma once

#include "card/card.h"
#include "config.h"
#include "provision/journal.h"

/* What a job was given and what it found. One job at a time; freed on the main thread. */
typedef struct
{
  Policy *policy;
  Journal *journal;
  Progress *progress; /* never NULL */
  char *eid;
  CardAccess *access;        /* NULL while the modem is away */
  ModemSnapshot *modem;      /* NULL while it is away */
  const ModemDriver *driver; /* of the modem's stack */
  const ProviderDriver *provider;
  const ConnectDriver *const *connects; /* of which the policy's is used; NULL: none is wanted */
  ProviderSession *session;             /* opened under POLICY; NULL until it is needed */
  char *iccid;           /* to enable, or of the profile that is ours; NULL while not known */
  gboolean asked;        /* a person asked: what failed before is not used again */
  gboolean settled;      /* an order without answer has had time enough to show up */
  gboolean dismiss;      /* a person said that nothing there counts */
  char *why;             /* roll-back: the reason, to be kept */
  gboolean may_displace; /* enable: another profile may be enabled now */

  Reservation *reservation; /* NULL: none there */
  ProviderSim *sim;         /* NULL: not looked at */
  char *fleet_sid;          /* wanted; NULL where not known yet or not wanted */
  gboolean settling;        /* an order was sent and is not there (yet) */
  gboolean unsettled;       /* and can't be told from looking */
  ConnectStatus *link;
  CardFacts *facts; /* may be there after an error too: the card was looked at because of it */
} Act;

void act_free (gpointer self);

/* All are QueueWork with an Act. Errors: those of the layers below, with what was being done in
 * front. */

/* On the net queue. act_look_up: the reservation for this card and its Sim: by the journal's SID,
 * by EID, or in matching-ID mode what an intent in the journal may have made. act_reserve: writes
 * the intent, orders, writes the SID. act_prepare_sim: active, in its Fleet. */
gboolean act_look_up (gpointer self, GCancellable *cancellable, GError **error);
gboolean act_reserve (gpointer self, GCancellable *cancellable, GError **error);
gboolean act_prepare_sim (gpointer self, GCancellable *cancellable, GError **error);

/* On the net queue: the modem stack and the link. act_verify: a TCP connection to the policy's
 * verify-host through the link's interface; a refusal has come through too and counts. */
gboolean act_wake_modem (gpointer self, GCancellable *cancellable, GError **error);
gboolean act_look_at_link (gpointer self, GCancellable *cancellable, GError **error);
gboolean act_connect (gpointer self, GCancellable *cancellable, GError **error);
gboolean act_verify (gpointer self, GCancellable *cancellable, GError **error);

/* On the card queue. act_enable: journals what was enabled before. act_roll_back: enables the
 * journal's profile of before. */
gboolean act_read_card (gpointer self, GCancellable *cancellable, GError **error);
gboolean act_enable (gpointer self, GCancellable *cancellable, GError **error);
gboolean act_roll_back (gpointer self, GCancellable *cancellable, GError **error);
