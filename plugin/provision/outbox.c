/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Rounds, the letters they wait for, and one queue a server. */

#include "provision/outbox.h"

#include "base/error.h"
#include "provision/due.h"
#include "provision/letter.h"

struct _Outbox
{
  grefcount refs; /* the owner's, and one for each job and round that is out */
  Card *card;
  Journal *journal;
  void (*changed) (gpointer data); /* NULL: closed */
  gpointer data;
  GHashTable *servers; /* address -> Queue */
  GPtrArray *letters;  /* of Letter, not owned: all on their way, the removal included */
  GPtrArray *taken;    /* of Letter, not owned: to be removed next, once the modem is there */
  GHashTable *kept;    /* key -> sequence: taken, but the card could not be reached to remove it */
  guint jobs;          /* that are out */
  gboolean removing;
  gulong card_handler;
};

/* Who waits for letters. */
typedef struct
{
  Outbox *outbox;
  GBytes *ci_pem;
  Progress *progress;
  GCancellable *cancellable;
  GSource *watch; /* its cancellation, once it was collected */
  guint patience_s, timer;
  guint open; /* letters it waits for */
  OutboxCount count;
  GError *first; /* what failed first */
  OutboxDone done;
  gpointer data;
} Round;

static Outbox *
hold (Outbox *self)
{
  g_ref_count_inc (&self->refs);
  return self;
}

static void
drop (Outbox *self)
{
  if (!g_ref_count_dec (&self->refs))
    return;
  g_object_unref (self->card);
  journal_unref (self->journal);
  g_hash_table_unref (self->servers);
  g_ptr_array_unref (self->letters);
  g_ptr_array_unref (self->taken);
  g_hash_table_unref (self->kept);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Outbox, drop)

static void remove_next (Outbox *self);

Outbox *
outbox_new (Card *card, Journal *journal, void (*changed) (gpointer data), gpointer data)
{
  Outbox *self = g_new0 (Outbox, 1);

  g_ref_count_init (&self->refs);
  self->card = g_object_ref (card);
  self->journal = journal_ref (journal);
  self->changed = changed;
  self->data = data;
  self->servers
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) queue_unref);
  self->letters = g_ptr_array_new ();
  self->taken = g_ptr_array_new ();
  self->kept
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  self->card_handler = g_signal_connect_swapped (card, "changed", G_CALLBACK (remove_next), self);
  return self;
}

void
outbox_cancel_unwanted (Outbox *self)
{
  for (guint i = 0; i < self->letters->len; i++)
    {
      Letter *letter = self->letters->pdata[i];

      if (letter->rounds->len == 0 && !g_ptr_array_find (self->taken, letter, NULL))
        g_cancellable_cancel (letter->cancellable);
    }
}

gboolean
outbox_is_idle (Outbox *self)
{
  return self->jobs == 0;
}

/* One that was given up is no one's any more, though it may not be home yet. */
static Letter *
find (Outbox *self, const char *key)
{
  for (guint i = 0; i < self->letters->len; i++)
    {
      Letter *letter = self->letters->pdata[i];

      if (g_str_equal (letter->key, key) && !g_cancellable_is_cancelled (letter->cancellable))
        return letter;
    }
  return NULL;
}

gboolean
outbox_has (Outbox *self, const char *key)
{
  return find (self, key) != NULL;
}

/* ---- rounds ---- */

static void
round_end (Round *self, const GError *error)
{
  g_autoptr (Outbox) outbox = self->outbox;

  for (guint i = 0; i < outbox->letters->len; i++)
    g_ptr_array_remove (((Letter *) outbox->letters->pdata[i])->rounds, self);
  self->count.left += self->open;
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->watch)
    g_source_destroy (self->watch);
  g_clear_pointer (&self->watch, g_source_unref);
  self->done (&self->count, error ? error : self->first, self->data);
  g_bytes_unref (self->ci_pem);
  g_clear_pointer (&self->progress, progress_unref);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->first);
  g_free (self);
}

