/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Collects, sends and removes a card's notifications. */

#include "lpa/notify.h"

#include "base/error.h"
#include "lpa/es10b.h"
#include "lpa/es9p.h"

void
pending_notification_free (PendingNotification *self)
{
  g_clear_pointer (&self->sequence, g_bytes_unref);
  g_free (self->address);
  g_free (self->iccid);
  g_clear_pointer (&self->payload, g_bytes_unref);
  g_free (self);
}

PendingNotification *
pending_notification_from_result (const DownloadResult *result)
{
  PendingNotification *self;

  if (result->notification == NULL || result->sequence == NULL)
    return NULL;
  self = g_new0 (PendingNotification, 1);
  self->sequence = g_bytes_ref (result->sequence);
  self->event = 0x80;
  self->address = g_strdup (result->address);
  self->iccid = g_strdup (result->iccid);
  self->payload = g_bytes_ref (result->notification);
  return self;
}

static PendingNotification *
read_one (Channel *channel, const Notification *listed, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) payload
      = es10b_retrieve_notification (channel, listed->sequence, cancellable, error);
  PendingNotification *self;

  if (payload == NULL)
    return NULL;
  self = g_new0 (PendingNotification, 1);
  self->sequence = g_bytes_ref (listed->sequence);
  self->event = listed->event;
  self->address = g_strdup (listed->address);
  self->iccid = g_strdup (listed->iccid);
  self->payload = g_steal_pointer (&payload);
  return self;
}

/* Whether going on to the next one makes sense after PROBLEM. */
static gboolean
is_of_one (const GError *problem)
{
  return error_is_code (problem, ESIM_ERROR_NOT_FOUND)
         || error_is_code (problem, ESIM_ERROR_CARD_RUBBISH)
         || error_is_code (problem, ESIM_ERROR_CARD_REFUSED);
}

static void
tell_unreadable (const NotifyVisitor *visitor, const Notification *listed, const GError *problem)
{
  g_debug ("a notification can't be read: %s", problem->message);
  if (visitor)
    visitor->unreadable (listed, problem, visitor->data);
}

GPtrArray *
notify_collect (Channel *channel, const NotifyVisitor *visitor, GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GPtrArray) listed = es10b_list_notifications (channel, cancellable, error);
  g_autoptr (GPtrArray) pending
      = g_ptr_array_new_with_free_func ((GDestroyNotify) pending_notification_free);

  for (guint i = 0; listed && i < listed->len; i++)
    {
      g_autoptr (GError) problem = NULL;
      PendingNotification *one;

      if (visitor && !visitor->wanted (listed->pdata[i], visitor->data))
        continue;
      one = read_one (channel, listed->pdata[i], cancellable, &problem);
      if (one)
        g_ptr_array_add (pending, one);
      else if (is_of_one (problem))
        tell_unreadable (visitor, listed->pdata[i], problem);
      else
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return NULL;
        }
    }
  return listed ? g_steal_pointer (&pending) : NULL;
}

gboolean
notify_send (Http *http, const PendingNotification *notification, GCancellable *cancellable,
             GError **error)
{
  return es9p_handle_notification (http, notification->address, notification->payload, cancellable,
                                   error);
}

gboolean
notify_remove (Channel *channel, GBytes *sequence, GError **error)
{
  return es10b_remove_notification (channel, sequence, error);
}
