/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One modem: follows it, reads the card in the slot in use on its queue, and publishes a Card for
 * the eUICC found. */

#include "card/entry.h"

#include "base/error.h"
#include "card/ways.h"

/* A card that cannot be read is tried again after 2, 4, 8, 16 and 32 s, then when its modem
 * changes. */
#define READ_TRIES 5

Card *
entry_new_card (Entry *self, const char *eid)
{
  Card *card = card_new (++self->registry->last_number, eid, self->card_queue, self->net_queue);

  g_signal_connect_swapped (card, "slot-wanted", G_CALLBACK (slots_want), self);
  g_signal_connect_swapped (card, "slot-kept", G_CALLBACK (slots_keep), self);
  return card;
}

void
entry_publish_card (Entry *self, Card *card)
{
  g_ptr_array_add (self->registry->cards, g_object_ref (card));
  g_signal_emit_by_name (self->registry, "card-added", card);
}

void
entry_drop_card (Entry *self, Card *card)
{
  GError *error = NULL;

  error_set (&error, ESIM_ERROR_NO_EUICC, "card", "the card is not there any more");
  card_refuse_slot (card, error);
  g_signal_handlers_disconnect_by_data (card, self);
  g_ptr_array_remove (self->registry->cards, card);
  g_signal_emit_by_name (self->registry, "card-removed", card);
}

/* The one in the slot in use. */
static void
drop_used_card (Entry *self)
{
  g_autoptr (Card) card = g_steal_pointer (&self->card);

  if (card)
    entry_drop_card (self, card);
}

void
entry_free (Entry *self)
{
  slots_close (self);
  if (self->card)
    g_signal_handlers_disconnect_by_data (self->card, self);
  g_clear_handle_id (&self->retry_source, g_source_remove);
  g_clear_handle_id (&self->gone_source, g_source_remove);
  g_clear_pointer (&self->modem, modem_snapshot_unref);
  g_clear_pointer (&self->left, modem_snapshot_unref);
  g_clear_object (&self->card);
  g_clear_pointer (&self->worked, card_access_unref);
  g_clear_pointer (&self->card_queue, queue_unref);
  g_clear_pointer (&self->net_queue, queue_unref);
  g_free (self->device);
  g_free (self);
}

static Quirks
find_quirks (Entry *self)
{
  const QuirksModem modem = { .usb_id = self->modem->usb_id,
                              .model = self->modem->model,
                              .revision = self->modem->revision,
                              .stack = self->modem->stack };
  const Policy *policy = self->registry->policy;

  return policy ? policy_quirks (policy, &modem) : QUIRKS_DEFAULT;
}

static GPtrArray *
find_ways (Entry *self, const Quirks *quirks)
{
  const WaysOrder order = { .channels = self->registry->channels,
                            .quirks = quirks,
                            .worked = self->worked,
                            .remembered = models_get (self->registry->models, self->modem),
                            .state_dir = self->registry->state_dir };

  return ways_find (self->modem, &order);
}

/* The card's jobs go the way by which it was read; the ports' names may have changed since. */
static void
entry_show_modem (Entry *self)
{
  const Quirks quirks = find_quirks (self);
  g_autoptr (GPtrArray) ways = find_ways (self, &quirks);
  g_autoptr (CardAccess) access = NULL;

  if (ways->len > 0 && !self->slots.switching)
    access = card_access_to (ways->pdata[0], card_eid (self->card));
  card_set_place (self->card, self->modem->slot, FALSE);
  card_set_modem (self->card, self->driver, self->modem, access);
}

static void
entry_publish (Entry *self, CardFacts *facts, gboolean moved)
{
  slots_found (self);
  if (self->card && !g_str_equal (card_eid (self->card), facts->eid))
    drop_used_card (self);
  if (self->card)
    {
      if (moved && self->modem)
        entry_show_modem (self);
      card_set_facts (self->card, facts);
      return;
    }
  self->card = entry_new_card (self, facts->eid);
  card_set_on_loan (self->card, self->slots.from >= 0);
  card_set_facts (self->card, facts);
  if (self->modem)
    entry_show_modem (self);
  entry_publish_card (self, self->card);
}

/* The way by which the card was read is the first to be tried from now on, on other modems of this
 * model too where the modem itself has refused the ones before. TRUE: it is another than before. */
static gboolean
entry_learn (Entry *self, const CardReader *reader)
{
  const CardAccess *before = self->worked, *first = reader->ways->pdata[0];
  gboolean moved = before == NULL || before->driver != reader->worked->driver
                   || !g_str_equal (before->device, reader->worked->device);

  if (self->modem && reader->verdict && first->driver != reader->worked->driver)
    models_set (self->registry->models, self->modem, reader->worked->driver->name);
  g_clear_pointer (&self->worked, card_access_unref);
  self->worked = card_access_ref (reader->worked);
  return moved;
}

