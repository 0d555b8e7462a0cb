/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Which of a modem's slots is in use, and for whom: cards in the others are parked; a slot is
 * switched to for a job on its card, and back when nobody needs it any more. */

#include "base/error.h"
#include "card/entry.h"
#include "card/loan.h"

#define LAYER "card"
#define TICK_S 1
/* ModemManager probes a QMI modem without a SIM for some 13 s, and some modems leave the USB. */
#define SWITCH_S 60
#define SLOTS_MAX 32 /* bits */
/* A modem that appears so soon after someone asked is meant too. */
#define ASKED_S 15

/* A switch on its way. */
typedef struct
{
  const ModemDriver *driver;
  ModemSnapshot *modem;
  char *state_dir; /* NULL: nothing is kept */
  guint slot;
  gboolean lends;
  gint from, to;         /* the loan that it makes, where it LENDS */
  gint old_from, old_to; /* the one that there was; -1: none */
} Switch;

static void
switch_free (gpointer data)
{
  Switch *self = data;

  modem_snapshot_unref (self->modem);
  g_free (self->state_dir);
  g_free (self);
}

/* Whether the modem was not told: else it may still do it. */
static gboolean
is_refusal (const GError *error)
{
  return !error_is_code (error, ESIM_ERROR_CANCELLED)
         && !error_is_code (error, ESIM_ERROR_TIMED_OUT);
}

static void
restore_note (const Switch *self)
{
  if (self->old_from < 0)
    loan_forget (self->state_dir, self->modem->device);
  else
    loan_write (self->state_dir, self->modem->device, self->old_from, self->old_to, NULL);
}

/* Noted before it is lent; struck out only when the modem is seen back where it was. */
static gboolean
switch_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Switch *self = data;
  GError *problem = NULL;

  if (self->lends
      && !loan_write (self->state_dir, self->modem->device, self->from, self->to, error))
    return FALSE;
  if (self->driver->use_slot (self->modem, self->slot, cancellable, &problem))
    return TRUE;
  if (self->lends && is_refusal (problem))
    restore_note (self);
  g_propagate_error (error, problem);
  return FALSE;
}

static gboolean
is_lent (const Entry *self)
{
  return self->slots.from >= 0;
}

/* A card whose slot is being left is not in use any more for anybody. */
static void
show_loan (Entry *self)
{
  if (self->card)
    card_set_on_loan (self->card,
                      self->slots.switching
                          || (is_lent (self) && (gint) card_slot (self->card) == self->slots.to));
}

static void
set_loan (Entry *self, gint from, gint to)
{
  self->slots.from = from;
  self->slots.to = to;
  show_loan (self);
}

static void
forget_loan (Entry *self)
{
  if (!is_lent (self))
    return;
  set_loan (self, -1, -1);
  loan_forget (self->registry->state_dir, self->device);
}

static ChannelSlotKind
kind_of (const Entry *self, guint slot)
{
  const GArray *known = self->slots.known;

  return known && slot < known->len ? g_array_index (known, ChannelSlot, slot).kind
                                    : CHANNEL_SLOT_UNKNOWN;
}

/* ---- switching ---- */

static void
refuse_wanted (Entry *self, GError *error)
{
  Card *card = g_steal_pointer (&self->slots.wanted);

  if (card)
    card_refuse_slot (card, error);
  else
    g_error_free (error);
}

/* The modem is as it was: its card can be reached again. */
static void
stay (Entry *self)
{
  self->slots.switching = FALSE;
  show_loan (self);
  entry_show_card (self);
  if (self->again)
    entry_read (self);
}

static void
on_switched (gpointer data, const GError *error, gpointer user_data)
{
  const Switch *job = data;
  Registry *registry = user_data;
  Entry *self = g_hash_table_lookup (registry->entries, job->modem->device);

  if (self == NULL || error == NULL)
    return; /* the modem's coming back ends it */
  g_debug ("slot %u of %s: %s", job->slot + 1, self->device, error->message);
  self->slots.asked = FALSE;
  self->slots.idle_since = 0;
  refuse_wanted (self, g_error_copy (error));
  if (!is_refusal (error))
    return; /* it may still come */
  if (job->lends)
    set_loan (self, job->old_from, job->old_to);
  stay (self);
}

