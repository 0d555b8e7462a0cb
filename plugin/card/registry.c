/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The list of modems by their device, and of the cards in them. */

#include "card/registry.h"

#include <errno.h>

#include "card/entry.h"

/* A modem that re-probes is away for a second or two; its card stays published for this long. */
#define GONE_AFTER_S 30

/* One started modem driver. */
typedef struct
{
  Registry *registry;
  const ModemDriver *driver;
  gpointer handle;
} Watch;

G_DEFINE_FINAL_TYPE (Registry, registry, G_TYPE_OBJECT)

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
      entry = entry_new (self, watch->driver, device);
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
    entry_set_policy (value);
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
      slots_give_back (entry);
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

gboolean
registry_is_reading (Registry *self)
{
  GHashTableIter iter;
  gpointer entry;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    if (((Entry *) entry)->reading)
      return TRUE;
  return FALSE;
}

void
registry_rescan (Registry *self, gboolean everywhere)
{
  GHashTableIter iter;
  gpointer entry;

  for (guint i = 0; i < self->running->len; i++)
    {
      Watch *watch = self->running->pdata[i];
      watch->driver->rescan (watch->handle);
    }
  self->asked_at = everywhere ? g_get_monotonic_time () : 0;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    {
      slots_ask (entry, everywhere);
      entry_read (entry);
    }
}

GPtrArray *
registry_cards (Registry *self)
{
  return self->cards;
}
