/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Takes activation codes apart as people paste them, and writes them canonically (SGP.22, 4.1). */

#include "lpa/activation.h"

#include <string.h>

#include "base/error.h"

static gboolean
refuse (GError **error, const char *problem)
{
  error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "lpa", "the activation code %s", problem);
  return FALSE;
}

/* A host name of at least one dot or a bare one for tests, and perhaps a port: letters, digits,
 * dots and hyphens only, for it becomes part of a URL. */
static gboolean
is_host (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", 2);
  const char *host = parts[0], *port = host ? parts[1] : NULL;

  if (host == NULL || !g_ascii_isalnum (host[0]) || strlen (host) > 255)
    return FALSE;
  for (const char *p = host; *p; p++)
    if (!g_ascii_isalnum (*p) && strchr (".-_", *p) == NULL)
      return FALSE;
  return port == NULL || g_ascii_string_to_unsigned (port, 10, 1, 65535, NULL, NULL);
}

/* 4.1: a matching ID is of upper-case letters, digits and hyphens; lower-case ones are seen, so any
 * printable character but the separator passes. */
static gboolean
is_token (const char *text)
{
  for (const char *p = text; *p; p++)
    if (!g_ascii_isgraph (*p))
      return FALSE;
  return strlen (text) <= 255;
}

static gboolean
is_oid (const char *text)
{
  for (const char *p = text; *p; p++)
    if (!g_ascii_isdigit (*p) && (*p != '.' || p == text || p[1] == '.' || p[1] == '\0'))
      return FALSE;
  return TRUE;
}

/* Without the prefix, blanks anywhere at the ends of it and of the code. */
static char *
without_prefix (const char *code)
{
  g_autofree char *text = g_strstrip (g_strdup (code));

  if (g_ascii_strncasecmp (text, "LPA:", 4) == 0)
    return g_strstrip (g_strdup (text + 4));
  return g_steal_pointer (&text);
}

static const char *
field (GStrv fields, guint index)
{
  return index < g_strv_length (fields) ? g_strstrip (fields[index]) : "";
}

static gboolean
check (GStrv fields, GError **error)
{
  if (strcmp (field (fields, 0), "1") != 0)
    return refuse (error, "does not begin with LPA:1$");
  if (g_strv_length (fields) < 3)
    return refuse (error, "has fewer than three fields (LPA:1$address$matching-id)");
  if (!is_host (field (fields, 1)))
    return refuse (error, "has no SM-DP+ address in its second field");
  if (!is_token (field (fields, 2)))
    return refuse (error, "has blanks or unprintable characters in its matching ID");
  if (!is_oid (field (fields, 3)))
    return refuse (error, "has something else than an object identifier in its fourth field");
  if (strcmp (field (fields, 4), "") != 0 && strcmp (field (fields, 4), "1") != 0
      && strcmp (field (fields, 4), "0") != 0)
    return refuse (error, "has something else than 1 in its fifth field (confirmation code)");
  return TRUE;
}

Activation *
activation_parse (const char *code, GError **error)
{
  g_autofree char *text = without_prefix (code);
  g_auto (GStrv) fields = g_strsplit (text, "$", -1);
  Activation *self;

  if (!check (fields, error))
    return NULL;
  self = activation_new (field (fields, 1), field (fields, 2));
  g_free (self->oid);
  self->oid = g_strdup (field (fields, 3));
  self->confirmation_required = strcmp (field (fields, 4), "1") == 0;
  return self;
}

Activation *
activation_new (const char *address, const char *matching_id)
{
  Activation *self = g_new0 (Activation, 1);

  self->address = g_ascii_strdown (address, -1);
  g_strstrip (self->address);
  self->matching_id = g_strdup (matching_id ? matching_id : "");
  self->oid = g_strdup ("");
  return self;
}

void
activation_free (Activation *self)
{
  g_free (self->address);
  g_free (self->matching_id);
  g_free (self->oid);
  g_free (self);
}

char *
activation_to_string (const Activation *self)
{
  GString *text = g_string_new ("LPA:1$");

  g_string_append_printf (text, "%s$%s", self->address, self->matching_id);
  if (*self->oid || self->confirmation_required)
    g_string_append_printf (text, "$%s", self->oid);
  if (self->confirmation_required)
    g_string_append (text, "$1");
  return g_string_free (text, FALSE);
}
