/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Euicc.Discover as a job. Event ids are secrets: they never leave the service. */

#include "service/discover.h"

#include "base/error.h"
#include "lpa/es11.h"
#include "service/await.h"
#include "service/call.h"
#include "service/download.h"

/* GSMA's, for a card that names none. */
#define GSMA_ROOTS "lpa.ds.gsma.com,lpa.live.esimdiscovery.com"

/* The job's, and its worker's while that runs. */
typedef struct
{
  Euicc *euicc;
  Job *job;
  CardAccess *access;
  char *smds; /* the setting */
  GBytes *ci_pem;
  GVariant *options; /* of the downloads */
  gboolean download;
  GPtrArray *events; /* of Es9pEvent */
  GPtrArray *servers, *iccids;
  GError *error; /* of the first download that failed */
  guint next;
} Search;

static void
search_free (Search *self)
{
  g_object_unref (self->euicc);
  g_object_unref (self->job);
  g_clear_pointer (&self->access, card_access_unref);
  g_free (self->smds);
  g_bytes_unref (self->ci_pem);
  g_variant_unref (self->options);
  g_ptr_array_unref (self->events);
  g_ptr_array_unref (self->servers);
  g_ptr_array_unref (self->iccids);
  g_clear_error (&self->error);
  g_free (self);
}

/* ---- worker ---- */

static char **
roots_of (Search *self, Channel *channel, GCancellable *cancellable, GError **error)
{
  g_autoptr (Es10aAddresses) addresses = NULL;

  if (*self->smds)
    return g_strsplit (self->smds, ",", -1);
  addresses = es10a_get_addresses (channel, cancellable, error);
  if (addresses == NULL)
    return NULL;
  return g_strsplit (*addresses->root_smds ? addresses->root_smds : GSMA_ROOTS, ",", -1);
}

static gboolean
is_known (Search *self, const Es9pEvent *event)
{
  for (guint i = 0; i < self->events->len; i++)
    {
      const Es9pEvent *known = self->events->pdata[i];

      if (g_str_equal (known->address, event->address)
          && g_str_equal (known->event_id, event->event_id))
        return TRUE;
    }
  return FALSE;
}

/* The two roots of GSMA's may both know of one event. */
static void
add_events (Search *self, GPtrArray *events)
{
  while (events->len)
    {
      Es9pEvent *event = g_ptr_array_steal_index (events, 0);

      if (is_known (self, event))
        es9p_event_free (event);
      else
        g_ptr_array_add (self->events, event);
    }
}

static gboolean
ask (Search *self, const char *root, Channel *channel, GCancellable *cancellable, GError **error)
{
  DownloadDevice device = { .imei = *self->access->imei ? self->access->imei : NULL };
  g_autoptr (Http) http = http_new (HTTP_TRUST_PEM, self->ci_pem, job_progress (self->job));
  g_autoptr (GPtrArray) events = NULL;

  http_on_slow (http, (HttpSlow) channel_rest, channel);
  events = es11_discover (channel, http, root, &device, cancellable, error);
  if (events == NULL)
    {
      g_prefix_error (error, "%s: ", root);
      return FALSE;
    }
  g_ptr_array_add (self->servers, g_strdup (root));
  add_events (self, events);
  return TRUE;
}

/* One root that does not answer is no failure while another does. */
static gboolean
search_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Search *self = data;
  g_autoptr (Channel) channel = NULL;
  g_auto (GStrv) roots = NULL;
  g_autoptr (GError) first = NULL;

  progress_step (job_progress (self->job), "open-channel");
  channel = card_access_open (self->access, job_progress (self->job), cancellable, error);
  roots = channel ? roots_of (self, channel, cancellable, error) : NULL;
  if (roots == NULL)
    return FALSE;
  progress_step (job_progress (self->job), "discover");
  for (guint i = 0; roots[i] && !g_cancellable_is_cancelled (cancellable); i++)
    ask (self, roots[i], channel, cancellable, first ? NULL : &first);
  if (g_cancellable_is_cancelled (cancellable))
    error_set (error, ESIM_ERROR_CANCELLED, "service", "cancelled while servers were asked");
  else if (self->servers->len == 0)
    g_propagate_error (error, g_steal_pointer (&first));
  else
    return TRUE;
  return FALSE;
}

