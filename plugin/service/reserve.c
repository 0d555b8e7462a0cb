/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Provider.Reserve: short turns on the provider's queue, timers in between. */

#include "service/reserve.h"

#include "base/error.h"
#include "provision/order.h"
#include "service/call.h"

#define SETTLE_POLL_S 2
#define PAUSE_MAX_S 60
/* After a callback; a flood of them asks the provider no more often than this. */
#define POKED_MS 500

typedef struct
{
  ProviderObject *provider;
  Job *job;
  Order *order;
  gboolean working; /* a turn is on the queue */
  gboolean claimed; /* order->sid */
  gboolean poked;   /* by a callback, since the last turn began */
  guint timer;
  guint failures; /* turns in a row that went wrong */
  gint64 deadline;
} Reserve;

/* ---- the end ---- */

static GVariant *
result_of (const Order *order)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (order->sid)
    g_variant_dict_insert (&dict, "reservation", "s", order->sid);
  g_variant_dict_insert (&dict, "ordered", "b", order->ordered);
  if (order->reservation && *order->reservation->sim_sid)
    g_variant_dict_insert (&dict, "sim", "s", order->reservation->sim_sid);
  if (order->reservation && *order->reservation->iccid)
    g_variant_dict_insert (&dict, "iccid", "s", order->reservation->iccid);
  return g_variant_dict_end (&dict);
}

/* One that is late or was cancelled is gone on with by the next Reserve. */
static void
let_go (Reserve *self, const GError *error)
{
  g_autoptr (GError) problem = NULL;
  Order *order = self->order;

  if (self->claimed)
    provider_object_unclaim (self->provider, order->sid);
  if (order->sid == NULL
      || (error && !error_is_code (error, ESIM_ERROR_RESERVATION_FAILED)
          && !error_is_code (error, ESIM_ERROR_OUT_OF_STOCK)
          && !error_is_code (error, ESIM_ERROR_NOT_FOUND)))
    return;
  if (!order_close (order->journal, order->sid, &problem))
    g_warning ("%s: %s", provider_object_name (self->provider), problem->message);
}

static void
finish (Reserve *self, const GError *error)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_signal_handlers_disconnect_by_data (job_cancellable (self->job), self);
  g_signal_handlers_disconnect_by_data (self->provider, self);
  let_go (self, error);
  job_end (self->job, result_of (self->order), error);
  provider_object_end_order (self->provider, self);
  g_object_unref (self->job);
  g_object_unref (self->provider);
  order_free (self->order);
  g_free (self);
}

static void
on_cancelled (Reserve *self)
{
  g_autoptr (GError) error = NULL;

  if (self->working)
    return;
  error_set (&error, ESIM_ERROR_CANCELLED, "service",
             self->order->sid ? "it was cancelled; the reservation stays"
                              : "it was cancelled before anything was ordered");
  finish (self, error);
}

/* ---- turns ---- */

static void on_turn (gpointer data, const GError *error, gpointer user_data);

/* With a matching ID a job that was cut off has left a reservation that nobody else will take. */
static void
take_cut_off (Reserve *self)
{
  g_autofree char *list = journal_get (self->order->journal, JOURNAL_CUT_OFF);
  g_auto (GStrv) sids = g_strsplit (list ? list : "", " ", -1);

  if (self->order->sid || self->order->eid || self->order->order_only)
    return;
  for (guint i = 0; sids[i]; i++)
    if (*sids[i] && provider_object_claim (self->provider, sids[i]))
      {
        self->order->sid = g_strdup (sids[i]);
        self->claimed = TRUE;
        return;
      }
}

static gboolean
take_turn (gpointer data)
{
  Reserve *self = data;
  Order *order = self->order;

  self->timer = 0;
  self->poked = FALSE;
  g_clear_pointer (&order->policy, policy_unref);
  order->policy = policy_ref (service_policy (provider_object_service (self->provider)));
  self->working = TRUE;
  queue_push (provider_object_queue (self->provider), order_turn, order, NULL,
              job_cancellable (self->job), on_turn, self);
  return G_SOURCE_REMOVE;
}

static void
begin (gpointer data)
{
  Reserve *self = data;
  const Policy *policy = service_policy (provider_object_service (self->provider));

  self->deadline = g_get_monotonic_time () + policy->reservation_timeout_s * G_USEC_PER_SEC;
  take_cut_off (self);
  take_turn (self);
}

/* Whether trying again may help. Before anything was ordered, who asked hears of it at once. */
static gboolean
is_passing (const Reserve *self, const GError *error)
{
  static const EsimError passing[]
      = { ESIM_ERROR_NO_NETWORK,    ESIM_ERROR_NAME_NOT_RESOLVED, ESIM_ERROR_TIMED_OUT,
          ESIM_ERROR_SERVER_FAILED, ESIM_ERROR_RATE_LIMITED,      ESIM_ERROR_SIM_SCHEDULED };

  if (error_is_code (error, ESIM_ERROR_RATE_LIMITED))
    return TRUE;
  if (self->order->sid == NULL && !self->order->ordered)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (passing); i++)
    if (error_is_code (error, passing[i]))
      return TRUE;
  return FALSE;
}

static guint
pause_s (const Reserve *self, const GError *error)
{
  const Policy *policy = self->order->policy;
  const char *asked = error ? error_get_raw (error, "retry-after") : NULL;
  guint64 seconds = asked ? g_ascii_strtoull (asked, NULL, 10) : 0;

  if (error == NULL && self->order->state == ORDER_SETTLING)
    return SETTLE_POLL_S;
  seconds = MAX (seconds, (guint64) policy->poll_interval_s << MIN (self->failures, 6));
  return (guint) CLAMP (seconds, 1, PAUSE_MAX_S);
}

