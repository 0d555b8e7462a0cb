/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Knocks at a proxy's abstract socket, and looks for the port behind it. */

#include "apdu/proxy.h"

#include <gio/gunixsocketaddress.h>

#include "base/error.h"

/* Whether somebody listens at the abstract socket NAME. */
static gboolean
is_running (const char *layer, const char *name, GError **error)
{
  g_autoptr (GSocket) socket
      = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  g_autoptr (GSocketAddress) address
      = g_unix_socket_address_new_with_type (name, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT);
  g_autoptr (GError) local = NULL;

  if (socket == NULL)
    return FALSE;
  if (g_socket_connect (socket, address, NULL, &local))
    return TRUE;
  error_set (error, ESIM_ERROR_CHANNEL, layer,
             "no %s is running (%s); start ModemManager, which brings it", name, local->message);
  return FALSE;
}

GFile *
proxy_find (const char *layer, const char *name, const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);

  if (!is_running (layer, name, error))
    return NULL;
  if (g_file_query_exists (file, NULL))
    return g_steal_pointer (&file);
  error_set (error, ESIM_ERROR_DEVICE_GONE, layer, "there is no %s", path);
  return NULL;
}
