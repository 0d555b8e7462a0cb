/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Puts headers of QMUX on and takes them off. */

#include "qrtr-modem.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "qmux.h"

#define UIM 11
#define QMUX_ALL 6 /* with flags, service and client, which QRTR's messages do not have */

int
qrtr_modem_call (const char *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  socklen_t size = G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + 1 + strlen (name);
  int modem = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  memcpy (address.sun_path + 1, name, strlen (name));
  g_assert_cmpint (connect (modem, (struct sockaddr *) &address, size), ==, 0);
  return modem;
}

void
qrtr_modem_ask (int modem, const guint8 *data, gsize size)
{
  gsize length = QMUX_ALL - 1 + size;
  guint8 head[QMUX_ALL] = { 1, length & 0xff, length >> 8, 0, UIM, 1 };
  struct iovec parts[] = { { head, sizeof head }, { (void *) data, size } };

  g_assert_cmpint (writev (modem, parts, G_N_ELEMENTS (parts)), ==, 1 + length);
}

/* By system calls, because qrtr-kernel.c has recv() of its own. */
gssize
qrtr_modem_answer (int modem, guint8 answer[QRTR_MODEM_MAX])
{
  const int peek = MSG_DONTWAIT | MSG_PEEK;
  guint8 frame[QRTR_MODEM_MAX];
  gssize got = syscall (SYS_recvfrom, modem, frame, QMUX_HEAD, peek, NULL, NULL);

  if (got < QMUX_HEAD)
    return got == 0 ? 0 : -1;
  got = syscall (SYS_recvfrom, modem, frame, qmux_length (frame), MSG_WAITALL, NULL, NULL);
  g_assert_cmpint (got, ==, qmux_length (frame));
  memcpy (answer, frame + QMUX_ALL, got - QMUX_ALL);
  return got - QMUX_ALL;
}