static void
finish_late (Reserve *self, const GError *error)
{
  g_autoptr (GError) late = NULL;

  if (self->order->sid == NULL)
    error_set (&late, ESIM_ERROR_RESERVATION_UNSETTLED, "service",
               "an order got no answer, and the provider can't be asked what became of it");
  else
    error_set (&late, ESIM_ERROR_RESERVATION_LATE, "service",
               "%s of reservation %s is not ready%s%s",
               self->order->sim ? "the Sim" : "the profile", self->order->sid, error ? ": " : "",
               error ? error->message : "");
  finish (self, error && self->order->sid == NULL ? error : late);
}

static void
on_turn (gpointer data, const GError *error, gpointer user_data)
{
  Reserve *self = user_data;
  Order *order = self->order;

  self->working = FALSE;
  self->failures = error ? self->failures + 1 : 0;
  if (order->sid && !self->claimed)
    self->claimed = provider_object_claim (self->provider, order->sid);
  if (order->sid)
    provider_object_end_order (self->provider, self);
  if (error && !is_passing (self, error))
    finish (self, error);
  else if (error == NULL && order->state == ORDER_DONE)
    finish (self, NULL);
  else if (g_cancellable_is_cancelled (job_cancellable (self->job)))
    on_cancelled (self);
  else if (g_get_monotonic_time () > self->deadline)
    finish_late (self, error);
  else
    self->timer = self->poked && error == NULL
                      ? g_timeout_add (POKED_MS, take_turn, self)
                      : g_timeout_add_seconds (pause_s (self, error), take_turn, self);
}

/* It ends a wait for the provider, but no back-off. */
static void
on_poked (Reserve *self)
{
  if (self->timer && !self->poked && self->failures == 0)
    {
      g_source_remove (self->timer);
      self->timer = g_timeout_add (POKED_MS, take_turn, self);
    }
  self->poked = TRUE;
}

/* ---- the beginning ---- */

static gboolean
check_options (GVariant *options, GError **error)
{
  static const char *const known[]
      = { "eid", "s",      "fleet", "s", "callback-url", "s", "callback-method", "s", "wait",
          "b",   "settle", "s",     NULL };
  const char *eid = NULL, *settle = NULL, *method = NULL, *url = NULL;

  if (!call_check_options (options, known, error))
    return FALSE;
  g_variant_lookup (options, "eid", "&s", &eid);
  g_variant_lookup (options, "settle", "&s", &settle);
  g_variant_lookup (options, "callback-method", "&s", &method);
  g_variant_lookup (options, "callback-url", "&s", &url);
  if (eid && !provider_check_eid (eid, error))
    return FALSE;
  if (settle && !g_str_equal (settle, "none")
      && (!g_str_has_prefix (settle, "HP") || strlen (settle) != 34))
    error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "service",
               "\"settle\" is \"none\" or a reservation's SID, HP and 32 more characters");
  else if (method && !g_str_equal (method, "POST") && !g_str_equal (method, "GET"))
    error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "service",
               "\"callback-method\" is POST or GET, not '%s'", method);
  else if (url && !g_str_has_prefix (url, "https://") && !g_str_has_prefix (url, "http://"))
    error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "service",
               "\"callback-url\" begins with https:// or http://");
  else
    return TRUE;
  return FALSE;
}

static Order *
order_new (ProviderObject *provider, Journal *journal, GVariant *options)
{
  const Policy *policy = service_policy (provider_object_service (provider));
  Order *order = g_new0 (Order, 1);
  const char *settle = NULL;
  gboolean wait = TRUE;

  order->driver = provider_object_driver (provider);
  order->provider = g_strdup (provider_object_name (provider));
  order->journal = journal_ref (journal);
  g_variant_lookup (options, "eid", "s", &order->eid);
  g_variant_lookup (options, "callback-url", "s", &order->callback_url);
  g_variant_lookup (options, "callback-method", "s", &order->callback_method);
  g_variant_lookup (options, "settle", "&s", &settle);
  g_variant_lookup (options, "wait", "b", &wait);
  if (!g_variant_lookup (options, "fleet", "s", &order->fleet) && *policy->fleet
      && g_str_equal (policy->provider, order->provider))
    order->fleet = g_strdup (policy->fleet);
  order->order_only = !wait;
  order->forget = g_strcmp0 (settle, "none") == 0;
  if (settle && !order->forget)
    order->sid = g_strdup (settle);
  return order;
}

/* ORDER is taken over. */
static void
start (ProviderObject *provider, Job *job, Order *order)
{
  Reserve *self = g_new0 (Reserve, 1);

  self->provider = g_object_ref (provider);
  self->job = g_object_ref (job);
  self->order = order;
  order->progress = progress_ref (job_progress (job));
  g_signal_connect_swapped (job_cancellable (job), "cancelled", G_CALLBACK (on_cancelled), self);
  g_signal_connect_swapped (provider, "poked", G_CALLBACK (on_poked), self);
  provider_object_begin_order (provider, begin, self);
}

void
reserve_now (gpointer object, GDBusMethodInvocation *invocation)
{
  ProviderObject *provider = object;
  g_autoptr (GVariant) options = call_options (invocation);
  g_autoptr (GError) error = NULL;
  Journal *journal = NULL;
  Job *job;

  if (check_options (options, &error))
    journal = provider_object_journal (provider, &error);
  if (journal == NULL)
    {
      call_fail (invocation, error);
      return;
    }
  job = provider_object_start_job (provider, "reserve", invocation);
  if (job)
    start (provider, job, order_new (provider, journal, options));
}
