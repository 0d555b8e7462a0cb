/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What a job has cost, in words: of the Result's "cost". */

#pragma once

#include <glib.h>

/** cost_summary: one line about COST (a{sv}): APDUs, bytes, requests, handshakes. Free it. */
char *cost_summary (GVariant *cost);

/** cost_steps: "step 1.2 s, …" of every step in COST, NULL where it says nothing. Free it. */
char *cost_steps (GVariant *cost);

/** cost_bytes: N bytes as people read them. Free it. */
char *cost_bytes (guint64 n);
