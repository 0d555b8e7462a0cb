/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The note that a modem uses one slot for a moment, and which it used before: it outlives us, so
 * that the slot is given back after a crash too. */

#pragma once

#include <glib.h>

/** loan_write: on disk when it returns. STATE_DIR NULL: nothing is kept. Any thread. */
gboolean loan_write (const char *state_dir, const char *modem, gint from, gint to, GError **error);

/** loan_read: FALSE: there is none. loan_forget: it is over. */
gboolean loan_read (const char *state_dir, const char *modem, gint *from, gint *to);
void loan_forget (const char *state_dir, const char *modem);
