/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* apdu/ofono in front of an org.ofono.intel.EuiccLpa that plays a conversation, on a bus of its
 * own. */

#include <string.h>

#include "apdu/channel.h"
#include "base/error.h"

#define XML                                                                                        \
  "<node><interface name='org.ofono.intel.EuiccLpa'><method name='SelectISDR'/>"                   \
  "<method name='ReleaseISDR'/><method name='TransmitLpaApdu'>"                                    \
  "<arg type='ay' direction='in'/><arg type='ay' direction='out'/></method></interface></node>"

extern const ChannelDriver channel_ofono;

static const guint8 eid[] = { 0xbf, 0x3e, 0x12, 0x5a, 0x10, 0x89, 0x04, 0x41, 0x45, 0,    0, 0,
                              0,    0,    0,    0,    0,    0,    0,    0x01, 0x25, 0x90, 0 };

/* What the stand-in does to an APDU, and what it was asked. */
static gint mode; /* atomic: 0 answers, 1 keeps silent, 2 is busy */
static gint selected;

static void
on_call (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
         const char *method, GVariant *arguments, GDBusMethodInvocation *invocation, gpointer data)
{
  GVariant *answer = NULL;

  if (strcmp (method, "SelectISDR") == 0)
    g_atomic_int_inc (&selected);
  else if (strcmp (method, "ReleaseISDR") == 0)
    g_atomic_int_add (&selected, -1);
  else
    {
      g_autoptr (GVariant) apdu = g_variant_get_child_value (arguments, 0);

      g_assert_cmpuint (*(const guint8 *) g_variant_get_data (apdu), ==, 0x80);
      answer = g_variant_new ("(@ay)",
                              g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, eid, sizeof eid, 1));
      if (g_atomic_int_get (&mode) == 1)
        {
          g_variant_unref (g_variant_ref_sink (answer));
          g_object_unref (invocation);
          return;
        }
    }
  g_dbus_method_invocation_return_value (invocation, answer);
}

static const GDBusInterfaceVTable vtable = { .method_call = on_call };

static gpointer
serve (gpointer loop)
{
  GMainContext *context = g_main_loop_get_context (loop);

  g_main_context_push_thread_default (context);
  g_main_loop_run (loop);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static GBytes *
read_eid (GError **error)
{
  ChannelTarget target = { .device = "/xmm", .quirks = QUIRKS_DEFAULT };
  g_autoptr (GBytes) request = g_bytes_new_static ("\xbf\x3e\x03\x5c\x01\x5a", 6);
  g_autoptr (Channel) channel = NULL;

  target.quirks.apdu_timeout_s = 1;
  channel = channel_open (&channel_ofono, &target, NULL, NULL, error);
  return channel ? channel_store_data (channel, request, NULL, error) : NULL;
}

static void
test_eid (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) response = read_eid (&error);

  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (response, NULL), g_bytes_get_size (response), eid,
                   sizeof eid - 2);
  g_assert_cmpint (g_atomic_int_get (&selected), ==, 0);
}

static void
test_silent (void)
{
  g_autoptr (GError) error = NULL;

  g_atomic_int_set (&mode, 1);
  g_assert_null (read_eid (&error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_TIMED_OUT);
  g_atomic_int_set (&mode, 0);
}

int
main (int argc, char **argv)
{
  g_autoptr (GTestDBus) daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (XML, NULL);
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (context, FALSE);
  g_autoptr (GDBusConnection) bus = NULL;
  GThread *thread;
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_dbus_up (daemon);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (daemon), TRUE);
  bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  g_main_context_push_thread_default (context);
  g_dbus_connection_register_object (bus, "/xmm", node->interfaces[0], &vtable, NULL, NULL, NULL);
  g_main_context_pop_thread_default (context);
  g_variant_unref (g_dbus_connection_call_sync (
      bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
      g_variant_new ("(su)", "org.ofono", 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL));
  thread = g_thread_new ("ofono", serve, loop);
  g_test_add_func ("/ofono/eid", test_eid);
  g_test_add_func ("/ofono/silent", test_silent);
  status = g_test_run ();
  g_main_loop_quit (loop);
  g_thread_join (thread);
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  g_clear_object (&bus);
  g_test_dbus_stop (daemon);
  return status;
}
