/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A server for fuzz targets, in net/http's place. */

#pragma once

#include "fuzz.h"

#include "net/http.h"

/** fuzz_http_answers: what Http made from now on is answered with; INPUT outlives it. */
void fuzz_http_answers (Input *input);
