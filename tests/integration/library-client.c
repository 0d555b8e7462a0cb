/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A client as others write one, with nothing but what libesimd-glib installs: refreshes the card,
 * follows the job, and gets an error of esimd's domain. */

#include <libesimd-glib.h>
#include <stdio.h>

static EsimEuicc *
find_euicc (EsimObjectManagerClient *manager)
{
  GList *objects = g_dbus_object_manager_get_objects (G_DBUS_OBJECT_MANAGER (manager));
  EsimEuicc *found = NULL;

  for (GList *l = objects; l; l = l->next)
    if (found == NULL)
      found = esim_object_get_euicc (ESIM_OBJECT (l->data));
  g_list_free_full (objects, g_object_unref);
  return found;
}

static void
on_added (GDBusObjectManager *manager, GDBusObject *object, gpointer data)
{
  (void) manager;
  (void) data;
  printf ("added %s\n", g_dbus_object_get_object_path (object));
}

static void
on_state (EsimJob *job, GParamSpec *pspec, GMainLoop *loop)
{
  const char *state = esim_job_get_state (job);

  (void) pspec;
  printf ("state %s\n", state);
  if (g_str_equal (state, "done") || g_str_equal (state, "failed"))
    g_main_loop_quit (loop);
}

static int
follow (GDBusObjectManager *manager, const char *path)
{
  GMainLoop *loop = g_main_loop_new (NULL, FALSE);
  EsimJob *job = NULL;

  /* The object is there before the call is answered, but its signal may be still under way. */
  while (job == NULL)
    {
      GDBusInterface *interface = g_dbus_object_manager_get_interface (manager, path,
                                                                       "org.esimd1.Job");

      if (interface)
        job = ESIM_JOB (interface);
      else
        g_main_context_iteration (NULL, TRUE);
    }
  g_signal_connect (job, "notify::state", G_CALLBACK (on_state), loop);
  if (g_str_equal (esim_job_get_state (job), "done"))
    on_state (job, NULL, loop);
  else
    g_main_loop_run (loop);
  printf ("%s: %s\n", esim_job_get_kind (job), esim_job_get_state (job));
  g_object_unref (job);
  g_main_loop_unref (loop);
  return 0;
}

static void
show_error (EsimEuicc *euicc)
{
  GError *error = NULL;
  char *path = NULL;

  if (!esim_euicc_call_download_sync (euicc, "nonsense", g_variant_new ("a{sv}", NULL), &path, NULL,
                                      &error)
      && g_error_matches (error, ESIM_ERROR, ESIM_ERROR_INVALID_ARGUMENT))
    printf ("%s: %s\n", esim_error_get_dbus_name (error->code),
            esim_error_get_advice (error->code));
  g_clear_error (&error);
  g_free (path);
}

int
main (void)
{
  GError *error = NULL;
  GDBusObjectManager *manager = esim_object_manager_client_new_for_bus_sync (
      G_BUS_TYPE_SYSTEM, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE, "org.esimd1", "/org/esimd1", NULL,
      &error);
  EsimEuicc *euicc = manager ? find_euicc (ESIM_OBJECT_MANAGER_CLIENT (manager)) : NULL;
  char *path = NULL;
  int status = 1;

  if (euicc == NULL)
    return 2;
  printf ("eid %s\n", esim_euicc_get_eid (euicc));
  show_error (euicc);
  g_signal_connect (manager, "object-added", G_CALLBACK (on_added), NULL);
  if (esim_euicc_call_refresh_sync (euicc, g_variant_new ("a{sv}", NULL), &path, NULL, &error))
    status = follow (manager, path);
  g_free (path);
  g_object_unref (euicc);
  g_object_unref (manager);
  return status;
}
