/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The Super SIM API of Twilio and KORE: forms in, JSON out; the same resources behind two kinds of
 * credentials. */

#include <stdlib.h>

#include "provider/rest.h"
#include "provider/supersim-codes.h"

#define LAYER "provider"
#define PAGE_SIZE 50
#define RECENT_MAX 100
/* A list that never ends is a server gone wrong; 50 pages are 2500 resources. */
#define PAGES_MAX 50

struct _ProviderSession
{
  const ProviderAccess *access;
  Rest *rest;
};

static gint64
date (JsonObject *object, const char *name)
{
  g_autoptr (GDateTime) when = g_date_time_new_from_iso8601 (rest_text (object, name), NULL);

  return when ? g_date_time_to_unix (when) : 0;
}

/* ---- resources ---- */

static Reservation *
reservation_from (JsonObject *object)
{
  static const char *const names[]
      = { "new", "reserving", "available", "downloaded", "installed", "failed" };
  const char *status = rest_text (object, "status");
  Reservation *self = g_new0 (Reservation, 1);

  self->status = RESERVATION_UNKNOWN;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (status, names[i]))
      self->status = (ReservationStatus) i;
  self->sid = g_strdup (rest_text (object, "sid"));
  self->eid = g_strdup (rest_text (object, "eid"));
  self->iccid = g_strdup (rest_text (object, "iccid"));
  self->sim_sid = g_strdup (rest_text (object, "sim_sid"));
  self->smdp_address = g_strdup (rest_text (object, "smdp_plus_address"));
  self->matching_id = g_strdup (rest_text (object, "matching_id"));
  self->activation_code = g_strdup (rest_text (object, "activation_code"));
  self->error_code = rest_code_text (object, "error_code");
  self->error_message = g_strdup (rest_text (object, "error_message"));
  self->created = date (object, "date_created");
  return self;
}

static ProviderSim *
sim_from (JsonObject *object)
{
  static const char *const names[] = { "new", "ready", "active", "inactive", "scheduled" };
  const char *status = rest_text (object, "status");
  ProviderSim *self = g_new0 (ProviderSim, 1);

  self->status = PROVIDER_SIM_UNKNOWN;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (status, names[i]))
      self->status = (ProviderSimStatus) i;
  self->sid = g_strdup (rest_text (object, "sid"));
  self->iccid = g_strdup (rest_text (object, "iccid"));
  self->unique_name = g_strdup (rest_text (object, "unique_name"));
  self->fleet_sid = g_strdup (rest_text (object, "fleet_sid"));
  return self;
}

static ProviderFleet *
fleet_from (JsonObject *object)
{
  ProviderFleet *self = g_new0 (ProviderFleet, 1);

  self->sid = g_strdup (rest_text (object, "sid"));
  self->unique_name = g_strdup (rest_text (object, "unique_name"));
  self->network_access_profile = g_strdup (rest_text (object, "network_access_profile_sid"));
  return self;
}

/* Takes over ANSWER: its resource as an object, or NULL when it has no SID that starts with PREFIX.
 * A status we don't know is no reason to refuse; something without its name is. */
static JsonObject *
resource_of (const RestAnswer *answer, const char *prefix, GError **error)
{
  JsonObject *object = json_node_get_object (answer->root);

  if (g_str_has_prefix (rest_text (object, "sid"), prefix))
    return object;
  rest_set_rubbish (answer, "is not the resource that was asked for", error);
  return NULL;
}

/* ---- lists ---- */

/* Appends the members of the page in ANSWER to LIST; *NEXT becomes the following page's URL or
 * NULL. */
