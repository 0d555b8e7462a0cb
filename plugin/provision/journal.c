/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Facts of one card as key=value lines, replaced as a whole so that a cut leaves the old or the new
 * file. */

#include "provision/journal.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"

#define SUFFIX ".journal"
/* An order's request ends after a minute at the latest, and is in the provider's list within twenty
 * seconds then, whatever became of who sent it. */
#define ORDER_S 90

struct _Journal
{
  gatomicrefcount refs;
  GMutex lock; /* steps run on workers, a person's suspension on the main thread */
  char *dir, *path;
  GHashTable *facts;
};

static GHashTable *
read_facts (const char *path)
{
  GHashTable *facts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return facts;
  lines = g_strsplit (text, "\n", -1);
  /* What follows the last newline is empty, or torn. */
  for (guint i = 0; lines[i] && lines[i + 1]; i++)
    {
      char *equals = strchr (lines[i], '=');

      if (equals && equals > lines[i])
        g_hash_table_replace (facts, g_strndup (lines[i], (gsize) (equals - lines[i])),
                              g_strdup (equals + 1));
    }
  return facts;
}

static gboolean
is_eid (const char *eid)
{
  return *eid && strspn (eid, "0123456789abcdefABCDEF") == strlen (eid);
}

static Journal *
open_file (const char *dir, const char *name, GError **error)
{
  Journal *self;

  if (g_mkdir_with_parents (dir, 0700) != 0)
    {
      error_set (error, ESIM_ERROR_FAILED, "provision", "the state folder %s can't be made: %s",
                 dir, g_strerror (errno));
      return NULL;
    }
  self = g_new0 (Journal, 1);
  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->dir = g_strdup (dir);
  self->path = g_build_filename (dir, name, NULL);
  self->facts = read_facts (self->path);
  return self;
}

Journal *
journal_open (const char *dir, const char *eid, GError **error)
{
  g_autofree char *name = g_strconcat (eid, SUFFIX, NULL);

  if (is_eid (eid))
    return open_file (dir, name, error);
  error_set (error, ESIM_ERROR_EID_INVALID, "provision", "'%s' is no EID", eid);
  return NULL;
}

Journal *
journal_open_account (const char *dir, const char *name, GError **error)
{
  /* "account-" is no hexadecimal number, so no card has this file. */
  g_autofree char *file = g_strconcat ("account-", name, SUFFIX, NULL);

  return open_file (dir, file, error);
}

Journal *
journal_ref (Journal *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
journal_unref (Journal *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_mutex_clear (&self->lock);
  g_hash_table_unref (self->facts);
  g_free (self->dir);
  g_free (self->path);
  g_free (self);
}

char *
journal_get (Journal *self, const char *key)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  (void) locker;
  return g_strdup (g_hash_table_lookup (self->facts, key));
}

gint64
journal_get_number (Journal *self, const char *key)
{
  g_autofree char *value = journal_get (self, key);

  return value ? g_ascii_strtoll (value, NULL, 10) : 0;
}

char **
journal_keys (Journal *self, const char *prefix)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GPtrArray *keys = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;

  (void) locker;
  g_hash_table_iter_init (&iter, self->facts);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (g_str_has_prefix (key, prefix))
      g_ptr_array_add (keys, g_strdup (key));
  g_ptr_array_add (keys, NULL);
  return (char **) g_ptr_array_free (keys, FALSE);
}

static gboolean
write_facts (Journal *self, GHashTable *facts, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (facts), (GCompareFunc) strcmp);

  for (const GList *key = keys; key; key = key->next)
    g_string_append_printf (text, "%s=%s\n", (const char *) key->data,
                            (const char *) g_hash_table_lookup (facts, key->data));
  /* Writes a new file, syncs it, renames it, syncs the folder. */
  if (g_file_set_contents_full (self->path, text->str, (gssize) text->len,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                error))
    return TRUE;
  error_translate (error);
  g_prefix_error (error, "the journal can't be written: ");
  return FALSE;
}

static GHashTable *
copy_facts (GHashTable *facts)
{
  GHashTable *copy = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, facts);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_hash_table_insert (copy, g_strdup (key), g_strdup (value));
  return copy;
}

/* Whether FACTS is another than before. */
static gboolean
apply (GHashTable *facts, const char *key, const char *value)
{
  const char *old = g_hash_table_lookup (facts, key);
  g_autofree char *clean = NULL;

  if (g_strcmp0 (old, value) == 0)
    return FALSE;
  if (value == NULL)
    return g_hash_table_remove (facts, key);
  clean = g_strdelimit (g_strdup (value), "\n\r", ' ');
  g_hash_table_replace (facts, g_strdup (key), g_steal_pointer (&clean));
  return TRUE;
}

gboolean
journal_set (Journal *self, GError **error, ...)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autoptr (GHashTable) facts = copy_facts (self->facts);
  gboolean changed = FALSE;
  const char *key;
  va_list pairs;

  (void) locker;
  va_start (pairs, error);
  while ((key = va_arg (pairs, const char *)) != NULL)
    if (apply (facts, key, va_arg (pairs, const char *)))
      changed = TRUE;
  va_end (pairs);
  if (!changed)
    return TRUE;
  if (!write_facts (self, facts, error))
    return FALSE;
  g_hash_table_unref (self->facts);
  self->facts = g_steal_pointer (&facts);
  return TRUE;
}

static gboolean
has_word (const char *list, const char *word)
{
  g_auto (GStrv) words = g_strsplit (list ? list : "", " ", -1);

  return g_strv_contains ((const char *const *) words, word);
}

/* Whether the FACTS of the journal NAME are what is looked for. */
typedef gboolean (*Match) (GHashTable *facts, const char *name, const char *key, const char *value);

/* Any journal of the folder but SELF. They are read from the disk: another object may write them.
 */
static gboolean
any_other (Journal *self, Match match, const char *key, const char *value)
{
  g_autoptr (GDir) dir = g_dir_open (self->dir, 0, NULL);
  g_autofree char *own = g_path_get_basename (self->path);
  gboolean found = FALSE;
  const char *name;

  while (dir && !found && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->dir, name, NULL);
      g_autoptr (GHashTable) facts = NULL;

      if (!g_str_has_suffix (name, SUFFIX) || g_str_equal (name, own))
        continue;
      facts = read_facts (path);
      found = match (facts, name, key, value);
    }
  return found;
}

static gboolean
has_value (GHashTable *facts, G_GNUC_UNUSED const char *name, const char *key, const char *value)
{
  return has_word (g_hash_table_lookup (facts, key), value);
}

gboolean
journal_is_taken (Journal *self, const char *key, const char *value)
{
  return any_other (self, has_value, key, value);
}

/* An account's journal says which card its order is for; a card's own is for that card. */
static gboolean
orders_for (GHashTable *facts, const char *name, const char *key, const char *eid)
{
  const char *intent = g_hash_table_lookup (facts, key);
  const char *for_eid = g_hash_table_lookup (facts, JOURNAL_INTENT_EID);
  gint64 age
      = intent ? g_get_real_time () / G_USEC_PER_SEC - g_ascii_strtoll (intent, NULL, 10) : ORDER_S;
  gsize length = strlen (eid);
  gboolean own = g_str_has_prefix (name, eid) && g_str_equal (name + length, SUFFIX);

  /* One from the future is of a clock that was set back: as good as old. */
  return age >= 0 && age < ORDER_S && (own || g_strcmp0 (for_eid, eid) == 0);
}

gboolean
journal_is_ordered_elsewhere (Journal *self, const char *eid)
{
  return any_other (self, orders_for, JOURNAL_INTENT, eid);
}