static gboolean on_tick (gpointer data);

static void
start_timer (Entry *self)
{
  if (self->slots.timer == 0)
    self->slots.timer = g_timeout_add_seconds (TICK_S, on_tick, self);
}

/* FROM, TO: the loan that it makes; -1: it ends the one that there is. CANCELLABLE may be NULL. */
static void
start_switch (Entry *self, guint slot, gint from, gint to, GCancellable *cancellable)
{
  Switch *job = g_new0 (Switch, 1);

  job->driver = self->driver;
  job->modem = modem_snapshot_ref (self->modem);
  job->state_dir = g_strdup (self->registry->state_dir);
  job->slot = slot;
  job->lends = from >= 0;
  job->from = from;
  job->to = to;
  job->old_from = self->slots.from;
  job->old_to = self->slots.to;
  self->slots.switching = TRUE;
  self->slots.target = slot;
  self->slots.since = g_get_monotonic_time ();
  if (job->lends)
    set_loan (self, from, to);
  else
    show_loan (self);
  entry_show_card (self);
  start_timer (self);
  queue_push (self->card_queue, switch_work, job, switch_free, cancellable, on_switched,
              self->registry);
}

/* Whether the slot in use serves nobody. A card there that can't be read at the moment is tried
 * again first. */
static gboolean
is_useless (const Entry *self)
{
  return self->card == NULL && self->modem->failure == MODEM_FAILURE_NO_SIM
         && (kind_of (self, self->modem->slot) == CHANNEL_SLOT_EMPTY || self->retry_source == 0);
}

/* What was in use before a whole row of switches is what is gone back to. */
static void
lend (Entry *self, guint slot)
{
  gint from = is_lent (self) ? self->slots.from : (gint) self->modem->slot;

  if (!is_lent (self))
    self->slots.from_nothing = is_useless (self);
  start_switch (self, slot, from, (gint) slot, self->registry->stop);
}

static gboolean
is_overdue (const Entry *self)
{
  return g_get_monotonic_time () - self->slots.since > SWITCH_S * G_USEC_PER_SEC;
}

static void
end_switch (Entry *self, const char *how)
{
  GError *error = NULL;

  self->slots.switching = FALSE;
  self->slots.idle_since = 0;
  if (self->modem && self->modem->slot == self->slots.target)
    {
      if ((gint) self->slots.target == self->slots.from)
        forget_loan (self);
      return;
    }
  error_set (&error, ESIM_ERROR_MODEM, LAYER, "the modem was told to use slot %u, and %s",
             self->slots.target + 1, how);
  g_debug ("%s: %s", self->device, error->message);
  refuse_wanted (self, error);
}

static gboolean
is_at_work (const Entry *self)
{
  return self->reading || (self->card && card_is_engaged (self->card))
         || !queue_is_idle (self->card_queue) || !queue_is_idle (self->net_queue);
}

static void
look_at_wanted (Entry *self)
{
  if (!card_is_engaged (self->slots.wanted))
    self->slots.wanted = NULL; /* whoever wanted it is gone */
  else
    lend (self, card_slot (self->slots.wanted));
}

/* Whoever asks for one thing of a card will soon ask for another, and a switch takes seconds. */
static void
look_at_loan (Entry *self)
{
  const gint64 now = g_get_monotonic_time ();
  const guint patience_s = self->registry->policy->switch_back_s;

  if (self->slots.idle_since == 0)
    self->slots.idle_since = now;
  if (patience_s == 0)
    forget_loan (self);
  /* In FROM: a switch that a crash cut may still come. */
  else if ((gint) self->modem->slot != self->slots.to)
    {
      if (is_overdue (self))
        forget_loan (self);
    }
  else if (self->modem->state != MODEM_STATE_CONNECTED
           && now - self->slots.idle_since >= patience_s * G_USEC_PER_SEC)
    start_switch (self, (guint) self->slots.from, -1, -1, self->registry->stop);
}

static gint next_to_look_into (Entry *self);

/* One thing at a time, and nothing while somebody needs the slot in use. */
static void
take_turn (Entry *self)
{
  gint next;

  if (self->slots.wanted)
    {
      look_at_wanted (self);
      return;
    }
  next = next_to_look_into (self);
  if (next >= 0)
    {
      self->slots.looked |= 1u << next;
      lend (self, (guint) next);
    }
  else if (is_lent (self))
    look_at_loan (self);
}

