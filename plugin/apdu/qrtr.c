/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The channel to the modem in a phone's own chip, beside ModemManager: QMI over sockets of QRTR,
 * where every program is a client of its own and nobody needs a proxy. */

#include <errno.h>
#include <linux/qrtr.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apdu/uim.h"
#include "base/error.h"
#include "base/wait.h"

#define LAYER "qrtr"
#define LOOKUP_MS 2000 /* the kernel itself answers */

extern const ChannelDriver channel_qrtr;

/* Whether there is QRTR and its name service, asked by a message that changes nothing there. Where
 * there is not, libqrtr-glib 1.2 closes its socket's descriptor a second time after another thread
 * may have got the number. */
static gboolean
knock (GError **error)
{
  const struct qrtr_ctrl_pkt nothing = { .cmd = GUINT32_TO_LE (QRTR_TYPE_DEL_LOOKUP) };
  struct sockaddr_qrtr address;
  socklen_t size = sizeof address;
  int fd = socket (AF_QIPCRTR, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  gboolean there = fd >= 0 && getsockname (fd, (struct sockaddr *) &address, &size) == 0;

  address.sq_port = QRTR_PORT_CTRL;
  if (!there
      || sendto (fd, &nothing, sizeof nothing, 0, (struct sockaddr *) &address, sizeof address) < 0)
    {
      error_set (error, ESIM_ERROR_UNSUPPORTED, LAYER, "this system has no QRTR: %s",
                 g_strerror (errno));
      there = FALSE;
    }
  if (fd >= 0)
    close (fd);
  return there;
}

/* The bus and its nodes own each other, and so their socket, until one lets go (libqrtr-glib 1.2).
 */
static void
drop_bus (QrtrBus *bus)
{
  g_object_run_dispose (G_OBJECT (bus));
  g_object_unref (bus);
}

/* All nodes and services that there are. Not cancelled: libqrtr-glib would go on until the end. */
static QrtrBus *
look_up (GError **error)
{
  g_autoptr (Wait) wait = wait_new (NULL, NULL);
  g_autoptr (GError) local = NULL;
  QrtrBus *bus;

  qrtr_bus_new (LOOKUP_MS, wait_inner (wait), wait_ready, wait);
  bus = qrtr_bus_new_finish (wait_result (wait), &local);
  if (bus)
    return bus;
  drop_bus (QRTR_BUS (g_async_result_get_source_object (wait_result (wait))));
  error_set (error,
             g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ? ESIM_ERROR_TIMED_OUT
                                                                       : ESIM_ERROR_CHANNEL,
             LAYER, "QRTR's name service: %s", local->message);
  return NULL;
}

/* The node with the modem's card, of which ModemManager says that it is there. */
static QrtrNode *
find_node (QrtrBus *bus, const char *uri, GError **error)
{
  guint32 id = 0;
  QrtrNode *node = qrtr_get_node_for_uri (uri, &id) ? qrtr_bus_peek_node (bus, id) : NULL;

  if (node == NULL)
    error_set (error, ESIM_ERROR_DEVICE_GONE, LAYER, "there is no %s", uri);
  else if (qrtr_node_lookup_port (node, QMI_SERVICE_UIM) < 0)
    error_set (error, ESIM_ERROR_UNSUPPORTED, LAYER, "%s has no UIM service", uri);
  else
    return node;
  return NULL;
}

static QmiDevice *
new_device (QrtrBus *bus, const char *uri, GCancellable *cancellable, GError **error)
{
  g_autoptr (Wait) wait = wait_new (cancellable, NULL);
  g_autoptr (QmiDevice) device = NULL;
  QrtrNode *node = find_node (bus, uri, error);

  if (node == NULL)
    return NULL;
  qmi_device_new_from_node (node, wait_inner (wait), wait_ready, wait);
  device = qmi_device_new_from_node_finish (wait_result (wait), error);
  if (device == NULL)
    uim_translate (error);
  /* That it left meanwhile escapes libqmi, which would wait for its answers. */
  else if (find_node (bus, uri, error))
    return g_steal_pointer (&device);
  return NULL;
}

/* There is nothing to remember: the id of a client is libqmi's own, behind it is a socket. However
 * we end, the kernel closes that and tells the modem that the client has left (DEL_CLIENT). That
 * modems close its channels then is not proven; nobody else could do it in its name. */
static gpointer
qrtr_open_device (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  ChannelTarget forgetful = *target;
  QrtrBus *bus = knock (error) ? look_up (error) : NULL;
  QmiDevice *device = bus ? new_device (bus, target->device, cancellable, error) : NULL;
  Uim *uim = NULL;

  forgetful.memory = NULL;
  if (device)
    uim = uim_open (device, &forgetful, QMI_DEVICE_OPEN_FLAGS_NONE, cancellable, error);
  if (uim == NULL && bus)
    drop_bus (bus);
  return uim;
}

static void
qrtr_close_device (gpointer data)
{
  QrtrBus *bus = qrtr_node_peek_bus (qmi_device_peek_node (uim_device (data)));

  uim_close (data);
  drop_bus (bus);
}

const ChannelDriver channel_qrtr = {
  .name = "qrtr",
  .open_device = qrtr_open_device,
  UIM_VERBS,
  .close_device = qrtr_close_device,
};
