/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The queue job that reads one card. */

#include "card/reader.h"

CardReader *
card_reader_new (CardAccess *access, const char *device, gboolean recover)
{
  CardReader *self = g_new0 (CardReader, 1);

  self->access = card_access_ref (access);
  self->device = g_strdup (device);
  self->recover = recover;
  return self;
}

void
card_reader_free (gpointer data)
{
  CardReader *self = data;

  card_access_unref (self->access);
  g_clear_pointer (&self->facts, card_facts_unref);
  g_free (self->device);
  g_free (self);
}

gboolean
card_reader_work (gpointer data, GCancellable *cancellable, GError **error)
{
  CardReader *self = data;
  g_autoptr (Channel) channel = NULL;

  if (self->recover)
    {
      if (!channel_recover (self->access->driver, &self->access->target, error))
        return FALSE;
      self->recovered = TRUE;
    }
  channel = card_access_open (self->access, NULL, cancellable, error);
  if (channel == NULL)
    return FALSE;
  self->facts = card_facts_read (channel, self->access->eid, cancellable, error);
  return self->facts != NULL;
}
