/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The methods of org.esimd1.Euicc that look after the card itself. */

#include "service/maintain.h"

#include <string.h>

#include "base/error.h"
#include "lpa/activation.h"
#include "lpa/es10c.h"
#include "lpa/rat.h"
#include "lpa/switch.h"
#include "provision/due.h"
#include "service/call.h"
#include "service/task.h"

/* Starts PLAN as a job of KIND; what could not start was answered, and its parameters are freed. */
static gboolean
start (Euicc *euicc, GDBusMethodInvocation *invocation, const char *kind, const TaskPlan *plan)
{
  Job *job = euicc_start_job (euicc, kind, invocation);

  if (job)
    task_start (euicc, job, plan);
  else if (plan->free_parameters)
    plan->free_parameters (plan->parameters);
  return job != NULL;
}

static void
refresh_now (gpointer object, GDBusMethodInvocation *invocation)
{
  static const char *const known[] = { "icons", "b", NULL };
  g_autoptr (GVariant) options = call_options (invocation);
  g_autoptr (GError) error = NULL;
  TaskPlan plan = { .icons = FALSE };

  if (!call_check_options (options, known, &error))
    {
      call_fail (invocation, error);
      return;
    }
  g_variant_lookup (options, "icons", "b", &plan.icons);
  start (object, invocation, "refresh", &plan);
}

/* ---- the default SM-DP+ ---- */

static gboolean
set_default_verb (Channel *channel, gpointer address, GCancellable *cancellable, GError **error)
{
  return es10a_set_default_smdp (channel, address, cancellable, error);
}

/* ADDRESS in lower case, "" as it is; NULL where it is no host name. */
static char *
canonical_address (const char *address, GError **error)
{
  g_autofree char *code = g_strdup_printf ("LPA:1$%s$", address);
  g_autoptr (Activation) activation = NULL;

  if (*address == '\0')
    return g_strdup ("");
  if (strchr (address, '$') == NULL)
    activation = activation_parse (code, NULL);
  if (activation)
    return g_strdup (activation->address);
  error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "service",
             "\"%s\" is no SM-DP+ address, which is a host name", address);
  return NULL;
}

static void
set_default_now (gpointer object, GDBusMethodInvocation *invocation)
{
  TaskPlan plan = { .verb = set_default_verb, .free_parameters = g_free };
  g_autoptr (GError) error = NULL;
  const char *address;

  if (!call_takes_no_options (invocation))
    return;
  g_variant_get_child (g_dbus_method_invocation_get_parameters (invocation), 0, "&s", &address);
  plan.parameters = canonical_address (address, &error);
  if (plan.parameters)
    start (object, invocation, "set-default-smdp", &plan);
  else
    call_fail (invocation, error);
}

/* ---- reset ---- */

static gboolean
reset_verb (Channel *channel, gpointer what, GCancellable *cancellable, GError **error)
{
  return switch_reset (channel, GPOINTER_TO_UINT (what), cancellable, error);
}

/* A reset that removes the enabled profile orders a REFRESH, which may take the answer away. */
static gboolean
is_reset (const CardFacts *facts, gconstpointer data)
{
  guint what = GPOINTER_TO_UINT (data);

  if (what & ES10C_RESET_DEFAULT_SMDP && *facts->addresses->default_smdp)
    return FALSE;
  for (guint i = 0; i < facts->profiles->len; i++)
    {
      const Profile *profile = facts->profiles->pdata[i];

      if ((what & ES10C_RESET_OPERATIONAL && profile->class == PROFILE_OPERATIONAL)
          || (what & ES10C_RESET_TEST && profile->class == PROFILE_TEST))
        return FALSE;
    }
  return TRUE;
}

static guint
reset_bit (const char *word)
{
  if (g_str_equal (word, "operational"))
    return ES10C_RESET_OPERATIONAL;
  if (g_str_equal (word, "test"))
    return ES10C_RESET_TEST;
  return g_str_equal (word, "default-smdp") ? ES10C_RESET_DEFAULT_SMDP : 0;
}

static gboolean
reset_bits (const char *const *words, guint *bits, GError **error)
{
  guint found = 0;

  for (guint i = 0; words[i]; i++)
    {
      if (reset_bit (words[i]) == 0)
        {
          error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "service",
                     "\"%s\" is nothing that can be reset: operational, test, default-smdp",
                     words[i]);
          return FALSE;
        }
      found |= reset_bit (words[i]);
    }
  if (found == 0)
    {
      error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "service",
                 "nothing is to be reset: operational, test, default-smdp");
      return FALSE;
    }
  *bits = found;
  return TRUE;
}

static void
reset_now (gpointer object, GDBusMethodInvocation *invocation)
{
  TaskPlan plan = { .verb = reset_verb, .check = is_reset };
  g_autofree const char **words = NULL;
  g_autoptr (GError) error = NULL;
  guint bits;

  if (!call_takes_no_options (invocation))
    return;
  g_variant_get_child (g_dbus_method_invocation_get_parameters (invocation), 0, "^a&s", &words);
  if (!reset_bits (words, &bits, &error))
    {
      call_fail (invocation, error);
      return;
    }
  plan.parameters = GUINT_TO_POINTER (bits);
  if (start (object, invocation, "reset", &plan))
    provision_suspend (euicc_provision (object));
}

