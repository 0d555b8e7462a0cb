/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Reads ES9+ answers (SGP.22, 6.5): the header's verdict, strings, and base64. */

#include "lpa/es9p-json.h"

#include <string.h>

#include "base/error.h"
#include "base/json-read.h"
#include "lpa/es9p-refusal.h"

static JsonNode *
member_of (JsonNode *node, const char *name)
{
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  return json_object_get_member (json_node_get_object (node), name);
}

static const char *
string_of (JsonNode *node)
{
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

static gboolean
rubbish (GError **error, const char *member, const char *problem)
{
  error_set (error, ESIM_ERROR_SERVER_RUBBISH, "es9p", "the server's answer: %s %s", member,
             problem);
  return FALSE;
}

static gboolean
check_http (const HttpResponse *response, const char *function, GError **error)
{
  g_autofree char *status = g_strdup_printf ("%u", response->status);

  if (response->status == 200)
    return TRUE;
  error_set (error, response->status >= 500 ? ESIM_ERROR_SERVER_FAILED : ESIM_ERROR_SERVER_RUBBISH,
             "es9p", "%s: the server answered HTTP %s: %s", function, status,
             http_status_words (response->status));
  error_add_raw (error ? *error : NULL, "http-status", status);
  return FALSE;
}

static gboolean
refuse (JsonNode *execution, const char *function, GError **error)
{
  JsonNode *data = member_of (execution, "statusCodeData");
  const char *subject = string_of (member_of (data, "subjectCode"));
  const char *reason = string_of (member_of (data, "reasonCode"));

  if (subject == NULL || reason == NULL)
    return rubbish (error, "statusCodeData", "is missing or is not as it ought to be");
  es9p_refusal (error, function, subject, reason, string_of (member_of (data, "message")));
  return FALSE;
}

static gboolean
check_header (JsonNode *root, const char *function, GError **error)
{
  JsonNode *execution = member_of (member_of (root, "header"), "functionExecutionStatus");
  const char *status = string_of (member_of (execution, "status"));

  if (status == NULL)
    return rubbish (error, "header.functionExecutionStatus.status", "is missing");
  if (strcmp (status, "Executed-Success") == 0 || strcmp (status, "Executed-WithWarning") == 0)
    return TRUE;
  if (strcmp (status, "Failed") == 0)
    return refuse (execution, function, error);
  if (strcmp (status, "Expired") == 0 && member_of (execution, "statusCodeData"))
    return refuse (execution, function, error);
  if (strcmp (status, "Expired") == 0)
    {
      error_set (error, ESIM_ERROR_SESSION_GONE, "es9p", "%s: the request has expired", function);
      return FALSE;
    }
  return rubbish (error, "header.functionExecutionStatus.status", "is not one of SGP.22's");
}

JsonNode *
es9p_json_parse (const HttpResponse *response, const char *function, GError **error)
{
  g_autoptr (JsonNode) root = NULL;

  if (!check_http (response, function, error))
    return NULL;
  root = json_read_object (response->body);
  if (root == NULL)
    {
      error_set (error, ESIM_ERROR_SERVER_RUBBISH, "es9p",
                 "%s: the server's answer is not a JSON object (Content-Type %s)", function,
                 response->content_type ? response->content_type : "missing");
      return NULL;
    }
  if (!check_header (root, function, error))
    return NULL;
  return g_steal_pointer (&root);
}

char *
es9p_json_text (JsonNode *root, const char *member, GError **error)
{
  const char *text = string_of (member_of (root, member));

  if (text == NULL)
    rubbish (error, member, "is missing or is not a string");
  return g_strdup (text);
}

/* TEXT without white space (some servers fold their base64), NULL when the rest is not base64. */
static char *
pure_base64 (const char *text)
{
  GString *pure = g_string_new (NULL);
  gsize digits;

  for (const char *p = text; *p; p++)
    if (!g_ascii_isspace (*p))
      g_string_append_c (pure, *p);
  digits = strspn (pure->str, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  if (digits == 0 || pure->len % 4 || pure->len - digits > 2
      || strspn (pure->str + digits, "=") != pure->len - digits)
    {
      g_string_free (pure, TRUE);
      return NULL;
    }
  return g_string_free (pure, FALSE);
}

GBytes *
es9p_json_binary (JsonNode *root, const char *member, GError **error)
{
  g_autofree char *text = es9p_json_text (root, member, error);
  g_autofree char *pure = NULL;
  guchar *data;
  gsize size;

  if (text == NULL)
    return NULL;
  pure = pure_base64 (text);
  if (pure == NULL)
    {
      rubbish (error, member, "is not base64");
      return NULL;
    }
  data = g_base64_decode (pure, &size);
  return g_bytes_new_take (data, size);
}

JsonArray *
es9p_json_array (JsonNode *root, const char *member, GError **error)
{
  JsonNode *node = member_of (root, member);

  if (node && JSON_NODE_HOLDS_ARRAY (node))
    return json_node_get_array (node);
  rubbish (error, member, "is missing or is not an array");
  return NULL;
}
