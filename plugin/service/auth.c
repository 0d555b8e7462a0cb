/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Who may do what: the only file that knows polkit. What the table does not name is refused. */

#include "service/auth.h"

#include <polkit/polkit.h>

#include "base/error.h"

static const struct
{
  const char *interface, *method, *action;
} table[] = {
  { "org.esimd1.Manager", "Rescan", "org.esimd1.control" },
  { "org.esimd1.Manager", "Reload", "org.esimd1.control" },
  { "org.esimd1.Euicc", "Provision", "org.esimd1.provision" },
  { "org.esimd1.Euicc", "Download", "org.esimd1.download" },
  { "org.esimd1.Euicc", "Discover", "org.esimd1.download" },
  { "org.esimd1.Euicc", "SetDefaultSmdp", "org.esimd1.download" },
  { "org.esimd1.Euicc", "Reset", "org.esimd1.reset" },
  { "org.esimd1.Euicc", "ListNotifications", "org.esimd1.control" },
  { "org.esimd1.Euicc", "ListRules", "org.esimd1.control" },
  { "org.esimd1.Euicc", "SendNotifications", "org.esimd1.control" },
  { "org.esimd1.Euicc", "Refresh", "org.esimd1.control" },
  { "org.esimd1.Profile", "Enable", "org.esimd1.switch" },
  { "org.esimd1.Profile", "Disable", "org.esimd1.switch" },
  { "org.esimd1.Profile", "Delete", "org.esimd1.delete" },
  { "org.esimd1.Profile", "SetNickname", "org.esimd1.switch" },
  { "org.esimd1.Provider", "Reserve", "org.esimd1.provision" },
  { "org.esimd1.Provider", "GetActivationCode", "org.esimd1.provision" },
  /* Lists cost nothing, but they show the account's other devices to whoever reads the job. */
  { "org.esimd1.Provider", "ListReservations", "org.esimd1.provision" },
  { "org.esimd1.Provider", "ListSims", "org.esimd1.provision" },
  { "org.esimd1.Provider", "ListFleets", "org.esimd1.provision" },
  { "org.esimd1.Provider", "CreateFleet", "org.esimd1.provision" },
  { "org.esimd1.Job", "Cancel", "org.esimd1.control" },
  { "org.esimd1.Job", "Answer", "org.esimd1.download" },
};

/* One question on its way. */
typedef struct
{
  GDBusMethodInvocation *invocation;
  const char *action;
  AuthDone done;
  gpointer data;
} Question;

const char *
auth_action (const char *interface, const char *method)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (g_str_equal (table[i].interface, interface) && g_str_equal (table[i].method, method))
      return table[i].action;
  return NULL;
}

static void
question_end (Question *self, gboolean allowed, const char *why)
{
  g_autoptr (GError) error = NULL;

  if (!allowed)
    error_set (&error, ESIM_ERROR_NOT_AUTHORIZED, "policy", "%s is not allowed%s (%s)",
               g_dbus_method_invocation_get_method_name (self->invocation), why,
               self->action ? self->action : "it has no action");
  self->done (error, self->data);
  g_object_unref (self->invocation);
  g_free (self);
}

/* How polkit said no. */
static const char *
explain (PolkitAuthorizationResult *answer)
{
  if (polkit_authorization_result_get_dismissed (answer))
    return ": no password was given";
  if (polkit_authorization_result_get_is_challenge (answer))
    return " without a password, and nobody could be asked for one";
  return ": polkit refuses it";
}

static void
refuse_for (Question *self, const GError *error)
{
  g_autofree char *why = g_strdup_printf (": %s", error->message);

  question_end (self, FALSE, why);
}

static void
on_polkit_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  Question *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PolkitAuthorizationResult) answer
      = polkit_authority_check_authorization_finish (POLKIT_AUTHORITY (source), result, &error);

  if (answer == NULL)
    refuse_for (self, error);
  else
    question_end (self, polkit_authorization_result_get_is_authorized (answer), explain (answer));
}

static void
on_authority (GObject *source, GAsyncResult *result, gpointer data)
{
  Question *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PolkitAuthority) authority = polkit_authority_get_finish (result, &error);
  g_autoptr (PolkitSubject) subject = NULL;
  GDBusMessage *message = g_dbus_method_invocation_get_message (self->invocation);
  gboolean may_ask
      = g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION;

  if (authority == NULL)
    {
      refuse_for (self, error);
      return;
    }
  subject = polkit_system_bus_name_new (g_dbus_method_invocation_get_sender (self->invocation));
  polkit_authority_check_authorization (
      authority, subject, self->action, NULL,
      may_ask ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
              : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE,
      NULL, on_polkit_answered, self);
}

static void
on_uid (GObject *source, GAsyncResult *result, gpointer data)
{
  Question *self = data;
  g_autoptr (GVariant) answer
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  guint32 uid = G_MAXUINT32;

  if (answer)
    g_variant_get (answer, "(u)", &uid);
  if (uid == 0)
    question_end (self, TRUE, NULL);
  else
    polkit_authority_get_async (NULL, on_authority, self);
}

void
auth_check (GDBusMethodInvocation *invocation, const char *action, AuthDone done, gpointer data)
{
  Question *self = g_new0 (Question, 1);

  self->invocation = g_object_ref (invocation);
  self->action = action;
  self->done = done;
  self->data = data;
  if (action == NULL)
    {
      question_end (self, FALSE, " to anybody");
      return;
    }
  /* A gateway may have no polkit; its root still administers it. */
  g_dbus_connection_call (g_dbus_method_invocation_get_connection (invocation),
                          "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                          "GetConnectionUnixUser",
                          g_variant_new ("(s)", g_dbus_method_invocation_get_sender (invocation)),
                          G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_uid, self);
}