static gboolean
on_retry (gpointer data)
{
  Entry *self = data;

  self->retry_source = 0;
  if (self->modem)
    entry_read (self);
  else
    self->again = TRUE;
  return G_SOURCE_REMOVE;
}

/* A card without an ISD-R is no eUICC and stays so; anything else may pass. */
static void
entry_read_failed (Entry *self, const GError *error)
{
  g_debug ("card in %s: %s", self->modem ? self->modem->device : "a modem that left",
           error->message);
  if (error_is_code (error, ESIM_ERROR_NO_EUICC))
    drop_used_card (self);
  else if ((self->modem || self->borrows) && self->tries < READ_TRIES
           && !g_cancellable_is_cancelled (self->registry->stop))
    {
      /* A Rescan may have read it before its next try was due. */
      g_clear_handle_id (&self->retry_source, g_source_remove);
      self->retry_source = g_timeout_add_seconds (1u << ++self->tries, on_retry, self);
    }
}

static void
on_read (gpointer data, const GError *error, gpointer user_data)
{
  CardReader *reader = data;
  Registry *registry = user_data;
  Entry *self = g_hash_table_lookup (registry->entries, reader->device);

  if (self == NULL)
    return;
  self->reading = FALSE;
  self->recovered = reader->recovered;
  slots_see (self, g_steal_pointer (&reader->slots));
  if (error)
    entry_read_failed (self, error);
  else
    {
      self->tries = 0;
      entry_publish (self, reader->facts, entry_learn (self, reader));
    }
  if (self->again && self->retry_source == 0)
    entry_read (self);
  slots_look (self);
}

void
entry_show_card (Entry *self)
{
  if (self->modem && self->card)
    entry_show_modem (self);
}

/* Whether there is an eUICC by the modem's word or by our own eyes. */
static gboolean
entry_is_euicc (const Entry *self)
{
  return self->card || *self->modem->eid || self->modem->failure == MODEM_FAILURE_NO_PROFILE;
}

/* Whether the modem may leave because of us: by the way that works, while none does by any. */
static gboolean
may_borrow (const Entry *self, GPtrArray *ways)
{
  if (self->worked)
    return self->worked->driver->borrows;
  for (guint i = 0; i < ways->len; i++)
    if (((CardAccess *) ways->pdata[i])->driver->borrows)
      return TRUE;
  return FALSE;
}

void
entry_read (Entry *self)
{
  g_autoptr (GPtrArray) ways = NULL;
  Quirks quirks;
  CardReader *reader;

  self->again = self->reading || self->slots.switching;
  if (self->modem == NULL || self->again)
    return;
  quirks = find_quirks (self);
  ways = find_ways (self, &quirks);
  if (ways->len == 0 || (quirks.known_only && !entry_is_euicc (self)))
    return;
  self->reading = TRUE;
  self->borrows = may_borrow (self, ways);
  reader = card_reader_new (g_steal_pointer (&ways), self->device, entry_is_euicc (self),
                            self->recovered);
  reader->several = self->modem->n_slots > 1;
  queue_push (self->card_queue, card_reader_work, reader, card_reader_free, self->registry->stop,
              on_read, self->registry);
}

/* ---- a modem that was borrowed ---- */

/* What a wake-up is made of. */
typedef struct
{
  const ModemDriver *driver;
  ModemSnapshot *modem;
} Wake;

static void
wake_free (gpointer data)
{
  Wake *self = data;

  modem_snapshot_unref (self->modem);
  g_free (self);
}

static gboolean
wake_work (gpointer data, GCancellable *cancellable, GError **error)
{
  const Wake *self = data;

  return self->driver->enable (self->modem, cancellable, error);
}

static void
on_woken (gpointer data, const GError *error, gpointer user_data)
{
  const Wake *wake = data;
  Registry *registry = user_data;
  Entry *self = g_hash_table_lookup (registry->entries, wake->modem->device);

  if (error)
    g_debug ("%s: %s", wake->modem->device, error->message);
  if (self)
    self->waking = FALSE;
}

static gboolean
is_up (ModemState state)
{
  return state == MODEM_STATE_SEARCHING || state == MODEM_STATE_DENIED
         || state == MODEM_STATE_REGISTERED || state == MODEM_STATE_CONNECTED;
}

/* Whether it is our doing where the modem leaves its stack now. */
static gboolean
is_taken (const Entry *self)
{
  return self->slots.switching || (self->borrows && !queue_is_idle (self->card_queue));
}

