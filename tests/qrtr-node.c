/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A modem on the QRTR of this kernel: a socket that the name service lists, on the only node that a
 * machine without a modem has, its own. */

#include <errno.h>
#include <linux/qrtr.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrtr-kernel.h"
#include "qrtr-modem.h"

#define DMS 2
#define UIM 11
#define QUIET_MS 300 /* after so long the name service has told everything */

static struct
{
  int fd;    /* -1: it has left */
  int modem; /* to the Conversation, -1: none */
  struct sockaddr_qrtr client;
  const char *name;
  GThread *thread;
  gint over;  /* atomic */
  guint gone; /* clients that have left */
} node;

static gboolean
is_open (void)
{
  for (int fd = 0; fd < 1024; fd++)
    {
      int family = 0;
      socklen_t size = sizeof family;

      if (getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_QIPCRTR)
        return TRUE;
    }
  return FALSE;
}

static void
announce (guint32 service)
{
  struct sockaddr_qrtr address;
  socklen_t size = sizeof address;
  struct qrtr_ctrl_pkt packet = { .cmd = GUINT32_TO_LE (QRTR_TYPE_NEW_SERVER) };

  getsockname (node.fd, (struct sockaddr *) &address, &size);
  packet.server.service = GUINT32_TO_LE (service);
  packet.server.instance = GUINT32_TO_LE (1);
  packet.server.node = GUINT32_TO_LE (address.sq_node);
  packet.server.port = GUINT32_TO_LE (address.sq_port);
  address.sq_port = QRTR_PORT_CTRL;
  g_assert_cmpint (
      sendto (node.fd, &packet, sizeof packet, 0, (struct sockaddr *) &address, sizeof address), ==,
      sizeof packet);
}

static void
hang_up (void)
{
  if (node.modem >= 0)
    close (node.modem);
  node.modem = -1;
}

/* The name service tells every server of every client that has left. */
static void
take_message (void)
{
  guint8 message[QRTR_MODEM_MAX];
  struct sockaddr_qrtr from;
  socklen_t size = sizeof from;
  ssize_t got = recvfrom (node.fd, message, sizeof message, 0, (struct sockaddr *) &from, &size);
  struct qrtr_ctrl_pkt packet;

  g_assert_cmpint (got, >, 0);
  if (from.sq_port != QRTR_PORT_CTRL)
    {
      node.client = from;
      if (node.modem < 0)
        node.modem = qrtr_modem_call (node.name);
      qrtr_modem_ask (node.modem, message, got);
      return;
    }
  g_assert_cmpint (got, ==, sizeof packet);
  memcpy (&packet, message, sizeof packet);
  g_assert_cmpuint (GUINT32_FROM_LE (packet.cmd), ==, QRTR_TYPE_DEL_CLIENT);
  node.gone++;
  if (GUINT32_FROM_LE (packet.client.port) == node.client.sq_port)
    hang_up ();
}

/* FALSE once the modem leaves. */
static gboolean
take_answer (void)
{
  guint8 answer[QRTR_MODEM_MAX];
  gssize got = qrtr_modem_answer (node.modem, answer);

  if (got > 0)
    sendto (node.fd, answer, got, 0, (struct sockaddr *) &node.client, sizeof node.client);
  return got != 0;
}

static gpointer
run (G_GNUC_UNUSED gpointer data)
{
  gint64 heard = g_get_monotonic_time ();

  while (!g_atomic_int_get (&node.over) || g_get_monotonic_time () < heard + 1000 * QUIET_MS)
    {
      struct pollfd files[] = { { node.fd, POLLIN, 0 }, { node.modem, POLLIN, 0 } };

      if (poll (files, G_N_ELEMENTS (files), 20) > 0)
        heard = g_get_monotonic_time ();
      if (files[0].revents)
        take_message ();
      if (files[1].revents && node.modem >= 0 && !take_answer ())
        {
          close (node.fd);
          node.fd = -1;
          break;
        }
    }
  hang_up ();
  return NULL;
}

const char *
qrtr_kernel_modem (void)
{
  return "qrtr://1";
}

gboolean
qrtr_kernel_is_real (void)
{
  return TRUE;
}

void
qrtr_kernel_start (QrtrKind kind, const char *name)
{
  g_assert_cmpuint (kind, <=, QRTR_NO_UIM);
  node.fd = socket (AF_QIPCRTR, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (node.fd < 0)
    g_error ("no QRTR here: %s", g_strerror (errno));
  node.modem = -1;
  node.name = name;
  node.over = FALSE;
  node.gone = 0;
  if (kind != QRTR_NO_MODEM)
    announce (kind == QRTR_NO_UIM ? DMS : UIM);
  node.thread = g_thread_new ("modem", run, NULL);
}

int
qrtr_kernel_stop (void)
{
  gboolean left;

  g_atomic_int_set (&node.over, TRUE);
  g_thread_join (node.thread);
  left = node.fd < 0;
  if (!left)
    close (node.fd);
  g_assert_false (is_open ());
  return left ? -1 : (int) node.gone;
}
