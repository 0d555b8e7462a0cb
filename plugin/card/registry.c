/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Follows modems by their device, reads the card of each on its queue, and publishes a Card for
 * every eUICC found. */

#include "card/registry.h"

#include <errno.h>

#include "base/error.h"
#include "card/models.h"
#include "card/reader.h"
#include "card/ways.h"

/* A modem that re-probes is away for a second or two; its card stays published for this long. */
#define GONE_AFTER_S 30

/* A card that cannot be read is tried again after 2, 4, 8, 16 and 32 s, then when its modem
 * changes. */
#define READ_TRIES 5

struct _Registry
{
  GObject parent;
  const ModemDriver *const *modems;
  const ChannelDriver *const *channels;
  char *state_dir;
  Models *models;
  guint gone_after_s;
  Policy *policy;      /* NULL: no modem is known to be peculiar */
  GPtrArray *running;  /* of Watch */
  GHashTable *entries; /* Modem.Device -> Entry */
  GPtrArray *cards;
  guint last_number; /* numbers are not used again while the service runs */
  GCancellable *stop;
};

/* One started modem driver. */
typedef struct
{
  Registry *registry;
  const ModemDriver *driver;
  gpointer handle;
} Watch;

/* One modem, by its device. */
typedef struct
{
  Registry *registry;
  const ModemDriver *driver;
  ModemSnapshot *modem; /* NULL while away */
  ModemSnapshot *left;  /* while away for a moment: as it was; else NULL */
  Queue *card_queue, *net_queue;
  Card *card;            /* NULL while no eUICC is known in it */
  CardAccess *worked;    /* the way that its card was read by last; NULL: none yet */
  const char *recovered; /* as CardReader has it */
  gboolean borrows;      /* reading its card may take the modem from its stack for a moment */
  gboolean reading;
  gboolean again; /* something changed while it was read, or a try was due while it was away */
  guint tries;
  guint retry_source, gone_source;
} Entry;

G_DEFINE_FINAL_TYPE (Registry, registry, G_TYPE_OBJECT)

static void entry_read (Entry *self);

static void
entry_drop_card (Entry *self)
{
  g_autoptr (Card) card = g_steal_pointer (&self->card);

  if (card == NULL)
    return;
  g_ptr_array_remove (self->registry->cards, card);
  g_signal_emit_by_name (self->registry, "card-removed", card);
}

static void
entry_free (Entry *self)
{
  g_clear_handle_id (&self->retry_source, g_source_remove);
  g_clear_handle_id (&self->gone_source, g_source_remove);
  g_clear_pointer (&self->modem, modem_snapshot_unref);
  g_clear_pointer (&self->left, modem_snapshot_unref);
  g_clear_object (&self->card);
  g_clear_pointer (&self->worked, card_access_unref);
  g_clear_pointer (&self->card_queue, queue_unref);
  g_clear_pointer (&self->net_queue, queue_unref);
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

  if (ways->len > 0)
    access = card_access_to (ways->pdata[0], card_eid (self->card));
  card_set_modem (self->card, self->driver, self->modem, access);
}

