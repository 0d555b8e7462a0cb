/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* quirks.conf and quirks.d: which modems are how, as rows that are matched against a modem. */

#pragma once

#include "base/quirks.h"
#include "config-keys.h"

typedef struct _QuirksTable QuirksTable;

/** quirks_table_new: no rows. */
QuirksTable *quirks_table_new (void);
void quirks_table_free (QuirksTable *self);

/** quirks_table_add: takes over LINES, which config_file_parse() gave of one file. SETTINGS names
 * file and line of what is unknown, wrong, or a row that matches nothing. CHANNELS (ends in NULL)
 * are the names that "transports" may have. */
gboolean quirks_table_add (QuirksTable *self, GPtrArray *lines, const char *const *channels,
                           GError **error);

/** quirks_table_find: all rows that match, later ones over earlier ones, over QUIRKS_DEFAULT. */
Quirks quirks_table_find (const QuirksTable *self, const QuirksModem *modem);

/** quirks_table_keys: every key a row may have; *N of them. */
const ConfigKey *quirks_table_keys (guint *n);
