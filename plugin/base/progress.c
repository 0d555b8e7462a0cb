/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Step, bytes, seconds and cost of one job, under one lock, told to the main thread by an idle
 * source. */

#include "base/progress.h"

struct _Progress
{
  gatomicrefcount refs;
  GMutex lock; /* for all that follows */
  void (*changed) (Progress *self, gpointer data);
  gpointer data;
  gboolean pending; /* an idle source is on its way */
  const char *step;
  gint64 step_began; /* monotonic, in microseconds */
  GHashTable *spent; /* step -> its microseconds, a gint64 of its own */
  guint64 done, total;
  ProgressCost cost;
};

Progress *
progress_new (void (*changed) (Progress *self, gpointer data), gpointer data)
{
  Progress *self = g_new0 (Progress, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->changed = changed;
  self->data = data;
  self->step = "";
  self->spent = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  return self;
}

Progress *
progress_ref (Progress *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
progress_unref (Progress *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_hash_table_unref (self->spent);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
progress_detach (Progress *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->changed = NULL;
}

static gboolean
tell (gpointer data)
{
  Progress *self = data;
  void (*changed) (Progress * self, gpointer data);
  gpointer changed_data;

  g_mutex_lock (&self->lock);
  self->pending = FALSE;
  changed = self->changed;
  changed_data = self->data;
  g_mutex_unlock (&self->lock);
  /* Unlocked: the callback reads us. It can't be detached meanwhile: that is main thread too. */
  if (changed)
    changed (self, changed_data);
  return G_SOURCE_REMOVE;
}

/* With the lock held. */
static void
schedule (Progress *self)
{
  g_autoptr (GSource) source = NULL;

  if (self->pending || self->changed == NULL)
    return;
  self->pending = TRUE;
  source = g_idle_source_new ();
  g_source_set_callback (source, tell, progress_ref (self), (GDestroyNotify) progress_unref);
  g_source_attach (source, NULL);
}

/* Microseconds of STEP up to now; with the lock held. */
static gint64
spent_on (Progress *self, const char *step)
{
  const gint64 *before = g_hash_table_lookup (self->spent, step);
  gint64 now = g_strcmp0 (step, self->step) == 0 ? g_get_monotonic_time () - self->step_began : 0;

  return now + (before ? *before : 0);
}

void
progress_step (Progress *self, const char *step)
{
  gint64 spent;

  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  spent = spent_on (self, self->step);
  if (*self->step != '\0')
    g_hash_table_insert (self->spent, (gpointer) self->step, g_memdup2 (&spent, sizeof spent));
  self->step = step;
  self->step_began = g_get_monotonic_time ();
  schedule (self);
  g_mutex_unlock (&self->lock);
}

void
progress_bytes (Progress *self, guint64 done, guint64 total)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->done = done;
  self->total = total;
  schedule (self);
  g_mutex_unlock (&self->lock);
}

void
progress_count_apdu (Progress *self, gsize bytes)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->cost.apdus++;
  self->cost.apdu_bytes += bytes;
  schedule (self);
  g_mutex_unlock (&self->lock);
}

void
progress_count_http (Progress *self, guint handshakes, guint64 bytes)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->cost.http_requests++;
  self->cost.tls_handshakes += handshakes;
  self->cost.http_bytes += bytes;
  schedule (self);
  g_mutex_unlock (&self->lock);
}

const char *
progress_get_step (Progress *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->step;
}

void
progress_get_bytes (Progress *self, guint64 *done, guint64 *total)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  *done = self->done;
  *total = self->total;
}

ProgressCost
progress_get_cost (Progress *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->cost;
}

/* A floating a{sd} of all steps so far, the running one included; with the lock held. */
static GVariant *
seconds_variant (Progress *self)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sd}"));
  GHashTableIter iter;
  gpointer step;

  if (*self->step != '\0')
    g_variant_builder_add (&builder, "{sd}", self->step,
                           (double) spent_on (self, self->step) / G_USEC_PER_SEC);
  g_hash_table_iter_init (&iter, self->spent);
  while (g_hash_table_iter_next (&iter, &step, NULL))
    if (g_strcmp0 (step, self->step) != 0)
      g_variant_builder_add (&builder, "{sd}", step,
                             (double) spent_on (self, step) / G_USEC_PER_SEC);
  return g_variant_builder_end (&builder);
}

GVariant *
progress_cost_variant (Progress *self)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_variant_dict_insert (&dict, "apdus", "u", self->cost.apdus);
  g_variant_dict_insert (&dict, "apdu-bytes", "t", self->cost.apdu_bytes);
  g_variant_dict_insert (&dict, "http-requests", "u", self->cost.http_requests);
  g_variant_dict_insert (&dict, "tls-handshakes", "u", self->cost.tls_handshakes);
  g_variant_dict_insert (&dict, "http-bytes", "t", self->cost.http_bytes);
  g_variant_dict_insert_value (&dict, "seconds", seconds_variant (self));
  return g_variant_dict_end (&dict);
}
