/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The service as the command sees it. */

#include "client.h"

#include <glib/gi18n.h>
#include <string.h>

#include "start.h"

#define NAME "org.esimd1"
#define PATH "/org/esimd1"
#define EID_DIGITS 32
/* ICCIDs have 18 to 20 digits (ITU-T E.118 and what is out there); an index never has as many. */
#define ICCID_DIGITS_MIN 18

static gboolean
is_running (GDBusObjectManager *objects)
{
  g_autofree char *owner
      = g_dbus_object_manager_client_get_name_owner (G_DBUS_OBJECT_MANAGER_CLIENT (objects));

  return owner != NULL;
}

/* Longer than esimd needs until it is ready (org.esimd1.Manager.Ready). */
#define READY_MS 8000

static GDBusConnection *
connect_bus (GError **error)
{
  g_autoptr (GError) reason = NULL;
  GDBusConnection *bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, &reason);

  if (bus == NULL)
    g_set_error (error, REPORT_ERROR, EXIT_NO_SERVICE,
                 _ ("the system bus cannot be reached: %s\nIs dbus-daemon running? A container may "
                    "need the host's /run/dbus."),
                 reason->message);
  else
    g_dbus_connection_set_exit_on_close (bus, FALSE);
  return bus;
}

static gboolean
on_waited (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

/* A service that has just been started has not seen its cards yet. One that does not tell is not
 * waited for. */
static void
wait_until_ready (GDBusConnection *bus)
{
  g_autoptr (EsimManager) manager = esim_manager_proxy_new_sync (
      bus, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, NAME, PATH, NULL, NULL);
  g_autoptr (GVariant) told
      = manager ? g_dbus_proxy_get_cached_property (G_DBUS_PROXY (manager), "Ready") : NULL;
  g_autoptr (GMainLoop) loop = NULL;
  guint timer;

  if (told == NULL || esim_manager_get_ready (manager))
    return;
  loop = g_main_loop_new (NULL, FALSE);
  g_signal_connect_swapped (manager, "notify::ready", G_CALLBACK (g_main_loop_quit), loop);
  g_signal_connect_swapped (manager, "notify::g-name-owner", G_CALLBACK (g_main_loop_quit), loop);
  timer = g_timeout_add (READY_MS, on_waited, loop);
  g_main_loop_run (loop);
  g_source_remove (timer);
  g_signal_handlers_disconnect_by_data (manager, loop);
}

Client *
client_new (gboolean verbose, GError **error)
{
  g_autoptr (Client) self = g_new0 (Client, 1);
  g_autoptr (GDBusConnection) bus = connect_bus (error);

  if (bus == NULL || !start_service (bus, NAME, error))
    return NULL;
  self->verbose = verbose;
  wait_until_ready (bus);
  self->objects = esim_object_manager_client_new_sync (bus, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE,
                                                       NAME, PATH, NULL, error);
  if (self->objects == NULL)
    return NULL;
  if (is_running (self->objects))
    return g_steal_pointer (&self);
  g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN, "%s has no owner", NAME);
  return NULL;
}

void
client_free (Client *self)
{
  g_clear_object (&self->objects);
  g_free (self);
}

const char *
client_path (gpointer proxy)
{
  return g_dbus_proxy_get_object_path (G_DBUS_PROXY (proxy));
}

guint
client_number (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash ? (guint) g_ascii_strtoull (slash + 1, NULL, 10) : 0;
}

static int
by_number (gconstpointer a, gconstpointer b)
{
  guint left = client_number (client_path (*(gpointer *) a));
  guint right = client_number (client_path (*(gpointer *) b));

  return (left > right) - (left < right);
}

static void
free_objects (gpointer list)
{
  g_list_free_full (list, g_object_unref);
}

static GPtrArray *
proxies (Client *self, const char *interface)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (g_object_unref);
  GList *objects = g_dbus_object_manager_get_objects (self->objects);

  for (GList *l = objects; l; l = l->next)
    {
      GDBusInterface *proxy = g_dbus_object_get_interface (l->data, interface);

      if (proxy)
        g_ptr_array_add (found, proxy);
    }
  free_objects (objects);
  g_ptr_array_sort (found, by_number);
  return found;
}

GPtrArray *
client_euiccs (Client *self)
{
  return proxies (self, "org.esimd1.Euicc");
}

GPtrArray *
client_profiles (Client *self)
{
  return proxies (self, "org.esimd1.Profile");
}

GPtrArray *
client_jobs (Client *self)
{
  return proxies (self, "org.esimd1.Job");
}

GPtrArray *
client_profiles_of (Client *self, const char *euicc)
{
  GPtrArray *profiles = client_profiles (self);

  for (guint i = profiles->len; i > 0; i--)
    if (g_strcmp0 (esim_profile_get_euicc (profiles->pdata[i - 1]), euicc) != 0)
      g_ptr_array_remove_index (profiles, i - 1);
  return profiles;
}

