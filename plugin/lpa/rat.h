/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A card's rules authorisation table (SGP.22, 2.9.2.1) in parts, for people to read. */

#pragma once

#include "lpa/profile.h"

/* One row: which operators may install profiles with which rules. */
typedef struct
{
  ProfileRules rules;
  char **operators; /* "23450", "234*" where digits may be any, "*" for all; NULL-terminated */
  gboolean consent; /* the end user has to agree */
} RatRow;

/** rat_parse: the rows of RAT, a whole BF43, in order. The caller owns the array and its RatRows.
 */
GPtrArray *rat_parse (GBytes *rat, GError **error);
