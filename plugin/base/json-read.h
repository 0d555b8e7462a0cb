/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A server's JSON, taken only where it can do no harm. */

#pragma once

#include <json-glib/json-glib.h>

/** json_read_object: DATA (may be NULL) as a JSON object; NULL where it is anything else. The
 * caller frees the root node. */
JsonNode *json_read_object (GBytes *data);
