/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A provider, a modem, a link and a card that do what a test of provisioning says; one Provision
 * with its journal in a folder of its own. */

#pragma once

#include "provision/journal.h"
#include "provision/provision.h"

#define EID "89049032123451234512345678901235"
#define ICCID "8988307000000000015"

/* What the fake provider has, is told to do, and was asked. ON_LIST and ON_ORDER run on the worker,
 * with DATA, before the answer is made. */
typedef struct
{
  guint orders, looks;
  gboolean there;        /* a reservation for EID */
  gboolean lose_answers; /* orders are made, their answers lost */
  gboolean lose_orders;  /* orders are lost altogether */
  EsimError refuse;      /* orders are refused so, where not 0 */
  ReservationStatus status;
  void (*on_list) (gpointer data);
  void (*on_order) (gpointer data);
  gpointer data;
} FakeProvider;

typedef struct
{
  ConnectLevel level;
  const char *interface;
  EsimError refuse; /* where not 0 */
  guint looks, ups;
} FakeBearer;

/* The way to a card that is out of reach, and its modem. */
typedef struct
{
  ModemEnded ended;
  const char *path; /* the stack's, of the modem */
  guint enabled;    /* how often its radio was powered up */
  guint opened;
  void (*on_open) (GCancellable *cancellable); /* on the worker */
} FakeChannel;

extern FakeProvider provider;
extern FakeBearer bearer;
extern FakeChannel channel;
extern const ProviderDriver fake_provider;
extern const ConnectDriver fake_connect;

typedef struct
{
  char *dir;
  const char *mode; /* of provisioning */
  Policy *policy;
  Card *card;
  Provision *provision;
  gboolean finished;
  guint ends; /* how often it was told of one */
  GVariant *result;
} Test;

/** set_up: all is made anew, for mode DATA (NULL: on-request); load_policy:
 * MORE lines in its group [data], and whatever groups follow; for the next open_provision(). */
void set_up (Test *test, gconstpointer data);
void tear_down (Test *test, gconstpointer data);
void load_policy (Test *test, const char *more);
void open_provision (Test *test);
void close_provision (Test *test);

/** set_facts: the card has the one profile ICCID (NULL: none); set_modem: what its modem sees. */
void set_facts (Test *test, const char *iccid, ProfileState state);
void set_modem (Test *test, const char *iccid, ModemState state);
CardFacts *make_facts (const char *iccid, ProfileState state);

/** restart_and_run: what a crash leaves of a person's run, with KEY and VALUE besides; the service
 * starts again, has read the card, and runs to the end. run_anew: with nothing besides.
 * run_online: ours is enabled, the link is at LEVEL. run_bare: on an empty card. */
void restart_and_run (Test *test, const char *key, const char *value);
void run_anew (Test *test);
void run_online (Test *test, ConnectLevel level);
void run_bare (Test *test);

/** run_to_end: until the next "finished". */
void run_to_end (Test *test);

/** journal_of: the card's journal, by another object than the service's. */
Journal *journal_of (Test *test);

void assert_failed (Test *test, EsimError code);
void assert_fact (Test *test, const char *key, const char *value);
