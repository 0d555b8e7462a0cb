/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Notifications outside a run: when the next one is due, and who sends it. */

#include "base/error.h"
#include "provision/due.h"
#include "provision/run.h"

/* A card that can't be reached, as for a moment after a switch, is no server's fault and costs no
 * notification its next try: it is looked for again this soon, then twice as late each time. */
#define TROUBLE_S 2
#define TROUBLE_LAST_S 300
/* Between rounds of the service's own that failed, even where the journal can't be written. */
#define BRAKE_S 2
/* The wall clock may be set meanwhile: the timer looks at it again this often. */
#define LOOK_S 600
/* While the modem reads its new profile the card is left alone. */
#define LEAVE_ALONE_S 3

static gint64
now_s (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

/* Seconds until the next try of those that are not on their way; -1: there is none. */
static gint64
next_wait_s (Provision *self)
{
  const CardFacts *facts = card_facts (self->card);
  gint64 first = -1;

  for (guint i = 0; self->outbox && facts && i < facts->notifications->len; i++)
    {
      const Notification *one = facts->notifications->pdata[i];
      g_autofree char *key = due_key (one->sequence, one->event, one->iccid);
      g_auto (Due) due = due_read (self->journal, key);
      gint64 wait = due_wait_s (now_s (), due.next_s);

      if (!outbox_has (self->outbox, key) && (first < 0 || wait < first))
        first = wait;
    }
  return first;
}

static gboolean
is_braked (Provision *self)
{
  return g_get_monotonic_time () < self->notify_brake;
}

gboolean
notices_due (Provision *self)
{
  return !is_braked (self) && next_wait_s (self) == 0;
}

static void
brake (Provision *self, gint64 seconds)
{
  self->notify_brake = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
}

void
notices_sent (Provision *self, const OutboxCount *count, const GError *error)
{
  if (error)
    g_debug ("notifications: %u sent, %u left: %s", count->sent, count->left, error->message);
  if (count->card_trouble)
    brake (self, MIN (TROUBLE_LAST_S, (gint64) TROUBLE_S << MIN (self->card_troubles++, 10)));
  else
    {
      self->card_troubles = 0;
      brake (self, error && !error_is_code (error, ESIM_ERROR_CANCELLED) ? BRAKE_S : 0);
    }
  notices_schedule (self);
}

static void
on_round (const OutboxCount *count, const GError *error, gpointer data)
{
  g_autoptr (Provision) self = data;

  notices_sent (self, count, error);
}

static gboolean
is_card_to_be_left_alone (Provision *self)
{
  return self->ladders > 0
         || (self->running && (self->seen.assumed_enabled || self->step == STEP_WAIT_MODEM));
}

static gboolean
on_timer (gpointer data)
{
  Provision *self = data;

  self->notify_timer = 0;
  if (!is_card_to_be_left_alone (self))
    provision_notify (self);
  if (self->notify_timer == 0)
    notices_schedule (self);
  return G_SOURCE_REMOVE;
}

/* No timer where the modem is away: the card's change is told when it is back. */
void
notices_schedule (Provision *self)
{
  gint64 wait = next_wait_s (self);
  gint64 braked = (self->notify_brake - g_get_monotonic_time ()) / G_USEC_PER_SEC + 1;

  g_clear_handle_id (&self->notify_timer, g_source_remove);
  if (wait < 0 || card_access (self->card) == NULL)
    return;
  wait = MAX (wait, braked);
  if (is_card_to_be_left_alone (self))
    wait = MAX (wait, LEAVE_ALONE_S);
  self->notify_timer = g_timeout_add_seconds ((guint) CLAMP (wait, 1, LOOK_S), on_timer, self);
}

void
notices_online (Provision *self)
{
  const CardFacts *facts = card_facts (self->card);

  for (guint i = 0; self->outbox && facts && i < facts->notifications->len; i++)
    {
      const Notification *one = facts->notifications->pdata[i];
      g_autofree char *key = due_key (one->sequence, one->event, one->iccid);
      g_autoptr (GError) error = NULL;

      if (!due_online (self->journal, key, now_s (), &error))
        g_debug ("%s", error->message);
    }
  notices_schedule (self);
}

void
provision_notify (Provision *self)
{
  OutboxWish wish = { .which = OUTBOX_DUE, .ci_pem = self->policy->ci_pem };

  if (!notices_due (self) || card_access (self->card) == NULL)
    return;
  /* Until it has read the card, more of the same is of no use. */
  brake (self, BRAKE_S);
  outbox_send (self->outbox, &wish, NULL, self->background, on_round, g_object_ref (self));
}

/* ---- a person's word ---- */

typedef struct
{
  Provision *provision;
  ProvisionSent sent;
  gpointer data;
} Sending;

static void
on_asked_round (const OutboxCount *count, const GError *error, gpointer data)
{
  g_autofree Sending *sending = data;
  g_autoptr (Provision) self = sending->provision;
  g_autoptr (GError) all = error ? g_error_copy (error) : NULL;

  notices_sent (self, count, error);
  if (count->left && count->sent + count->left > 1)
    g_prefix_error (&all, "%u of %u stay on the card and are tried again; ", count->left,
                    count->sent + count->left);
  sending->sent (count->sent, count->left, all, sending->data);
}

void
provision_send_notifications (Provision *self, const guint64 *sequence, Progress *progress,
                              GCancellable *cancellable, ProvisionSent sent, gpointer data)
{
  OutboxWish wish = { .which = sequence ? OUTBOX_ONE : OUTBOX_ALL,
                      .sequence = sequence ? *sequence : 0,
                      .ci_pem = self->policy->ci_pem };
  Sending *sending;

  if (self->outbox == NULL)
    {
      sent (0, 0, self->problem, data);
      return;
    }
  sending = g_new0 (Sending, 1);
  sending->provision = g_object_ref (self);
  sending->sent = sent;
  sending->data = data;
  outbox_send (self->outbox, &wish, progress, cancellable, on_asked_round, sending);
}

void
provision_describe_notification (Provision *self, const Notification *listed, GVariantDict *dict)
{
  g_autofree char *key = due_key (listed->sequence, listed->event, listed->iccid);
  g_auto (Due) due = { 0 };

  if (self->journal)
    due = due_read (self->journal, key);
  g_variant_dict_insert (dict, "tries", "u", due.tries);
  g_variant_dict_insert (dict, "next-try", "x", due.next_s);
  g_variant_dict_insert (dict, "last-error", "s", due.error ? due.error : "");
}

gboolean
provision_is_idle (Provision *self)
{
  return self->outbox == NULL || outbox_is_idle (self->outbox);
}
