/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* connect/link on the kernel's own netlink, in a network namespace, and connect/dns with a
 * systemd-resolved that writes down what it is told. */

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "connect/link.h"

#define INSIDE "ESIMD_TEST_IN_NAMESPACE"

/* Runs the shell's COMMAND, which must work, and returns what it printed. */
static char *
run (const char *command)
{
  const char *argv[] = { "sh", "-c", command, NULL };
  g_autoptr (GError) error = NULL;
  char *out = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &status,
                &error);
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, &error));
  return out;
}

static void
expect (const char *command, const char *printed)
{
  g_autofree char *out = run (command);

  if (strstr (out, printed) == NULL)
    g_error ("%s printed, without \"%s\":\n%s", command, printed, out);
}

static void
expect_not (const char *command, const char *printed)
{
  g_autofree char *out = run (command);

  if (strstr (out, printed) != NULL)
    g_error ("%s printed, with \"%s\":\n%s", command, printed, out);
}

static void
set_up (G_GNUC_UNUSED gpointer *self, G_GNUC_UNUSED gconstpointer data)
{
  g_free (run ("ip link set lo up; ip link add wwan0 type veth peer name far0; "
               "ip link set far0 up"));
}

static void
tear_down (G_GNUC_UNUSED gpointer *self, G_GNUC_UNUSED gconstpointer data)
{
  g_free (run ("ip link del wwan0 2>/dev/null; ip route flush table main; true"));
}

static LinkConfig
typical (void)
{
  return (LinkConfig){ .interface = "wwan0",
                       .address = "10.64.0.2",
                       .prefix = 30,
                       .gateway = "10.64.0.1",
                       .mtu = 1430,
                       .metric = 700 };
}

static void
configure (const LinkConfig *config)
{
  g_autoptr (GError) error = NULL;

  link_configure (config, &error);
  g_assert_no_error (error);
  g_assert_true (link_is_configured (config));
}

static void
test_configure (G_GNUC_UNUSED gpointer *self, G_GNUC_UNUSED gconstpointer data)
{
  LinkConfig config = typical ();

  g_assert_false (link_is_configured (&config));
  g_assert_false (link_is_ours ("wwan0"));
  configure (&config);
  expect ("ip addr show wwan0", "inet 10.64.0.2/30");
  expect ("ip link show wwan0", "mtu 1430");
  expect ("ip link show wwan0", ",UP");
  expect ("ip route show default", "default via 10.64.0.1 dev wwan0 proto 229 metric 700");
  g_assert_true (link_is_ours ("wwan0"));
  g_assert_false (link_is_ours ("lo"));
}

/* A socket that hears every change of links, addresses and routes. */
static int
listen_to_changes (void)
{
  struct sockaddr_nl address
      = { .nl_family = AF_NETLINK,
          .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR };
  int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

static gboolean
heard_something (int fd)
{
  char buffer[8192];
  gboolean heard = FALSE;

  while (recv (fd, buffer, sizeof buffer, 0) > 0)
    heard = TRUE;
  return heard;
}

static void
test_idempotent (G_GNUC_UNUSED gpointer *self, G_GNUC_UNUSED gconstpointer data)
{
  LinkConfig config = typical ();
  int fd;

  configure (&config);
  /* IPv6 address detection of the pair is over once none of its addresses is tentative. */
  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *out = run ("ip -6 addr show tentative");

      if (*out == '\0')
        break;
      g_usleep (100 * 1000);
    }
  fd = listen_to_changes ();
  configure (&config);
  g_assert_false (heard_something (fd));
  config.mtu = 1400;
  configure (&config);
  g_assert_true (heard_something (fd));
  close (fd);
}

/* Each thing put wrong alone is seen and put right. */
static void
test_repair (G_GNUC_UNUSED gpointer *self, G_GNUC_UNUSED gconstpointer data)
{
  const char *const damages[] = {
    "ip link set wwan0 down",
    "ip link set wwan0 mtu 1500",
    "ip addr flush dev wwan0",
    "ip route del default",
    "ip route replace default via 10.64.0.1 dev wwan0 metric 50; ip route del default metric 700",
    "ip addr del 10.64.0.2/30 dev wwan0; ip addr add 10.64.0.2/24 dev wwan0",
  };
  LinkConfig config = typical ();

  configure (&config);
  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_free (run (damages[i]));
      g_assert_false (link_is_configured (&config));
      configure (&config);
    }
}

static void
test_next_connection (G_GNUC_UNUSED gpointer *self, G_GNUC_UNUSED gconstpointer data)
{
  LinkConfig config = typical ();

  configure (&config);
  config.address = "10.99.1.9";
  config.gateway = "10.99.1.1";
  config.prefix = 24;
  configure (&config);
  expect_not ("ip addr show wwan0", "10.64.0.2");
  expect_not ("ip route show", "10.64.0.1");
  expect ("ip route show default", "default via 10.99.1.1 dev wwan0");
}

