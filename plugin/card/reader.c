/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The queue job that reads the card of one modem. */

#include "card/reader.h"

#include "base/error.h"
#include "card/ways.h"

CardReader *
card_reader_new (GPtrArray *ways, const char *device, gboolean known, const char *recovered)
{
  CardReader *self = g_new0 (CardReader, 1);

  self->ways = ways;
  self->device = g_strdup (device);
  self->known = known;
  self->recovered = recovered;
  return self;
}

void
card_reader_free (gpointer data)
{
  CardReader *self = data;

  g_ptr_array_unref (self->ways);
  g_clear_pointer (&self->worked, card_access_unref);
  g_clear_pointer (&self->facts, card_facts_unref);
  g_clear_pointer (&self->slots, g_array_unref);
  g_free (self->device);
  g_free (self);
}

/* That they can't be told is no reason not to read the card in the one in use. */
static void
list_slots (CardReader *self, CardAccess *way, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;

  if (!self->several || self->slots)
    return;
  self->slots = channel_list_slots (way->driver, &way->target, cancellable, &error);
  if (error)
    g_debug ("%s: slots: %s", way->device, error->message);
}

static gboolean
read_by (CardReader *self, CardAccess *way, GCancellable *cancellable, GError **error)
{
  g_autoptr (Channel) channel = NULL;

  if (self->recovered != way->driver->name)
    {
      if (!channel_recover (way->driver, &way->target, error))
        return FALSE;
      self->recovered = way->driver->name;
    }
  list_slots (self, way, cancellable);
  channel = card_access_open (way, NULL, cancellable, error);
  if (channel == NULL)
    return FALSE;
  self->facts = card_facts_read (channel, way->eid, cancellable, error);
  return self->facts != NULL;
}

/* Of several failures the first is told, for it is that of the best way; but not that there is no
 * eUICC, for another way did not get as far as to find that. */
static void
keep_error (GError **kept, GError *error)
{
  if (*kept && !error_is_code (*kept, ESIM_ERROR_NO_EUICC))
    {
      g_error_free (error);
      return;
    }
  g_clear_error (kept);
  *kept = error;
}

gboolean
card_reader_work (gpointer data, GCancellable *cancellable, GError **error)
{
  CardReader *self = data;
  GError *kept = NULL;

  self->verdict = TRUE;
  for (guint i = 0; i < self->ways->len; i++)
    {
      CardAccess *way = self->ways->pdata[i];
      GError *local = NULL;
      gboolean leads_on;

      if (read_by (self, way, cancellable, &local))
        {
          g_clear_error (&kept);
          self->worked = card_access_ref (way);
          return TRUE;
        }
      g_prefix_error (&local, "by %s: ", way->driver->name);
      leads_on = ways_leads_on (local, self->known);
      self->verdict &= ways_is_verdict (local);
      keep_error (&kept, local);
      if (!leads_on)
        break;
    }
  g_propagate_error (error, kept);
  return FALSE;
}
