/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Euicc.Download: an installation as a job, with its question to a person. */

#pragma once

#include "service/euicc.h"

/** download_now: the authorized handler of Download; OBJECT is an Euicc. */
void download_now (gpointer object, GDBusMethodInvocation *invocation);
