/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* org.esimd1.Euicc: one card on the bus, with its profiles and jobs. Main thread only. */

#pragma once

#include "provision/provision.h"
#include "service/job.h"
#include "service/service.h"

#define EUICC_TYPE (euicc_get_type ())
G_DECLARE_FINAL_TYPE (Euicc, euicc, ESIM, EUICC_OBJECT, GObject)

/** euicc_new: exports CARD and its profiles, until the object is disposed of by euicc_close(). */
Euicc *euicc_new (Service *service, Card *card);
void euicc_close (Euicc *self);

/** euicc_stop: cancels every job of it; they end in their own time; euicc_is_idle: they have,
 * and no notification is on its way. */
void euicc_stop (Euicc *self);
gboolean euicc_is_idle (Euicc *self);

/** euicc_set_policy: new settings are in force. */
void euicc_set_policy (Euicc *self, Policy *policy);

Card *euicc_card (Euicc *self);
Service *euicc_service (Euicc *self);
Provision *euicc_provision (Euicc *self);
const char *euicc_path (Euicc *self);

/** euicc_start_job: answers INVOCATION with a new job of KIND and returns it. The modem may be away
 * just now: see await_modem(). The caller owns the result. */
Job *euicc_start_job (Euicc *self, const char *kind, GDBusMethodInvocation *invocation);