/* ---- lists ---- */

/* What a verb that asks has found: an array, and how it is shown. */
typedef struct
{
  GPtrArray *rows;
  Provision *provision; /* of the card; NULL: not needed */
} Found;

static void
found_free (gpointer data)
{
  Found *self = data;

  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_object (&self->provision);
  g_free (self);
}

static GVariant *
rows_variant (const char *key, const Found *found,
              GVariant *(*row_variant) (const Found *found, gpointer row))
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < found->rows->len; i++)
    g_variant_builder_add_value (&list, row_variant (found, found->rows->pdata[i]));
  g_variant_dict_insert_value (&dict, key, g_variant_builder_end (&list));
  return g_variant_dict_end (&dict);
}

static gboolean
list_notifications_verb (Channel *channel, gpointer data, GCancellable *cancellable, GError **error)
{
  Found *found = data;

  found->rows = es10b_list_notifications (channel, cancellable, error);
  return found->rows != NULL;
}

static const char *
operation_name (guint event)
{
  switch (event)
    {
    case 0x80:
      return "install";
    case 0x40:
      return "enable";
    case 0x20:
      return "disable";
    case 0x10:
      return "delete";
    default: /* the card's bits: none, several, or a later version's */
      return "other";
    }
}

static GVariant *
notification_variant (const Found *found, gpointer row)
{
  const Notification *self = row;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "sequence", "t", due_sequence (self->sequence));
  g_variant_dict_insert (&dict, "operation", "s", operation_name (self->event));
  g_variant_dict_insert (&dict, "address", "s", self->address);
  g_variant_dict_insert (&dict, "iccid", "s", self->iccid ? self->iccid : "");
  provision_describe_notification (found->provision, self, &dict);
  return g_variant_dict_end (&dict);
}

static GVariant *
notifications_result (gpointer data)
{
  return rows_variant ("notifications", data, notification_variant);
}

static void
list_notifications_now (gpointer object, GDBusMethodInvocation *invocation)
{
  TaskPlan plan = { .verb = list_notifications_verb,
                    .result = notifications_result,
                    .free_parameters = found_free };
  Found *found;

  if (!call_takes_no_options (invocation))
    return;
  found = g_new0 (Found, 1);
  found->provision = g_object_ref (euicc_provision (object));
  plan.parameters = found;
  start (object, invocation, "list-notifications", &plan);
}

static gboolean
list_rules_verb (Channel *channel, gpointer data, GCancellable *cancellable, GError **error)
{
  Found *found = data;
  g_autoptr (GBytes) rat = es10b_get_rat (channel, cancellable, error);

  found->rows = rat ? rat_parse (rat, error) : NULL;
  return found->rows != NULL;
}

static GVariant *
rule_variant (const Found *found, gpointer row)
{
  const RatRow *self = row;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  const char *names[3] = { NULL };
  guint n = 0;

  (void) found;
  if (self->rules & PROFILE_RULE_NO_DISABLE)
    names[n++] = "no-disable";
  if (self->rules & PROFILE_RULE_NO_DELETE)
    names[n++] = "no-delete";
  g_variant_dict_insert (&dict, "rules", "^as", names);
  g_variant_dict_insert (&dict, "operators", "^as", self->operators);
  g_variant_dict_insert (&dict, "consent", "b", self->consent);
  return g_variant_dict_end (&dict);
}

static GVariant *
rules_result (gpointer data)
{
  return rows_variant ("rules", data, rule_variant);
}

static void
list_rules_now (gpointer object, GDBusMethodInvocation *invocation)
{
  TaskPlan plan
      = { .verb = list_rules_verb, .result = rules_result, .free_parameters = found_free };

  if (!call_takes_no_options (invocation))
    return;
  plan.parameters = g_new0 (Found, 1);
  start (object, invocation, "list-rules", &plan);
}

/* ---- the skeleton ---- */

static gboolean
on_refresh (Euicc *euicc, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, refresh_now, euicc);
}

static gboolean
on_set_default (Euicc *euicc, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, set_default_now, euicc);
}

static gboolean
on_reset (Euicc *euicc, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, reset_now, euicc);
}

static gboolean
on_list_notifications (Euicc *euicc, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, list_notifications_now, euicc);
}

static gboolean
on_list_rules (Euicc *euicc, GDBusMethodInvocation *invocation)
{
  return call_begin (invocation, list_rules_now, euicc);
}

void
maintain_connect (Euicc *euicc, EsimEuicc *skeleton)
{
  g_signal_connect_swapped (skeleton, "handle-refresh", G_CALLBACK (on_refresh), euicc);
  g_signal_connect_swapped (skeleton, "handle-set-default-smdp", G_CALLBACK (on_set_default),
                            euicc);
  g_signal_connect_swapped (skeleton, "handle-reset", G_CALLBACK (on_reset), euicc);
  g_signal_connect_swapped (skeleton, "handle-list-notifications",
                            G_CALLBACK (on_list_notifications), euicc);
  g_signal_connect_swapped (skeleton, "handle-list-rules", G_CALLBACK (on_list_rules), euicc);
}
