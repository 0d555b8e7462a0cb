/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Three jobs in a row; what waits for a server holds no card. */

#include "provision/outbox.h"

#include "base/error.h"
#include "lpa/notify.h"

/* Handed from job to job, so no two threads ever share it. */
typedef struct
{
  Card *card;
  CardAccess *access;
  GBytes *ci_pem;
  Progress *progress;
  GCancellable *cancellable;
  OutboxDone done;
  gpointer data;
  GPtrArray *pending; /* of PendingNotification */
  GPtrArray *sent;    /* their sequences (GBytes) */
  CardFacts *facts;
  GError *first; /* what failed first */
} Outbox;

static void
outbox_free (Outbox *self)
{
  g_object_unref (self->card);
  g_clear_pointer (&self->access, card_access_unref);
  g_bytes_unref (self->ci_pem);
  g_clear_pointer (&self->progress, progress_unref);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->pending, g_ptr_array_unref);
  g_ptr_array_unref (self->sent);
  g_clear_pointer (&self->facts, card_facts_unref);
  g_clear_error (&self->first);
  g_free (self);
}

static void
finish (Outbox *self, const GError *error)
{
  guint left = self->pending ? self->pending->len - self->sent->len : 0;
  const GError *first = self->first ? self->first : error;

  if (self->facts)
    card_set_facts (self->card, self->facts);
  self->done (left, first, self->data);
  outbox_free (self);
}

static void
keep_first (Outbox *self, GError *error)
{
  if (self->first == NULL)
    self->first = error;
  else
    g_error_free (error);
}

static gboolean
remove_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Outbox *self = data;
  g_autoptr (Channel) channel = card_access_open (self->access, self->progress, cancellable, error);

  if (channel == NULL)
    return FALSE;
  for (guint i = 0; i < self->sent->len; i++)
    if (!notify_remove (channel, self->sent->pdata[i], error))
      return FALSE;
  self->facts = card_facts_read (channel, self->access->eid, cancellable, NULL);
  return TRUE;
}

static void
remove_done (gpointer data, const GError *error, gpointer user_data)
{
  (void) user_data;
  finish (data, error);
}

/* One that its server does not take is no reason to keep the others. */
static gboolean
send_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Outbox *self = data;
  g_autoptr (Http) http = http_new (HTTP_TRUST_PEM, self->ci_pem, self->progress);

  (void) error;
  for (guint i = 0; i < self->pending->len; i++)
    {
      PendingNotification *one = self->pending->pdata[i];
      GError *problem = NULL;

      if (notify_send (http, one, cancellable, &problem))
        g_ptr_array_add (self->sent, g_bytes_ref (one->sequence));
      else
        keep_first (self, problem);
      if (g_cancellable_is_cancelled (cancellable))
        break;
    }
  return TRUE;
}

static void
send_done (gpointer data, const GError *error, gpointer user_data)
{
  Outbox *self = data;

  (void) user_data;
  if (self->sent->len == 0)
    finish (self, error);
  else
    queue_push (card_queue (self->card), remove_work, self, NULL, NULL, remove_done, NULL);
}

static gboolean
collect_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Outbox *self = data;
  g_autoptr (Channel) channel = card_access_open (self->access, self->progress, cancellable, error);

  if (channel)
    self->pending = notify_collect (channel, cancellable, error);
  /* Nothing there after all: the facts were old. */
  if (self->pending && self->pending->len == 0)
    self->facts = card_facts_read (channel, self->access->eid, cancellable, NULL);
  return self->pending != NULL;
}

static void
collect_done (gpointer data, const GError *error, gpointer user_data)
{
  Outbox *self = data;

  (void) user_data;
  if (error || self->pending->len == 0)
    finish (self, error);
  else
    queue_push (card_net_queue (self->card), send_work, self, NULL, self->cancellable, send_done,
                NULL);
}

void
outbox_send (Card *card, GBytes *ci_pem, Progress *progress, GCancellable *cancellable,
             OutboxDone done, gpointer data)
{
  Outbox *self = g_new0 (Outbox, 1);
  g_autoptr (GError) error = NULL;

  self->card = g_object_ref (card);
  self->ci_pem = g_bytes_ref (ci_pem);
  self->progress = progress ? progress_ref (progress) : NULL;
  self->cancellable = cancellable ? g_object_ref (cancellable) : NULL;
  self->done = done;
  self->data = data;
  self->sent = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  if (card_access (card) == NULL)
    {
      error_set (&error, ESIM_ERROR_DEVICE_GONE, "provision", "the modem is away");
      finish (self, error);
      return;
    }
  self->access = card_access_ref (card_access (card));
  queue_push (card_queue (card), collect_work, self, NULL, cancellable, collect_done, NULL);
}
