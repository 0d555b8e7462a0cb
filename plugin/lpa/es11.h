/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Discovery: what an SM-DS knows of for this card (SGP.22, 3.6.2 and 5.8). */

#pragma once

#include "lpa/download.h"
#include "lpa/es9p.h"

/** es11_discover: asks the SM-DS at ADDRESS; an entry that leads to another SM-DS is followed once.
 * The caller owns the array and its Es9pEvents, which name SM-DP+ servers; it is empty where
 * nothing waits. Errors of es9p, es10 and http; what a second SM-DS fails at is left out. */
GPtrArray *es11_discover (Channel *channel, Http *http, const char *address,
                          const DownloadDevice *device, GCancellable *cancellable, GError **error);
