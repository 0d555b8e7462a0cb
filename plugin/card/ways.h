/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Which channels reach a modem's card, the best first. */

#pragma once

#include "card/card.h"

/* What the order comes from. */
typedef struct
{
  const ChannelDriver *const *channels; /* main.c's, ends in NULL */
  const Quirks *quirks;                 /* of the modem */
  const CardAccess *worked;             /* the last time; NULL: not known */
  const char *remembered;               /* the driver that worked on this model; NULL: not known */
  const char *state_dir;                /* where drivers may keep something; may be NULL */
} WaysOrder;

/** ways_find: of CardAccess, to any card in MODEM: what worked comes first, then the order of the
 * quirk "transports", which leaves out what it does not name, else of the list; one a port. The
 * caller owns the array, which may be empty. */
GPtrArray *ways_find (const ModemSnapshot *modem, const WaysOrder *order);

/** ways_leads_on: whether ERROR is one that another way may mend. KNOWN: there is an eUICC in the
 * modem, whatever the card answered. */
gboolean ways_leads_on (const GError *error, gboolean known);

/** ways_is_verdict: whether ERROR is the modem's or the card's own word, which will be the same
 * next time, rather than, say, a proxy that is not running. */
gboolean ways_is_verdict (const GError *error);
