/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Euicc.Download: an installation as a job, with its question to a person. */

#pragma once

#include "lpa/activation.h"
#include "service/euicc.h"

/** download_now: the authorized handler of Download; OBJECT is an Euicc. */
void download_now (gpointer object, GDBusMethodInvocation *invocation);

/** DownloadEnd: on the main thread: the ICCID that is on the card now, or ERROR. */
typedef void (*DownloadEnd) (const char *iccid, const GError *error, gpointer data);

/** download_start: installs by ACTIVATION (taken over; NULL: from the default SM-DP+) as a part of
 * JOB, which is not ended; OPTIONS are Download's. */
void download_start (Euicc *euicc, Job *job, Activation *activation, GVariant *options,
                     DownloadEnd end, gpointer data);
