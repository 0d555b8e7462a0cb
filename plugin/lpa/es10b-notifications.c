/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* ES10b: the notifications a card keeps until a server took them (SGP.22, 5.7.9 to 5.7.11). */

#include "lpa/es10b.h"

#include "lpa/es10b-notifications.h"
#include "lpa/es10.h"
#include "lpa/profile.h"

#include <string.h>

void
notification_free (Notification *self)
{
  g_clear_pointer (&self->sequence, g_bytes_unref);
  g_free (self->address);
  g_free (self->iccid);
  g_free (self);
}

/* Some operators' addresses carry blanks (Orange PL). */
static char *
host_of (const Tlv *tlv)
{
  g_autofree char *text = tlv_get_text (tlv);

  return g_ascii_strdown (g_strstrip (text), -1);
}

Notification *
notification_parse (const Tlv *metadata, GError **error)
{
  g_autoptr (Notification) self = g_new0 (Notification, 1);
  TlvReader reader;
  Tlv sequence, event, address, iccid;
  gboolean found;
  guint64 number;
  guint8 bits;

  tlv_enter (&reader, metadata);
  if (!tlv_need (&reader, 0x80, &sequence, error) || !tlv_uint (&sequence, &number, error)
      || !tlv_need (&reader, 0x81, &event, error) || !tlv_bits (&event, &bits, NULL, error)
      || !tlv_need (&reader, 0x0C, &address, error)
      || !tlv_find (&reader, 0x5A, &iccid, &found, error))
    return NULL;
  self->sequence = tlv_get_value (&sequence);
  self->event = bits;
  self->address = host_of (&address);
  if (found)
    {
      g_autoptr (GBytes) value = tlv_get_value (&iccid);

      self->iccid = iccid_to_text (value);
    }
  return g_steal_pointer (&self);
}

static guint64
number_of (GBytes *sequence)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (sequence, &size);
  guint64 number = 0;

  while (size--)
    number = number << 8 | *data++;
  return number;
}

static int
older_first (gconstpointer a, gconstpointer b)
{
  guint64 first = number_of ((*(Notification **) a)->sequence);
  guint64 second = number_of ((*(Notification **) b)->sequence);

  return first < second ? -1 : first > second;
}

GPtrArray *
es10b_list_notifications (Channel *channel, GCancellable *cancellable, GError **error)
{
  const char *function = "ES10b.ListNotification";
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) notification_free);
  g_autoptr (GBytes) response
      = es10_call (channel, function, tlv_empty (0xBF28), 0xBF28, cancellable, error);
  TlvReader reader;
  Tlv item;

  if (response == NULL || !es10_list (response, function, 0xBF28, &reader, error))
    return NULL;
  while (!tlv_at_end (&reader))
    {
      Notification *notification;

      if (!tlv_expect (&reader, 0xBF2F, &item, error))
        return NULL;
      notification = notification_parse (&item, error);
      if (notification == NULL)
        return NULL;
      g_ptr_array_add (list, notification);
    }
  g_ptr_array_sort (list, older_first);
  return g_steal_pointer (&list);
}

static GBytes *
retrieve_request (GBytes *sequence)
{
  TlvBuilder *builder = tlv_builder_new ();

  tlv_open (builder, 0xBF2B);
  tlv_open (builder, 0xA0);
  tlv_add_bytes (builder, 0x80, sequence);
  tlv_close (builder);
  tlv_close (builder);
  return tlv_builder_end (builder);
}

static gboolean
gone (GError **error, const char *function)
{
  error_set (error, ESIM_ERROR_NOT_FOUND, "es10", "%s: the card has no such notification",
             function);
  return FALSE;
}

GBytes *
es10b_retrieve_notification (Channel *channel, GBytes *sequence, GCancellable *cancellable,
                             GError **error)
{
  const char *function = "ES10b.RetrieveNotificationsList";
  g_autoptr (GBytes) response
      = es10_call (channel, function, retrieve_request (sequence), 0xBF2B, cancellable, error);
  g_autoptr (GError) problem = NULL;
  TlvReader reader;
  Tlv item;

  if (response == NULL)
    return NULL;
  if (!es10_list (response, function, 0xBF2B, &reader, &problem))
    {
      if (g_strcmp0 (error_get_raw (problem, "result"), "1") == 0)
        gone (error, function);
      else
        g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  if (tlv_at_end (&reader))
    {
      gone (error, function);
      return NULL;
    }
  if (!tlv_next (&reader, &item, error))
    return NULL;
  if (item.tag != 0xBF37 && item.tag != 0x30)
    {
      tlv_error (error, &item, "is not a pending notification");
      return NULL;
    }
  return tlv_get_raw (&item);
}

gboolean
es10b_remove_notification (Channel *channel, GBytes *sequence, GError **error)
{
  const char *function = "ES10b.RemoveNotificationFromList";
  TlvBuilder *builder = tlv_builder_new ();
  guint result;

  tlv_open (builder, 0xBF30);
  tlv_add_bytes (builder, 0x80, sequence);
  tlv_close (builder);
  if (!es10_result (channel, function, tlv_builder_end (builder), 0xBF30, &result, NULL, error))
    return FALSE;
  return result <= 1 /* removed, or gone already */
         || es10_refused (error, ESIM_ERROR_CARD_REFUSED, function, result,
                          "the card does not remove the notification");
}
