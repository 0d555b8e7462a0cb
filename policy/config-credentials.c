/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A provider's user and secrets: the reading, and the refusal of a file that others may read. */

#include "config-credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-file.h"

#define LONGEST 4096 /* bytes; a credentials file has three lines at most */
#define USER "user", G_STRUCT_OFFSET (ConfigCredentials, user)
#define SECRET "secret", G_STRUCT_OFFSET (ConfigCredentials, secret)

/* The words of esimd, Twilio and KORE for the same things. */
static const struct
{
  const char *key;
  const char *kind;
  gsize offset;
} words[] = {
  { "user", USER },
  { "secret", SECRET },
  { "account-sid", USER },
  { "auth-token", SECRET },
  { "api-key", USER },
  { "api-secret", SECRET },
  { "client-id", USER },
  { "client-secret", SECRET },
  { "callback-secret", "callback-secret", G_STRUCT_OFFSET (ConfigCredentials, callback_secret) },
};

void
config_credentials_clear (ConfigCredentials *self)
{
  g_clear_pointer (&self->user, g_free);
  g_clear_pointer (&self->secret, g_free);
  g_clear_pointer (&self->callback_secret, g_free);
}

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
take_line (const ConfigLine *line, ConfigCredentials *found)
{
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      char **field = &G_STRUCT_MEMBER (char *, found, words[i].offset);

      if (g_strcmp0 (words[i].key, line->key) != 0)
        continue;
      if (*field)
        return g_strdup_printf ("%s:%u: %s is given a second time, under another name: keep one",
                                line->file, line->line, words[i].kind);
      *field = *line->value ? g_strdup (line->value) : NULL;
      return NULL;
    }
  return g_strdup_printf ("%s:%u: unknown line; known: user=, secret=, account-sid=, auth-token=, "
                          "api-key=, api-secret=, client-id=, client-secret=, callback-secret=",
                          line->file, line->line);
}

static char *
parse (const char *path, const char *text, ConfigCredentials *found)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) lines = config_file_parse (path, text, &error);

  if (lines == NULL)
    return g_strdup (error->message);
  for (guint i = 0; i < lines->len; i++)
    {
      char *problem = take_line (lines->pdata[i], found);

      if (problem)
        return problem;
    }
  if (found->user == NULL || found->secret == NULL)
    return g_strdup_printf ("%s has no line %s=", path, found->user ? "secret" : "user");
  return NULL;
}

char *
config_credentials_read (const char *path, gboolean guarded, ConfigCredentials *found)
{
  g_autofree char *text = NULL;
  g_auto (ConfigCredentials) taken = { 0 };
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
    problem = parse (path, text, &taken);
  if (problem)
    return problem;
  *found = taken;
  taken = (ConfigCredentials){ 0 };
  return NULL;
}
