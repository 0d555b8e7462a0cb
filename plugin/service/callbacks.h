/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What providers call back: a signed request makes whoever waits at that provider look at once.
 * Main thread only. */

#pragma once

#include "config.h"

typedef struct _Callbacks Callbacks;

/** CallbacksPoke: PROVIDER has something new, perhaps. */
typedef void (*CallbacksPoke) (const char *provider, gpointer data);

Callbacks *callbacks_new (CallbacksPoke poke, gpointer data);
void callbacks_free (Callbacks *self);

/** callbacks_set_policy: listens where POLICY says, or no longer; SETTINGS where that can't be had,
 * and then nowhere. */
gboolean callbacks_set_policy (Callbacks *self, Policy *policy, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Callbacks, callbacks_free)