static gboolean
read_page (ProviderSession *self, const RestAnswer *answer, const char *key,
           gpointer (*make) (JsonObject *), GPtrArray *list, char **next, GError **error)
{
  JsonObject *root = json_node_get_object (answer->root);
  JsonNode *items = json_object_get_member (root, key);
  JsonNode *meta = json_object_get_member (root, "meta");
  const char *url = meta && JSON_NODE_HOLDS_OBJECT (meta)
                        ? rest_text (json_node_get_object (meta), "next_page_url")
                        : "";

  if (items == NULL || !JSON_NODE_HOLDS_ARRAY (items))
    {
      rest_set_rubbish (answer, "is not the list that was asked for", error);
      return FALSE;
    }
  if (*url && !rest_same_origin (self->rest, url))
    {
      rest_set_rubbish (answer, "sends us to another server for the next page: not followed",
                        error);
      return FALSE;
    }
  for (guint i = 0; i < json_array_get_length (json_node_get_array (items)); i++)
    {
      JsonNode *item = json_array_get_element (json_node_get_array (items), i);

      if (JSON_NODE_HOLDS_OBJECT (item))
        g_ptr_array_add (list, make (json_node_get_object (item)));
    }
  *next = *url ? g_strdup (url) : NULL;
  return TRUE;
}

/* Everything from URL on, at most MAX members; LIST (taken over) owns them. */
static GPtrArray *
read_list (ProviderSession *self, const char *first, const char *key,
           gpointer (*make) (JsonObject *), GPtrArray *list, guint max, GCancellable *cancellable,
           GError **error)
{
  g_autoptr (GPtrArray) own = list;
  g_autofree char *url = g_strdup (first);

  for (guint page = 0; url && own->len < max; page++)
    {
      g_autoptr (RestAnswer) answer = NULL;
      g_autofree char *next = NULL;

      if (page == PAGES_MAX)
        {
          error_set (error, ESIM_ERROR_SERVER_RUBBISH, LAYER, "the list of %s does not end", key);
          return NULL;
        }
      answer = rest_get (self->rest, url, cancellable, error);
      if (answer == NULL || !read_page (self, answer, key, make, own, &next, error))
        return NULL;
      g_free (url);
      url = g_steal_pointer (&next);
    }
  if (own->len > max)
    g_ptr_array_set_size (own, (int) max);
  return g_steal_pointer (&own);
}

static gpointer
make_reservation (JsonObject *object)
{
  return reservation_from (object);
}

static gpointer
make_sim (JsonObject *object)
{
  return sim_from (object);
}

static gpointer
make_fleet (JsonObject *object)
{
  return fleet_from (object);
}

static int
newest_first (gconstpointer a, gconstpointer b)
{
  const Reservation *one = *(const Reservation *const *) a;
  const Reservation *other = *(const Reservation *const *) b;

  return one->created == other->created ? 0 : one->created < other->created ? 1 : -1;
}

/* ---- the verbs ---- */

static ProviderSession *
supersim_open (const ProviderAccess *access, Progress *progress, GError **error)
{
  g_autofree ProviderSession *self = g_new0 (ProviderSession, 1);

  self->access = access;
  self->rest = rest_new (access, supersim_codes, progress, error);
  return self->rest ? g_steal_pointer (&self) : NULL;
}

static void
supersim_close (ProviderSession *self)
{
  rest_free (self->rest);
  g_free (self);
}

static GPtrArray *
supersim_list_reservations (ProviderSession *self, const char *eid, GCancellable *cancellable,
                            GError **error)
{
  g_autofree char *bare = rest_url (self->rest, "ESimProfiles", NULL);
  g_autofree char *url = eid ? g_strdup_printf ("%s?Eid=%s&PageSize=%d", bare, eid, PAGE_SIZE)
                             : g_strdup_printf ("%s?PageSize=%d", bare, PAGE_SIZE);
  GPtrArray *list = read_list (self, url, "esim_profiles", make_reservation,
                               g_ptr_array_new_with_free_func ((GDestroyNotify) reservation_free),
                               eid ? G_MAXUINT : RECENT_MAX, cancellable, error);

  if (list)
    g_ptr_array_sort (list, newest_first);
  else
    g_prefix_error (error, "listing reservations: ");
  return list;
}