/* Whether NAME, an index or a path, means PATH. */
static gboolean
names_path (const char *name, const char *path)
{
  const char *slash = path ? strrchr (path, '/') : NULL;

  if (slash == NULL || *name == '/')
    return g_strcmp0 (name, path) == 0;
  return g_str_equal (name, slash + 1);
}

static gboolean
names_euicc (const char *name, EsimEuicc *euicc)
{
  if (name == NULL || g_str_equal (name, "any"))
    return TRUE;
  if (strlen (name) == EID_DIGITS && *name != '/')
    return g_strcmp0 (name, esim_euicc_get_eid (euicc)) == 0;
  return names_path (name, client_path (euicc));
}

static gboolean
names_modem (const char *name, EsimEuicc *euicc)
{
  const char *modem = esim_euicc_get_modem (euicc);

  if (name == NULL)
    return TRUE;
  if (g_str_equal (name, "any"))
    return g_strcmp0 (modem, "/") != 0;
  return names_path (name, modem);
}

/* The cards that EUICC and MODEM may mean. */
static GPtrArray *
matching_euiccs (Client *self, const char *euicc, const char *modem)
{
  GPtrArray *euiccs = client_euiccs (self);

  for (guint i = euiccs->len; i > 0; i--)
    if (!names_euicc (euicc, euiccs->pdata[i - 1]) || !names_modem (modem, euiccs->pdata[i - 1]))
      g_ptr_array_remove_index (euiccs, i - 1);
  return euiccs;
}

static void
set_no_euicc (const char *euicc, const char *modem, GError **error)
{
  if (euicc && !g_str_equal (euicc, "any"))
    g_set_error (error, REPORT_ERROR, EXIT_NOT_FOUND,
                 _ ("there is no eUICC %s%s\nSee what there is with esimcli -L."), euicc,
                 modem ? _ (" in that modem") : "");
  else if (modem && !g_str_equal (modem, "any"))
    g_set_error (
        error, REPORT_ERROR, EXIT_NOT_FOUND,
        _ ("no eUICC is in modem %s\nSee modems with mmcli -L and eUICCs with esimcli -L."), modem);
  else
    g_set_error (
        error, REPORT_ERROR, EXIT_NOT_FOUND,
        _ ("there is no eUICC\nIs the modem in mmcli -L? If it is, see why its card was not "
           "taken: journalctl -u esimd."));
}

static void
set_several (GPtrArray *euiccs, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < euiccs->len; i++)
    g_string_append_printf (list, "%s-u %u (EID %s)", i ? ", " : "",
                            client_number (client_path (euiccs->pdata[i])),
                            esim_euicc_get_eid (euiccs->pdata[i]));
  g_set_error (error, REPORT_ERROR, EXIT_USAGE, _ ("there are %u eUICCs\nName one of them: %s."),
               euiccs->len, list->str);
}

EsimEuicc *
client_find_euicc (Client *self, const char *euicc, const char *modem, gboolean first,
                   GError **error)
{
  g_autoptr (GPtrArray) euiccs = matching_euiccs (self, euicc, modem);
  gboolean any = first && (g_strcmp0 (euicc, "any") == 0 || g_strcmp0 (modem, "any") == 0);

  if (euiccs->len == 0)
    set_no_euicc (euicc, modem, error);
  else if (euiccs->len > 1 && !any)
    set_several (euiccs, error);
  else
    return g_object_ref (euiccs->pdata[0]);
  return NULL;
}

EsimEuicc *
client_euicc_at (Client *self, const char *path)
{
  return ESIM_EUICC (g_dbus_object_manager_get_interface (self->objects, path, "org.esimd1.Euicc"));
}

gboolean
client_is_test_aside (EsimProfile *profile)
{
  return g_strcmp0 (esim_profile_get_class (profile), "test") == 0
         && g_strcmp0 (esim_profile_get_state (profile), "enabled") != 0;
}

static gboolean
names_profile (const char *name, EsimProfile *profile)
{
  if (g_str_equal (name, "any"))
    return !client_is_test_aside (profile);
  if (strlen (name) >= ICCID_DIGITS_MIN && *name != '/')
    return g_strcmp0 (name, esim_profile_get_iccid (profile)) == 0;
  return names_path (name, client_path (profile));
}

/* The profiles that NAME may mean, on one of EUICCS. */
static GPtrArray *
matching_profiles (Client *self, const char *name, GPtrArray *euiccs)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < euiccs->len; i++)
    {
      g_autoptr (GPtrArray) profiles = client_profiles_of (self, client_path (euiccs->pdata[i]));

      for (guint k = 0; k < profiles->len; k++)
        if (names_profile (name, profiles->pdata[k]))
          g_ptr_array_add (found, g_object_ref (profiles->pdata[k]));
    }
  return found;
}

