/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What an SM-DP+'s subject and reason codes mean (SGP.22, 5.2.6 and 5.6). */

#pragma once

#include "base/error.h"

/** es9p_refusal: the error that SUBJECT and REASON stand for, with raw "subject" and "reason";
 * FUNCTION is who was refused, MESSAGE (may be NULL) the server's own words. */
void es9p_refusal (GError **error, const char *function, const char *subject, const char *reason,
                   const char *message);
