/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* org.esimd1.Provider: one account, its queue, and whose turn it is to order. Main thread only. */

#pragma once

#include "base/queue.h"
#include "provision/journal.h"
#include "service/job.h"
#include "service/service.h"

#define PROVIDER_OBJECT_TYPE (provider_object_get_type ())
G_DECLARE_FINAL_TYPE (ProviderObject, provider_object, ESIM, PROVIDER_OBJECT, GObject)

/** provider_object_new: exports the provider NAME of the service's policy. */
ProviderObject *provider_object_new (Service *service, const char *name);

/** provider_object_update: the policy has changed. */
void provider_object_update (ProviderObject *self);

/** provider_object_stop: cancels its jobs; provider_object_close: also takes it off the bus and
 * drops the caller's reference; provider_object_is_idle: whether nothing runs. */
void provider_object_stop (ProviderObject *self);
void provider_object_close (ProviderObject *self);
gboolean provider_object_is_idle (ProviderObject *self);

Service *provider_object_service (ProviderObject *self);
const char *provider_object_name (ProviderObject *self);
const ProviderDriver *provider_object_driver (ProviderObject *self);
Queue *provider_object_queue (ProviderObject *self);

/** provider_object_journal: of its orders; NULL with an error where it can't be opened. */
Journal *provider_object_journal (ProviderObject *self, GError **error);

/** provider_object_start_job: makes a job of KIND and answers INVOCATION with its path. The
 * reference is the job's own. NULL with an error answered where there are no credentials. */
Job *provider_object_start_job (ProviderObject *self, const char *kind,
                                GDBusMethodInvocation *invocation);

/** provider_object_begin_order: calls BEGIN with DATA once no other is ordering, perhaps at once;
 * provider_object_end_order: DATA is no longer ordering, or no longer waiting to. One at a time,
 * or an order without an answer could not be told from another's. */
void provider_object_begin_order (ProviderObject *self, void (*begin) (gpointer data),
                                  gpointer data);
void provider_object_end_order (ProviderObject *self, gpointer data);

/** provider_object_poke: what the provider has may have changed: emits "poked". */
void provider_object_poke (ProviderObject *self);

/** provider_object_claim: whether no job works on the reservation SID yet; the caller's does from
 * now on, until provider_object_unclaim(). */
gboolean provider_object_claim (ProviderObject *self, const char *sid);
void provider_object_unclaim (ProviderObject *self, const char *sid);
