/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* org.esimd1.Profile: properties from the card's list, and the methods that switch, delete and name
 * a profile. */

#include "service/profile.h"

#include "base/error.h"
#include "base/hex.h"
#include "esimd-dbus.h"
#include "lpa/es10c.h"
#include "lpa/switch.h"
#include "service/call.h"
#include "service/task.h"

/* SGP.22, 5.7.21: nicknames have at most 64 bytes of UTF-8. */
#define NICKNAME_MAX 64

struct _ProfileObject
{
  GObject parent;
  Euicc *euicc; /* not owned: it owns us */
  EsimObjectSkeleton *object;
  EsimProfile *skeleton;
};

G_DEFINE_FINAL_TYPE (ProfileObject, profile_object, G_TYPE_OBJECT)

/* What a verb is told; freed with its task. */
typedef struct
{
  char *iccid;
  char *nickname;
  gboolean even_last; /* delete it even where it is the last that works */
} Parameters;

static void
parameters_free (gpointer data)
{
  Parameters *self = data;

  g_free (self->iccid);
  g_free (self->nickname);
  g_free (self);
}

static void
profile_object_finalize (GObject *object)
{
  ProfileObject *self = ESIM_PROFILE_OBJECT (object);

  g_clear_object (&self->skeleton);
  g_clear_object (&self->object);
  G_OBJECT_CLASS (profile_object_parent_class)->finalize (object);
}

static void
profile_object_class_init (ProfileObjectClass *class)
{
  G_OBJECT_CLASS (class)->finalize = profile_object_finalize;
}

static void
profile_object_init (ProfileObject *self)
{
  self->skeleton = esim_profile_skeleton_new ();
  esim_profile_set_icon (self->skeleton, g_variant_new_array (G_VARIANT_TYPE_BYTE, NULL, 0));
  esim_profile_set_icon_type (self->skeleton, "");
}

static gboolean
enable_verb (Channel *channel, gpointer data, GCancellable *cancellable, GError **error)
{
  return switch_enable (channel, ((Parameters *) data)->iccid, cancellable, error);
}

static gboolean
disable_verb (Channel *channel, gpointer data, GCancellable *cancellable, GError **error)
{
  return switch_disable (channel, ((Parameters *) data)->iccid, cancellable, error);
}

static gboolean
check_last (GPtrArray *profiles, const char *iccid, gboolean even_last, GError **error)
{
  if (even_last || !profile_is_last (profiles, iccid))
    return TRUE;
  error_set (error, ESIM_ERROR_PROFILE_STATE, "service",
             "it is the only operational profile of the card, without which the modem has no "
             "service; with the option even-last it is deleted all the same");
  return FALSE;
}

/* Facts age: of two profiles that two clients delete at once, the second one was not the last when
 * it was asked for. */
static gboolean
may_delete (Channel *channel, const Parameters *parameters, GCancellable *cancellable,
            GError **error)
{
  g_autoptr (GPtrArray) profiles = NULL;

  if (parameters->even_last)
    return TRUE;
  profiles = es10c_get_profiles (channel, FALSE, cancellable, error);
  return profiles && check_last (profiles, parameters->iccid, FALSE, error);
}

static gboolean
delete_verb (Channel *channel, gpointer data, GCancellable *cancellable, GError **error)
{
  return may_delete (channel, data, cancellable, error)
         && es10c_delete (channel, ((Parameters *) data)->iccid, cancellable, error);
}

/* The first half of deleting an enabled one. */
static gboolean
disable_first_verb (Channel *channel, gpointer data, GCancellable *cancellable, GError **error)
{
  return may_delete (channel, data, cancellable, error)
         && disable_verb (channel, data, cancellable, error);
}

