/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What worked on a model of modem, kept across restarts. Main thread only. */

#pragma once

#include "modem/modem.h"

typedef struct _Models Models;

/** models_open: what is kept in STATE_DIR; NULL: nothing is, but until models_free(). */
Models *models_open (const char *state_dir);
void models_free (Models *self);

/** models_get: the channel driver's name that worked on modems like MODEM, NULL where the usual
 * order did. Owned by SELF. */
const char *models_get (Models *self, const ModemSnapshot *modem);

/** models_set: TRANSPORT worked on MODEM, and what comes before it in the usual order does not. */
void models_set (Models *self, const ModemSnapshot *modem, const char *transport);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Models, models_free)
