/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Which failures are worth another try, and after how long. */

#pragma once

#include <gio/gio.h>

/** retry_is_worth: whether the same step may succeed later without anyone changing anything. */
gboolean retry_is_worth (const GError *error);

/** retry_is_no_way: whether ERROR says that no network led to the server. */
gboolean retry_is_no_way (const GError *error);

/** retry_delay_ms: before try number ATTEMPT (from 1) after ERROR (may be NULL): exponential from 1
 * s up to 5 min, with full jitter so that a fleet of devices does not come back at once; never
 * sooner than a Retry-After said. */
guint retry_delay_ms (const GError *error, guint attempt);