static Reservation *
supersim_get_reservation (ProviderSession *self, const char *sid, GCancellable *cancellable,
                          GError **error)
{
  g_autofree char *url = rest_url (self->rest, "ESimProfiles", sid);
  g_autoptr (RestAnswer) answer = rest_get (self->rest, url, cancellable, error);
  JsonObject *object = answer ? resource_of (answer, "HP", error) : NULL;

  if (object == NULL)
    {
      g_prefix_error (error, "looking at reservation %s: ", sid);
      return NULL;
    }
  return reservation_from (object);
}

/* Whether ERROR comes from before a byte of the request can have left: without a code of curl's
 * nothing was transferred, and TLS and connection stand before the request does. */
static gboolean
never_left (const GError *error)
{
  const char *curl = error_get_raw (error, "curl");

  /* CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT */
  return curl == NULL || error_is_code (error, ESIM_ERROR_TLS) || g_str_equal (curl, "5")
         || g_str_equal (curl, "6") || g_str_equal (curl, "7");
}

/* An answer to the order that does not say what became of it: a server or gateway that broke down,
 * before or after the order was made. The provider's own words (a code it documents) are final. */
static gboolean
says_nothing (const GError *error)
{
  const char *status = error_get_raw (error, "http-status");
  int number = status ? atoi (status) : 0;

  return error_is_code (error, ESIM_ERROR_SERVER_FAILED) || number == 408
         || (error_is_code (error, ESIM_ERROR_SERVER_RUBBISH) && number >= 200 && number < 300);
}

static void
set_unsettled (const GError *cause, GError **error)
{
  static const char *const keys[] = { "http-status", "code", "curl", "retry-after" };
  GError *unsettled = NULL;

  error_set (&unsettled, ESIM_ERROR_RESERVATION_UNSETTLED, LAYER,
             "the order was sent, but whether it was made is not known: %s", cause->message);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (error_get_raw (cause, keys[i]))
      error_add_raw (unsettled, keys[i], error_get_raw (cause, keys[i]));
  g_propagate_error (error, unsettled);
}

static void
add_callback (GString *form, const ProviderAccess *access)
{
  if (access->callback_url == NULL)
    return;
  rest_form_add (form, "CallbackUrl", access->callback_url);
  rest_form_add (form, "CallbackMethod", access->callback_method);
}

static Reservation *
supersim_reserve (ProviderSession *self, const char *eid, GCancellable *cancellable, GError **error)
{
  g_autofree char *url = rest_url (self->rest, "ESimProfiles", NULL);
  g_autoptr (GString) form = g_string_new (NULL);
  g_autoptr (RestAnswer) answer = NULL;
  g_autoptr (GError) cause = NULL;
  gboolean sent = FALSE, answered;
  JsonObject *object = NULL;

  if (eid)
    rest_form_add (form, "Eid", eid);
  else
    rest_form_add (form, "GenerateMatchingId", "true");
  add_callback (form, self->access);

  answer = rest_ask (self->rest, "POST", url, form, &sent, cancellable, &cause);
  answered = answer != NULL;
  answer = rest_accept (self->rest, g_steal_pointer (&answer), &cause);
  if (answer)
    object = resource_of (answer, "HP", &cause);
  if (object)
    return reservation_from (object);
  if (sent && (answered ? says_nothing (cause) : !never_left (cause)))
    set_unsettled (cause, error);
  else
    g_propagate_error (error, g_steal_pointer (&cause));
  g_prefix_error (error, "reserving a profile: ");
  return NULL;
}

static ProviderSim *
supersim_get_sim (ProviderSession *self, const char *sid, GCancellable *cancellable, GError **error)
{
  g_autofree char *url = rest_url (self->rest, "Sims", sid);
  g_autoptr (RestAnswer) answer = rest_get (self->rest, url, cancellable, error);
  JsonObject *object = answer ? resource_of (answer, "HS", error) : NULL;

  if (object == NULL)
    {
      g_prefix_error (error, "looking at Sim %s: ", sid);
      return NULL;
    }
  return sim_from (object);
}

