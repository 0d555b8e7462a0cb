/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What a job that is done has brought, for people. */

#pragma once

#include "output.h"

/** result_lines: adds to OUTPUT what RESULT, a job's, says of itself: ICCIDs, SIDs, servers. Its
 * lists and its cost are not among it. */
void result_lines (Output *output, GVariant *result);

/** result_print: prints the same in one line after KIND where it is short, in a box where not; then
 * RESULT's lists as tables. */
void result_print (const char *kind, GVariant *result);

/** result_tables: prints RESULT's lists alone. */
void result_tables (GVariant *result);