/* ModemManager probes a modem that it gets back, and leaves it disabled. Behind all that is still
 * to be done with the card: the next of those would take the modem away again. */
static void
look_at_wake (Entry *self)
{
  Wake *wake;

  if (is_up (self->modem->state))
    self->was_up = FALSE;
  if (!self->was_up || self->waking || self->slots.from >= 0
      || self->modem->state != MODEM_STATE_DISABLED)
    return;
  self->waking = TRUE;
  wake = g_new0 (Wake, 1);
  wake->driver = self->driver;
  wake->modem = modem_snapshot_ref (self->modem);
  queue_push (self->card_queue, wake_work, wake, wake_free, self->registry->stop, on_woken,
              self->registry);
}

static gboolean
on_gone (gpointer data)
{
  Entry *self = data;

  /* A modem that we have reset may take two minutes; the run that did it waits for it. */
  if (self->card && card_is_excused (self->card))
    return G_SOURCE_CONTINUE;
  if (is_taken (self))
    return G_SOURCE_CONTINUE;
  self->gone_source = 0;
  g_clear_pointer (&self->left, modem_snapshot_unref);
  drop_used_card (self);
  slots_drop_cards (self);
  return G_SOURCE_REMOVE;
}

void
entry_set_away (Entry *self)
{
  if (self->modem)
    {
      self->was_up |= is_taken (self) && (self->fading || is_up (self->modem->state));
      self->fading = FALSE;
      g_clear_pointer (&self->left, modem_snapshot_unref);
      self->left = g_steal_pointer (&self->modem);
    }
  g_clear_handle_id (&self->retry_source, g_source_remove);
  self->recovered = NULL;
  if (self->card)
    card_set_modem (self->card, self->driver, NULL, NULL);
  slots_show (self);
  if (self->gone_source == 0)
    self->gone_source = g_timeout_add_seconds (self->registry->gone_after_s, on_gone, self);
}

/* Whether the card was read with the very profile that the modem sees now. */
static gboolean
is_known (const Entry *self)
{
  const CardFacts *facts = self->card ? card_facts (self->card) : NULL;
  const Profile *enabled = facts ? card_facts_enabled (facts) : NULL;

  return enabled && g_str_equal (enabled->iccid, self->modem->iccid);
}

/* Someone may have switched profiles beside us, or put in another card. A modem that we borrowed
 * comes back as it was: reading its card again would borrow it again, without end. */
static gboolean
needs_reading (Entry *self, const ModemSnapshot *before, const ModemSnapshot *left)
{
  const ModemSnapshot *known = before ? before : left;

  if (known == NULL || (!self->borrows && (before == NULL || self->card == NULL)))
    return TRUE;
  if (known->slot != self->modem->slot)
    return TRUE;
  if (self->again)
    return TRUE;
  return (!g_str_equal (known->iccid, self->modem->iccid)
          || !g_str_equal (known->eid, self->modem->eid))
         && !(self->borrows && is_known (self));
}

/* The SIM has just gone: the modem restarts the card, and a way that an APDU in between would spoil
 * is not used before it is through. */
static gboolean
must_wait (const Entry *self, const ModemSnapshot *before)
{
  return self->worked && self->worked->driver->fragile && before && *before->iccid
         && *self->modem->iccid == '\0';
}

void
entry_set_modem (Entry *self, ModemSnapshot *modem)
{
  g_autoptr (ModemSnapshot) before = g_steal_pointer (&self->modem);
  g_autoptr (ModemSnapshot) left = g_steal_pointer (&self->left);

  g_clear_handle_id (&self->gone_source, g_source_remove);
  self->modem = modem_snapshot_ref (modem);
  /* ModemManager disables a modem before it lets go of it. */
  self->fading = !is_up (modem->state)
                 && (self->fading || (before && is_up (before->state) && is_taken (self)));
  slots_moved (self);
  if (self->card)
    entry_show_modem (self);
  slots_show (self);
  look_at_wake (self);
  if (!needs_reading (self, before, left) || self->retry_source)
    return;
  if (must_wait (self, before))
    self->retry_source = g_timeout_add_seconds (CHANNEL_RESTART_S, on_retry, self);
  else
    entry_read (self);
}

void
entry_set_policy (Entry *self)
{
  if (self->modem && self->card)
    entry_show_modem (self);
  else
    entry_read (self);
}

Entry *
entry_new (Registry *registry, const ModemDriver *driver, const char *device)
{
  Entry *self = g_new0 (Entry, 1);

  self->registry = registry;
  self->driver = driver;
  self->device = g_strdup (device);
  self->card_queue = queue_new ("card");
  self->net_queue = queue_new ("net");
  slots_open (self);
  return self;
}
