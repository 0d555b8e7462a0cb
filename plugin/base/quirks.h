/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What is peculiar about one modem or card: a plain struct, filled by policy from quirks.conf,
 * where every field is explained. */

#pragma once

#include <glib.h>

/* What is done first when a modem does not see the profile that was enabled. */
typedef enum
{
  QUIRKS_AFTER_ENABLE_WAIT, /* it may see it by itself */
  QUIRKS_AFTER_ENABLE_REPROBE,
  QUIRKS_AFTER_ENABLE_POWER_CYCLE,
  QUIRKS_AFTER_ENABLE_RESET,
} QuirksAfterEnable;

typedef struct
{
  const char *transports; /* "at,mbim": these channels only, in this order; NULL: any that there is;
                             interned, as a Quirks is copied about */
  gboolean known_only;    /* a failed open does harm: only with an EID that the modem stack shows */
  gboolean slot_mapping;  /* whether the modem may be asked which slot it uses; TRUE by default */
  guint open_delay_ms;    /* between the device's opening and the logical channel's */
  guint8 terminal_capability[3]; /* TERMINAL CAPABILITY to send first, such as 83 01 07 */
  guint terminal_capability_len;
  guint8 select_p2;      /* MBIM: SelectP2Arg, 0 by default */
  gboolean extended_cla; /* MBIM: class byte type EXTENDED */
  gboolean append_le;    /* append Le 00 to case-3 commands */
  guint segment_size;    /* bytes of STORE DATA payload, 1..255; 255 by default */
  guint apdu_timeout_s;  /* for one APDU; 60 by default (LoadBoundProfilePackage writes flash) */
  gboolean at_csim;      /* AT: CSIM at once, CCHO is not tried */
  gboolean at_session_handles; /* AT: the modem itself puts the channel into the class byte */
  gboolean refresh_flag;       /* Enable and Disable ask the card for a REFRESH; TRUE by default */
  gboolean by_aid;             /* Enable, Disable and Delete name the profile by its AID */
  QuirksAfterEnable after_enable;
} Quirks;

#define QUIRKS_DEFAULT                                                                             \
  ((Quirks){                                                                                       \
      .slot_mapping = TRUE, .segment_size = 255, .refresh_flag = TRUE, .apdu_timeout_s = 60 })

/* What a modem is known by; "" where something is not known. */
typedef struct
{
  const char *usb_id; /* "1199:9091" */
  const char *model, *revision, *stack;
} QuirksModem;
