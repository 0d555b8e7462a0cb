/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* How a worker reaches a card, and what it reads of it in one go. */

#include "card/card.h"

#include "base/error.h"
#include "lpa/es10c.h"

CardAccess *
card_access_new (const ChannelDriver *driver, const ModemSnapshot *modem, const char *device,
                 const Quirks *quirks, const char *memory, const char *eid)
{
  CardAccess *self = g_new0 (CardAccess, 1);

  g_atomic_ref_count_init (&self->refs);
  self->driver = driver;
  self->device = g_strdup (device);
  self->modem = g_strdup (modem->device);
  self->memory = g_strdup (memory);
  self->target = (ChannelTarget){ .device = self->device,
                                  .stack = modem->stack,
                                  .modem = self->modem,
                                  .memory = self->memory,
                                  .slot = modem->slot,
                                  .quirks = *quirks };
  self->eid = g_strdup (eid);
  self->imei = g_strdup (modem->imei);
  return self;
}

CardAccess *
card_access_to (const CardAccess *self, const char *eid)
{
  CardAccess *copy = g_new0 (CardAccess, 1);

  *copy = *self;
  g_atomic_ref_count_init (&copy->refs);
  copy->target.device = copy->device = g_strdup (self->device);
  copy->target.modem = copy->modem = g_strdup (self->modem);
  copy->target.memory = copy->memory = g_strdup (self->memory);
  copy->eid = g_strdup (eid);
  copy->imei = g_strdup (self->imei);
  return copy;
}

CardAccess *
card_access_ref (CardAccess *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
card_access_unref (CardAccess *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_free (self->device);
  g_free (self->modem);
  g_free (self->memory);
  g_free (self->eid);
  g_free (self->imei);
  g_free (self);
}

/* Facts age: another card may sit in the slot by the time a job runs. */
static gboolean
is_expected_card (gpointer data, Channel *channel, GCancellable *cancellable, GError **error)
{
  CardAccess *self = data;
  g_autofree char *eid = NULL;

  if (*self->eid == '\0')
    return TRUE;
  eid = es10c_get_eid (channel, cancellable, error);
  if (eid == NULL)
    return FALSE;
  if (g_str_equal (eid, self->eid))
    return TRUE;
  error_set (error, ESIM_ERROR_NO_EUICC, "card", "another card is in the modem now (EID %s)", eid);
  return FALSE;
}

Channel *
card_access_open (CardAccess *self, Progress *progress, GCancellable *cancellable, GError **error)
{
  g_autoptr (Channel) channel
      = channel_open (self->driver, &self->target, progress, cancellable, error);

  if (channel == NULL || !is_expected_card (self, channel, cancellable, error))
    return NULL;
  channel_on_wake (channel, is_expected_card, self);
  return g_steal_pointer (&channel);
}

CardFacts *
card_facts_ref (CardFacts *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
card_facts_unref (CardFacts *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_free (self->eid);
  g_clear_pointer (&self->info, es10b_info_free);
  g_clear_pointer (&self->addresses, es10a_addresses_free);
  g_clear_pointer (&self->profiles, g_ptr_array_unref);
  g_clear_pointer (&self->notifications, g_ptr_array_unref);
  g_free (self);
}

static gboolean
read_info (CardFacts *self, Channel *channel, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) info2 = es10b_get_info2 (channel, cancellable, error);

  if (info2 == NULL)
    return FALSE;
  self->info = es10b_parse_info (info2, error);
  return self->info != NULL;
}

CardFacts *
card_facts_read (Channel *channel, const char *eid, GCancellable *cancellable, GError **error)
{
  return card_facts_read_with (channel, eid, FALSE, cancellable, error);
}

CardFacts *
card_facts_read_with (Channel *channel, const char *eid, gboolean icons, GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (CardFacts) self = g_new0 (CardFacts, 1);

  g_atomic_ref_count_init (&self->refs);
  self->eid = *eid ? g_strdup (eid) : es10c_get_eid (channel, cancellable, error);
  if (self->eid == NULL || !read_info (self, channel, cancellable, error))
    return NULL;
  self->addresses = es10a_get_addresses (channel, cancellable, error);
  if (self->addresses == NULL)
    return NULL;
  self->profiles = es10c_get_profiles (channel, icons, cancellable, error);
  if (self->profiles == NULL)
    return NULL;
  self->notifications = es10b_list_notifications (channel, cancellable, error);
  if (self->notifications == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

const Profile *
card_facts_find (const CardFacts *self, const char *iccid)
{
  return profiles_find (self->profiles, iccid);
}

const Profile *
card_facts_enabled (const CardFacts *self)
{
  return profiles_find_enabled (self->profiles);
}

gboolean
profile_is_factory_test (const Profile *profile)
{
  /* Known on retail modems; some are not marked as class test. */
  static const char *const iccids[]
      = { "89010000001234567882", "89000123456789012341", "89000000000000000012", NULL };

  return profile->class == PROFILE_TEST || g_strv_contains (iccids, profile->iccid);
}

gboolean
profile_is_last (GPtrArray *profiles, const char *iccid)
{
  const Profile *last = NULL;

  for (guint i = 0; i < profiles->len; i++)
    {
      const Profile *profile = profiles->pdata[i];

      if (profile->class != PROFILE_OPERATIONAL || profile_is_factory_test (profile))
        continue;
      if (last)
        return FALSE;
      last = profile;
    }
  return last && g_ascii_strcasecmp (last->iccid, iccid) == 0;
}
