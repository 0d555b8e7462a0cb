/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What a provider's account is asked in one go: lists, a new Fleet, an activation code. */

#pragma once

#include "service/provider.h"

/** The authorized handlers of org.esimd1.Provider's methods; OBJECT is a ProviderObject. */
void account_list_reservations_now (gpointer object, GDBusMethodInvocation *invocation);
void account_list_sims_now (gpointer object, GDBusMethodInvocation *invocation);
void account_list_fleets_now (gpointer object, GDBusMethodInvocation *invocation);
void account_create_fleet_now (gpointer object, GDBusMethodInvocation *invocation);
void account_get_activation_code_now (gpointer object, GDBusMethodInvocation *invocation);
