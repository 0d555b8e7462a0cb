/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* --monitor: every change of cards, profiles and jobs as a line, until interrupted. */

#include <glib/gi18n.h>
#include <glib-unix.h>
#include <string.h>

#include "cost.h"
#include "verbs.h"
#include "words.h"

/* "ProvisioningState" as mmcli writes it: "provisioning-state". */
static char *
kebab (const char *name)
{
  GString *text = g_string_new (NULL);

  for (const char *p = name; *p; p++)
    {
      if (g_ascii_isupper (*p) && p > name)
        g_string_append_c (text, '-');
      g_string_append_c (text, g_ascii_tolower (*p));
    }
  return g_string_free (text, FALSE);
}

static char *
value_text (GVariant *value)
{
  g_autoptr (GVariant) cost = NULL;
  g_autofree char *words = NULL;
  const char *text;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("(ssssa{sv})"))) /* Job.Error */
    {
      g_variant_get_child (value, 1, "&s", &text);
      return output_clean (text);
    }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT)) /* Job.Result */
    cost = g_variant_lookup_value (value, "cost", G_VARIANT_TYPE_VARDICT);
  if (cost)
    return cost_summary (cost);
  words = words_of (value);
  return *words ? g_steal_pointer (&words) : g_strdup ("--");
}

/* "euicc 0" for /org/esimd1/Euicc/0, "provider twilio" for /org/esimd1/Provider/twilio. */
static void
say (const char *path, const char *text)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S");
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *kind = g_path_get_basename (folder);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *lower = g_ascii_strdown (kind, -1);

  g_print ("%s %s %s: %s\n", time, lower, name, text);
}

static char *
introduction (GDBusObject *object)
{
  EsimObject *known = ESIM_OBJECT (object);
  g_autoptr (EsimEuicc) euicc = esim_object_get_euicc (known);
  g_autoptr (EsimProfile) profile = esim_object_get_profile (known);
  g_autoptr (EsimJob) job = esim_object_get_job (known);
  g_autoptr (EsimProvider) provider = esim_object_get_provider (known);
  const char *problem = provider ? esim_provider_get_problem (provider) : "";

  if (euicc)
    return g_strdup_printf ("EID %s in %s", esim_euicc_get_eid (euicc),
                            esim_euicc_get_modem (euicc));
  if (profile)
    return show_profile_summary (profile);
  if (job)
    return g_strdup_printf ("%s, %s", esim_job_get_kind (job), esim_job_get_state (job));
  if (provider)
    return g_strdup_printf ("%s%s%s", esim_provider_get_state (provider), *problem ? ", " : "",
                            problem);
  return g_strdup ("");
}

static void
say_there (GDBusObject *object, const char *word)
{
  g_autofree char *what = introduction (object);
  g_autofree char *clean = output_clean (what);
  g_autofree char *text = g_strdup_printf ("%s: %s", word, clean);

  say (g_dbus_object_get_object_path (object), text);
}

static void
on_added (GDBusObjectManager *objects, GDBusObject *object, gpointer data)
{
  say_there (object, _ ("added"));
}

static void
on_removed (GDBusObjectManager *objects, GDBusObject *object, gpointer data)
{
  say (g_dbus_object_get_object_path (object), _ ("removed"));
}

static void
on_changed (GDBusObjectManagerClient *objects, GDBusObjectProxy *object, GDBusProxy *proxy,
            GVariant *changed, const char *const *invalidated, gpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, changed);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      g_autofree char *key = kebab (name);
      g_autofree char *printed = value_text (value);

      g_string_append_printf (text, "%s%s %s", text->len ? ", " : "", key, printed);
    }
  say (g_dbus_proxy_get_object_path (proxy), text->str);
}

static void
on_owner (GDBusObjectManagerClient *objects, GParamSpec *pspec, gpointer data)
{
  g_autofree char *owner = g_dbus_object_manager_client_get_name_owner (objects);

  g_print (_ ("esimd %s\n"), owner ? _ ("is running") : _ ("has stopped"));
}

static gboolean
on_interrupt (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_CONTINUE;
}

/* Euicc, Job, Profile, Provider, each by its number. */
static int
by_path (gconstpointer a, gconstpointer b)
{
  const char *left = g_dbus_object_get_object_path (G_DBUS_OBJECT (a));
  const char *right = g_dbus_object_get_object_path (G_DBUS_OBJECT (b));
  g_autofree char *left_kind = g_path_get_dirname (left);
  g_autofree char *right_kind = g_path_get_dirname (right);
  int kinds = strcmp (left_kind, right_kind);
  guint first = client_number (left), second = client_number (right);

  if (kinds != 0)
    return kinds;
  return first == second ? strcmp (left, right) : (first > second) - (first < second);
}

static void
say_what_is_there (Client *client)
{
  GList *objects = g_list_sort (g_dbus_object_manager_get_objects (client->objects), by_path);

  for (GList *l = objects; l; l = l->next)
    say_there (l->data, _ ("present"));
  g_list_free_full (objects, g_object_unref);
}

ExitStatus
monitor (Client *client, const Options *options, GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  say_what_is_there (client);
  g_signal_connect (client->objects, "object-added", G_CALLBACK (on_added), NULL);
  g_signal_connect (client->objects, "object-removed", G_CALLBACK (on_removed), NULL);
  g_signal_connect (client->objects, "interface-proxy-properties-changed", G_CALLBACK (on_changed),
                    NULL);
  g_signal_connect (client->objects, "notify::name-owner", G_CALLBACK (on_owner), NULL);
  g_unix_signal_add (SIGINT, on_interrupt, loop);
  g_unix_signal_add (SIGTERM, on_interrupt, loop);
  g_main_loop_run (loop);
  return EXIT_DONE;
}
