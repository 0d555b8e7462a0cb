/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Logging through GLib's structured log, with EIDs, ICCIDs, IMSIs and secrets made unreadable on
 * the way out. */

#pragma once

#include <glib.h>

/** log_setup: installs the writer (journal where stderr is one, else plain lines); DEBUG shows
 * debug messages. */
void log_setup (gboolean debug);

/** log_redact: a copy of TEXT in which every run of 10 or more decimal digits keeps only its last
 * 3, activation codes keep only their host, and credentials vanish. Caller frees. */
char *log_redact (const char *text);
