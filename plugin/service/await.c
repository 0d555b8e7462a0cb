/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Waits for a card's modem, without holding anything. */

#include "service/await.h"

#include "base/error.h"

/* Some modems leave the USB and come back after a switch, which takes them ten seconds. */
#define PATIENCE_S 15

typedef struct
{
  Card *card;
  GCancellable *cancellable;
  AwaitDone done;
  gpointer data;
  guint timer;
  gulong changed, cancelled;
} Await;

static void
finish (Await *self, const GError *error)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_signal_handler (&self->changed, self->card);
  g_clear_signal_handler (&self->cancelled, self->cancellable);
  self->done (error, self->data);
  g_object_unref (self->card);
  g_object_unref (self->cancellable);
  g_free (self);
}

static void
on_changed (Await *self)
{
  if (card_access (self->card))
    finish (self, NULL);
}

/* Jobs are cancelled on the main thread; a plain signal may be disconnected from its handler. */
static void
on_cancelled (Await *self)
{
  g_autoptr (GError) error = NULL;

  error_set (&error, ESIM_ERROR_CANCELLED, "service", "cancelled while the modem was away");
  finish (self, error);
}

static gboolean
on_too_late (gpointer data)
{
  Await *self = data;
  g_autoptr (GError) error = NULL;

  self->timer = 0;
  error_set (&error, ESIM_ERROR_DEVICE_GONE, "service",
             "the modem with this card is away and did not come back within %d s", PATIENCE_S);
  finish (self, error);
  return G_SOURCE_REMOVE;
}

void
await_modem (Card *card, GCancellable *cancellable, AwaitDone done, gpointer data)
{
  g_autoptr (GError) error = NULL;
  Await *self;

  if (card_access (card))
    {
      done (NULL, data);
      return;
    }
  if (g_cancellable_is_cancelled (cancellable))
    {
      error_set (&error, ESIM_ERROR_CANCELLED, "service", "cancelled while the modem was away");
      done (error, data);
      return;
    }
  self = g_new0 (Await, 1);
  self->card = g_object_ref (card);
  self->cancellable = g_object_ref (cancellable);
  self->done = done;
  self->data = data;
  self->timer = g_timeout_add_seconds (PATIENCE_S, on_too_late, self);
  self->changed = g_signal_connect_swapped (card, "changed", G_CALLBACK (on_changed), self);
  self->cancelled
      = g_signal_connect_swapped (cancellable, "cancelled", G_CALLBACK (on_cancelled), self);
}
