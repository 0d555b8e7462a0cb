/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Reads a JSON object with json-glib, whose parser descends by recursion without a limit and takes
 * bytes that are not UTF-8. */

#include "base/json-read.h"

/* A list of a thousand resources has fewer objects and arrays; nested in one another, this many
 * need 1 MiB of stack, where a hundred thousand (seen, json-glib 1.6.6) run over it. */
#define OPENINGS_MAX 4096

/* Counted wherever they stand, also inside strings: what json-glib takes for a string or a comment
 * is not guessed at, and no answer has this many. */
static gboolean
is_harmless (const char *text, gsize size)
{
  guint openings = 0;

  for (gsize i = 0; i < size; i++)
    openings += text[i] == '[' || text[i] == '{';
  return openings <= OPENINGS_MAX && g_utf8_validate_len (text, size, NULL);
}

JsonNode *
json_read_object (GBytes *data)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  gsize size = 0;
  const char *text = data ? g_bytes_get_data (data, &size) : NULL;
  JsonNode *root;

  if (size == 0 || !is_harmless (text, size)
      || !json_parser_load_from_data (parser, text, (gssize) size, NULL))
    return NULL;
  root = json_parser_get_root (parser);
  return root && JSON_NODE_HOLDS_OBJECT (root) ? json_node_ref (root) : NULL;
}
