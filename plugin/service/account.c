/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What a provider's account is asked in one go: one job on its queue, and values for the bus. */

#include "service/account.h"

#include "base/error.h"
#include "lpa/activation.h"
#include "provision/order.h"
#include "service/call.h"

typedef struct _Ask Ask;

/* On a worker thread. */
typedef gboolean (*AskVerb) (Ask *self, ProviderSession *session, GCancellable *cancellable,
                             GError **error);

struct _Ask
{
  const ProviderDriver *driver;
  Policy *policy;
  char *provider;
  AskVerb verb;
  Job *job; /* NULL: invocation is answered with the text */
  Progress *progress;
  GDBusMethodInvocation *invocation;
  char *sid, *eid, *name, *access; /* what is asked for; NULL where not */
  const char *key;                 /* the result's */
  GVariant *result;                /* aa{sv} */
  char *text;
};

static void
ask_free (gpointer data)
{
  Ask *self = data;

  policy_unref (self->policy);
  g_free (self->provider);
  g_clear_object (&self->job);
  g_clear_pointer (&self->progress, progress_unref);
  g_free (self->sid);
  g_free (self->eid);
  g_free (self->name);
  g_free (self->access);
  g_clear_pointer (&self->result, g_variant_unref);
  g_free (self->text);
  g_free (self);
}

static gboolean
ask_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Ask *self = data;
  ProviderAccess access;
  ProviderSession *session;
  gboolean good;

  if (self->progress)
    progress_step (self->progress, "ask-provider");
  session = order_open (self->driver, self->policy, self->provider, &access, self->progress, error);
  if (session == NULL)
    return FALSE;
  good = self->verb (self, session, cancellable, error);
  self->driver->close (session);
  return good;
}

static void
ask_done (gpointer data, const GError *error, gpointer user_data)
{
  Ask *self = data;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (self->job == NULL)
    {
      if (error)
        call_fail (self->invocation, error);
      else
        call_reply_text (self->invocation, self->text);
      return;
    }
  if (self->result)
    g_variant_dict_insert_value (&dict, self->key, self->result);
  job_end (self->job, g_variant_dict_end (&dict), error);
}

static Ask *
ask_new (ProviderObject *provider, const char *key, AskVerb verb)
{
  Ask *self = g_new0 (Ask, 1);

  self->driver = provider_object_driver (provider);
  self->policy = policy_ref (service_policy (provider_object_service (provider)));
  self->provider = g_strdup (provider_object_name (provider));
  self->key = key;
  self->verb = verb;
  return self;
}

/* SELF is taken over. */
static void
ask_as_job (Ask *self, ProviderObject *provider, const char *kind,
            GDBusMethodInvocation *invocation)
{
  Job *job = provider_object_start_job (provider, kind, invocation);

  if (job == NULL)
    {
      ask_free (self);
      return;
    }
  self->job = g_object_ref (job);
  self->progress = progress_ref (job_progress (job));
  queue_push (provider_object_queue (provider), ask_work, self, ask_free, job_cancellable (job),
              ask_done, NULL);
}

/* ---- values for the bus ---- */

static void
add_reservation (GVariantBuilder *list, const Reservation *one)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "sid", "s", one->sid);
  g_variant_dict_insert (&dict, "status", "s", reservation_status_text (one->status));
  g_variant_dict_insert (&dict, "eid", "s", one->eid);
  g_variant_dict_insert (&dict, "iccid", "s", one->iccid);
  g_variant_dict_insert (&dict, "sim", "s", one->sim_sid);
  g_variant_dict_insert (&dict, "smdp-address", "s", one->smdp_address);
  g_variant_dict_insert (&dict, "error-code", "s", one->error_code);
  g_variant_dict_insert (&dict, "error-message", "s", one->error_message);
  g_variant_dict_insert (&dict, "created", "x", one->created);
  g_variant_builder_add_value (list, g_variant_dict_end (&dict));
}

static void
add_sim (GVariantBuilder *list, const ProviderSim *one)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "sid", "s", one->sid);
  g_variant_dict_insert (&dict, "status", "s", provider_sim_status_text (one->status));
  g_variant_dict_insert (&dict, "iccid", "s", one->iccid);
  g_variant_dict_insert (&dict, "unique-name", "s", one->unique_name);
  g_variant_dict_insert (&dict, "fleet", "s", one->fleet_sid);
  g_variant_builder_add_value (list, g_variant_dict_end (&dict));
}

static void
add_fleet (GVariantBuilder *list, const ProviderFleet *one)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "sid", "s", one->sid);
  g_variant_dict_insert (&dict, "unique-name", "s", one->unique_name);
  g_variant_dict_insert (&dict, "network-access-profile", "s", one->network_access_profile);
  g_variant_builder_add_value (list, g_variant_dict_end (&dict));
}

/* Text from a server that is no UTF-8 would break the bus: json-glib has seen to that. */
static void
take_list (Ask *self, GPtrArray *list, void (*add) (GVariantBuilder *list, gconstpointer one))
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (guint i = 0; i < list->len; i++)
    add (&builder, list->pdata[i]);
  self->result = g_variant_ref_sink (g_variant_builder_end (&builder));
}

typedef void (*Add) (GVariantBuilder *list, gconstpointer one);

/* ONE (taken over; NULL: nothing) as a list of one. */
static gboolean
take_one (Ask *self, gpointer one, GDestroyNotify free_one, Add add)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (free_one);

  if (one == NULL)
    return FALSE;
  g_ptr_array_add (list, one);
  take_list (self, list, add);
  return TRUE;
}

/* ---- what is asked ---- */

