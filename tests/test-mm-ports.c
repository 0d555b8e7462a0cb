/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* modem/mm in front of a stand-in for ModemManager, on a bus of its own: which ports are told, of
 * modems that the lab cannot have. */

#include <libmm-glib.h>

#include "modem/modem.h"

#define PATH "/org/freedesktop/ModemManager1"

extern const ModemDriver modem_mm;

/* What was told of the modem. */
typedef struct
{
  ModemSnapshot *snapshot;
  GMainLoop *loop;
} Seen;

static void
on_changed (const char *device, ModemSnapshot *snapshot, gpointer data)
{
  Seen *seen = data;

  g_assert_cmpstr (device, ==, "qcom-soc");
  g_clear_pointer (&seen->snapshot, modem_snapshot_unref);
  seen->snapshot = snapshot ? modem_snapshot_ref (snapshot) : NULL;
  g_main_loop_quit (seen->loop);
}

/* A modem as ModemManager shows the one of a phone (plugins/qcom-soc), with PORTS. */
static GDBusObjectManagerServer *
show_modem (GDBusConnection *bus, GVariant *ports)
{
  GDBusObjectManagerServer *manager = g_dbus_object_manager_server_new (PATH);
  g_autoptr (MmGdbusObjectSkeleton) object = mm_gdbus_object_skeleton_new (PATH "/Modem/0");
  g_autoptr (MmGdbusModemSkeleton) skeleton
      = MM_GDBUS_MODEM_SKELETON (mm_gdbus_modem_skeleton_new ());
  MmGdbusModem *modem = MM_GDBUS_MODEM (skeleton);

  mm_gdbus_modem_set_device (modem, "qcom-soc");
  mm_gdbus_modem_set_ports (modem, ports);
  mm_gdbus_object_skeleton_set_modem (object, modem);
  g_dbus_object_manager_server_export (manager, G_DBUS_OBJECT_SKELETON (object));
  g_dbus_object_manager_server_set_connection (manager, bus);
  return manager;
}

static void
test_qrtr (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = g_dbus_connection_new_for_address_sync (
      g_getenv ("DBUS_SYSTEM_BUS_ADDRESS"),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);
  g_autoptr (GVariant) ports
      = g_variant_ref_sink (g_variant_new_parsed ("[('qrtr0', %u), ('rmnet_ipa0', %u), "
                                                  "('wwan0qmi0', %u), ('wwan0at0', %u)]",
                                                  MM_MODEM_PORT_TYPE_QMI, MM_MODEM_PORT_TYPE_NET,
                                                  MM_MODEM_PORT_TYPE_QMI, MM_MODEM_PORT_TYPE_AT));
  g_autoptr (GDBusObjectManagerServer) manager = NULL;
  Seen seen = { NULL, loop };
  gpointer watch;
  guint name;

  g_assert_no_error (error);
  manager = show_modem (bus, ports);
  name = g_bus_own_name_on_connection (bus, "org.freedesktop.ModemManager1", 0, NULL, NULL, NULL,
                                       NULL);
  watch = modem_mm.start (on_changed, &seen);
  g_main_loop_run (loop);
  g_assert_cmpuint (seen.snapshot->n_ports, ==, 3);
  g_assert_cmpstr (seen.snapshot->ports[0].kind, ==, "qrtr");
  g_assert_cmpstr (seen.snapshot->ports[0].device, ==, "qrtr://0");
  g_assert_cmpstr (seen.snapshot->ports[1].kind, ==, "qmi");
  g_assert_cmpstr (seen.snapshot->ports[1].device, ==, "/dev/wwan0qmi0");
  g_assert_cmpstr (seen.snapshot->ports[2].kind, ==, "at");
  g_assert_cmpstr (seen.snapshot->ports[2].device, ==, "/dev/wwan0at0");
  modem_mm.stop (watch);
  modem_snapshot_unref (seen.snapshot);
  g_bus_unown_name (name);
}

int
main (int argc, char **argv)
{
  g_autoptr (GTestDBus) bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_dbus_up (bus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (bus), TRUE);
  g_test_add_func ("/mm-ports/qrtr", test_qrtr);
  status = g_test_run ();
  g_test_dbus_stop (bus);
  return status;
}
