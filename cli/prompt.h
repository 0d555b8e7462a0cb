/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A question to the person at the terminal, asked while the main loop goes on. */

#pragma once

#include <glib.h>

/** prompt_line: shows TEXT on standard error and runs LOOP until a line was typed on standard
 * input (without ECHO: unseen), or until somebody else quits LOOP. The line without its end, ""
 * at the end of the input, NULL where LOOP was quit. Free it. */
char *prompt_line (GMainLoop *loop, const char *text, gboolean echo);

/** prompt_read_secret: one line from standard input, which is a pipe or a file; for values that
 * must not be seen in a list of processes. NULL where there is none. Free it. */
char *prompt_read_secret (void);