static void
test_gateways (G_GNUC_UNUSED gpointer *self, G_GNUC_UNUSED gconstpointer data)
{
  LinkConfig config = typical ();

  config.prefix = 32;
  config.gateway = "10.200.0.1";
  configure (&config);
  expect ("ip route show default", "default via 10.200.0.1 dev wwan0");
  config.gateway = NULL;
  configure (&config);
  expect ("ip route show default", "default dev wwan0");
  expect_not ("ip route show default", "10.200.0.1");
}

/* Ethernet stays as it is, on both ways. */
static void
test_others_untouched (G_GNUC_UNUSED gpointer *self, G_GNUC_UNUSED gconstpointer data)
{
  LinkConfig config = typical ();
  g_autoptr (GError) error = NULL;

  g_free (run ("ip addr add 192.0.2.2/24 dev far0; "
               "ip route add default via 192.0.2.1 dev far0 metric 100"));
  configure (&config);
  expect ("ip route show default", "default via 192.0.2.1 dev far0 metric 100");
  g_assert_true (link_clear ("wwan0", 700, &error));
  g_assert_no_error (error);
  expect ("ip route show default", "default via 192.0.2.1 dev far0 metric 100");
  expect ("ip addr show far0", "192.0.2.2/24");
}

/* Another modem's default route has the metric already. */
static void
test_two_modems (G_GNUC_UNUSED gpointer *self, G_GNUC_UNUSED gconstpointer data)
{
  LinkConfig config = typical ();
  g_autoptr (GError) error = NULL;

  g_free (run ("ip addr add 192.0.2.2/24 dev far0; "
               "ip route add default via 192.0.2.1 dev far0 metric 700"));
  configure (&config);
  configure (&config);
  expect ("ip route show default", "default via 192.0.2.1 dev far0 metric 700");
  expect ("ip route show default", "default via 10.64.0.1 dev wwan0 proto 229 metric 701");
  g_assert_true (link_clear ("wwan0", 700, &error));
  g_assert_no_error (error);
  g_assert_false (link_is_configured (&config));
  expect ("ip route show default", "default via 192.0.2.1 dev far0 metric 700");
}

static void
test_clear (G_GNUC_UNUSED gpointer *self, G_GNUC_UNUSED gconstpointer data)
{
  LinkConfig config = typical ();
  g_autoptr (GError) error = NULL;

  configure (&config);
  g_assert_true (link_clear ("wwan0", 0, &error));
  g_assert_no_error (error);
  expect_not ("ip route show", "wwan0");
  expect_not ("ip addr show wwan0", "10.64.0.2");
  expect_not ("ip link show wwan0", ",UP");
  g_assert_false (link_is_configured (&config));
  g_assert_true (link_clear ("wwan0", 700, &error));
  g_assert_true (link_clear ("wwan7", 700, &error));
  g_assert_no_error (error);
}

static void
test_ipv6 (G_GNUC_UNUSED gpointer *self, G_GNUC_UNUSED gconstpointer data)
{
  LinkConfig v4 = typical ();
  LinkConfig v6 = { .interface = "wwan0",
                    .address = "2001:db8::2",
                    .prefix = 64,
                    .gateway = "fe80::1",
                    .metric = 700 };

  configure (&v4);
  configure (&v6);
  g_assert_true (link_is_configured (&v4));
  expect ("ip addr show wwan0", "inet6 2001:db8::2/64 scope global");
  expect ("ip -6 route show default", "default via fe80::1 dev wwan0 proto 229 metric 700");
  g_assert_true (link_clear ("wwan0", 0, NULL));
  expect_not ("ip -6 addr show", "2001:db8::2");
}

