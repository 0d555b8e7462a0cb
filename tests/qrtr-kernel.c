/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Answers a few of the C library's calls in its place: a socket of QRTR is one end of a pair, on
 * whose datagrams the other side's address comes first; a thread is the kernel at the other ends.
 */

#include "qrtr-kernel.h"

#include <errno.h>
#include <linux/qrtr.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "qrtr-modem.h"

#define MODEM_NODE 0
#define OUR_NODE 1
#define OTHER_NODE 7
#define DMS 2
#define UIM 11
#define UIM_PORT 17

typedef struct
{
  guint32 node, port, service, instance;
} Server;

/* As the modem of a phone has them, and another processor beside it. */
static const Server servers[] = {
  { MODEM_NODE, 16, DMS, 1 },
  { MODEM_NODE, UIM_PORT, UIM, 1 },
  { OTHER_NODE, 2, 4096, 0 },
};

/* One socket. */
typedef struct
{
  int fd;    /* our end */
  int modem; /* to the Conversation, -1: none yet */
  gboolean looks;
} Port;

static struct
{
  GMutex lock;
  GPtrArray *ports;
  QrtrKind kind;
  char *modem;
  GThread *thread;
  gboolean over;
  guint opened;
} kernel;

static void
port_free (gpointer data)
{
  Port *self = data;

  close (self->fd);
  if (self->modem >= 0)
    close (self->modem);
  g_free (self);
}

