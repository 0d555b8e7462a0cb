/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Brings back a modem that has not noticed its card's new profile: waits, then climbs rung by rung.
 * Main thread only. */

#pragma once

#include "card/card.h"

typedef struct _Ladder Ladder;

#define LADDER_BY_ITSELF "by itself"

/** LadderDone: the modem sees the profile, thanks to RUNG (LADDER_BY_ITSELF, "re-probe",
 * "power-cycle", "reset"), or ERROR: MODEM_NOT_BACK, CANCELLED. The ladder is freed after it. */
typedef void (*LadderDone) (const char *rung, const GError *error, gpointer data);

/** ladder_start: waits until CARD's modem is there and sees ICCID (NULL: whatever it sees, and no
 * rung is climbed). Before each rung it has PATIENCE_S seconds; while it is away only time passes.
 * After
 * a re-probe, rungs below HELPED, which helped before (NULL: none is known), are left out. DONE is
 * called once, never from within. CANCELLABLE may be NULL. */
Ladder *ladder_start (Card *card, const char *iccid, const char *helped, guint patience_s,
                      GCancellable *cancellable, LadderDone done, gpointer data);

/** ladder_same_iccid: whether A and B name one profile, with or without padding and check digit. */
gboolean ladder_same_iccid (const char *a, const char *b);