static gboolean
on_tick (gpointer data)
{
  Entry *self = data;

  if (self->slots.switching && is_overdue (self))
    {
      end_switch (self, "does not do it");
      stay (self);
    }
  if (self->slots.switching)
    return G_SOURCE_CONTINUE;
  if (self->modem && is_at_work (self))
    {
      self->slots.idle_since = 0;
      return G_SOURCE_CONTINUE;
    }
  if (self->modem)
    take_turn (self);
  /* Its coming back starts the timer again. */
  if (self->modem && (self->slots.switching || self->slots.wanted || is_lent (self)))
    return G_SOURCE_CONTINUE;
  self->slots.timer = 0;
  return G_SOURCE_REMOVE;
}

static gboolean
check_may_switch (const Entry *self, guint slot, GError **error)
{
  if (self->driver->use_slot == NULL)
    error_set (error, ESIM_ERROR_UNSUPPORTED, LAYER, "%s has no way to use slot %u",
               self->driver->name, slot + 1);
  else if (!self->registry->policy->switch_slots)
    error_set (error, ESIM_ERROR_UNSUPPORTED, LAYER,
               "the card is in slot %u, which is not in use, and esimd.conf says switch-slots=no: "
               "mmcli --set-primary-sim-slot=%u switches to it",
               slot + 1, slot + 1);
  else
    return TRUE;
  return FALSE;
}

void
slots_want (Entry *self, Card *card)
{
  GError *error = NULL;

  if (!check_may_switch (self, card_slot (card), &error))
    {
      card_refuse_slot (card, error);
      return;
    }
  if (self->slots.wanted && self->slots.wanted != card)
    {
      error_set (&error, ESIM_ERROR_BUSY, LAYER, "a card in another slot is waited for already");
      card_refuse_slot (card, error);
      return;
    }
  self->slots.wanted = card;
  start_timer (self);
}

void
slots_give_back (Entry *self)
{
  if (is_lent (self) && !self->slots.switching && self->registry->policy->switch_back_s > 0
      && self->modem && (gint) self->modem->slot == self->slots.to
      && self->modem->state != MODEM_STATE_CONNECTED
      && !(self->card && card_is_engaged (self->card)))
    start_switch (self, (guint) self->slots.from, -1, -1, NULL);
}

void
slots_keep (Entry *self, Card *card)
{
  if (card == self->card)
    forget_loan (self);
}

/* ---- parked cards ---- */

static Card *
parked_at (const Entry *self, guint slot)
{
  for (guint i = 0; i < self->slots.parked->len; i++)
    if (card_slot (self->slots.parked->pdata[i]) == slot)
      return self->slots.parked->pdata[i];
  return NULL;
}

static void
drop_parked (Entry *self, Card *card)
{
  if (card == NULL)
    return;
  if (self->slots.wanted == card)
    self->slots.wanted = NULL;
  entry_drop_card (self, card);
  g_ptr_array_remove (self->slots.parked, card);
}

static void
park (Entry *self, Card *card, guint slot)
{
  card_set_place (card, slot, TRUE);
  card_set_on_loan (card, FALSE);
  g_ptr_array_add (self->slots.parked, card);
}

void
slots_show (Entry *self)
{
  if (self->modem == NULL)
    self->slots.away = TRUE;
  for (guint i = 0; i < self->slots.parked->len; i++)
    card_set_modem (self->slots.parked->pdata[i], self->driver, self->modem, NULL);
}

static void
swap_cards (Entry *self)
{
  guint slot = self->modem->slot;
  Card *card = parked_at (self, slot);

  if (self->card && card_slot (self->card) != slot)
    park (self, g_steal_pointer (&self->card), card_slot (self->card));
  if (card == NULL || self->card)
    return;
  self->card = g_object_ref (card);
  g_ptr_array_remove (self->slots.parked, card);
  card_set_place (card, slot, FALSE);
  if (self->slots.wanted == card)
    self->slots.wanted = NULL;
}

