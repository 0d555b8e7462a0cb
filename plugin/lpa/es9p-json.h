/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* An ES9+ answer's JSON, every member checked for its type before it is used. */

#pragma once

#include <json-glib/json-glib.h>

#include "net/http.h"

/** es9p_json_parse: the answer of FUNCTION when it is good; a refusal, a server's own trouble
 * (SERVER_FAILED with raw "http-status") and what is no such JSON (SERVER_RUBBISH) are errors. The
 * caller frees the root node. */
JsonNode *es9p_json_parse (const HttpResponse *response, const char *function, GError **error);

/** es9p_json_text, es9p_json_binary: the string, or the base64 one, MEMBER of ROOT; SERVER_RUBBISH
 * names it when it is missing or something else. The caller frees. */
char *es9p_json_text (JsonNode *root, const char *member, GError **error);
GBytes *es9p_json_binary (JsonNode *root, const char *member, GError **error);

/** es9p_json_array: the same for an array, which ROOT owns. */
JsonArray *es9p_json_array (JsonNode *root, const char *member, GError **error);
