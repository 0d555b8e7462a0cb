/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What is peculiar about one modem or card: a plain struct, filled by policy from quirks.conf. */

#pragma once

#include <glib.h>

typedef struct
{
  const char *transports; /* "at,mbim": these channels only, in this order; NULL: any that there is;
                             interned, as a Quirks is copied about */
  gboolean known_only;    /* a failed open does harm: only with an EID that the modem stack shows */
  guint segment_size;     /* bytes of STORE DATA payload, 1..255; 255 by default */
  gboolean append_le;     /* append Le 00 to case-3 commands */
  gboolean extended_cla;  /* MBIM: class byte type EXTENDED */
  guint8 select_p2;       /* MBIM: SelectP2Arg, 0 by default */
  gboolean skip_slot_mapping;
  gboolean refresh_flag; /* Enable and Disable ask the card for a REFRESH; TRUE by default */
  guint apdu_timeout_ms; /* for one APDU; 60000 by default (LoadBoundProfilePackage writes flash) */
  guint8 terminal_capability[3]; /* TERMINAL CAPABILITY to send first, such as 83 01 07 */
  guint terminal_capability_len;
} Quirks;

#define QUIRKS_DEFAULT                                                                             \
  ((Quirks){ .segment_size = 255, .refresh_flag = TRUE, .apdu_timeout_ms = 60000 })