static gboolean
on_round_cancelled (GCancellable *cancellable, gpointer data)
{
  Round *self = data;
  g_autoptr (Outbox) outbox = hold (self->outbox);
  g_autoptr (GError) error = NULL;

  (void) cancellable;
  error_set (&error, ESIM_ERROR_CANCELLED, "provision", "sending was cancelled");
  round_end (self, error);
  outbox_cancel_unwanted (outbox);
  return G_SOURCE_REMOVE;
}

static gboolean
on_patience (gpointer data)
{
  Round *self = data;
  g_autoptr (GError) error = NULL;

  self->timer = 0;
  error_set (&error, ESIM_ERROR_TIMED_OUT, "provision", "%u notifications are still on their way",
             self->open);
  round_end (self, error);
  return G_SOURCE_REMOVE;
}

/* One of its letters has come home. */
static void
round_count (Round *self, const GError *error, gboolean card_trouble)
{
  self->open--;
  if (error)
    self->count.left++;
  else
    self->count.sent++;
  self->count.card_trouble = self->count.card_trouble || card_trouble;
  if (error && self->first == NULL)
    self->first = g_error_copy (error);
  if (self->open == 0)
    round_end (self, NULL);
}

/* ---- letters ---- */

static void
letter_home (Letter *letter, const GError *error, gboolean card_trouble)
{
  g_autoptr (Outbox) self = letter->outbox;
  g_autoptr (GPtrArray) rounds = g_ptr_array_ref (letter->rounds);

  g_ptr_array_remove (self->letters, letter);
  letter_free (letter);
  for (guint i = 0; i < rounds->len; i++)
    round_count (rounds->pdata[i], error, card_trouble);
  if (self->changed)
    self->changed (self->data);
}

/* What can't be removed now must not be sent again: the next collection removes it. */
static void
removal_done (gpointer data, const GError *error, gpointer user_data)
{
  g_autoptr (Outbox) self = user_data;
  Removal *removal = data;

  self->jobs--;
  self->removing = FALSE;
  if (removal->facts)
    card_set_facts (self->card, removal->facts);
  for (guint i = 0; i < removal->letters->len; i++)
    {
      Letter *letter = removal->letters->pdata[i];

      if (error)
        g_hash_table_replace (self->kept, g_strdup (letter->key),
                              g_bytes_ref (letter->one->sequence));
      letter_home (letter, error, error != NULL);
    }
  remove_next (self);
}

/* A modem that was borrowed to read them is away just now, and the card's change tells when it is
 * back. */
static void
remove_next (Outbox *self)
{
  CardAccess *access = card_access (self->card);
  Removal *removal;

  if (self->removing || self->taken->len == 0 || access == NULL)
    return;
  removal = g_new0 (Removal, 1);
  removal->access = card_access_ref (access);
  removal->letters = g_steal_pointer (&self->taken);
  self->taken = g_ptr_array_new ();
  self->removing = TRUE;
  self->jobs++;
  queue_push (card_queue (self->card), removal_remove, removal, removal_free, NULL, removal_done,
              hold (self));
}

void
outbox_close (Outbox *self)
{
  g_autoptr (GError) error = NULL;

  self->changed = NULL;
  g_clear_signal_handler (&self->card_handler, self->card);
  for (guint i = 0; i < self->letters->len; i++)
    g_cancellable_cancel (((Letter *) self->letters->pdata[i])->cancellable);
  error_set (&error, ESIM_ERROR_DEVICE_GONE, "provision", "the modem is away");
  while (self->taken->len > 0)
    letter_home (g_ptr_array_steal_index (self->taken, 0), error, TRUE);
  drop (self);
}

static void
letter_done (gpointer data, const GError *error, gpointer user_data)
{
  Letter *letter = data;
  g_autoptr (Outbox) self = hold (letter->outbox);

  (void) user_data;
  self->jobs--;
  if (error)
    {
      letter_home (letter, error, FALSE);
      return;
    }
  g_ptr_array_add (self->taken, letter);
  remove_next (self);
}

static Queue *
server_queue (Outbox *self, const char *address)
{
  Queue *queue = g_hash_table_lookup (self->servers, address);

  if (queue == NULL)
    {
      queue = queue_new ("notifications");
      g_hash_table_insert (self->servers, g_strdup (address), queue);
    }
  return queue;
}

