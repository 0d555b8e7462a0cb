/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What provision's own files share: the state of a run, and the calls between loop, steps and
 * notices. */

#pragma once

#include "decide.h"
#include "provision/journal.h"
#include "provision/ladder.h"
#include "provision/outbox.h"
#include "provision/provision.h"

/* After a callback; a flood of them asks the provider no more often than this. */
#define POKED_MS 500

/* What was seen in this run; dropped at its end, for the next one looks anew. */
typedef struct
{
  gboolean card_read;       /* the card's facts are of this run */
  gboolean assumed_enabled; /* ours was enabled just now: the card is left alone until the modem has
                               read it */
  gboolean looked_up;       /* reservation (NULL: none) and sim are of this run */
  gboolean unsettled;
  gboolean link_looked;
  gboolean verified;
  gboolean no_network;
  gboolean modem_lost;
  guint woken; /* hash of the modem's path when it was enabled: a re-probe undoes that */
  gboolean exhausted;
  gboolean poked;        /* at the provider something may be new since it was asked */
  gboolean dismiss;      /* a person said that no order there counts */
  gint64 settling_since; /* monotonic, 0: not; the same for those below */
  gint64 reserving_since;
  gint64 sim_since;
  gint64 registering_since;
  gint64 linking_since; /* since data first did not pass */
  Reservation *reservation;
  ProviderSim *sim;
  char *fleet_sid;
  ConnectStatus *link;
  guint link_path;               /* hash of the modem's path when LINK was seen */
  const char *rung;              /* of the ladder, that brought the modem back; static */
  GError *fallen;                /* why ours is rolled back */
  guint attempts[STEP_LAST + 1]; /* that failed in a row */
  guint steps;                   /* taken, waiting aside */
} Sights;

struct _Provision
{
  GObject parent;
  Card *card;
  Policy *policy;
  const ProviderDriver *const *providers;
  const ConnectDriver *const *connects;
  Journal *journal; /* NULL when it can't be opened: problem says why */
  GError *problem;

  gboolean running, asked;
  gboolean engaged; /* the run needs its card's slot */
  /* A start that came while a stopped run's step was still out. */
  struct
  {
    gboolean pending, asked;
    gboolean stopped; /* before it could begin */
    char *settle;
    Progress *progress;
  } next;
  gboolean busy; /* a step is out; it calls run_step_done() */
  gboolean waiting;
  Step step;
  char *detail;
  char *trouble;      /* the modem is not back after a person's switch; NULL: it is */
  Progress *progress; /* of the run; never NULL while it runs */
  GCancellable *cancellable;
  ProviderSession *session; /* with the provider, kept from step to step; NULL: none */
  Policy *session_policy;   /* that it was opened under */
  Sights seen;
  GError *failure; /* of the last step that failed in this run */
  GError *error;   /* of the last run */

  guint timer;       /* of the step that waits */
  guint again_timer; /* looks again unasked */
  gboolean tried_on; /* no network takes ours, there is none to go back to, and that is no end */
  gboolean unseen;   /* not even the modem sees it */
  gboolean was_free; /* may_use_slot(), when the card changed last */
  gboolean was_up;   /* our connection, when it was last looked at */
  guint up_path;     /* hash of the modem's path then */
  guint drops;       /* of it, in close succession */
  gint64 dropped_at; /* the last one; monotonic */
  guint restore_timer;
  gint64 restoring_since; /* monotonic, 0: not */
  gulong card_handler, network_handler;

  Outbox *outbox; /* NULL where JOURNAL is */
  guint notify_timer;
  gint64 notify_brake;      /* monotonic: no notification is sent unasked before */
  guint card_troubles;      /* rounds in a row that the card could not be reached in */
  guint ladders;            /* outside runs: the card is left alone until the modem has read it */
  GCancellable *background; /* of what goes on without a run */
};

/* loop (provision.c). run_begin_next: the start that waited for this run's end. run_step_done: STEP
 * is over, ERROR NULL: it worked. run_wait: look again after MS milliseconds. */
void run_advance (Provision *self);
void run_begin_next (Provision *self);
void run_step_done (Provision *self, Step step, const GError *error);
void run_engage (Provision *self, gboolean engaged); /* whether it needs its card's slot */
void run_wait (Provision *self, guint ms);

/* ending.c: the run is over: RESULT, or (NULL) failed with ERROR; both are taken over. run_show:
 * what is told of it meanwhile. */
char *run_fallen (Provision *self); /* what a roll-back is told as; the caller frees */
void run_show (Provision *self, Step step, const char *detail);
void run_end (Provision *self, GVariant *result, GError *error);
void run_end_cancelled (Provision *self);
void run_end_done (Provision *self, const Decision *decision);
void run_end_given_up (Provision *self, const Decision *decision);

/* sights.c: what decide() takes; whether SECONDS have passed SINCE (monotonic, 0: not begun). */
Wanted run_wanted (Provision *self);
Observed run_observed (Provision *self);
gboolean run_has_passed (gint64 since, guint seconds);
gboolean run_has_fact (Provision *self, const char *key);
void run_forget_sights (Sights *self);

/* steps.c: starts STEP; it ends in run_step_done() or run_wait(). */
void run_take (Provision *self, Step step);
void run_close_session (Provision *self);
void run_look_at_link (Provision *self); /* as STEP_LAST: it is no step of its own */
const ConnectDriver *const *run_connects (Provision *self); /* NULL: data is not ours to bring up */
char *run_ours (Provision *self);

/* modem-back.c: a ladder for ICCID (may be NULL) that knows and remembers which rung helped. */
void run_ladder (Provision *self, const char *iccid, GCancellable *cancellable, LadderDone done,
                 gpointer data);
void run_look_at_trouble (Provision *self); /* whether it is over */

/* restore.c: after a roll-back: data as it was before, once the modem is registered; does nothing
 * where there was none. */
void restore_start (Provision *self);

/* keep.c: the modem has news, and no run is on: a connection that the network dropped comes back,
 * one that someone closed stays closed. keep_begin: a run is over just now, DONE or not. run_again:
 * looks again by itself after MS. */
void keep_begin (Provision *self, gboolean done);
void keep_look (Provision *self);
void run_again (Provision *self, guint ms);

/* notices.c: whether notifications wait whose try is due; the timer of the next try; what a round
 * has come to, for those by the service itself; a network is there (again). */
gboolean notices_due (Provision *self);
void notices_schedule (Provision *self);
void notices_sent (Provision *self, const OutboxCount *count, const GError *error);
void notices_online (Provision *self);