static void
set_no_profile (const char *name, gboolean narrowed, GError **error)
{
  const char *where = narrowed ? _ (" on that card") : "";

  if (g_str_equal (name, "any"))
    g_set_error (error, REPORT_ERROR, EXIT_NOT_FOUND,
                 _ ("there is no profile%s\nesimcli --provision or --download brings one."), where);
  else
    g_set_error (error, REPORT_ERROR, EXIT_NOT_FOUND,
                 _ ("there is no profile %s%s\nSee what there is with esimcli --list-profiles."),
                 name, where);
}

/* "any" is the only one: who enables or deletes the first of several has seldom meant it. */
static void
set_several_profiles (GPtrArray *profiles, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < profiles->len; i++)
    g_string_append_printf (
        list, "%s-p %u (%s, %s)", i ? ", " : "", client_number (client_path (profiles->pdata[i])),
        esim_profile_get_iccid (profiles->pdata[i]), esim_profile_get_state (profiles->pdata[i]));
  g_set_error (error, REPORT_ERROR, EXIT_USAGE, _ ("there are %u profiles\nName one of them: %s."),
               profiles->len, list->str);
}

EsimProfile *
client_find_profile (Client *self, const char *name, const char *euicc, const char *modem,
                     GError **error)
{
  g_autoptr (GPtrArray) euiccs = matching_euiccs (self, euicc, modem);
  g_autoptr (GPtrArray) profiles = matching_profiles (self, name, euiccs);

  if (profiles->len == 1)
    return g_object_ref (profiles->pdata[0]);
  if (euiccs->len == 0)
    set_no_euicc (euicc, modem, error);
  else if (profiles->len == 0)
    set_no_profile (name, euicc || modem, error);
  else
    set_several_profiles (profiles, error);
  return NULL;
}

EsimJob *
client_find_job (Client *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) jobs = client_jobs (self);

  for (guint i = 0; i < jobs->len; i++)
    if (names_path (name, client_path (jobs->pdata[i])))
      return g_object_ref (jobs->pdata[i]);
  g_set_error (
      error, REPORT_ERROR, EXIT_NOT_FOUND,
      _ ("there is no job %s\nA job is kept for 10 minutes after its end; see what there is "
         "with esimcli --list-jobs."),
      name);
  return NULL;
}

gboolean
client_job_is_over (EsimJob *job)
{
  static const char *const over[] = { "done", "failed", "cancelled", NULL };
  const char *state = esim_job_get_state (job);

  return state && g_strv_contains (over, state);
}

EsimProvider *
client_find_provider (Client *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) found = proxies (self, "org.esimd1.Provider");
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < found->len; i++)
    {
      const char *its = esim_provider_get_name (found->pdata[i]);

      if (g_strcmp0 (name, its) == 0 || (name == NULL && found->len == 1))
        return g_object_ref (found->pdata[i]);
      g_string_append_printf (names, "%s%s", i ? ", " : "", its);
    }
  if (found->len == 0)
    g_set_error (error, REPORT_ERROR, EXIT_NOT_FOUND,
                 _ ("there is no provider\nSet one up in esimd.conf: a group [provider NAME]."));
  else if (name)
    g_set_error (error, REPORT_ERROR, EXIT_NOT_FOUND, _ ("there is no provider %s\nThere is: %s."),
                 name, names->str);
  else
    g_set_error (error, REPORT_ERROR, EXIT_USAGE,
                 _ ("there are %u providers\nName one of them with --provider: %s."), found->len,
                 names->str);
  return NULL;
}

GVariant *
client_call (Client *self, gpointer proxy, const char *method, GVariant *parameters, GError **error)
{
  /* The parameters may hold an activation code: they are not shown. */
  if (self->verbose)
    g_printerr (_ ("call %s.%s at %s\n"), g_dbus_proxy_get_interface_name (proxy), method,
                client_path (proxy));
  return g_dbus_proxy_call_sync (proxy, method, parameters,
                                 G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, -1, NULL,
                                 error);
}

gboolean
client_call_manager (Client *self, const char *method, GVariant *options, GError **error)
{
  g_autoptr (EsimManager) manager = esim_manager_proxy_new_sync (
      g_dbus_object_manager_client_get_connection (G_DBUS_OBJECT_MANAGER_CLIENT (self->objects)),
      G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES, NAME, PATH, NULL, error);
  g_autoptr (GVariant) given
      = g_variant_ref_sink (options ? options : g_variant_new ("a{sv}", NULL));
  g_autoptr (GVariant) reply = NULL;

  if (manager)
    reply = client_call (self, manager, method, g_variant_new_tuple (&given, 1), error);
  return reply != NULL;
}