static void
refuse (LinkConfig config, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (link_configure (&config, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_DATA_FAILED);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
  g_assert_false (link_is_configured (&config));
}

static void
test_refusals (G_GNUC_UNUSED gpointer *self, G_GNUC_UNUSED gconstpointer data)
{
  LinkConfig config = typical ();

  config.interface = "wwan7";
  refuse (config, "wwan7");
  config = typical ();
  config.address = "10.64.0";
  config.address = "not an address";
  refuse (config, "the address of wwan0");
  config = typical ();
  config.gateway = "2001:db8::1";
  refuse (config, "the gateway of wwan0");
}

/* A systemd-resolved for the tests. */
static const char resolved_xml[]
    = "<node><interface name='org.freedesktop.resolve1.Manager'>"
      "<method name='SetLinkDNS'><arg type='i' direction='in'/><arg type='a(iay)' "
      "direction='in'/></method>"
      "<method name='SetLinkDefaultRoute'><arg type='i' direction='in'/><arg type='b' "
      "direction='in'/></method>"
      "<method name='RevertLink'><arg type='i' direction='in'/></method></interface></node>";

typedef struct
{
  GDBusConnection *bus;
  GString *told;
  const char *refusal;
  const LinkConfig *config;
  gboolean clear, ok, over;
  GError *error;
} Resolved;

static void
on_call (G_GNUC_UNUSED GDBusConnection *bus, G_GNUC_UNUSED const char *sender,
         G_GNUC_UNUSED const char *path, G_GNUC_UNUSED const char *interface, const char *method,
         GVariant *arguments, GDBusMethodInvocation *invocation, gpointer data)
{
  Resolved *self = data;
  g_autofree char *text = g_variant_print (arguments, FALSE);

  g_string_append_printf (self->told, "%s %s\n", method, text);
  if (self->refusal)
    g_dbus_method_invocation_return_dbus_error (invocation, self->refusal, "no");
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
}

static gboolean
wake (gpointer data)
{
  ((Resolved *) data)->over = TRUE;
  return G_SOURCE_REMOVE;
}

static gpointer
work (gpointer data)
{
  Resolved *self = data;

  if (self->clear)
    self->ok = link_clear ("wwan0", 0, &self->error);
  else
    self->ok = link_configure (self->config, &self->error);
  g_idle_add (wake, self);
  return NULL;
}

/* Does it on a worker, as esimd does, while this thread is systemd-resolved. */
static void
do_beside (Resolved *self, gboolean clear)
{
  GThread *thread;

  self->clear = clear;
  self->over = FALSE;
  g_string_truncate (self->told, 0);
  thread = g_thread_new ("work", work, self);
  while (!self->over)
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
}

static void
resolved_own (Resolved *self, const char *method)
{
  g_autoptr (GVariant) answer = g_dbus_connection_call_sync (
      self->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method,
      strcmp (method, "RequestName") == 0 ? g_variant_new ("(su)", "org.freedesktop.resolve1", 0)
                                          : g_variant_new ("(s)", "org.freedesktop.resolve1"),
      NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

  g_assert_nonnull (answer);
}

static void
test_dns (G_GNUC_UNUSED gpointer *fixture, G_GNUC_UNUSED gconstpointer data)
{
  const GDBusInterfaceVTable vtable = { .method_call = on_call };
  const char *const servers[] = { "198.51.100.53", "2001:db8::53", NULL };
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (resolved_xml, NULL);
  LinkConfig config = typical ();
  Resolved self = { .told = g_string_new (NULL), .config = &config };
  guint id;

  config.dns = servers;
  self.bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  id = g_dbus_connection_register_object (self.bus, "/org/freedesktop/resolve1",
                                          node->interfaces[0], &vtable, &self, NULL, NULL);
  do_beside (&self, FALSE);
  g_assert_true (self.ok);
  g_assert_cmpstr (self.told->str, ==, "");

  resolved_own (&self, "RequestName");
  do_beside (&self, FALSE);
  g_assert_no_error (self.error);
  g_test_message ("%s", self.told->str);
  g_assert_nonnull (
      strstr (self.told->str, "[(2, [0xc6, 0x33, 0x64, 0x35]), (10, [0x20, 0x01, 0x0d"));
  g_assert_nonnull (strstr (self.told->str, "SetLinkDefaultRoute ("));
  do_beside (&self, TRUE);
  g_assert_nonnull (strstr (self.told->str, "RevertLink ("));

  self.refusal = "org.freedesktop.resolve1.LinkBusy";
  do_beside (&self, FALSE);
  g_assert_true (self.ok);
  self.refusal = "org.freedesktop.DBus.Error.AccessDenied";
  do_beside (&self, FALSE);
  g_assert_false (self.ok);
  g_assert_error (self.error, ESIM_ERROR, ESIM_ERROR_DATA_FAILED);
  g_assert_nonnull (strstr (self.error->message, "systemd-resolved: no"));
  g_clear_error (&self.error);

  resolved_own (&self, "ReleaseName");
  g_dbus_connection_unregister_object (self.bus, id);
  g_object_unref (self.bus);
  g_string_free (self.told, TRUE);
}

/* The same program again in a network namespace of its own; returns only where that can't be. */
static void
enter_namespace (char **argv)
{
  const char *how = geteuid () == 0 ? "-n" : "-rn";
  const char *try[] = { "unshare", how, "true", NULL };
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  int status = 1;

  g_spawn_sync (NULL, (char **) try, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
                NULL);
  if (status != 0)
    return;
  g_ptr_array_add (words, (gpointer) "unshare");
  g_ptr_array_add (words, (gpointer) how);
  for (guint i = 0; argv[i]; i++)
    g_ptr_array_add (words, argv[i]);
  g_ptr_array_add (words, NULL);
  g_setenv (INSIDE, "1", TRUE);
  execvp ("unshare", (char **) words->pdata);
}

#define ADD(name, function) g_test_add ("/link/" name, gpointer, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_autoptr (GTestDBus) bus = NULL;
  int status;

  if (g_getenv (INSIDE) == NULL)
    {
      enter_namespace (argv);
      g_print ("1..0 # SKIP no network namespaces here\n");
      return 0;
    }
  g_test_init (&argc, &argv, NULL);
  bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (bus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (bus), TRUE);
  ADD ("configure", test_configure);
  ADD ("idempotent", test_idempotent);
  ADD ("repair", test_repair);
  ADD ("next-connection", test_next_connection);
  ADD ("gateways", test_gateways);
  ADD ("others-untouched", test_others_untouched);
  ADD ("two-modems", test_two_modems);
  ADD ("clear", test_clear);
  ADD ("ipv6", test_ipv6);
  ADD ("refusals", test_refusals);
  ADD ("dns", test_dns);
  status = g_test_run ();
  g_test_dbus_stop (bus);
  return status;
}
