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

void
notices_sent (Provision *self, guint left)
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
  provision_send_notifications (self, FALSE, NULL, sent_later, NULL);
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
    next = now_s () + FIRST_S;
  if (next)
    self->notify_timer
        = g_timeout_add_seconds ((guint) CLAMP (next - now_s (), SOONEST_S, LAST_S), on_due, self);
}

typedef struct
{
  Provision *provision;
  ProvisionSent sent;
  gpointer data;
} Sending;

static void
on_outbox (guint left, const GError *error, gpointer data)
{
  g_autofree Sending *sending = data;
  g_autoptr (Provision) self = sending->provision;

  self->sending = FALSE;
  if (error_is_code (error, ESIM_ERROR_CANCELLED))
    notices_schedule (self);
  else
    notices_sent (self, error ? MAX (left, 1) : left);
  sending->sent (error, sending->data);
}

void
provision_send_notifications (Provision *self, gboolean now, Progress *progress, ProvisionSent sent,
                              gpointer data)
{
  g_autoptr (GError) error = NULL;
  Sending *sending;

  if (self->journal == NULL || self->sending)
    {
      error_set (&error, self->journal ? ESIM_ERROR_BUSY : ESIM_ERROR_FAILED, "provision", "%s",
                 self->journal ? "notifications are being sent already" : self->problem->message);
      sent (error, data);
      return;
    }
  if (!now && card_access (self->card) == NULL)
    {
      notices_sent (self, 1);
      sent (NULL, data);
      return;
    }
  sending = g_new0 (Sending, 1);
  sending->provision = g_object_ref (self);
  sending->sent = sent;
  sending->data = data;
  self->sending = TRUE;
  outbox_send (self->card, self->policy->ci_pem, progress, self->background, on_outbox, sending);
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
    provision_send_notifications (self, FALSE, NULL, sent_later, NULL);
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
