/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One eUICC as the main thread knows it. */

#include "card/card.h"

struct _Card
{
  GObject parent;
  guint number;
  char *eid;
  Queue *card_queue, *net_queue;
  const ModemDriver *driver;
  ModemSnapshot *modem;
  CardAccess *access;
  CardFacts *facts;
  GQueue downloads;     /* of Install */
  gint64 excused_until; /* g_get_monotonic_time() */
  guint slot;
  gboolean parked, on_loan;
  guint engaged;
  GError *problem; /* why its slot can't be had; NULL */
};

G_DEFINE_FINAL_TYPE (Card, card, G_TYPE_OBJECT)

static void
card_finalize (GObject *object)
{
  Card *self = ESIM_CARD (object);

  g_free (self->eid);
  g_clear_pointer (&self->card_queue, queue_unref);
  g_clear_pointer (&self->net_queue, queue_unref);
  g_clear_pointer (&self->modem, modem_snapshot_unref);
  g_clear_pointer (&self->access, card_access_unref);
  g_clear_pointer (&self->facts, card_facts_unref);
  g_clear_error (&self->problem);
  G_OBJECT_CLASS (card_parent_class)->finalize (object);
}

static void
card_class_init (CardClass *class)
{
  G_OBJECT_CLASS (class)->finalize = card_finalize;
  g_signal_new ("changed", CARD_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  g_signal_new ("slot-wanted", CARD_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  g_signal_new ("slot-kept", CARD_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
card_init (Card *self)
{
  g_queue_init (&self->downloads);
}

Card *
card_new (guint number, const char *eid, Queue *card_queue, Queue *net_queue)
{
  Card *self = g_object_new (CARD_TYPE, NULL);

  self->number = number;
  self->eid = g_strdup (eid);
  self->card_queue = queue_ref (card_queue);
  self->net_queue = queue_ref (net_queue);
  return self;
}

guint
card_number (Card *self)
{
  return self->number;
}

const char *
card_eid (Card *self)
{
  return self->eid;
}

ModemSnapshot *
card_modem (Card *self)
{
  return self->modem;
}

const ModemDriver *
card_modem_driver (Card *self)
{
  return self->driver;
}

CardAccess *
card_access (Card *self)
{
  return self->access;
}

CardFacts *
card_facts (Card *self)
{
  return self->facts;
}

Queue *
card_queue (Card *self)
{
  return self->card_queue;
}

Queue *
card_net_queue (Card *self)
{
  return self->net_queue;
}

GQueue *
card_downloads (Card *self)
{
  return &self->downloads;
}

guint
card_slot (Card *self)
{
  return self->slot;
}

gboolean
card_is_parked (Card *self)
{
  return self->parked;
}

void
card_set_place (Card *self, guint slot, gboolean parked)
{
  self->slot = slot;
  self->parked = parked;
}

void
card_want_slot (Card *self)
{
  g_clear_error (&self->problem);
  g_signal_emit_by_name (self, "slot-wanted");
}

const GError *
card_slot_problem (Card *self)
{
  return self->problem;
}

void
card_refuse_slot (Card *self, GError *error)
{
  g_clear_error (&self->problem);
  self->problem = error;
  g_signal_emit_by_name (self, "changed");
}

gboolean
card_is_on_loan (Card *self)
{
  return self->on_loan;
}

void
card_keep_slot (Card *self)
{
  g_signal_emit_by_name (self, "slot-kept");
}

void
card_set_on_loan (Card *self, gboolean on_loan)
{
  if (self->on_loan == on_loan)
    return;
  self->on_loan = on_loan;
  g_signal_emit_by_name (self, "changed");
}

void
card_engage (Card *self)
{
  self->engaged++;
}

void
card_disengage (Card *self)
{
  self->engaged--;
}

gboolean
card_is_engaged (Card *self)
{
  return self->engaged > 0;
}

void
card_excuse (Card *self, guint seconds)
{
  self->excused_until = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
}

gboolean
card_is_excused (Card *self)
{
  return g_get_monotonic_time () < self->excused_until;
}

void
card_set_facts (Card *self, CardFacts *facts)
{
  card_facts_ref (facts);
  g_clear_pointer (&self->facts, card_facts_unref);
  self->facts = facts;
  g_signal_emit_by_name (self, "changed");
}

void
card_set_modem (Card *self, const ModemDriver *driver, ModemSnapshot *modem, CardAccess *access)
{
  g_clear_pointer (&self->modem, modem_snapshot_unref);
  g_clear_pointer (&self->access, card_access_unref);
  self->driver = driver;
  self->modem = modem ? modem_snapshot_ref (modem) : NULL;
  self->access = access ? card_access_ref (access) : NULL;
  g_signal_emit_by_name (self, "changed");
}
