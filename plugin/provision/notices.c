/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Notifications outside a run: when their next try is due, and what follows a person's change of
 * the card. */

#include "base/error.h"
#include "provision/ladder.h"
#include "provision/outbox.h"
#include "provision/run.h"

#define FIRST_S 30
#define LAST_S 21600
/* The clock may have been wrong when the next try was written down. */
#define SOONEST_S 5

static gint64
now_s (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

gboolean
notices_due (Provision *self)
{
  const CardFacts *facts = card_facts (self->card);
  gint64 next = journal_get_number (self->journal, JOURNAL_NOTIFY_NEXT);

  if (self->sending || facts == NULL || facts->n_notifications == 0)
    return FALSE;
  return self->notify_fresh || next <= now_s () || next > now_s () + LAST_S;
}

static void
note_tried (Provision *self, guint left)
{
  gint64 tries = left ? journal_get_number (self->journal, JOURNAL_NOTIFY_TRIES) + 1 : 0;
  gint64 delay = tries > 10 ? LAST_S : MIN (LAST_S, (gint64) FIRST_S << MAX (tries - 1, 0));
  g_autofree char *next = g_strdup_printf ("%" G_GINT64_FORMAT, now_s () + delay);
  g_autofree char *count = g_strdup_printf ("%" G_GINT64_FORMAT, tries);
  g_autoptr (GError) error = NULL;

  self->notify_fresh = FALSE;
  if (!journal_set (self->journal, &error, JOURNAL_NOTIFY_NEXT, left ? next : NULL,
                    JOURNAL_NOTIFY_TRIES, left ? count : NULL, NULL))
    g_debug ("%s", error->message);
  notices_schedule (self);
}

static void
sent_later (const GError *error, gpointer data)
{
  (void) data;
  if (error)
    g_debug ("notifications: %s", error->message);
}

static gboolean
on_due (gpointer data)
{
  Provision *self = data;

  self->notify_timer = 0;
  notices_send (self);
  return G_SOURCE_REMOVE;
}

void
notices_schedule (Provision *self)
{
  const CardFacts *facts = card_facts (self->card);
  gint64 next = journal_get_number (self->journal, JOURNAL_NOTIFY_NEXT);

  g_clear_handle_id (&self->notify_timer, g_source_remove);
  /* One that came while others were sent, or that a cut left behind, has no next try on disk. */
  if (next == 0 && facts && facts->n_notifications > 0)
    next = now_s () + SOONEST_S;
  if (next)
    self->notify_timer
        = g_timeout_add_seconds ((guint) CLAMP (next - now_s (), SOONEST_S, LAST_S), on_due, self);
}

typedef struct
{
  Provision *provision;
  Progress *progress;
  GCancellable *cancellable;
  ProvisionSent sent;
  gpointer data;
  GSource *watch; /* while it waits: for its being cancelled */
} Sending;

static void
sending_free (Sending *self)
{
  if (self->watch)
    g_source_destroy (self->watch);
  g_clear_pointer (&self->watch, g_source_unref);
  g_clear_pointer (&self->progress, progress_unref);
  g_object_unref (self->cancellable);
  g_object_unref (self->provision);
  g_free (self);
}

/* No server was asked in vain, so it counts as no try: the card is out of reach for a moment, as
 * after a switch. */
static gboolean
is_of_the_card (const GError *error)
{
  return error_is_code (error, ESIM_ERROR_DEVICE_GONE) || error_is_code (error, ESIM_ERROR_CHANNEL)
         || error_is_code (error, ESIM_ERROR_BUSY);
}

static void
on_outbox (guint left, const GError *error, gpointer data)
{
  Sending *sending = data;

  notices_ended (sending->provision, left, error);
  sending->sent (error, sending->data);
  sending_free (sending);
}

static void
send_now (Sending *sending)
{
  Provision *self = sending->provision;

  self->sending = TRUE;
  outbox_send (self->card, self->policy->ci_pem, sending->progress, sending->cancellable, on_outbox,
               sending);
}

void
notices_ended (Provision *self, guint left, const GError *error)
{
  Sending *next = g_queue_pop_head (&self->senders);

  self->sending = FALSE;
  if (error_is_code (error, ESIM_ERROR_CANCELLED) || is_of_the_card (error))
    notices_schedule (self);
  else
    note_tried (self, error ? MAX (left, 1) : left);
  if (next)
    send_now (next);
}

static gboolean
on_waiter_cancelled (GCancellable *cancellable, gpointer data)
{
  Sending *sending = data;
  g_autoptr (GError) error = NULL;

  (void) cancellable;
  if (!g_queue_remove (&sending->provision->senders, sending))
    return G_SOURCE_REMOVE;
  error_set (&error, ESIM_ERROR_CANCELLED, "provision", "cancelled before it began");
  sending->sent (error, sending->data);
  sending_free (sending);
  return G_SOURCE_REMOVE;
}

/* Those who ask while some are being sent have their turn afterwards, for what is left then. */
static void
wait_for_turn (Sending *sending)
{
  sending->watch = g_cancellable_source_new (sending->cancellable);
  g_source_set_callback (sending->watch, G_SOURCE_FUNC (on_waiter_cancelled), sending, NULL);
  g_source_attach (sending->watch, NULL);
  g_queue_push_tail (&sending->provision->senders, sending);
}

void
provision_send_notifications (Provision *self, Progress *progress, GCancellable *cancellable,
                              ProvisionSent sent, gpointer data)
{
  Sending *sending;

  if (self->journal == NULL)
    {
      sent (self->problem, data);
      return;
    }
  sending = g_new0 (Sending, 1);
  sending->provision = g_object_ref (self);
  sending->progress = progress ? progress_ref (progress) : NULL;
  sending->cancellable = g_object_ref (cancellable);
  sending->sent = sent;
  sending->data = data;
  if (self->sending)
    wait_for_turn (sending);
  else
    send_now (sending);
}

/* What no one asked for: whoever sends now sends these too, or their turn comes. */
void
notices_send (Provision *self)
{
  if (self->journal && !self->sending)
    provision_send_notifications (self, NULL, self->background, sent_later, NULL);
}

void
provision_notify (Provision *self)
{
  if (notices_due (self))
    notices_send (self);
}

static void
on_modem_back (const char *rung, const GError *error, gpointer data)
{
  g_autoptr (Provision) self = data;

  if (error)
    g_debug ("after a switch of profiles: %s", error->message);
  else
    g_debug ("the modem sees the switch: %s", rung);
  if (error == NULL)
    restore_start (self);
  if (!error_is_code (error, ESIM_ERROR_CANCELLED) && notices_due (self))
    notices_send (self);
}

void
provision_card_changed (Provision *self)
{
  const CardFacts *facts = card_facts (self->card);
  const Profile *enabled = facts ? card_facts_enabled (facts) : NULL;

  if (self->journal == NULL || self->running)
    return;
  self->notify_fresh = TRUE;
  ladder_start (self->card, enabled ? enabled->iccid : NULL, self->policy->modem_timeout_s,
                self->background, on_modem_back, g_object_ref (self));
}
