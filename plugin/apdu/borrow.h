/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A modem taken from ModemManager for a burst of work on its port, and given back on every path. */

#pragma once

#include <gio/gio.h>

typedef struct _Borrow Borrow;

/** borrow_find: ModemManager's object path for MODEM (its Modem.Device) now and in STATE its
 * Modem.State; NULL while there is none. */
char *borrow_find (GDBusConnection *bus, const char *modem, gint *state);

/** borrow_modem: worker threads: waits (at most half a minute) until MODEM is in a state where
 * taking it away does no harm, then inhibits it. ModemManager closes its ports and forgets the
 * modem until borrow_return(). Errors: BUSY when it is connected (that would be cut) or does not
 * settle, NOT_AUTHORIZED, MODEM, CANCELLED. */
Borrow *borrow_modem (const char *modem, GCancellable *cancellable, GError **error);

/** borrow_keep: the modem goes back by itself SECONDS from now, whatever becomes of us, unless it
 * is kept again; FALSE with TIMED_OUT when it has gone back already. */
gboolean borrow_keep (Borrow *self, guint seconds, GError **error);

/** borrow_return: ModemManager probes the modem anew. */
void borrow_return (Borrow *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Borrow, borrow_return)
