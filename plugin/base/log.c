/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The log writer, and what it makes unreadable: EIDs, ICCIDs, IMSIs, activation codes, credentials.
 */

#include "base/log.h"

#include <stdio.h>

/* What is replaced, in this order. */
static const struct
{
  const char *pattern;
  const char *replacement;
} rules[] = {
  /* SGP.22, 4.1: LPA:1$address$matching id$OID$confirmation code required */
  { "(?:LPA:)?1\\$([^$\\s\"']*)\\$[^\\s\"',;)]*", "LPA:1$\\1$..." },
  { "(?i)(?<!check)(authorization[\"']?\\s*[:=]\\s*).*", "\\1..." },
  /* Not a word after it ("the bearer dropped."), nor an object's path. */
  { "(?i:\\b(basic|bearer))\\s+(?!/org/)(?=[a-z-]*(?:[A-Z0-9+/=_~]|\\.[A-Za-z0-9]))"
    "[A-Za-z0-9+/=._~-]{6,}",
    "\\1 ..." },
  /* Not a file's name before a sentence: "/etc/esimd/twilio.secret: No such file". */
  { "(?i)[./][\\w-]*(?:secret|password|passwd|token|api[_-]?key):\\s(*SKIP)(*FAIL)"
    "|((?:secret|password|passwd|token|matching[ _-]?id|confirmation[ _-]?code|api[ _-]?key)"
    "[\"']?\\s*[:=]\\s*)(?:\"[^\"]*\"|'[^']*'|[^\\s&,;]+)",
    "\\1..." },
  { "(://)[^/@\\s]+@", "\\1...@" },
  { "\\beyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_.-]+", "..." }, /* a JSON web token */
  { "\\b(?=[0-9]*[a-f])[0-9a-f]{32}\\b", "..." }, /* Twilio's auth tokens; its SIDs are longer */
  { "[0-9]{7,}([0-9]{3})", "...\\1" },
};

/* The writer's own; never freed, for others may write until the end. GRegex is safe to share
 * between threads. */
typedef struct
{
  gboolean debug;
  GPtrArray *compiled; /* of GRegex, as rules */
} Log;

static GPtrArray *
compile (void)
{
  GPtrArray *compiled = g_ptr_array_new_with_free_func ((GDestroyNotify) g_regex_unref);

  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      g_autoptr (GError) error = NULL;
      /* RAW: a message that is not UTF-8 must not escape redaction. Not OPTIMIZE: the unit forbids
       * executable memory, which GLib would report from inside the writer. */
      GRegex *regex = g_regex_new (rules[i].pattern, G_REGEX_RAW, 0, &error);

      g_assert_no_error (error);
      g_ptr_array_add (compiled, regex);
    }
  return compiled;
}

static char *
redact (GPtrArray *compiled, const char *text)
{
  g_autofree char *clean = g_strdup (text);

  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      char *next;

      if (!g_regex_match (compiled->pdata[i], clean, 0, NULL))
        continue;
      next = g_regex_replace (compiled->pdata[i], clean, -1, 0, rules[i].replacement, 0, NULL);
      g_free (clean);
      clean = next ? next : g_strdup ("(a message that could not be made safe to show)");
    }
  return g_steal_pointer (&clean);
}

char *
log_redact (const char *text)
{
  g_autoptr (GPtrArray) compiled = compile ();

  return redact (compiled, text);
}

/* A message's text as a string of its own; fields need not end in a NUL. */
static char *
field_text (const GLogField *field)
{
  return field->length < 0 ? g_strdup (field->value) : g_strndup (field->value, field->length);
}

static GLogWriterOutput
write_fields (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  const Log *self = data;
  g_autofree GLogField *copy = g_memdup2 (fields, n_fields * sizeof *fields);
  g_autofree char *clean = NULL;

  if ((level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO)) && !self->debug)
    return G_LOG_WRITER_HANDLED;
  for (gsize i = 0; i < n_fields && clean == NULL; i++)
    {
      g_autofree char *text = NULL;

      if (g_strcmp0 (fields[i].key, "MESSAGE") != 0)
        continue;
      text = field_text (&fields[i]);
      clean = redact (self->compiled, text);
      copy[i].value = clean;
      copy[i].length = -1;
    }
  if (g_log_writer_is_journald (fileno (stderr))
      && g_log_writer_journald (level, copy, n_fields, NULL) == G_LOG_WRITER_HANDLED)
    return G_LOG_WRITER_HANDLED;
  return g_log_writer_standard_streams (level, copy, n_fields, NULL);
}

/* The writer calls GLib alone. Whatever GLib logs meanwhile is a message within a message, which by
 * default ends the program, debugging messages included; here it only goes to stderr. Both masks
 * count; what somebody else made fatal (G_DEBUG=fatal-warnings) stays so. */
static void
survive_recursion (void)
{
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);

  g_log_set_always_fatal (fatal & ~G_LOG_FLAG_RECURSION);
  g_log_set_fatal_mask ("GLib", G_LOG_LEVEL_ERROR);
}

void
log_setup (gboolean debug)
{
  Log *self = g_new0 (Log, 1);

  survive_recursion ();
  self->debug = debug;
  self->compiled = compile ();
  g_log_writer_default_set_use_stderr (TRUE);
  g_log_set_writer_func (write_fields, self, NULL);
}
