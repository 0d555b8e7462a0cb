/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* org.esimd1.Profile: one profile on the bus. Main thread only. */

#pragma once

#include "service/euicc.h"

#define PROFILE_OBJECT_TYPE (profile_object_get_type ())
G_DECLARE_FINAL_TYPE (ProfileObject, profile_object, ESIM, PROFILE_OBJECT, GObject)

/** profile_object_new: exports PROFILE of EUICC (which outlives it) until profile_object_close().
 */
ProfileObject *profile_object_new (Euicc *euicc, const Profile *profile);
void profile_object_close (ProfileObject *self);

/** profile_object_update: what the card says of it now. */
void profile_object_update (ProfileObject *self, const Profile *profile);
