/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Takes one card to connected: looks, lets decide() choose the one next step, runs it, looks again.
 * Main thread only. */

#pragma once

#include "card/card.h"
#include "config.h"
#include "connect/connect.h"
#include "provider/provider.h"

/* Signals: "changed": state or detail did; "finished" (a{sv} or NULL): what provision_start() began
 * is over: done with that result, or failed with provision_error(). */
#define PROVISION_TYPE (provision_get_type ())
G_DECLARE_FINAL_TYPE (Provision, provision, ESIM, PROVISION, GObject)

/** provision_new: for CARD, under POLICY; the driver lists end in NULL and outlive it; its journal
 * is in STATE_DIR. */
Provision *provision_new (Card *card, Policy *policy, const ProviderDriver *const *providers,
                          const ConnectDriver *const *connects, const char *state_dir);

/** provision_start: goes on until everything wanted is so, or cannot be. ASKED: a person asked,
 * which also ends a suspension; else it does what the policy's mode allows, quietly. SETTLE (may be
 * NULL): a person's word on an unsettled order: the reservation's SID, or "none". PROGRESS (may be
 * NULL) counts and shows the steps. */
void provision_start (Provision *self, gboolean asked, const char *settle, Progress *progress);

/** provision_is_running: whether a run is on, or its last step still out; provision_is_stopping:
 * whether it was stopped: a start then waits for its end, which has a "finished" of its own. */
gboolean provision_is_running (Provision *self);
gboolean provision_is_stopping (Provision *self);

/** provision_stop: ends it now; what was reached stays, and the next start goes on from there.
 * "finished" comes with CANCELLED. */
void provision_stop (Provision *self, gboolean for_good);

/** provision_suspend: a person took over (Enable, Disable, Delete): nothing is done by itself until
 * provision_start() is asked for. Survives restarts. */
void provision_suspend (Provision *self);

/** provision_favour_profile: a person is about to enable the profile ICCID ("": to disable all): of
 * what was made for connections, only that for it may still connect by itself. */
void provision_favour_profile (Provision *self, const char *iccid);

/** provision_forget_profile: the profile ICCID has left the card: where the policy says so, what
 * was made for its connection is removed. */
void provision_forget_profile (Provision *self, const char *iccid);

/** provision_poke: what is waited for at the provider may be there: it looks at once. */
void provision_poke (Provision *self);

/** provision_set_policy: new settings; the step that runs keeps its own. */
void provision_set_policy (Provision *self, Policy *policy);

/** provision_state: "idle", "suspended" or the step's name; provision_detail: a sentence. Owned by
 * SELF. */
const char *provision_state (Provision *self);
const char *provision_detail (Provision *self);

/** provision_error: why the last run failed; NULL while none did. Owned by SELF. */
const GError *provision_error (Provision *self);

/** provision_trouble: what is wrong since a person's switch, with advice; NULL: nothing is. Owned
 * by SELF. */
const char *provision_trouble (Provision *self);

/** provision_card_changed: a person's job changed the card: notifications are to be sent, and after
 * a switch the modem may need the ladder to notice. */
void provision_card_changed (Provision *self);

/** provision_notify: notifications may have come to the card: the service sends them by itself. */
void provision_notify (Provision *self);

/** ProvisionSent: how many notifications were taken and removed, and how many were not; ERROR is
 * the first failure. */
typedef void (*ProvisionSent) (guint sent, guint left, const GError *error, gpointer data);

/** provision_send_notifications: sends what waits on the card, or the one with *SEQUENCE (NULL:
 * all), whatever its next try, and removes what was taken. One that is on its way already is waited
 * for. What failed is tried again by itself, each in its own time, for as long as it takes. */
void provision_send_notifications (Provision *self, const guint64 *sequence, Progress *progress,
                                   GCancellable *cancellable, ProvisionSent sent, gpointer data);

/** provision_describe_notification: adds to DICT what is known of LISTED: tries, next-try,
 * last-error. */
void provision_describe_notification (Provision *self, const Notification *listed,
                                      GVariantDict *dict);

/** provision_is_idle: whether no notification is on its way. */
gboolean provision_is_idle (Provision *self);
