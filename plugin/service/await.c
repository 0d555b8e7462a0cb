/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Waits for a card's modem, and for its slot to be in use, without holding anything. */

#include "service/await.h"

#include "base/error.h"

/* Some modems leave the USB and come back after a switch, which takes them ten seconds. */
#define PATIENCE_S 15
/* Its slot may be switched to twice over before: by whoever is at work there now, and by us. */
#define SLOT_PATIENCE_S 90

typedef struct
{
  Card *card;
  GCancellable *cancellable;
  AwaitDone done;
  gpointer data;
  guint timer;
  gulong changed, cancelled;
  gboolean wanted; /* the card was found parked, and its slot asked for */
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

/* A card that was parked is read first. */
static gboolean
is_ready (Card *card)
{
  return card_access (card) && card_facts (card);
}

static gboolean on_too_late (gpointer data);

/* The answer, as a change of the card, may come from within card_want_slot(), and end SELF. */
static void
want (Await *self)
{
  self->wanted = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add_seconds (SLOT_PATIENCE_S, on_too_late, self);
  card_want_slot (self->card);
}

static void
on_changed (Await *self)
{
  if (is_ready (self->card))
    finish (self, NULL);
  else if (self->wanted && card_slot_problem (self->card))
    finish (self, card_slot_problem (self->card));
  else if (!self->wanted && card_is_parked (self->card))
    want (self);
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
  if (self->wanted && card_modem (self->card))
    error_set (&error, ESIM_ERROR_BUSY, "service",
               "the card's slot is not in use, and could not be had within %d s", SLOT_PATIENCE_S);
  else
    error_set (&error, ESIM_ERROR_DEVICE_GONE, "service",
               "the modem with this card is away and did not come back");
  finish (self, error);
  return G_SOURCE_REMOVE;
}

void
await_modem (Card *card, GCancellable *cancellable, AwaitDone done, gpointer data)
{
  g_autoptr (GError) error = NULL;
  Await *self;

  if (is_ready (card))
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
  if (card_is_parked (card))
    want (self);
}
