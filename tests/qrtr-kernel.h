/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A stand-in for the kernel's QRTR, in programs that are linked with it: sockets of AF_QIPCRTR, the
 * name service, and the modem's node, behind whose UIM service a Conversation speaks. */

#pragma once

#include <glib.h>

typedef enum
{
  QRTR_WHOLE,
  QRTR_NONE,     /* a kernel without QRTR */
  QRTR_NO_NAMES, /* one without the name service */
  QRTR_SILENT,   /* the name service says nothing */
  QRTR_UNENDING, /* it lists the nodes and does not say that this was all */
  QRTR_NO_MODEM, /* there is another node alone */
  QRTR_NO_UIM,   /* the modem's node has no UIM service */
  QRTR_FLEETING, /* the modem's node leaves once it was listed; + N: N messages later */
} QrtrKind;

/** qrtr_kernel_start: MODEM is the abstract socket at which a Conversation speaks QMI, in QMUX
 * frames; where it hangs up, the modem's node (0) leaves. */
void qrtr_kernel_start (QrtrKind kind, const char *modem);

/** qrtr_kernel_stop: asserts that every socket was closed; returns how many there were. */
guint qrtr_kernel_stop (void);