/* A type that nothing else here has. */
static gboolean
is_qrtr (int fd)
{
  int type = 0;
  socklen_t size = sizeof type;

  return syscall (SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0
         && type == SOCK_SEQPACKET;
}

int
socket (int family, int type, int protocol)
{
  int pair[2];
  Port *port;

  if (family != AF_QIPCRTR)
    return (int) syscall (SYS_socket, family, type, protocol);
  if (kernel.kind == QRTR_NONE)
    {
      errno = EAFNOSUPPORT;
      return -1;
    }
  g_assert_cmpint (type & ~SOCK_CLOEXEC, ==, SOCK_DGRAM);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  port = g_new0 (Port, 1);
  port->fd = pair[1];
  port->modem = -1;
  g_mutex_lock (&kernel.lock);
  g_ptr_array_add (kernel.ports, port);
  kernel.opened++;
  g_mutex_unlock (&kernel.lock);
  return pair[0];
}

int
getsockname (int fd, __SOCKADDR_ARG address, socklen_t *size)
{
  const struct sockaddr_qrtr ours = { AF_QIPCRTR, OUR_NODE, 0x4000 + fd };

  if (!is_qrtr (fd))
    return (int) syscall (SYS_getsockname, fd, address.__sockaddr__, size);
  memcpy (address.__sockaddr__, &ours, MIN (*size, sizeof ours));
  *size = sizeof ours;
  return 0;
}

int
getsockopt (int fd, int level, int name, void *value, socklen_t *size)
{
  int got = (int) syscall (SYS_getsockopt, fd, level, name, value, size);

  if (got == 0 && level == SOL_SOCKET && name == SO_TYPE && *(int *) value == SOCK_SEQPACKET)
    *(int *) value = SOCK_DGRAM;
  return got;
}

ssize_t
sendto (int fd, const void *data, size_t size, int flags, __CONST_SOCKADDR_ARG to,
        socklen_t address_size)
{
  const struct sockaddr *address = to.__sockaddr__;
  struct iovec parts[] = { { (void *) address, address_size }, { (void *) data, size } };

  if (address == NULL || address->sa_family != AF_QIPCRTR)
    return syscall (SYS_sendto, fd, data, size, flags, address, address_size);
  g_assert_cmpuint (address_size, ==, sizeof (struct sockaddr_qrtr));
  if (kernel.kind == QRTR_NO_NAMES)
    {
      errno = ENODEV;
      return -1;
    }
  return writev (fd, parts, G_N_ELEMENTS (parts)) - (ssize_t) address_size;
}

ssize_t
recvmsg (int fd, struct msghdr *message, int flags)
{
  struct sockaddr_qrtr from;
  struct iovec parts[8] = { { &from, sizeof from } };
  struct msghdr whole = { .msg_iov = parts, .msg_iovlen = message->msg_iovlen + 1 };
  ssize_t got;

  if (!is_qrtr (fd))
    return syscall (SYS_recvmsg, fd, message, flags);
  g_assert_cmpuint (message->msg_iovlen, <, G_N_ELEMENTS (parts));
  memcpy (parts + 1, message->msg_iov, message->msg_iovlen * sizeof *parts);
  got = syscall (SYS_recvmsg, fd, &whole, flags);
  if (got < (ssize_t) sizeof from)
    return got;
  if (message->msg_name)
    memcpy (message->msg_name, &from, MIN (message->msg_namelen, sizeof from));
  message->msg_namelen = sizeof from;
  message->msg_controllen = 0;
  message->msg_flags = whole.msg_flags;
  return got - (ssize_t) sizeof from;
}

ssize_t
recv (int fd, void *data, size_t size, int flags)
{
  struct iovec part = { data, size };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

  return is_qrtr (fd) ? recvmsg (fd, &message, flags)
                      : syscall (SYS_recvfrom, fd, data, size, flags, NULL, NULL);
}

static void
deliver (Port *port, guint32 from_node, guint32 from_port, const void *data, gsize size)
{
  struct sockaddr_qrtr from = { AF_QIPCRTR, from_node, from_port };
  struct iovec parts[] = { { &from, sizeof from }, { (void *) data, size } };

  if (writev (port->fd, parts, G_N_ELEMENTS (parts)) < 0)
    g_debug ("the port is closed by now");
}

/* The name service tells PORT of SERVER, NULL: that these were all. */
static void
tell (Port *port, guint32 type, const Server *server)
{
  struct qrtr_ctrl_pkt packet = { .cmd = GUINT32_TO_LE (type) };

  if (server)
    {
      packet.server.service = GUINT32_TO_LE (server->service);
      packet.server.instance = GUINT32_TO_LE (server->instance);
      packet.server.node = GUINT32_TO_LE (server->node);
      packet.server.port = GUINT32_TO_LE (server->port);
    }
  deliver (port, OUR_NODE, QRTR_PORT_CTRL, &packet, sizeof packet);
}

static gboolean
is_there (const Server *server)
{
  if (server->node != MODEM_NODE)
    return TRUE;
  if (kernel.kind >= QRTR_FLEETING) /* one message is enough for it to leave */
    return server->service == UIM;
  return kernel.kind != QRTR_NO_MODEM && (kernel.kind != QRTR_NO_UIM || server->service != UIM);
}

static void
modem_leaves (Port *port)
{
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    if (servers[i].node == MODEM_NODE && is_there (&servers[i]))
      tell (port, QRTR_TYPE_DEL_SERVER, &servers[i]);
}

static void
list_servers (Port *port)
{
  if (kernel.kind == QRTR_SILENT)
    return;
  port->looks = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    if (is_there (&servers[i]))
      tell (port, QRTR_TYPE_NEW_SERVER, &servers[i]);
  if (kernel.kind == QRTR_UNENDING)
    return;
  tell (port, QRTR_TYPE_NEW_SERVER, NULL);
  if (kernel.kind < QRTR_FLEETING)
    return;
  for (guint i = QRTR_FLEETING; i < kernel.kind; i++)
    tell (port, QRTR_TYPE_PING, NULL);
  modem_leaves (port);
}

static void
ask_name_service (Port *port, const guint8 *data, gsize size)
{
  struct qrtr_ctrl_pkt packet;

  g_assert_cmpuint (size, ==, sizeof packet);
  memcpy (&packet, data, sizeof packet);
  if (GUINT32_FROM_LE (packet.cmd) == QRTR_TYPE_NEW_LOOKUP)
    list_servers (port);
  else
    g_assert_cmpuint (GUINT32_FROM_LE (packet.cmd), ==, QRTR_TYPE_DEL_LOOKUP);
}

/* What the program sent from PORT; FALSE once it is closed. */
static gboolean
take_message (Port *port)
{
  guint8 message[QRTR_MODEM_MAX];
  ssize_t got = syscall (SYS_recvfrom, port->fd, message, sizeof message, MSG_DONTWAIT, NULL, NULL);
  struct sockaddr_qrtr to;

  if (got <= 0)
    return got < 0;
  g_assert_cmpint (got, >=, sizeof to);
  memcpy (&to, message, sizeof to);
  if (to.sq_port == QRTR_PORT_CTRL)
    ask_name_service (port, message + sizeof to, got - sizeof to);
  else
    {
      g_assert_cmpuint (to.sq_node, ==, MODEM_NODE);
      g_assert_cmpuint (to.sq_port, ==, UIM_PORT);
      if (port->modem < 0)
        port->modem = qrtr_modem_call (kernel.modem);
      qrtr_modem_ask (port->modem, message + sizeof to, got - sizeof to);
    }
  return TRUE;
}

static void
hang_up (Port *port)
{
  close (port->modem);
  port->modem = -1;
  for (guint i = 0; i < kernel.ports->len; i++)
    if (((Port *) kernel.ports->pdata[i])->looks)
      modem_leaves (kernel.ports->pdata[i]);
}

/* One message of the modem's to PORT, if there is one. */
static void
take_answer (Port *port)
{
  guint8 answer[QRTR_MODEM_MAX];
  gssize got = qrtr_modem_answer (port->modem, answer);

  if (got == 0)
    hang_up (port);
  if (got > 0)
    deliver (port, MODEM_NODE, UIM_PORT, answer, got);
}

static gpointer
run (G_GNUC_UNUSED gpointer data)
{
  gboolean over = FALSE;

  while (!over)
    {
      g_usleep (1000);
      g_mutex_lock (&kernel.lock);
      over = kernel.over;
      for (guint i = kernel.ports->len; i > 0; i--)
        {
          Port *port = kernel.ports->pdata[i - 1];

          if (port->modem >= 0)
            take_answer (port);
          if (!take_message (port))
            g_ptr_array_remove_index (kernel.ports, i - 1);
        }
      g_mutex_unlock (&kernel.lock);
    }
  return NULL;
}

const char *
qrtr_kernel_modem (void)
{
  return "qrtr://0";
}

gboolean
qrtr_kernel_is_real (void)
{
  return FALSE;
}

void
qrtr_kernel_start (QrtrKind kind, const char *name)
{
  g_mutex_init (&kernel.lock);
  kernel.ports = g_ptr_array_new_with_free_func (port_free);
  kernel.kind = kind;
  kernel.modem = g_strdup (name);
  kernel.over = FALSE;
  kernel.opened = 0;
  kernel.thread = g_thread_new ("kernel", run, NULL);
}

int
qrtr_kernel_stop (void)
{
  g_mutex_lock (&kernel.lock);
  kernel.over = TRUE; /* after one more round, which sees what was closed */
  g_mutex_unlock (&kernel.lock);
  g_thread_join (kernel.thread);
  g_assert_cmpuint (kernel.ports->len, ==, 0);
  g_ptr_array_unref (kernel.ports);
  g_free (kernel.modem);
  g_mutex_clear (&kernel.lock);
  return (int) kernel.opened;
}
