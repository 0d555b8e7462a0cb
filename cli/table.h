/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Lists of things with several properties each, as a table for people. */

#pragma once

#include <glib.h>

typedef struct
{
  const char *key, *title; /* of the dict; N_() */
} TableColumn;

/** table_print: prints ROWS (aa{sv}), one a line under a head: the COLUMNS, up to one without a
 * key, in their order, then what else the rows have. A column that is empty in every row is left
 * out. No rows: prints NONE instead. */
void table_print (GVariant *rows, const TableColumn *columns, const char *none);
