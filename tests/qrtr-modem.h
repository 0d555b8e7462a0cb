/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The modem behind a node of QRTR: a Conversation about UIM, whose messages have a QMUX header. */

#pragma once

#include <glib.h>

/** qrtr_modem_call: connects a client to the Conversation at the abstract socket NAME. */
int qrtr_modem_call (const char *name);

/** qrtr_modem_ask: says DATA, as QRTR carries it. */
void qrtr_modem_ask (int modem, const guint8 *data, gsize size);

/** qrtr_modem_answer: what the modem says next, as QRTR carries it; 0: it has hung up, -1: nothing
 * yet. */
#define QRTR_MODEM_MAX 8192
gssize qrtr_modem_answer (int modem, guint8 answer[QRTR_MODEM_MAX]);
