/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* An order at a provider that is for no card here, turn by turn: order once, look, activate its
 * Sim. */

#pragma once

#include "config.h"
#include "provision/journal.h"

typedef enum
{
  ORDER_SETTLING, /* it was sent and got no answer: look again in a while */
  ORDER_WAITING,  /* for the reservation or its Sim: look again in a while */
  ORDER_DONE,
} OrderState;

/* What an order was asked for and what is known of it. Between turns the main thread's; strings are
 * NULL where they are not given or not known. */
typedef struct
{
  const ProviderDriver *driver;
  Policy *policy; /* that of the turn */
  char *provider; /* its name */
  Journal *journal;
  Progress *progress;
  char *eid; /* NULL: with a matching ID */
  char *fleet;
  char *callback_url, *callback_method; /* over the settings' */
  gboolean order_only;                  /* the Sim is not activated */
  gboolean forget;                      /* the intent in the journal came to nothing */

  char *sid;        /* the reservation; given: nothing is ordered */
  gboolean ordered; /* by this one, though perhaps without an answer */
  Reservation *reservation;
  ProviderSim *sim;
  char *fleet_sid;
  OrderState state; /* after a turn that went well */
} Order;

void order_free (Order *self);

/** order_turn: QueueWork with an Order: whatever can be done now. Before the order is sent, the
 * intent is on disk; one that is there already is settled by looking first, and what is found is
 * this one's where it was for the same. RESERVATION_UNSETTLED where looking does not tell;
 * OUT_OF_STOCK, RESERVATION_FAILED, NO_FLEET and the driver's errors. */
gboolean order_turn (gpointer self, GCancellable *cancellable, GError **error);

/** order_close: no job works on the reservation SID any more. */
gboolean order_close (Journal *journal, const char *sid, GError **error);

/** order_open: opens a session at the provider NAME of POLICY: SETTINGS where it is not there any
 * more, CREDENTIALS where there are none. ACCESS is filled and outlives the session. */
ProviderSession *order_open (const ProviderDriver *driver, const Policy *policy, const char *name,
                             ProviderAccess *access, Progress *progress, GError **error);
