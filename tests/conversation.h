/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A stand-in for mbim-proxy or qmi-proxy that plays exchanges of a recorded conversation. */

#pragma once

#include <gio/gio.h>

/* How the protocol's messages are told apart. */
typedef struct
{
  const char *file;   /* the recording, beside the tests: groups with ask= and answer= */
  const char *socket; /* the abstract socket */
  gsize header_size;
  gsize (*length) (const guint8 *header);
  /* Copies the transaction id, which is the client's choice, where MESSAGE has one. */
  void (*set_transaction) (guint8 *message, const guint8 *from);
} Framing;

typedef struct _Conversation Conversation;

/** conversation_new: plays the exchanges NAMES (with blanks between them) in that order, from a
 * thread of its own. An answer is several messages with blanks between them, "hangup", or none. */
Conversation *conversation_new (const Framing *framing, const char *names);

/** conversation_free: asserts that all was played. */
void conversation_free (Conversation *self);
