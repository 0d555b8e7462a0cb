/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Provider.Reserve: an order as a job whose waiting holds no queue. */

#pragma once

#include "service/provider.h"

/** reserve_now: the authorized handler of Reserve; OBJECT is a ProviderObject. */
void reserve_now (gpointer object, GDBusMethodInvocation *invocation);