static gboolean
list_reservations (Ask *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) list = NULL;

  if (self->sid)
    return take_one (self, self->driver->get_reservation (session, self->sid, cancellable, error),
                     (GDestroyNotify) reservation_free, (Add) add_reservation);
  list = self->driver->list_reservations (session, self->eid, cancellable, error);
  if (list)
    take_list (self, list, (Add) add_reservation);
  return list != NULL;
}

static gboolean
list_sims (Ask *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) list = NULL;

  if (self->sid)
    return take_one (self, self->driver->get_sim (session, self->sid, cancellable, error),
                     (GDestroyNotify) provider_sim_free, (Add) add_sim);
  list = self->driver->list_sims (session, cancellable, error);
  if (list)
    take_list (self, list, (Add) add_sim);
  return list != NULL;
}

static gboolean
list_fleets (Ask *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) list = NULL;

  if (self->sid)
    return take_one (self, self->driver->get_fleet (session, self->sid, cancellable, error),
                     (GDestroyNotify) provider_fleet_free, (Add) add_fleet);
  list = self->driver->list_fleets (session, cancellable, error);
  if (list)
    take_list (self, list, (Add) add_fleet);
  return list != NULL;
}

static gboolean
create_fleet (Ask *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  return take_one (
      self, self->driver->create_fleet (session, self->name, self->access, cancellable, error),
      (GDestroyNotify) provider_fleet_free, (Add) add_fleet);
}

static gboolean
get_code (Ask *self, ProviderSession *session, GCancellable *cancellable, GError **error)
{
  g_autoptr (Reservation) found
      = self->driver->get_reservation (session, self->sid, cancellable, error);
  g_autoptr (Activation) code = NULL;

  if (found == NULL)
    return FALSE;
  if (*found->eid)
    error_set (error, ESIM_ERROR_NOT_FOUND, "service",
               "%s is for the card %s, which downloads it without a code", found->sid, found->eid);
  else if (*found->activation_code)
    code = activation_parse (found->activation_code, error);
  else if (*found->smdp_address && *found->matching_id)
    code = activation_new (found->smdp_address, found->matching_id);
  else
    error_set (error, ESIM_ERROR_NOT_FOUND, "service", "%s has no activation code: it is %s",
               found->sid, reservation_status_text (found->status));
  if (code)
    self->text = activation_to_string (code);
  return code != NULL;
}

/* ---- the handlers ---- */

/* SIDs become parts of URLs. */
static gboolean
check_sid (const char *sid, const char *prefix, GError **error)
{
  gboolean good = strlen (sid) == 34 && g_str_has_prefix (sid, prefix);

  for (const char *p = sid; good && *p; p++)
    good = g_ascii_isalnum (*p);
  if (!good)
    error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "service",
               "'%s' is no SID of this kind: %s and 32 letters and digits", sid, prefix);
  return good;
}

static void
start_list (ProviderObject *provider, GDBusMethodInvocation *invocation, Ask *self,
            const char *kind, const char *prefix)
{
  static const char *const plain[] = { "sid", "s", NULL };
  static const char *const with_eid[] = { "sid", "s", "eid", "s", NULL };
  gboolean may_eid = self->verb == list_reservations;
  g_autoptr (GVariant) options = call_options (invocation);
  g_autoptr (GError) error = NULL;

  if (call_check_options (options, may_eid ? with_eid : plain, &error))
    {
      g_variant_lookup (options, "sid", "s", &self->sid);
      g_variant_lookup (options, "eid", "s", &self->eid);
    }
  if (error || (self->sid && !check_sid (self->sid, prefix, &error))
      || (self->eid && !provider_check_eid (self->eid, &error)))
    {
      call_fail (invocation, error);
      ask_free (self);
      return;
    }
  ask_as_job (self, provider, kind, invocation);
}

void
account_list_reservations_now (gpointer object, GDBusMethodInvocation *invocation)
{
  start_list (object, invocation, ask_new (object, "reservations", list_reservations),
              "list-reservations", "HP");
}

void
account_list_sims_now (gpointer object, GDBusMethodInvocation *invocation)
{
  start_list (object, invocation, ask_new (object, "sims", list_sims), "list-sims", "HS");
}

void
account_list_fleets_now (gpointer object, GDBusMethodInvocation *invocation)
{
  start_list (object, invocation, ask_new (object, "fleets", list_fleets), "list-fleets", "HF");
}

void
account_create_fleet_now (gpointer object, GDBusMethodInvocation *invocation)
{
  GVariant *arguments = g_dbus_method_invocation_get_parameters (invocation);
  g_autoptr (GError) error = NULL;
  const char *name, *access;
  Ask *self;

  if (!call_takes_no_options (invocation))
    return;
  g_variant_get (arguments, "(&s&s@a{sv})", &name, &access, NULL);
  if (*name == '\0' || *access == '\0')
    {
      error_set (&error, ESIM_ERROR_INVALID_ARGUMENT, "service",
                 "a Fleet needs a name and a network access profile");
      call_fail (invocation, error);
      return;
    }
  self = ask_new (object, "fleets", create_fleet);
  self->name = g_strdup (name);
  self->access = g_strdup (access);
  ask_as_job (self, object, "create-fleet", invocation);
}

void
account_get_activation_code_now (gpointer object, GDBusMethodInvocation *invocation)
{
  g_autoptr (GError) error = NULL;
  const char *sid;
  Ask *self;

  if (!call_takes_no_options (invocation))
    return;
  g_variant_get_child (g_dbus_method_invocation_get_parameters (invocation), 0, "&s", &sid);
  if (!check_sid (sid, "HP", &error))
    {
      call_fail (invocation, error);
      return;
    }
  self = ask_new (object, NULL, get_code);
  self->invocation = invocation;
  self->sid = g_strdup (sid);
  queue_push (provider_object_queue (object), ask_work, self, ask_free, NULL, ask_done, NULL);
}
