/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One line a notification: notice-SEQUENCE-EVENT-ICCID=TRIES[,offline] NEXT ERROR. */

#include "provision/due.h"

#include "provision/retry.h"

#define FIRST_S 30
#define LAST_S 21600
#define OFFLINE ",offline"

gint64
due_delay_s (guint tries)
{
  return tries > 10 ? LAST_S : MIN (LAST_S, (gint64) FIRST_S << (MAX (tries, 1) - 1));
}

gint64
due_wait_s (gint64 now_s, gint64 next_s)
{
  return next_s <= now_s || next_s > now_s + LAST_S ? 0 : next_s - now_s;
}

guint64
due_sequence (GBytes *sequence)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (sequence, &size);
  guint64 value = 0;

  for (gsize i = 0; i < size; i++)
    value = value << 8 | bytes[i];
  return value;
}

char *
due_key (GBytes *sequence, guint event, const char *iccid)
{
  return g_strdup_printf (JOURNAL_NOTICE "%" G_GUINT64_FORMAT "-%02x-%s", due_sequence (sequence),
                          event, iccid ? iccid : "");
}

Due
due_read (Journal *journal, const char *key)
{
  g_autofree char *line = journal_get (journal, key);
  g_auto (GStrv) words = g_strsplit (line ? line : "", " ", 3);
  Due self = { 0 };

  /* A line that is none of ours counts as no try at all: it is made now. */
  if (g_strv_length (words) < 3)
    return self;
  self.tries = (guint) g_ascii_strtoull (words[0], NULL, 10);
  self.next_s = g_ascii_strtoll (words[1], NULL, 10);
  self.error = g_strdup (words[2]);
  self.offline = g_str_has_suffix (words[0], OFFLINE);
  return self;
}

void
due_clear (Due *self)
{
  g_clear_pointer (&self->error, g_free);
}

static gboolean
due_write (Journal *journal, const char *key, const Due *due, GError **error)
{
  g_autofree char *line = g_strdup_printf ("%u%s %" G_GINT64_FORMAT " %s", due->tries,
                                           due->offline ? OFFLINE : "", due->next_s, due->error);

  return journal_set (journal, error, key, line, NULL);
}

gboolean
due_failed (Journal *journal, const char *key, gint64 now_s, const GError *problem, GError **error)
{
  g_auto (Due) before = due_read (journal, key);
  guint tries = before.tries + 1;
  const Due due = { .tries = tries,
                    .next_s = now_s + due_delay_s (tries),
                    .error = problem->message,
                    .offline = retry_is_no_way (problem) };

  return due_write (journal, key, &due, error);
}

gboolean
due_online (Journal *journal, const char *key, gint64 now_s, GError **error)
{
  g_auto (Due) due = due_read (journal, key);
  gint64 soonest = due.next_s - due_delay_s (due.tries) + FIRST_S;

  if (!due.offline || due.next_s <= MAX (now_s, soonest))
    return TRUE;
  due.next_s = MAX (now_s, soonest);
  return due_write (journal, key, &due, error);
}

gboolean
due_keep (Journal *journal, GHashTable *keys, GError **error)
{
  g_auto (GStrv) known = journal_keys (journal, JOURNAL_NOTICE);

  for (guint i = 0; known[i]; i++)
    if (!g_hash_table_contains (keys, known[i])
        && !journal_set (journal, error, known[i], NULL, NULL))
      return FALSE;
  return TRUE;
}
