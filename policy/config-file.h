/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One settings file to its lines: groups, keys and values that remember where they stand. */

#pragma once

#include <gio/gio.h>

/* GKeyFile forgets line numbers and merges duplicates; a person who mistypes wants to be shown the
 * place. */
typedef struct
{
  char *file;
  guint line;  /* 1-based */
  char *group; /* "" before the first group */
  char *key;   /* NULL: the group's own line */
  char *value; /* NULL with key */
} ConfigLine;

/** config_file_parse: the lines of TEXT, which was read from FILE; comments and empty lines left
 * out. The caller owns the array, which owns its ConfigLines. SETTINGS names the line that is
 * neither group nor key=value, or sets a key of its group a second time; it never quotes values. */
GPtrArray *config_file_parse (const char *file, const char *text, GError **error);

/** config_file_refuse: sets SETTINGS with LINE's place before the message. */
void config_file_refuse (GError **error, const ConfigLine *line, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
