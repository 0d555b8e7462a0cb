/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One profile's whole installation on a card, from the activation code to the notification that its
 * server took. Main thread only. */

#pragma once

#include "card/card.h"
#include "lpa/activation.h"
#include "lpa/download.h"

typedef struct
{
  GBytes *ci_pem;        /* whom to trust as SM-DP+ */
  const char *code;      /* confirmation code or NULL */
  gboolean accept_rules; /* policy rules that have to be agreed to are */
  gboolean look;         /* ask in any case, once the metadata is there; needs ASK */
  guint consent_s;       /* how long an answer is waited for; of no account without ASK */
} InstallSettings;

typedef struct _Install Install;

/** InstallAsk: METADATA's profile needs a confirmation code (NEEDS_CODE), agreement to its rules
 * (RULES is ASK), or only a look at it (neither); answer by install_answer() or install_refuse()
 * within the settings' time, after which the session is cancelled as timed out. Meanwhile the card
 * is free. */
typedef void (*InstallAsk) (Install *self, const Profile *metadata, gboolean needs_code,
                            DownloadRules rules, gpointer data);

/** InstallDone: it is over: the ICCID that is on the card now, or ERROR. The card's facts are up to
 * date. SELF is freed after it. */
typedef void (*InstallDone) (Install *self, const char *iccid, const GError *error, gpointer data);

/** install_start: waits until installations that were started before on this card are over. Takes
 * ACTIVATION over; NULL asks the card's default SM-DP+. ASK NULL: nobody can be asked: what needs
 * consent is postponed (the order stays) and fails. The notification of the installation is sent
 * over the same connection; when its server does not take it, it stays on the card for later and
 * the installation is a success all the same. */
Install *install_start (Card *card, Activation *activation, const InstallSettings *settings,
                        Progress *progress, GCancellable *cancellable, InstallAsk ask,
                        InstallDone done, gpointer data);

/** install_answer: goes on, with CODE (NULL where none was asked for) and agreement to the rules.
 * Does nothing where no answer is waited for any more, for it was cancelled or timed out. */
void install_answer (Install *self, const char *code);

/** install_refuse: ends the session for REASON; POSTPONED and TIMED_OUT leave the order as it is.
 * Does nothing where no answer is waited for any more. */
void install_refuse (Install *self, DownloadCancel reason);
