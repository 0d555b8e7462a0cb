/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Asks an SM-DS, and those that it leads to. A card's session with an SM-DS ends with its next
 * challenge: ES11 knows no cancellation. */

#include "lpa/es11.h"

#include "base/error.h"
#include "lpa/certificate.h"
#include "lpa/download-parts.h"
#include "lpa/es10b.h"

/* What all questions of one discovery share. */
typedef struct
{
  Channel *channel;
  Http *http;
  GBytes *info1;
  const char *imei; /* may be NULL */
} Asker;

/* SM-DS or SM-DP+, only its certificate tells (SGP.22, 3.6.2); what is checked of it and its answer
 * is the same for both. */
static Es9pInitiated *
initiate (const Asker *self, const Activation *event, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) challenge = es10b_get_challenge (self->channel, cancellable, error);
  g_autoptr (GBytes) transaction_id = NULL;
  g_autoptr (Es9pInitiated) initiated = NULL;

  if (challenge == NULL)
    return NULL;
  initiated = es9p_initiate_authentication (self->http, event->address, challenge, self->info1,
                                            cancellable, error);
  if (initiated == NULL
      || !download_check_initiated (initiated, event, challenge, self->info1, &transaction_id,
                                    error))
    return NULL;
  return g_steal_pointer (&initiated);
}

/* That nothing waits is no failure. */
static GPtrArray *
none_or_error (GError *problem, GError **error)
{
  if (error_is_code (problem, ESIM_ERROR_NOT_FOUND))
    {
      g_error_free (problem);
      return g_ptr_array_new_with_free_func ((GDestroyNotify) es9p_event_free);
    }
  g_propagate_error (error, problem);
  return NULL;
}

static GPtrArray *
retrieve (const Asker *self, const Activation *event, const Es9pInitiated *initiated,
          GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) request
      = download_authenticate_request (initiated, event->matching_id, self->imei);
  g_autoptr (GBytes) response = NULL;
  GError *problem = NULL;
  GPtrArray *events;

  if (!es10b_authenticate_server (self->channel, request, &response, cancellable, error))
    return NULL;
  events = es9p_authenticate_for_events (self->http, event->address, initiated->transaction_id,
                                         response, cancellable, &problem);
  return events ? events : none_or_error (problem, error);
}

static void
add_copy (GPtrArray *found, const Es9pEvent *event)
{
  Es9pEvent *copy = g_new0 (Es9pEvent, 1);

  copy->event_id = g_strdup (event->event_id);
  copy->address = g_strdup (event->address);
  g_ptr_array_add (found, copy);
}

/* Adds EVENT, or what the SM-DS knows that it leads to. A server that can't be asked now keeps its
 * event: whoever downloads will hear the reason. */
static gboolean
resolve (const Asker *self, const Es9pEvent *event, GPtrArray *found, GCancellable *cancellable,
         GError **error)
{
  g_autoptr (Activation) there = activation_new (event->address, event->event_id);
  g_autoptr (GError) problem = NULL;
  g_autoptr (Es9pInitiated) initiated = initiate (self, there, cancellable, &problem);
  g_autoptr (GPtrArray) further = NULL;

  if (error_is_code (problem, ESIM_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  if (initiated == NULL || !certificate_has_role (initiated->certificate, CERTIFICATE_ROLE_DS_AUTH))
    {
      add_copy (found, event);
      return TRUE;
    }
  further = retrieve (self, there, initiated, cancellable, error);
  for (guint i = 0; further && i < further->len; i++)
    add_copy (found, further->pdata[i]);
  return further != NULL;
}

/* One server that is down hides no event of another; a cancellation ends it all. */
static GPtrArray *
resolve_all (const Asker *self, GPtrArray *events, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify) es9p_event_free);

  for (guint i = 0; i < events->len; i++)
    {
      g_autoptr (GError) problem = NULL;

      if (resolve (self, events->pdata[i], found, cancellable, &problem))
        continue;
      if (error_is_code (problem, ESIM_ERROR_CANCELLED))
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return NULL;
        }
      g_debug ("an event is left out: %s", problem->message);
    }
  return g_steal_pointer (&found);
}

GPtrArray *
es11_discover (Channel *channel, Http *http, const char *address, const DownloadDevice *device,
               GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) info1 = es10b_get_info1 (channel, cancellable, error);
  g_autoptr (Activation) root = activation_new (address, "");
  g_autoptr (Es9pInitiated) initiated = NULL;
  g_autoptr (GPtrArray) events = NULL;
  Asker self = { channel, http, info1, device ? device->imei : NULL };

  if (info1)
    initiated = initiate (&self, root, cancellable, error);
  if (initiated == NULL)
    return NULL;
  if (!certificate_has_role (initiated->certificate, CERTIFICATE_ROLE_DS_AUTH))
    {
      error_set (error, ESIM_ERROR_SERVER_REFUSED, "es9p", "%s is no SM-DS by its certificate",
                 address);
      return NULL;
    }
  events = retrieve (&self, root, initiated, cancellable, error);
  return events ? resolve_all (&self, events, cancellable, error) : NULL;
}