void
slots_moved (Entry *self)
{
  gboolean away = self->slots.away;

  self->slots.away = FALSE;
  if (self->slots.switching && (away || self->modem->slot == self->slots.target))
    end_switch (self, "came back as it was");
  /* Someone else has chosen a third slot meanwhile. */
  if (is_lent (self) && !self->slots.switching && (gint) self->modem->slot != self->slots.to
      && (gint) self->modem->slot != self->slots.from)
    forget_loan (self);
  swap_cards (self);
  show_loan (self);
  self->slots.idle_since = 0;
  if (is_lent (self) || self->slots.wanted || self->slots.asked)
    start_timer (self);
}

static void
see_slot (Entry *self, guint slot, const ChannelSlot *told)
{
  Card *there = parked_at (self, slot);
  gboolean named = told->kind == CHANNEL_SLOT_EUICC && *told->eid;

  if (told->kind == CHANNEL_SLOT_EMPTY || told->kind == CHANNEL_SLOT_PLAIN
      || (named && there && !g_str_equal (card_eid (there), told->eid)))
    {
      drop_parked (self, there);
      there = NULL;
    }
  if (!named || there || (self->card && g_str_equal (card_eid (self->card), told->eid)))
    return;
  there = entry_new_card (self, told->eid);
  park (self, there, slot);
  card_set_modem (there, self->driver, self->modem, NULL);
  entry_publish_card (self, there);
}

void
slots_see (Entry *self, GArray *known)
{
  if (known == NULL || self->modem == NULL)
    {
      g_clear_pointer (&known, g_array_unref);
      return;
    }
  g_clear_pointer (&self->slots.known, g_array_unref);
  self->slots.known = known;
  for (guint i = 0; i < known->len; i++)
    if (i != self->modem->slot)
      see_slot (self, i, &g_array_index (known, ChannelSlot, i));
}

/* ---- looking around ---- */

/* The next slot, not in use, that may hold an eUICC and was not looked into, where looking is due;
 * -1: none. */
static gint
next_to_look_into (Entry *self)
{
  guint n = MIN (self->modem->n_slots, SLOTS_MAX);

  if (n < 2 || !(self->slots.asked || is_useless (self)) || !check_may_switch (self, 0, NULL))
    n = 0;
  for (guint i = 0; i < n; i++)
    {
      ChannelSlotKind kind = kind_of (self, i);

      if (i != self->modem->slot && !(self->slots.looked & 1u << i)
          && (kind == CHANNEL_SLOT_UNKNOWN || kind == CHANNEL_SLOT_EUICC))
        return (gint) i;
    }
  self->slots.asked = FALSE;
  return -1;
}

void
slots_found (Entry *self)
{
  /* There is nothing to go back to. */
  if (is_lent (self)
      && (self->slots.from_nothing
          || kind_of (self, (guint) self->slots.from) == CHANNEL_SLOT_EMPTY))
    forget_loan (self);
}

void
slots_look (Entry *self)
{
  if (self->modem && self->modem->n_slots > 1)
    start_timer (self);
}

void
slots_ask (Entry *self, gboolean everywhere)
{
  self->slots.looked = 0;
  self->slots.asked = everywhere && self->modem;
  slots_look (self);
}

/* ---- with the entry ---- */

void
slots_open (Entry *self)
{
  self->slots.parked = g_ptr_array_new_with_free_func (g_object_unref);
  self->slots.from = self->slots.to = -1;
  self->slots.since = g_get_monotonic_time ();
  loan_read (self->registry->state_dir, self->device, &self->slots.from, &self->slots.to);
  self->slots.asked
      = self->registry->asked_at
        && g_get_monotonic_time () - self->registry->asked_at < ASKED_S * G_USEC_PER_SEC;
}

void
slots_drop_cards (Entry *self)
{
  while (self->slots.parked->len > 0)
    drop_parked (self, self->slots.parked->pdata[0]);
  g_clear_pointer (&self->slots.known, g_array_unref);
  self->slots.looked = 0;
  self->slots.asked = self->slots.switching = FALSE;
}

void
slots_close (Entry *self)
{
  g_clear_handle_id (&self->slots.timer, g_source_remove);
  for (guint i = 0; i < self->slots.parked->len; i++)
    g_signal_handlers_disconnect_by_data (self->slots.parked->pdata[i], self);
  g_ptr_array_unref (self->slots.parked);
  g_clear_pointer (&self->slots.known, g_array_unref);
}
