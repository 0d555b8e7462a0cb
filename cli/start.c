/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Asks the bus for the service, and systemd meanwhile how it fares: the bus itself hears nothing of
 * a unit that fails, and waits for it until its time-out. */

#include "start.h"

#include <glib/gi18n.h>

#include "report.h"

#define BUS "org.freedesktop.DBus"
#define SYSTEMD "org.freedesktop.systemd1"
#define UNIT "/org/freedesktop/systemd1/unit/esimd_2eservice"
#define POLL_MS 100
/* A unit that systemd refuses to start once more stays failed, and has no job. */
#define REFUSED_MS 1500

typedef struct
{
  GDBusConnection *bus;
  GMainLoop *loop;
  gint64 began;
  guint64 failed_before; /* when the unit failed the last time before this; 0: not */
  GError *problem;       /* the bus's */
  gboolean failed;       /* the unit has */
  gboolean answered;     /* by the bus */
} Start;

static GVariant *
call_bus (GDBusConnection *bus, const char *method, GVariant *arguments)
{
  return g_dbus_connection_call_sync (bus, BUS, "/org/freedesktop/DBus", BUS, method, arguments,
                                      NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
}

static gboolean
has_owner (GDBusConnection *bus, const char *name)
{
  g_autoptr (GVariant) reply = call_bus (bus, "NameHasOwner", g_variant_new ("(s)", name));
  gboolean owned = FALSE;

  if (reply)
    g_variant_get (reply, "(b)", &owned);
  return owned;
}

/* The unit's PROPERTY, NULL where there is no systemd, or no such unit. Anybody may ask. */
static GVariant *
ask_unit (GDBusConnection *bus, const char *interface, const char *property)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      bus, SYSTEMD, UNIT, "org.freedesktop.DBus.Properties", "Get",
      g_variant_new ("(ss)", interface, property), G_VARIANT_TYPE ("(v)"),
      G_DBUS_CALL_FLAGS_NO_AUTO_START, 1000, NULL, NULL);
  g_autoptr (GVariant) boxed = reply ? g_variant_get_child_value (reply, 0) : NULL;

  return boxed ? g_variant_get_variant (boxed) : NULL;
}

static char *
unit_text (GDBusConnection *bus, const char *interface, const char *property)
{
  g_autoptr (GVariant) value = ask_unit (bus, interface, property);

  return value && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
             ? g_variant_dup_string (value, NULL)
             : g_strdup ("");
}

/* When the unit failed the last time, 0: it is not failed. */
static guint64
failed_at (GDBusConnection *bus)
{
  g_autofree char *state = unit_text (bus, SYSTEMD ".Unit", "ActiveState");
  g_autoptr (GVariant) since = NULL;

  if (!g_str_equal (state, "failed"))
    return 0;
  since = ask_unit (bus, SYSTEMD ".Unit", "InactiveEnterTimestampMonotonic");
  return since && g_variant_is_of_type (since, G_VARIANT_TYPE_UINT64)
             ? MAX (g_variant_get_uint64 (since), 1)
             : 1;
}

static gboolean
on_look (gpointer data)
{
  Start *self = data;
  guint64 failed = failed_at (self->bus);
  gboolean refused = g_get_monotonic_time () - self->began > REFUSED_MS * G_TIME_SPAN_MILLISECOND;

  if (failed == 0 || (failed == self->failed_before && !refused))
    return G_SOURCE_CONTINUE;
  self->failed = TRUE;
  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static void
on_started (GObject *bus, GAsyncResult *result, gpointer data)
{
  Start *self = data;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (bus), result, &self->problem);

  self->answered = TRUE;
  g_main_loop_quit (self->loop);
}

/* What the service said last, or what the bus says of it. */
static void
set_problem (Start *self, GError **error)
{
  g_autofree char *said = unit_text (self->bus, SYSTEMD ".Service", "StatusText");
  g_autofree char *name = self->problem ? g_dbus_error_get_remote_error (self->problem) : NULL;

  if (g_error_matches (self->problem, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN))
    g_propagate_error (error, g_steal_pointer (&self->problem));
  else if (g_strcmp0 (name, SYSTEMD ".NoSuchUnit") == 0
           || g_strcmp0 (name, SYSTEMD ".UnitMasked") == 0)
    g_set_error (error, REPORT_ERROR, EXIT_NO_SERVICE,
                 _ ("esimd is not running, and it is disabled\nStart it with: systemctl start "
                    "esimd"));
  else if (self->problem && !self->failed)
    {
      g_dbus_error_strip_remote_error (self->problem);
      g_set_error (error, REPORT_ERROR, EXIT_NO_SERVICE,
                   _ ("esimd does not start: %s\nSee why with: systemctl status esimd"),
                   self->problem->message);
    }
  else
    g_set_error (error, REPORT_ERROR, EXIT_NO_SERVICE,
                 _ ("esimd does not start%s%s\nSee: systemctl status esimd"), *said ? ": " : "",
                 said);
}

gboolean
start_service (GDBusConnection *bus, const char *name, GError **error)
{
  g_autoptr (GMainLoop) loop = NULL;
  g_autoptr (GCancellable) cancellable = NULL;
  Start self = { .bus = bus, .began = g_get_monotonic_time () };
  gboolean good;
  guint timer;

  if (has_owner (bus, name))
    return TRUE;
  self.loop = loop = g_main_loop_new (NULL, FALSE);
  cancellable = g_cancellable_new ();
  self.failed_before = failed_at (bus);
  g_dbus_connection_call (bus, BUS, "/org/freedesktop/DBus", BUS, "StartServiceByName",
                          g_variant_new ("(su)", name, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                          cancellable, on_started, &self);
  timer = g_timeout_add (POLL_MS, on_look, &self);
  g_main_loop_run (loop);
  g_source_remove (timer);
  g_cancellable_cancel (cancellable);
  if (!self.answered)
    g_main_loop_run (loop); /* for the call's end, which has SELF */
  good = !self.failed && self.problem == NULL;
  if (!good)
    set_problem (&self, error);
  g_clear_error (&self.problem);
  return good;
}
