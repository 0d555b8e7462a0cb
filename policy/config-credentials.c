/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A provider's user and secret: the reading, and the refusal of a file that others may read. */

#include "config-credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-file.h"

#define LONGEST 4096 /* bytes; a credentials file has two lines */

/* The words of esimd, Twilio and KORE for the same two things. */
static const struct
{
  const char *key;
  gboolean secret;
} words[] = {
  { "user", FALSE },    { "secret", TRUE },     { "account-sid", FALSE }, { "auth-token", TRUE },
  { "api-key", FALSE }, { "api-secret", TRUE }, { "client-id", FALSE },   { "client-secret", TRUE },
};

static char *
check_guard (int fd, const char *path)
{
  struct stat info;

  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
    return g_strdup_printf ("%s: not a file", path);
  if (info.st_uid != 0 && info.st_uid != geteuid ())
    return g_strdup_printf ("%s belongs to user %u, who may read and change it: chown root %s",
                            path, (guint) info.st_uid, path);
  if (info.st_mode & 077)
    return g_strdup_printf ("%s may be read by others (mode %03o): chmod 600 %s", path,
                            info.st_mode & 0777, path);
  return NULL;
}

/* The content of FD (at most LONGEST bytes) with a closing NUL, NULL when it can't be read or is
 * longer. */
static char *
read_all (int fd)
{
  g_autofree char *text = g_malloc0 (LONGEST + 2);
  gsize length = 0;
  gssize got;

  while (length <= LONGEST && (got = read (fd, text + length, LONGEST + 1 - length)) > 0)
    length += got;
  if (length > LONGEST || memchr (text, '\0', length))
    return NULL;
  return g_steal_pointer (&text);
}

/* Takes LINE's value; returns what is wrong with it, or NULL. */
static char *
take_line (const ConfigLine *line, char **user, char **secret)
{
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      char **field = words[i].secret ? secret : user;

      if (g_strcmp0 (words[i].key, line->key) != 0)
        continue;
      if (*field)
        return g_strdup_printf ("%s:%u: %s is given a second time, under another name: keep one",
                                line->file, line->line, words[i].secret ? "secret" : "user");
      *field = *line->value ? g_strdup (line->value) : NULL;
      return NULL;
    }
  return g_strdup_printf ("%s:%u: unknown line; known: user=, secret= (or account-sid=, "
                          "auth-token=, api-key=, api-secret=, client-id=, client-secret=)",
                          line->file, line->line);
}

static char *
parse (const char *path, const char *text, char **user, char **secret)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) lines = config_file_parse (path, text, &error);

  if (lines == NULL)
    return g_strdup (error->message);
  for (guint i = 0; i < lines->len; i++)
    {
      char *problem = take_line (lines->pdata[i], user, secret);

      if (problem)
        return problem;
    }
  if (*user == NULL || *secret == NULL)
    return g_strdup_printf ("%s: no %s= line in it", path, *user ? "secret" : "user");
  return NULL;
}

char *
config_credentials_read (const char *path, gboolean guarded, char **user, char **secret)
{
  g_autofree char *text = NULL;
  g_autofree char *found_user = NULL;
  g_autofree char *found_secret = NULL;
  /* O_NONBLOCK: a FIFO put there by mistake must not stop the service. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  char *problem;

  if (fd < 0)
    return g_strdup_printf ("%s: %s", path, g_strerror (errno));
  problem = guarded ? check_guard (fd, path) : NULL;
  if (problem == NULL && (text = read_all (fd)) == NULL)
    problem = g_strdup_printf ("%s: no text of at most %d bytes", path, LONGEST);
  close (fd);
  if (problem == NULL)
    problem = parse (path, text, &found_user, &found_secret);
  if (problem)
    return problem;
  *user = g_steal_pointer (&found_user);
  *secret = g_steal_pointer (&found_secret);
  return NULL;
}