/* ---- main thread ---- */

static void
insert_words (GVariantDict *dict, const char *key, GPtrArray *words)
{
  g_variant_dict_insert_value (dict, key,
                               g_variant_new_strv ((const char *const *) words->pdata, words->len));
}

static void
search_end (Search *self, const GError *error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();

  for (guint i = 0; i < self->events->len; i++)
    g_ptr_array_add (addresses, ((Es9pEvent *) self->events->pdata[i])->address);
  g_variant_dict_insert (&dict, "events", "u", self->events->len);
  insert_words (&dict, "addresses", addresses);
  insert_words (&dict, "servers", self->servers);
  if (self->download)
    insert_words (&dict, "iccids", self->iccids);
  job_end (self->job, g_variant_dict_end (&dict), error);
  search_free (self);
}

static void download_next (Search *self);

/* One that fails does not keep the others from being installed, unless it was cancelled. */
static void
on_downloaded (const char *iccid, const GError *error, gpointer data)
{
  Search *self = data;

  if (iccid)
    g_ptr_array_add (self->iccids, g_strdup (iccid));
  if (error && self->error == NULL)
    self->error = g_error_copy (error);
  if (error_is_code (error, ESIM_ERROR_CANCELLED))
    search_end (self, self->error);
  else
    download_next (self);
}

static void
download_next (Search *self)
{
  const Es9pEvent *event;

  if (self->next == self->events->len)
    {
      search_end (self, self->error);
      return;
    }
  event = self->events->pdata[self->next++];
  download_start (self->euicc, self->job, activation_new (event->address, event->event_id),
                  self->options, on_downloaded, self);
}

static void
on_searched (gpointer data, const GError *error, gpointer user_data)
{
  Search *self = data;

  if (error == NULL && self->download)
    download_next (self);
  else
    search_end (self, error);
}

static void
on_modem (const GError *error, gpointer data)
{
  Search *self = data;
  Card *card = euicc_card (self->euicc);

  if (error)
    {
      search_end (self, error);
      return;
    }
  self->access = card_access_ref (card_access (card));
  queue_push (card_queue (card), search_work, self, NULL, job_cancellable (self->job), on_searched,
              NULL);
}

static void
start (Euicc *euicc, Job *job, GVariant *options)
{
  Policy *policy = service_policy (euicc_service (euicc));
  Search *self = g_new0 (Search, 1);

  self->euicc = g_object_ref (euicc);
  self->job = job;
  self->smds = g_strdup (policy->smds);
  self->ci_pem = g_bytes_ref (policy->ci_pem);
  self->options = g_variant_ref (options);
  g_variant_lookup (options, "download", "b", &self->download);
  self->events = g_ptr_array_new_with_free_func ((GDestroyNotify) es9p_event_free);
  self->servers = g_ptr_array_new_with_free_func (g_free);
  self->iccids = g_ptr_array_new_with_free_func (g_free);
  await_modem (euicc_card (euicc), job_cancellable (job), on_modem, self);
}

void
discover_now (gpointer object, GDBusMethodInvocation *invocation)
{
  static const char *const known[] = { "download", "b", "accept-rules", "b", "look", "b", NULL };
  g_autoptr (GVariant) options = call_options (invocation);
  g_autoptr (GError) error = NULL;
  Job *job;

  if (!call_check_options (options, known, &error))
    {
      call_fail (invocation, error);
      return;
    }
  job = euicc_start_job (object, "discover", invocation);
  if (job)
    start (object, job, options);
}