/* After a disabling, perhaps for the second time: gone is what it was to be. */
static gboolean
delete_then_verb (Channel *channel, gpointer data, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (es10c_delete (channel, ((Parameters *) data)->iccid, cancellable, &problem)
      || error_is_code (problem, ESIM_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

static gboolean
nickname_verb (Channel *channel, gpointer data, GCancellable *cancellable, GError **error)
{
  Parameters *parameters = data;

  return es10c_set_nickname (channel, parameters->iccid, parameters->nickname, cancellable, error);
}

static gboolean
is_enabled (const CardFacts *facts, gconstpointer data)
{
  const Profile *profile = card_facts_find (facts, ((const Parameters *) data)->iccid);

  return profile && profile->state == PROFILE_ENABLED;
}

static gboolean
is_disabled (const CardFacts *facts, gconstpointer data)
{
  const Profile *profile = card_facts_find (facts, ((const Parameters *) data)->iccid);

  return profile && profile->state == PROFILE_DISABLED;
}

static gboolean
is_deleted (const CardFacts *facts, gconstpointer data)
{
  return card_facts_find (facts, ((const Parameters *) data)->iccid) == NULL;
}

static Parameters *
parameters_new (ProfileObject *self)
{
  Parameters *parameters = g_new0 (Parameters, 1);

  parameters->iccid = g_strdup (esim_profile_get_iccid (self->skeleton));
  return parameters;
}

/* Completes PLAN by PARAMETERS, taken over. */
static void
start (ProfileObject *self, GDBusMethodInvocation *invocation, const char *kind, TaskPlan plan,
       Parameters *parameters)
{
  Job *job = euicc_start_job (self->euicc, kind, invocation);

  if (job == NULL)
    {
      parameters_free (parameters);
      g_free (plan.favours);
      return;
    }
  plan.parameters = parameters;
  plan.free_parameters = parameters_free;
  task_start (self->euicc, job, &plan);
}

static void
start_by_person (ProfileObject *self, GDBusMethodInvocation *invocation, const char *kind,
                 TaskPlan plan, gboolean even_last)
{
  Parameters *parameters = parameters_new (self);

  parameters->even_last = even_last;
  plan.suspends = TRUE;
  start (self, invocation, kind, plan, parameters);
}

/* The same where it changes which profile is enabled: to ICCID, or "" to none. */
static void
start_switch (ProfileObject *self, GDBusMethodInvocation *invocation, const char *kind,
              TaskPlan plan, const char *iccid)
{
  plan.favours = g_strdup (iccid);
  start_by_person (self, invocation, kind, plan, FALSE);
}

static gboolean
is_shown_enabled (ProfileObject *self)
{
  return g_str_equal (esim_profile_get_state (self->skeleton), "enabled");
}

static void
enable_now (gpointer object, GDBusMethodInvocation *invocation)
{
  if (call_takes_no_options (invocation))
    start_switch (object, invocation, "enable",
                  (TaskPlan){ .verb = enable_verb, .check = is_enabled, .keeps = TRUE },
                  esim_profile_get_iccid (((ProfileObject *) object)->skeleton));
}

static void
disable_now (gpointer object, GDBusMethodInvocation *invocation)
{
  if (call_takes_no_options (invocation))
    start_switch (object, invocation, "disable",
                  (TaskPlan){ .verb = disable_verb, .check = is_disabled }, "");
}

/* What the bus knows of the profile speaks against deleting it. */
static gboolean
check_deletion (ProfileObject *self, gboolean disable_first, gboolean even_last, GError **error)
{
  const CardFacts *facts = card_facts (euicc_card (self->euicc));

  if (!disable_first && is_shown_enabled (self))
    {
      error_set (error, ESIM_ERROR_PROFILE_STATE, "service",
                 "it is enabled; with the option disable-first it is deleted all the same");
      return FALSE;
    }
  return facts == NULL
         || check_last (facts->profiles, esim_profile_get_iccid (self->skeleton), even_last, error);
}

static void
delete_now (gpointer object, GDBusMethodInvocation *invocation)
{
  static const char *const known[] = { "disable-first", "b", "even-last", "b", NULL };
  ProfileObject *self = object;
  g_autoptr (GVariant) options = call_options (invocation);
  g_autoptr (GError) error = NULL;
  gboolean disable_first = FALSE, even_last = FALSE;
  TaskPlan plan = { .verb = delete_verb, .check = is_deleted };

  g_variant_lookup (options, "disable-first", "b", &disable_first);
  g_variant_lookup (options, "even-last", "b", &even_last);
  if (!call_check_options (options, known, &error)
      || !check_deletion (self, disable_first, even_last, &error))
    {
      call_fail (invocation, error);
      return;
    }
  if (is_shown_enabled (self))
    {
      plan.verb = disable_first_verb;
      plan.then = delete_then_verb;
    }
  start_by_person (self, invocation, "delete", plan, even_last);
}

static void
nickname_now (gpointer object, GDBusMethodInvocation *invocation)
{
  const char *nickname;
  Parameters *parameters;
  g_autoptr (GError) error = NULL;

  g_variant_get_child (g_dbus_method_invocation_get_parameters (invocation), 0, "&s", &nickname);
  if (strlen (nickname) > NICKNAME_MAX)
    {
      error_set (&error, ESIM_ERROR_INVALID_ARGUMENT, "service",
                 "a nickname has at most %d bytes, this one has %zu", NICKNAME_MAX,
                 strlen (nickname));
      call_fail (invocation, error);
      return;
    }
  if (!call_takes_no_options (invocation))
    return;
  parameters = parameters_new (object);
  parameters->nickname = g_strdup (nickname);
  start (object, invocation, "set-nickname", (TaskPlan){ .verb = nickname_verb }, parameters);
}

static gboolean
on_enable (ProfileObject *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, enable_now, self);
}

static gboolean
on_disable (ProfileObject *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, disable_now, self);
}

static gboolean
on_delete (ProfileObject *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, delete_now, self);
}

