/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What a conversation has to know of QMI's frames. */

#pragma once

#include <glib.h>
#include <string.h>

#define QMUX_HEAD 3 /* up to the length */

static inline gsize
qmux_length (const guint8 *head)
{
  return 1 + (head[1] | head[2] << 8);
}

/* One byte in CTL, two elsewhere; indications have none. */
static inline void
qmux_set_transaction (guint8 *message, const guint8 *from)
{
  if (message[4] == 0)
    message[7] = from[7];
  else if (message[6] != 4)
    memcpy (message + 7, from + 7, 2);
}
