/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* AT commands to a modem: through ModemManager's Command where it allows that, else through a
 * serial port, borrowed from it or nobody else's. */

#pragma once

#include "apdu/channel.h"

typedef struct _AtLine AtLine;

/** at_line_open: finds the way to TARGET's modem. Errors: DEVICE_GONE, BUSY, NOT_AUTHORIZED,
 * TIMED_OUT, CANCELLED, CHANNEL, MODEM. */
AtLine *at_line_open (const ChannelTarget *target, GCancellable *cancellable, GError **error);

/** at_line_command: sends COMMAND ("AT+CCHO=…") and waits for its final result. *ANSWER (may be
 * NULL together with PREFIX) is what follows PREFIX ("+CCHO:") on its line, or a line of digits
 * alone where there is no such line, which is how some modems answer. An answer without either is
 * CHANNEL; a command that the modem refuses is CHANNEL, or CARD_BUSY, with raw code "at", what it
 * said. */
gboolean at_line_command (AtLine *self, const char *command, const char *prefix, guint timeout_ms,
                          char **answer, GCancellable *cancellable, GError **error);

void at_line_close (AtLine *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtLine, at_line_close)
