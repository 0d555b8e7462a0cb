/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Tests that the table of polkit actions, the D-Bus interfaces, their documentation, the policy
 * file and the README name the same methods and actions. */

#include <gio/gio.h>
#include <string.h>

#include "base/error.h"
#include "esimd-dbus.h"
#include "service/auth.h"
#include "service/call.h"

static GDBusInterfaceInfo *
interface_at (guint i)
{
  GDBusInterfaceInfo *all[] = { esim_manager_interface_info (), esim_euicc_interface_info (),
                                esim_profile_interface_info (), esim_provider_interface_info (),
                                esim_job_interface_info () };

  return i < G_N_ELEMENTS (all) ? all[i] : NULL;
}

static char *
read_source (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", name, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* The comment before METHOD in TEXT names the action that the table has for it. */
static void
check_documented (const char *text, const char *method, const char *action)
{
  g_autofree char *element = g_strdup_printf ("<method name=\"%s\">", method);
  g_autofree char *wanted = g_strdup_printf ("action %s)", action);
  const char *end = strstr (text, element);
  g_autofree char *before = NULL;
  const char *comment;

  g_assert_nonnull (end);
  before = g_strndup (text, end - text);
  comment = g_strrstr (before, "<!--");
  g_assert_nonnull (comment);
  if (strstr (comment, wanted) == NULL)
    g_error ("the comment of %s does not say \"%s\"", method, wanted);
}

static void
test_every_method (void)
{
  for (guint i = 0; interface_at (i); i++)
    {
      GDBusInterfaceInfo *interface = interface_at (i);
      g_autofree char *name = g_strdup_printf ("dbus/%s.xml", interface->name);
      g_autofree char *text = read_source (name);

      for (guint j = 0; interface->methods && interface->methods[j]; j++)
        {
          const char *method = interface->methods[j]->name;
          const char *action = auth_action (interface->name, method);

          if (action == NULL)
            g_error ("service/auth.c has no action for %s.%s", interface->name, method);
          check_documented (text, method, action);
        }
    }
}

/* Whether some method takes ACTION. */
static gboolean
is_used (const char *action)
{
  for (guint i = 0; interface_at (i); i++)
    for (guint j = 0; interface_at (i)->methods[j]; j++)
      if (g_strcmp0 (action,
                     auth_action (interface_at (i)->name, interface_at (i)->methods[j]->name))
          == 0)
        return TRUE;
  return FALSE;
}

static void
test_policy_has_what_is_used (void)
{
  g_autofree char *policy = read_source ("policy/org.esimd1.policy");

  for (guint i = 0; interface_at (i); i++)
    for (guint j = 0; interface_at (i)->methods[j]; j++)
      {
        const char *action
            = auth_action (interface_at (i)->name, interface_at (i)->methods[j]->name);
        g_autofree char *id = g_strdup_printf ("<action id=\"%s\">", action);

        if (strstr (policy, id) == NULL)
          g_error ("org.esimd1.policy does not know %s", action);
      }
}

static void
test_policy_and_readme (void)
{
  g_autofree char *policy = read_source ("policy/org.esimd1.policy");
  g_autofree char *readme = read_source ("README.md");
  g_auto (GStrv) parts = g_strsplit (policy, "<action id=\"", -1);

  g_assert_cmpuint (g_strv_length (parts), >, 5);
  for (guint i = 1; parts[i]; i++)
    {
      g_autofree char *action = g_strndup (parts[i], strcspn (parts[i], "\""));
      g_autofree char *word = g_strdup_printf ("`%s`", strrchr (action, '.'));

      if (!is_used (action))
        g_error ("no method takes %s", action);
      if (strstr (readme, action) == NULL && strstr (readme, word) == NULL)
        g_error ("README.md does not name %s", action);
    }
}

static void
test_default_is_deny (void)
{
  g_assert_null (auth_action ("org.esimd1.Euicc", "NoSuchMethod"));
  g_assert_null (auth_action ("org.esimd1.NoSuchInterface", "Refresh"));
  g_assert_null (auth_action ("org.esimd1.Profile", "Refresh"));
}

/* ---- a method that nobody wrote into the table ---- */

static const char forgotten_xml[]
    = "<node><interface name='org.esimd1.Euicc'><method name='Forgotten'/></interface></node>";

static void
must_not_run (G_GNUC_UNUSED gpointer object, G_GNUC_UNUSED GDBusMethodInvocation *invocation)
{
  g_assert_not_reached ();
}

static void
on_method (G_GNUC_UNUSED GDBusConnection *connection, G_GNUC_UNUSED const char *sender,
           G_GNUC_UNUSED const char *path, G_GNUC_UNUSED const char *interface,
           G_GNUC_UNUSED const char *method, G_GNUC_UNUSED GVariant *parameters,
           GDBusMethodInvocation *invocation, gpointer object)
{
  call_begin (invocation, must_not_run, object);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GVariant) answer
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, data);

  g_assert_null (answer);
}

/* Refused, even to whom the service runs as; the other way round, root would get in. */
static void
test_forgotten_method (void)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_method };
  g_autoptr (GTestDBus) daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (forgotten_xml, NULL);
  g_autoptr (GObject) object = G_OBJECT (g_simple_action_group_new ());
  g_autoptr (GDBusConnection) bus = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;

  g_test_dbus_up (daemon);
  bus = g_dbus_connection_new_for_address_sync (
      g_test_dbus_get_bus_address (daemon),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_dbus_connection_register_object (bus, "/x", node->interfaces[0], &vtable,
                                                       object, NULL, NULL),
                    !=, 0);
  g_dbus_connection_call (bus, g_dbus_connection_get_unique_name (bus), "/x", "org.esimd1.Euicc",
                          "Forgotten", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, 10000, NULL, on_answered,
                          &error);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, errors_dbus_name (ESIM_ERROR_NOT_AUTHORIZED));
  g_dbus_connection_close_sync (bus, NULL, NULL);
  g_test_dbus_down (daemon);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/auth/every-method", test_every_method);
  g_test_add_func ("/auth/policy-has-what-is-used", test_policy_has_what_is_used);
  g_test_add_func ("/auth/policy-and-readme", test_policy_and_readme);
  g_test_add_func ("/auth/default-is-deny", test_default_is_deny);
  g_test_add_func ("/auth/forgotten-method", test_forgotten_method);
  return g_test_run ();
}
