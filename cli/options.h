/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The command line: what it may say, and what it must not say at once. */

#pragma once

#include "verbs.h"

/** options_parse: fills OPTIONS from the command line; OPTIONS->run is what is to be done, NULL
 * where that was done already (--help, --version). Fails with EXIT_USAGE. */
gboolean options_parse (Options *options, int *argc, char ***argv, GError **error);

/** options_clear: frees what OPTIONS holds. */
void options_clear (Options *options);
