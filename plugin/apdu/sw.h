/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Status words in words. */

#pragma once

#include <glib.h>

/** sw_words: what SW1SW2 means (ISO 7816-4, 5.6; ETSI TS 102 221, 10.2). Never NULL; a literal. */
const char *sw_words (guint16 sw);
