/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What somebody may have meant who typed an option that does not exist. */

#pragma once

#include <glib.h>

/** suggest_option: the option among those that HELP, the text of --help, lists at the beginning of
 * its lines that is nearest to WORD ("--enabel", "list-euicc"); NULL where none is near. Free with
 * g_free(). */
char *suggest_option (const char *help, const char *word);