static void
entry_publish (Entry *self, CardFacts *facts, gboolean moved)
{
  Registry *registry = self->registry;

  if (self->card && !g_str_equal (card_eid (self->card), facts->eid))
    entry_drop_card (self);
  if (self->card)
    {
      if (moved && self->modem)
        entry_show_modem (self);
      card_set_facts (self->card, facts);
      return;
    }
  self->card = card_new (++registry->last_number, facts->eid, self->card_queue, self->net_queue);
  card_set_facts (self->card, facts);
  if (self->modem)
    entry_show_modem (self);
  g_ptr_array_add (registry->cards, g_object_ref (self->card));
  g_signal_emit_by_name (registry, "card-added", self->card);
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
    entry_drop_card (self);
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
  if (error)
    entry_read_failed (self, error);
  else
    {
      self->tries = 0;
      entry_publish (self, reader->facts, entry_learn (self, reader));
    }
  if (self->again && self->retry_source == 0)
    entry_read (self);
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

static void
entry_read (Entry *self)
{
  g_autoptr (GPtrArray) ways = NULL;
  Quirks quirks;
  CardReader *reader;

  self->again = self->reading;
  if (self->modem == NULL || self->reading)
    return;
  quirks = find_quirks (self);
  ways = find_ways (self, &quirks);
  if (ways->len == 0 || (quirks.known_only && !entry_is_euicc (self)))
    return;
  self->reading = TRUE;
  self->borrows = may_borrow (self, ways);
  reader = card_reader_new (g_steal_pointer (&ways), self->modem->device, entry_is_euicc (self),
                            self->recovered);
  queue_push (self->card_queue, card_reader_work, reader, card_reader_free, self->registry->stop,
              on_read, self->registry);
}

static gboolean
on_gone (gpointer data)
{
  Entry *self = data;

  /* A modem that we have reset may take two minutes; the run that did it waits for it. */
  if (self->card && card_is_excused (self->card))
    return G_SOURCE_CONTINUE;
  if (self->borrows && !queue_is_idle (self->card_queue))
    return G_SOURCE_CONTINUE; /* we have it */
  self->gone_source = 0;
  g_clear_pointer (&self->left, modem_snapshot_unref);
  entry_drop_card (self);
  return G_SOURCE_REMOVE;
}

static void
entry_set_away (Entry *self)
{
  if (self->modem)
    {
      g_clear_pointer (&self->left, modem_snapshot_unref);
      self->left = g_steal_pointer (&self->modem);
    }
  g_clear_handle_id (&self->retry_source, g_source_remove);
  self->recovered = NULL;
  if (self->card)
    card_set_modem (self->card, self->driver, NULL, NULL);
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
  if (self->again)
    return TRUE;
  return (!g_str_equal (known->iccid, self->modem->iccid)
          || !g_str_equal (known->eid, self->modem->eid))
         && !(self->borrows && is_known (self));
}

static void
entry_set_modem (Entry *self, ModemSnapshot *modem)
{
  g_autoptr (ModemSnapshot) before = g_steal_pointer (&self->modem);
  g_autoptr (ModemSnapshot) left = g_steal_pointer (&self->left);

  g_clear_handle_id (&self->gone_source, g_source_remove);
  self->modem = modem_snapshot_ref (modem);
  if (self->card)
    entry_show_modem (self);
  if (needs_reading (self, before, left) && self->retry_source == 0)
    entry_read (self);
}

static Entry *
entry_new (Registry *registry, const ModemDriver *driver)
{
  Entry *self = g_new0 (Entry, 1);

  self->registry = registry;
  self->driver = driver;
  self->card_queue = queue_new ("card");
  self->net_queue = queue_new ("net");
  return self;
}

static void
on_modem_changed (const char *device, ModemSnapshot *modem, gpointer data)
{
  Watch *watch = data;
  Registry *self = watch->registry;
  Entry *entry = g_hash_table_lookup (self->entries, device);

  if (entry == NULL && modem == NULL)
    return;
  if (entry == NULL)
    {
      entry = entry_new (self, watch->driver);
      g_hash_table_insert (self->entries, g_strdup (device), entry);
    }
  if (modem)
    entry_set_modem (entry, modem);
  else
    entry_set_away (entry);
}

static void
watch_free (Watch *self)
{
  self->driver->stop (self->handle);
  g_free (self);
}

static void
registry_finalize (GObject *object)
{
  Registry *self = CARD_REGISTRY (object);

  g_ptr_array_unref (self->running);
  g_hash_table_unref (self->entries);
  g_ptr_array_unref (self->cards);
  g_object_unref (self->stop);
  g_free (self->state_dir);
  models_free (self->models);
  g_clear_pointer (&self->policy, policy_unref);
  G_OBJECT_CLASS (registry_parent_class)->finalize (object);
}

static void
registry_class_init (RegistryClass *class)
{
  G_OBJECT_CLASS (class)->finalize = registry_finalize;
  g_signal_new ("card-added", CARD_TYPE_REGISTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, CARD_TYPE);
  g_signal_new ("card-removed", CARD_TYPE_REGISTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, CARD_TYPE);
}

static void
registry_init (Registry *self)
{
  self->running = g_ptr_array_new_with_free_func ((GDestroyNotify) watch_free);
  self->entries
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) entry_free);
  self->cards = g_ptr_array_new_with_free_func (g_object_unref);
  self->stop = g_cancellable_new ();
}

Registry *
registry_new (const ModemDriver *const *modems, const ChannelDriver *const *channels,
              const char *state_dir)
{
  Registry *self = g_object_new (CARD_TYPE_REGISTRY, NULL);

  self->modems = modems;
  self->channels = channels;
  self->state_dir = g_strdup (state_dir);
  if (g_mkdir_with_parents (state_dir, 0700) != 0)
    g_debug ("%s: %s", state_dir, g_strerror (errno));
  self->models = models_open (state_dir);
  self->gone_after_s = GONE_AFTER_S;
  return self;
}

static void
tell_ports (Watch *self)
{
  if (self->driver->set_at_ports)
    self->driver->set_at_ports (self->handle, self->registry->policy->at_port);
}

void
registry_set_policy (Registry *self, Policy *policy)
{
  GHashTableIter iter;
  gpointer value;

  policy_ref (policy);
  g_clear_pointer (&self->policy, policy_unref);
  self->policy = policy;
  g_ptr_array_foreach (self->running, (GFunc) (void (*) (void)) tell_ports, NULL);
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Entry *entry = value;

      if (entry->modem && entry->card)
        entry_show_modem (entry);
      else
        entry_read (entry);
    }
}

void
registry_set_patience (Registry *self, guint seconds)
{
  self->gone_after_s = seconds;
}

void
registry_start (Registry *self)
{
  for (guint i = 0; self->modems[i]; i++)
    {
      Watch *watch = g_new0 (Watch, 1);

      watch->registry = self;
      watch->driver = self->modems[i];
      g_ptr_array_add (self->running, watch);
      watch->handle = watch->driver->start (on_modem_changed, watch);
      if (self->policy)
        tell_ports (watch);
    }
}

void
registry_stop (Registry *self)
{
  GHashTableIter iter;
  gpointer entry;

  g_cancellable_cancel (self->stop);
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    {
      g_clear_handle_id (&((Entry *) entry)->retry_source, g_source_remove);
      queue_cancel_all (((Entry *) entry)->card_queue);
      queue_cancel_all (((Entry *) entry)->net_queue);
    }
}

gboolean
registry_is_idle (Registry *self)
{
  GHashTableIter iter;
  gpointer entry;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    if (!queue_is_idle (((Entry *) entry)->card_queue)
        || !queue_is_idle (((Entry *) entry)->net_queue))
      return FALSE;
  return TRUE;
}

void
registry_rescan (Registry *self)
{
  GHashTableIter iter;
  gpointer entry;

  for (guint i = 0; i < self->running->len; i++)
    {
      Watch *watch = self->running->pdata[i];
      watch->driver->rescan (watch->handle);
    }
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    entry_read (entry);
}

GPtrArray *
registry_cards (Registry *self)
{
  return self->cards;
}