static ProviderSim *
supersim_activate_sim (ProviderSession *self, const char *sid, const char *fleet,
                       GCancellable *cancellable, GError **error)
{
  g_autofree char *url = rest_url (self->rest, "Sims", sid);
  g_autoptr (GString) form = g_string_new (NULL);
  g_autoptr (RestAnswer) answer = NULL;
  JsonObject *object = NULL;

  rest_form_add (form, "Status", "active");
  rest_form_add (form, "Fleet", fleet);
  add_callback (form, self->access);
  answer = rest_accept (self->rest,
                        rest_ask (self->rest, "POST", url, form, NULL, cancellable, error), error);
  if (answer)
    object = resource_of (answer, "HS", error);
  if (object == NULL)
    {
      g_prefix_error (error, "activating Sim %s: ", sid);
      return NULL;
    }
  return sim_from (object);
}

static GPtrArray *
supersim_list_fleets (ProviderSession *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *bare = rest_url (self->rest, "Fleets", NULL);
  g_autofree char *url = g_strdup_printf ("%s?PageSize=%d", bare, PAGE_SIZE);
  GPtrArray *list
      = read_list (self, url, "fleets", make_fleet,
                   g_ptr_array_new_with_free_func ((GDestroyNotify) provider_fleet_free), G_MAXUINT,
                   cancellable, error);

  if (list == NULL)
    g_prefix_error (error, "listing Fleets: ");
  return list;
}

static GPtrArray *
supersim_list_sims (ProviderSession *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *bare = rest_url (self->rest, "Sims", NULL);
  g_autofree char *url = g_strdup_printf ("%s?PageSize=%d", bare, PAGE_SIZE);
  GPtrArray *list = read_list (self, url, "sims", make_sim,
                               g_ptr_array_new_with_free_func ((GDestroyNotify) provider_sim_free),
                               G_MAXUINT, cancellable, error);

  if (list == NULL)
    g_prefix_error (error, "listing Sims: ");
  return list;
}

static ProviderFleet *
supersim_get_fleet (ProviderSession *self, const char *sid, GCancellable *cancellable,
                    GError **error)
{
  g_autofree char *url = rest_url (self->rest, "Fleets", sid);
  g_autoptr (RestAnswer) answer = rest_get (self->rest, url, cancellable, error);
  JsonObject *object = answer ? resource_of (answer, "HF", error) : NULL;

  if (object == NULL)
    {
      g_prefix_error (error, "looking at Fleet %s: ", sid);
      return NULL;
    }
  return fleet_from (object);
}

static ProviderFleet *
supersim_create_fleet (ProviderSession *self, const char *name, const char *network_access_profile,
                       GCancellable *cancellable, GError **error)
{
  g_autofree char *url = rest_url (self->rest, "Fleets", NULL);
  g_autoptr (GString) form = g_string_new (NULL);
  g_autoptr (RestAnswer) answer = NULL;
  JsonObject *object = NULL;

  rest_form_add (form, "UniqueName", name);
  rest_form_add (form, "NetworkAccessProfile", network_access_profile);
  answer = rest_accept (self->rest,
                        rest_ask (self->rest, "POST", url, form, NULL, cancellable, error), error);
  if (answer)
    object = resource_of (answer, "HF", error);
  if (object == NULL)
    {
      g_prefix_error (error, "making Fleet %s: ", name);
      return NULL;
    }
  return fleet_from (object);
}

/* Named in main.c's list of providers; a driver has no header. */
extern const ProviderDriver provider_supersim;
const ProviderDriver provider_supersim = {
  .name = "supersim",
  .open = supersim_open,
  .close = supersim_close,
  .list_reservations = supersim_list_reservations,
  .get_reservation = supersim_get_reservation,
  .reserve = supersim_reserve,
  .get_sim = supersim_get_sim,
  .activate_sim = supersim_activate_sim,
  .list_fleets = supersim_list_fleets,
  .list_sims = supersim_list_sims,
  .get_fleet = supersim_get_fleet,
  .create_fleet = supersim_create_fleet,
};
