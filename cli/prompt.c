/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A question to the person at the terminal. */

#include "prompt.h"

#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* More than any answer has: a longer line is cut off by the terminal too. */
#define LINE_MAX_BYTES 4096

typedef struct
{
  GMainLoop *loop;
  char *line;
} Prompt;

static gboolean
on_input (int fd, GIOCondition condition, gpointer data)
{
  Prompt *self = data;
  char line[LINE_MAX_BYTES];
  gssize n = read (fd, line, sizeof line - 1);

  line[MAX (n, 0)] = '\0';
  line[strcspn (line, "\r\n")] = '\0';
  self->line = g_strdup (line);
  explicit_bzero (line, sizeof line);
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

char *
prompt_line (GMainLoop *loop, const char *text, gboolean echo)
{
  Prompt self = { .loop = loop };
  struct termios before, unseen;
  gboolean hide = !echo && tcgetattr (STDIN_FILENO, &before) == 0;
  guint source;

  if (hide)
    {
      unseen = before;
      unseen.c_lflag &= ~(tcflag_t) ECHO;
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &unseen);
    }
  g_printerr ("%s", text);
  source = g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP, on_input, &self);
  g_main_loop_run (loop);
  if (self.line == NULL)
    g_source_remove (source);
  if (hide)
    tcsetattr (STDIN_FILENO, TCSAFLUSH, &before);
  if (hide || self.line == NULL)
    g_printerr ("\n");
  return self.line;
}

char *
prompt_read_secret (void)
{
  char line[LINE_MAX_BYTES];
  char *read = fgets (line, sizeof line, stdin) ? g_strndup (line, strcspn (line, "\r\n")) : NULL;

  explicit_bzero (line, sizeof line);
  return read;
}
