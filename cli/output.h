/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What is printed, in three forms as mmcli has them: for people, as JSON, as key-value pairs. */

#pragma once

#include <glib.h>

typedef enum
{
  OUTPUT_HUMAN,
  OUTPUT_JSON,
  OUTPUT_KEYVALUE,
} OutputFormat;

typedef struct _Output Output;

Output *output_new (OutputFormat format);
void output_free (Output *self);

/** output_section: the values that follow belong to section TITLE (a literal) for people. */
void output_section (Output *self, const char *title);

/** output_text: VALUE (NULL or "": unknown) has KEY ("euicc.generic.eid") for machines, NAME (NULL:
 * not shown) for people, who do not see what is unknown. */
void output_text (Output *self, const char *key, const char *name, const char *value);
void output_number (Output *self, const char *key, const char *name, guint64 value);

/** output_list: the same for a list. People see one value a line. */
void output_list (Output *self, const char *key, const char *name, const char *const *values);

/** output_rows: ROWS (aa{sv}) have KEY, for machines alone: an array of objects; their members are
 * strings or lists of strings. */
void output_rows (Output *self, const char *key, GVariant *rows);

/** output_line: something only people see, under NAME. */
void output_line (Output *self, const char *name, const char *value);

/** output_print: prints what was gathered to standard output. */
void output_print (Output *self);

/** output_paths: prints a list of objects, KEY ("euicc-list") and PATHS for machines, for people
 * one of LINES each, or NONE; both may be NULL where FORMAT is not theirs. */
void output_paths (OutputFormat format, const char *key, GPtrArray *paths, GPtrArray *lines,
                   const char *none);

/** output_clean: TEXT fit for a terminal: a profile's name comes from a server, and control
 * characters in it could move the cursor or worse. Free with g_free(). */
char *output_clean (const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Output, output_free)
