/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A bound profile package: cut into what a card takes one by one, before any of it is sent (SGP.22,
 * 2.5.5), and the card's result read. No I/O. */

#pragma once

#include <gio/gio.h>

/** bpp_split: the segments of PACKAGE (GBytes), byte for byte as received. *METADATA is the BF25
 * that its 88 segments carry, without their MACs. PACKAGE_BROKEN names what is malformed, missing
 * or too much. */
GPtrArray *bpp_split (GBytes *package, GBytes **metadata, GError **error);

/* A ProfileInstallationResult (BF37). */
typedef struct
{
  gboolean success;
  GBytes *aid;      /* of the new ISD-P; NULL on failure */
  guint command;    /* BppCommandId, on failure */
  guint reason;     /* ErrorReason, on failure */
  GBytes *sequence; /* of its notification */
  char *address;    /* where to send it */
} BppResult;

/** bpp_result_parse: RESPONSE is a whole BF37; CARD_RUBBISH for anything else. */
BppResult *bpp_result_parse (GBytes *response, GError **error);
void bpp_result_free (BppResult *self);

/** bpp_result_error: the error that a failed SELF stands for: CARD_FULL, PROFILE_EXISTS,
 * POLICY_RULES or INSTALL_FAILED, with raw "command" and "reason". */
void bpp_result_error (const BppResult *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BppResult, bpp_result_free)
