/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One eUICC: which modem and channel reach it, what was last read of it, and the queues its work
 * runs on. Main thread only, except CardAccess. */

#pragma once

#include "apdu/channel.h"
#include "base/queue.h"
#include "lpa/es10a.h"
#include "lpa/es10b.h"
#include "lpa/profile.h"
#include "modem/modem.h"

/* How a worker reaches a card: a value, immutable, ref-counted. */
typedef struct
{
  gatomicrefcount refs;
  const ChannelDriver *driver;
  char *device, *modem, *memory;
  ChannelTarget target; /* its strings are those above */
  char *eid;            /* the card that must answer there; "" while it is not known */
  char *imei;           /* "" where not known */
} CardAccess;

/** card_access_new: by DRIVER through MODEM's DEVICE; MEMORY (may be NULL) as in ChannelTarget; EID
 * "" accepts any card. */
CardAccess *card_access_new (const ChannelDriver *driver, const ModemSnapshot *modem,
                             const char *device, const Quirks *quirks, const char *memory,
                             const char *eid);

/** card_access_to: the same way as SELF, to the card EID. */
CardAccess *card_access_to (const CardAccess *self, const char *eid);
CardAccess *card_access_ref (CardAccess *self);
void card_access_unref (CardAccess *self);

/** card_access_open: worker threads: the channel to this card's ISD-R; checks that it is this EID
 * (NO_EUICC if another card is there now). */
Channel *card_access_open (CardAccess *self, Progress *progress, GCancellable *cancellable,
                           GError **error);

/* What was read of a card in one go: immutable, ref-counted. */
typedef struct
{
  gatomicrefcount refs;
  char *eid;
  Es10bInfo *info;
  Es10aAddresses *addresses;
  GPtrArray *profiles;      /* of Profile */
  GPtrArray *notifications; /* of Notification: what waits for its server */
} CardFacts;

/** card_facts_read: worker threads: everything of it over an open channel, but the profiles' icons;
 * card_facts_read_with: with ICONS those too, at ten APDUs a profile or so. EID is what
 * card_access_open() has made sure of; "": it is read. */
CardFacts *card_facts_read (Channel *channel, const char *eid, GCancellable *cancellable,
                            GError **error);
CardFacts *card_facts_read_with (Channel *channel, const char *eid, gboolean icons,
                                 GCancellable *cancellable, GError **error);
CardFacts *card_facts_ref (CardFacts *self);
void card_facts_unref (CardFacts *self);

/** card_facts_find: the profile ICCID, NULL when it is not on the card; card_facts_enabled: the
 * enabled one or NULL. Owned by SELF. */
const Profile *card_facts_find (const CardFacts *self, const char *iccid);
const Profile *card_facts_enabled (const CardFacts *self);

/** profile_is_factory_test: whether ICCID or class marks a factory test profile, which is not the
 * user's. */
gboolean profile_is_factory_test (const Profile *profile);

/** profile_is_last: whether ICCID is the one operational profile of PROFILES (of Profile): without
 * it the modem has no service. */
gboolean profile_is_last (GPtrArray *profiles, const char *iccid);

/* Signals: "changed": facts, modem, access or place did; "slot-wanted", "slot-kept": see
 * card_want_slot() and card_keep_slot(). */
#define CARD_TYPE (card_get_type ())
G_DECLARE_FINAL_TYPE (Card, card, ESIM, CARD, GObject)

/** card_new: the card with EID; its work runs on the modem's two queues. */
Card *card_new (guint number, const char *eid, Queue *card_queue, Queue *net_queue);
guint card_number (Card *self);
const char *card_eid (Card *self);
ModemSnapshot *card_modem (Card *self); /* NULL while the modem is away; owned by SELF */
const ModemDriver *card_modem_driver (Card *self);
CardAccess *card_access (Card *self); /* NULL while the modem is away; owned by SELF */
CardFacts *card_facts (Card *self);   /* owned by SELF; NULL: never read, for it is parked */
Queue *card_queue (Card *self);       /* jobs that talk to the card */
Queue *card_net_queue (Card *self); /* jobs that talk to servers or the modem stack for this card */

/** card_downloads: of Install: the first has the card's RSP session, the others wait their turn.
 * Owned by SELF. */
GQueue *card_downloads (Card *self);

/** card_slot: 0-based. card_is_parked: the modem uses another slot: there is no card_access() until
 * that changes. card_set_place: for the registry; no signal. */
guint card_slot (Card *self);
gboolean card_is_parked (Card *self);
void card_set_place (Card *self, guint slot, gboolean parked);

/** card_want_slot: asks for the modem to use the parked card's slot; "changed" tells the outcome:
 * there is a card_access(), or card_slot_problem() says why not (NULL: nothing is known of any;
 * owned by SELF). card_refuse_slot: for the registry: ERROR, taken over, is that outcome. */
void card_want_slot (Card *self);
const GError *card_slot_problem (Card *self);
void card_refuse_slot (Card *self, GError *error);

/** card_is_on_loan: its slot was switched to for a job, and another one is gone back to once nobody
 * needs it any more; card_keep_slot: it is not, for this card is what the modem is to use.
 * card_set_on_loan: for the registry; "changed". */
gboolean card_is_on_loan (Card *self);
void card_keep_slot (Card *self);
void card_set_on_loan (Card *self, gboolean on_loan);

/** card_engage: somebody needs the card for more than one job of its queue; ended by as many
 * card_disengage(). */
void card_engage (Card *self);
void card_disengage (Card *self);
gboolean card_is_engaged (Card *self);

/** card_excuse: its modem will be away for up to SECONDS, on our own order; card_is_excused: that
 * time is not over. */
void card_excuse (Card *self, guint seconds);
gboolean card_is_excused (Card *self);

/** card_set_facts, card_set_modem: what was learnt; emit "changed". */
void card_set_facts (Card *self, CardFacts *facts);
void card_set_modem (Card *self, const ModemDriver *driver, ModemSnapshot *modem,
                     CardAccess *access);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardAccess, card_access_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardFacts, card_facts_unref)