static gboolean
on_set_nickname (ProfileObject *self, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, nickname_now, self);
}

ProfileObject *
profile_object_new (Euicc *euicc, const Profile *profile)
{
  ProfileObject *self = g_object_new (PROFILE_OBJECT_TYPE, NULL);
  Service *service = euicc_service (euicc);
  g_autofree char *path
      = g_strdup_printf ("/org/esimd1/Profile/%u", service_next_profile (service));

  self->euicc = euicc;
  esim_profile_set_euicc (self->skeleton, euicc_path (euicc));
  g_signal_connect_swapped (self->skeleton, "handle-enable", G_CALLBACK (on_enable), self);
  g_signal_connect_swapped (self->skeleton, "handle-disable", G_CALLBACK (on_disable), self);
  g_signal_connect_swapped (self->skeleton, "handle-delete", G_CALLBACK (on_delete), self);
  g_signal_connect_swapped (self->skeleton, "handle-set-nickname", G_CALLBACK (on_set_nickname),
                            self);
  profile_object_update (self, profile);
  self->object = esim_object_skeleton_new (path);
  esim_object_skeleton_set_profile (self->object, self->skeleton);
  g_dbus_object_manager_server_export (service_objects (service),
                                       G_DBUS_OBJECT_SKELETON (self->object));
  return self;
}

void
profile_object_close (ProfileObject *self)
{
  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  g_dbus_object_manager_server_unexport (
      service_objects (euicc_service (self->euicc)),
      g_dbus_object_get_object_path (G_DBUS_OBJECT (self->object)));
  g_object_unref (self);
}

static const char *
class_name (ProfileClass class)
{
  switch (class)
    {
    case PROFILE_TEST:
      return "test";
    case PROFILE_PROVISIONING:
      return "provisioning";
    case PROFILE_OPERATIONAL:
      return "operational";
    }
  return "";
}

static void
set_rules (ProfileObject *self, ProfileRules rules)
{
  const char *names[3] = { NULL };
  guint n = 0;

  if (rules & PROFILE_RULE_NO_DISABLE)
    names[n++] = "no-disable";
  if (rules & PROFILE_RULE_NO_DELETE)
    names[n++] = "no-delete";
  esim_profile_set_policy_rules (self->skeleton, names);
}

/* What was read once is kept: the card's list comes without icons nearly always. */
static void
set_icon (ProfileObject *self, const Profile *profile)
{
  if (profile->icon == NULL)
    return;
  esim_profile_set_icon (self->skeleton,
                         g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, profile->icon, TRUE));
  esim_profile_set_icon_type (self->skeleton, profile->icon_type ? profile->icon_type : "");
}

static char *
to_hex (GBytes *bytes)
{
  gsize size = 0;
  const guint8 *data = bytes ? g_bytes_get_data (bytes, &size) : NULL;

  return hex_encode (data, size);
}

void
profile_object_update (ProfileObject *self, const Profile *profile)
{
  g_autofree char *aid = to_hex (profile->aid);

  esim_profile_set_iccid (self->skeleton, profile->iccid);
  esim_profile_set_isdp_aid (self->skeleton, aid);
  esim_profile_set_state (self->skeleton,
                          profile->state == PROFILE_ENABLED ? "enabled" : "disabled");
  esim_profile_set_class (self->skeleton,
                          profile_is_factory_test (profile) ? "test" : class_name (profile->class));
  esim_profile_set_nickname (self->skeleton, profile->nickname);
  esim_profile_set_name (self->skeleton, profile->name);
  esim_profile_set_problem (self->skeleton, profile->problem ? profile->problem : "");
  esim_profile_set_service_provider (self->skeleton, profile->service_provider);
  esim_profile_set_mcc (self->skeleton, profile->mcc ? profile->mcc : "");
  esim_profile_set_mnc (self->skeleton, profile->mnc ? profile->mnc : "");
  set_rules (self, profile->rules);
  set_icon (self, profile);
}
