/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The codes in which the Super SIM API refuses: what each is to esimd, and in words. */

#pragma once

#include "provider/rest.h"

/* Twilio's error dictionary as far as this API uses it (20xxx: every API, 83xxx: Super SIM; KORE
 * kept them); ends with code NULL. */
extern const RestCode supersim_codes[];
