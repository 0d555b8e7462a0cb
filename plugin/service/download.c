/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Euicc.Download: an installation as a job, with its question to a person. */

#include "service/download.h"

#include "base/error.h"
#include "card/install.h"
#include "service/await.h"
#include "service/call.h"

/* A job and its installation; freed when the installation is over. */
typedef struct
{
  Euicc *euicc;
  Job *job;
  Activation *activation; /* until it is started; NULL: the default SM-DP+'s */
  GVariant *options;
  Install *install;
  gboolean needs_code;
  DownloadEnd end;
  gpointer data;
} Session;

static void
session_free (Session *self)
{
  g_signal_handlers_disconnect_by_data (self->job, self);
  g_object_unref (self->job);
  g_object_unref (self->euicc);
  g_clear_pointer (&self->activation, activation_free);
  g_variant_unref (self->options);
  g_free (self);
}

static void
on_done (Install *install, const char *iccid, const GError *error, gpointer data)
{
  Session *self = data;

  g_signal_handlers_disconnect_by_data (self->job, self);
  /* The notification that its server did not take just now is tried again with a back-off. */
  provision_notify (euicc_provision (self->euicc));
  self->end (iccid, error, self->data);
  session_free (self);
}

static void
insert_icon (GVariantDict *dict, const Profile *metadata)
{
  gsize size;
  const guint8 *data;

  if (metadata->icon == NULL || metadata->icon_type == NULL)
    return;
  data = g_bytes_get_data (metadata->icon, &size);
  g_variant_dict_insert_value (dict, "icon",
                               g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1));
  g_variant_dict_insert (dict, "icon-type", "s", metadata->icon_type);
}

/* What is offered, and what is asked for; "install" where that is nothing but a yes. */
static GVariant *
question (const Profile *metadata, gboolean needs_code, DownloadRules rules)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  const char *names[3] = { NULL };
  guint n = 0;

  g_variant_dict_insert (&dict, "profile-name", "s", metadata->name);
  g_variant_dict_insert (&dict, "service-provider", "s", metadata->service_provider);
  g_variant_dict_insert (&dict, "iccid", "s", metadata->iccid);
  insert_icon (&dict, metadata);
  if (needs_code)
    g_variant_dict_insert (&dict, "confirmation-code", "b", TRUE);
  if (metadata->rules & PROFILE_RULE_NO_DISABLE)
    names[n++] = "no-disable";
  if (metadata->rules & PROFILE_RULE_NO_DELETE)
    names[n++] = "no-delete";
  if (n > 0)
    g_variant_dict_insert (&dict, "rules", "^as", names);
  if (rules == DOWNLOAD_RULES_ASK)
    g_variant_dict_insert (&dict, "accept-rules", "^as", names);
  else if (!needs_code)
    g_variant_dict_insert (&dict, "install", "b", TRUE);
  return g_variant_dict_end (&dict);
}

static void
on_ask (Install *install, const Profile *metadata, gboolean needs_code, DownloadRules rules,
        gpointer data)
{
  Session *self = data;

  self->install = install;
  self->needs_code = needs_code;
  job_ask (self->job, question (metadata, needs_code, rules));
}

static void
on_answered (Session *self, GVariant *answers)
{
  const char *code = NULL;
  gboolean refuse = FALSE, postpone = FALSE, accept = TRUE, install = TRUE;

  g_variant_lookup (answers, "refuse", "b", &refuse);
  g_variant_lookup (answers, "postpone", "b", &postpone);
  g_variant_lookup (answers, "accept-rules", "b", &accept);
  g_variant_lookup (answers, "install", "b", &install);
  g_variant_lookup (answers, "confirmation-code", "&s", &code);
  job_run (self->job);
  /* Only the word itself rejects an order for good. */
  if (refuse)
    install_refuse (self->install, DOWNLOAD_CANCEL_REJECTED);
  else if (postpone || !accept || !install || (self->needs_code && code == NULL))
    install_refuse (self->install, DOWNLOAD_CANCEL_POSTPONED);
  else
    install_answer (self->install, code);
}

static void
on_modem (const GError *error, gpointer data)
{
  Session *self = data;
  const Policy *policy = service_policy (euicc_service (self->euicc));
  InstallSettings settings = { .ci_pem = policy->ci_pem, .consent_s = policy->consent_timeout_s };

  if (error)
    {
      self->end (NULL, error, self->data);
      session_free (self);
      return;
    }
  g_variant_lookup (self->options, "confirmation-code", "&s", &settings.code);
  g_variant_lookup (self->options, "accept-rules", "b", &settings.accept_rules);
  g_variant_lookup (self->options, "look", "b", &settings.look);
  g_signal_connect_swapped (self->job, "answered", G_CALLBACK (on_answered), self);
  install_start (euicc_card (self->euicc), g_steal_pointer (&self->activation), &settings,
                 job_progress (self->job), job_cancellable (self->job), on_ask, on_done, self);
}

void
download_start (Euicc *euicc, Job *job, Activation *activation, GVariant *options, DownloadEnd end,
                gpointer data)
{
  Session *self = g_new0 (Session, 1);

  self->euicc = g_object_ref (euicc);
  self->job = g_object_ref (job);
  self->activation = activation;
  self->options = g_variant_ref (options);
  self->end = end;
  self->data = data;
  await_modem (euicc_card (euicc), job_cancellable (job), on_modem, self);
}

static void
on_ended (const char *iccid, const GError *error, gpointer data)
{
  g_autoptr (Job) job = data;
  g_auto (GVariantDict) result = G_VARIANT_DICT_INIT (NULL);

  if (iccid)
    g_variant_dict_insert (&result, "iccid", "s", iccid);
  job_end (job, g_variant_dict_end (&result), error);
}

void
download_now (gpointer object, GDBusMethodInvocation *invocation)
{
  static const char *const known[]
      = { "confirmation-code", "s", "accept-rules", "b", "look", "b", NULL };
  g_autoptr (GVariant) options = call_options (invocation);
  g_autoptr (Activation) activation = NULL;
  g_autoptr (GError) error = NULL;
  const char *code;
  Job *job;

  g_variant_get_child (g_dbus_method_invocation_get_parameters (invocation), 0, "&s", &code);
  if (call_check_options (options, known, &error) && *code != '\0')
    activation = activation_parse (code, &error);
  if (error)
    {
      call_fail (invocation, error);
      return;
    }
  job = euicc_start_job (object, "download", invocation);
  if (job)
    download_start (object, job, g_steal_pointer (&activation), options, on_ended, job);
}
