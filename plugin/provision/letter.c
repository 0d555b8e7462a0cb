/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What the outbox does on worker threads: read notifications, send one, remove those that were
 * taken. */

#include "provision/letter.h"

#include "base/error.h"
#include "provision/due.h"

static gint64
now_s (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

/* A journal that can't be written costs the back-off's memory, nothing else. */
static void
note_failure (Journal *journal, const char *key, const GError *problem)
{
  g_autoptr (GError) error = NULL;

  if (!due_failed (journal, key, now_s (), problem, &error))
    g_debug ("%s", error->message);
}

void
letter_free (Letter *self)
{
  g_ptr_array_unref (self->rounds);
  pending_notification_free (self->one);
  g_free (self->key);
  g_bytes_unref (self->ci_pem);
  journal_unref (self->journal);
  g_clear_pointer (&self->progress, progress_unref);
  g_object_unref (self->cancellable);
  g_free (self);
}

gboolean
letter_send (gpointer letter, GCancellable *cancellable, GError **error)
{
  Letter *self = letter;
  g_autoptr (Http) http = http_new (HTTP_TRUST_PEM, self->ci_pem, self->progress);
  g_autoptr (GError) problem = NULL;

  if (notify_send (http, self->one, cancellable, &problem))
    return TRUE;
  if (!g_cancellable_is_cancelled (cancellable))
    note_failure (self->journal, self->key, problem);
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

void
collection_free (gpointer collection)
{
  Collection *self = collection;

  card_access_unref (self->access);
  journal_unref (self->journal);
  g_clear_pointer (&self->progress, progress_unref);
  g_hash_table_unref (self->taken);
  g_hash_table_unref (self->listed);
  g_hash_table_unref (self->gone);
  g_clear_pointer (&self->pending, g_ptr_array_unref);
  g_clear_pointer (&self->facts, card_facts_unref);
  g_free (self);
}

static gboolean
is_due (Journal *journal, const char *key)
{
  g_auto (Due) due = due_read (journal, key);

  return due_wait_s (now_s (), due.next_s) == 0;
}

static gboolean
is_wanted (const Notification *listed, gpointer data)
{
  Collection *self = data;
  char *key = due_key (listed->sequence, listed->event, listed->iccid);

  g_hash_table_add (self->listed, key);
  if (g_hash_table_contains (self->taken, key))
    return FALSE;
  switch (self->which)
    {
    case OUTBOX_DUE:
      return is_due (self->journal, key);
    case OUTBOX_ALL:
      break;
    case OUTBOX_ONE:
      return due_sequence (listed->sequence) == self->sequence;
    }
  return TRUE;
}

static void
on_unreadable (const Notification *listed, const GError *problem, gpointer data)
{
  Collection *self = data;
  g_autofree char *key = due_key (listed->sequence, listed->event, listed->iccid);

  note_failure (self->journal, key, problem);
}

/* What an earlier removal could not reach. TAKEN's values are sequences (GBytes). */
static gboolean
remove_taken (Collection *self, Channel *channel, GError **error)
{
  GHashTableIter iter;
  gpointer key, sequence;

  g_hash_table_iter_init (&iter, self->taken);
  while (g_hash_table_iter_next (&iter, &key, &sequence))
    {
      if (g_hash_table_contains (self->listed, key) && !notify_remove (channel, sequence, error))
        return FALSE;
      g_hash_table_remove (self->listed, key);
      g_hash_table_add (self->gone, g_strdup (key));
    }
  return TRUE;
}

gboolean
collection_read (gpointer collection, GCancellable *cancellable, GError **error)
{
  Collection *self = collection;
  NotifyVisitor visitor = { .wanted = is_wanted, .unreadable = on_unreadable, .data = self };
  g_autoptr (GError) problem = NULL;
  g_autoptr (Channel) channel = card_access_open (self->access, self->progress, cancellable, error);

  if (channel == NULL)
    return FALSE;
  self->pending = notify_collect (channel, &visitor, cancellable, error);
  if (self->pending == NULL || !remove_taken (self, channel, error))
    return FALSE;
  if (!due_keep (self->journal, self->listed, &problem))
    g_debug ("%s", problem->message);
  /* Nothing there after all, or less: the facts were old. */
  if (self->pending->len == 0)
    self->facts = card_facts_read (channel, self->access->eid, cancellable, NULL);
  if (self->which == OUTBOX_ONE && self->pending->len == 0)
    error_set (error, ESIM_ERROR_NOT_FOUND, "provision",
               "no notification number %" G_GUINT64_FORMAT " can be read on the card",
               self->sequence);
  return self->which != OUTBOX_ONE || self->pending->len > 0;
}

void
removal_free (gpointer removal)
{
  Removal *self = removal;

  card_access_unref (self->access);
  g_ptr_array_unref (self->letters);
  g_clear_pointer (&self->facts, card_facts_unref);
  g_free (self);
}

/* A line that stays behind is cleaned up by the next collection. */
static gboolean
remove_one (Channel *channel, const Letter *letter, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (!notify_remove (channel, letter->one->sequence, error))
    return FALSE;
  if (!journal_set (letter->journal, &problem, letter->key, NULL, NULL))
    g_debug ("%s", problem->message);
  return TRUE;
}

gboolean
removal_remove (gpointer removal, GCancellable *cancellable, GError **error)
{
  Removal *self = removal;
  g_autoptr (Channel) channel = card_access_open (self->access, NULL, cancellable, error);

  if (channel == NULL)
    return FALSE;
  for (guint i = 0; i < self->letters->len; i++)
    if (!remove_one (channel, self->letters->pdata[i], error))
      return FALSE;
  self->facts = card_facts_read (channel, self->access->eid, cancellable, NULL);
  return TRUE;
}