/* Takes ONE. */
static Letter *
post (Outbox *self, Round *round, PendingNotification *one, char *key)
{
  Letter *letter = g_new0 (Letter, 1);

  letter->outbox = hold (self);
  letter->rounds = g_ptr_array_new ();
  letter->one = one;
  letter->key = key;
  letter->ci_pem = g_bytes_ref (round->ci_pem);
  letter->journal = journal_ref (self->journal);
  letter->progress = round->progress ? progress_ref (round->progress) : NULL;
  letter->cancellable = g_cancellable_new ();
  g_ptr_array_add (self->letters, letter);
  self->jobs++;
  queue_push (server_queue (self, one->address), letter_send, letter, NULL, letter->cancellable,
              letter_done, NULL);
  return letter;
}

/* ---- collecting ---- */

static void
wait_for (Round *self, PendingNotification *one)
{
  g_autofree char *key = due_key (one->sequence, one->event, one->iccid);
  Letter *letter = find (self->outbox, key);

  if (letter)
    pending_notification_free (one);
  else
    letter = post (self->outbox, self, one, g_steal_pointer (&key));
  g_ptr_array_add (letter->rounds, self);
  self->open++;
}

static void
forget_gone (Outbox *self, Collection *collection)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, collection->gone);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_hash_table_remove (self->kept, key);
}

static void
watch (Round *self)
{
  if (self->cancellable)
    {
      self->watch = g_cancellable_source_new (self->cancellable);
      g_source_set_callback (self->watch, G_SOURCE_FUNC (on_round_cancelled), self, NULL);
      g_source_attach (self->watch, NULL);
    }
  if (self->patience_s)
    self->timer = g_timeout_add_seconds (self->patience_s, on_patience, self);
}

static void
collected (gpointer data, const GError *error, gpointer user_data)
{
  Collection *collection = data;
  Round *self = user_data;

  self->outbox->jobs--;
  forget_gone (self->outbox, collection);
  if (collection->facts)
    card_set_facts (self->outbox->card, collection->facts);
  if (error)
    self->count.card_trouble = !error_is_code (error, ESIM_ERROR_NOT_FOUND)
                               && !error_is_code (error, ESIM_ERROR_CANCELLED);
  else
    {
      g_ptr_array_set_free_func (collection->pending, NULL);
      for (guint i = 0; i < collection->pending->len; i++)
        wait_for (self, collection->pending->pdata[i]);
    }
  if (self->open)
    watch (self);
  else
    round_end (self, error);
}

static Collection *
collection_new (Outbox *self, const OutboxWish *wish, Progress *progress)
{
  Collection *collection = g_new0 (Collection, 1);
  GHashTableIter iter;
  gpointer key, sequence;

  collection->which = wish->which;
  collection->sequence = wish->sequence;
  collection->access = card_access_ref (card_access (self->card));
  collection->journal = journal_ref (self->journal);
  collection->progress = progress ? progress_ref (progress) : NULL;
  collection->taken
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  collection->listed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  collection->gone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_iter_init (&iter, self->kept);
  while (g_hash_table_iter_next (&iter, &key, &sequence))
    g_hash_table_insert (collection->taken, g_strdup (key), g_bytes_ref (sequence));
  return collection;
}

void
outbox_send (Outbox *self, const OutboxWish *wish, Progress *progress, GCancellable *cancellable,
             OutboxDone done, gpointer data)
{
  Round *round = g_new0 (Round, 1);
  g_autoptr (GError) error = NULL;

  round->outbox = hold (self);
  round->ci_pem = g_bytes_ref (wish->ci_pem);
  round->progress = progress ? progress_ref (progress) : NULL;
  round->cancellable = cancellable ? g_object_ref (cancellable) : NULL;
  round->patience_s = wish->patience_s;
  round->done = done;
  round->data = data;
  if (card_access (self->card) == NULL)
    {
      error_set (&error, ESIM_ERROR_DEVICE_GONE, "provision", "the modem is away");
      round->count.card_trouble = TRUE;
      round_end (round, error);
      return;
    }
  self->jobs++;
  queue_push (card_queue (self->card), collection_read, collection_new (self, wish, progress),
              collection_free, cancellable, collected, round);
}
