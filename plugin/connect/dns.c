/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Which DNS servers an interface has, told to systemd-resolved over D-Bus. */

#include "connect/dns.h"

#include <sys/socket.h>

#include "base/error.h"

#define RESOLVE_NAME "org.freedesktop.resolve1"
#define TIMEOUT_MS 5000

/* The bus when systemd-resolved is on it, else NULL. It is not started for our sake: then
 * /etc/resolv.conf is somebody else's, and not ours to touch. */
static GDBusConnection *
find_resolved (void)
{
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  g_autoptr (GVariant) answer = NULL;
  gboolean owned = FALSE;

  if (bus)
    answer = g_dbus_connection_call_sync (
        bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "NameHasOwner", g_variant_new ("(s)", RESOLVE_NAME), G_VARIANT_TYPE ("(b)"),
        G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MS, NULL, NULL);
  if (answer)
    g_variant_get (answer, "(b)", &owned);
  return owned ? g_steal_pointer (&bus) : NULL;
}

static gboolean
call (GDBusConnection *bus, const char *method, GVariant *arguments, GError **error)
{
  g_autoptr (GVariant) answer = g_dbus_connection_call_sync (
      bus, RESOLVE_NAME, "/org/freedesktop/resolve1", "org.freedesktop.resolve1.Manager", method,
      arguments, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, TIMEOUT_MS, NULL, error);

  return answer != NULL;
}

/* a(iay): family and bytes of each server. */
static GVariant *
pack_servers (const char *const *servers)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(iay)"));
  for (guint i = 0; servers[i]; i++)
    {
      g_autoptr (GInetAddress) address = g_inet_address_new_from_string (servers[i]);
      gboolean v6;

      if (address == NULL)
        continue;
      v6 = g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6;
      g_variant_builder_add (&builder, "(i@ay)", v6 ? AF_INET6 : AF_INET,
                             g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE,
                                                        g_inet_address_to_bytes (address),
                                                        v6 ? 16 : 4, 1));
    }
  return g_variant_builder_end (&builder);
}

static gboolean
is_link_busy (const GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);

  return g_strcmp0 (name, "org.freedesktop.resolve1.LinkBusy") == 0;
}

gboolean
dns_set (int index, const char *const *servers, GError **error)
{
  g_autoptr (GDBusConnection) bus = find_resolved ();
  g_autoptr (GError) local = NULL;

  if (bus == NULL)
    {
      g_debug ("systemd-resolved does not run: the network's DNS servers are not used");
      return TRUE;
    }
  if (call (bus, "SetLinkDNS", g_variant_new ("(i@a(iay))", index, pack_servers (servers)), &local)
      && call (bus, "SetLinkDefaultRoute", g_variant_new ("(ib)", index, TRUE), &local))
    return TRUE;
  if (is_link_busy (local))
    {
      g_debug ("another network manager has this interface's DNS: left alone");
      return TRUE;
    }
  g_dbus_error_strip_remote_error (local);
  error_set (error, ESIM_ERROR_DATA_FAILED, "connect", "systemd-resolved: %s", local->message);
  return FALSE;
}

void
dns_clear (int index)
{
  g_autoptr (GDBusConnection) bus = find_resolved ();

  if (bus)
    call (bus, "RevertLink", g_variant_new ("(i)", index), NULL);
}
