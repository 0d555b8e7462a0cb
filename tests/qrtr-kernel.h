/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* QRTR with a modem on it, behind whose UIM service a Conversation speaks: by a stand-in for the
 * kernel (qrtr-kernel.c), or by the kernel's own (qrtr-node.c). */

#pragma once

#include <glib.h>

typedef enum
{
  QRTR_WHOLE,
  QRTR_NO_MODEM, /* the modem's node is not there */
  QRTR_NO_UIM,   /* it has no UIM service */
  /* The rest is the stand-in's alone. */
  QRTR_NONE,     /* a kernel without QRTR */
  QRTR_NO_NAMES, /* one without the name service */
  QRTR_SILENT,   /* the name service says nothing */
  QRTR_UNENDING, /* it lists the nodes and does not say that this was all */
  QRTR_FLEETING, /* the modem's node leaves once it was listed; + N: N messages later */
} QrtrKind;

/** qrtr_kernel_modem: the modem's address, "qrtr://0"; a literal. */
const char *qrtr_kernel_modem (void);
gboolean qrtr_kernel_is_real (void);

/** qrtr_kernel_start: NAME is the abstract socket at which a Conversation speaks QMI, in QMUX
 * frames; where it hangs up, the modem's node leaves. */
void qrtr_kernel_start (QrtrKind kind, const char *name);

/** qrtr_kernel_stop: asserts that every socket of QRTR was closed; returns how many there were, -1
 * where the modem that counted them has left. */
int qrtr_kernel_stop (void);
