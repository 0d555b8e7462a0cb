/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What a download asks before it goes on. */

#include "consent.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "prompt.h"

gboolean
consent_possible (void)
{
  return isatty (STDIN_FILENO) && isatty (STDERR_FILENO);
}

static GVariant *
one_answer (const char *key)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, key, "b", TRUE);
  return g_variant_dict_end (&dict);
}

GVariant *
consent_postpone (void)
{
  return one_answer ("postpone");
}

static void
show (GVariant *question, const char *key, const char *name)
{
  const char *value = NULL;
  g_autofree char *clean = NULL;

  if (g_variant_lookup (question, key, "&s", &value) && *value)
    g_printerr ("  %-10s %s\n", name, clean = output_clean (value));
}

/* PPRs, SGP.22 2.9.1, in words. */
static const char *
meaning (const char *rule)
{
  if (g_str_equal (rule, "no-disable"))
    return _ ("it cannot be disabled while the rule stands (PPR1)");
  if (g_str_equal (rule, "no-delete"))
    return _ ("it cannot be deleted while the rule stands (PPR2)");
  return _ ("a rule of its operator");
}

static gboolean
wants_code (GVariant *question)
{
  gboolean wanted = FALSE;

  g_variant_lookup (question, "confirmation-code", "b", &wanted);
  return wanted;
}

void
consent_show (GVariant *question)
{
  g_autofree const char **rules = NULL;

  g_printerr (_ ("This profile is ready to be installed:\n"));
  show (question, "profile-name", _ ("profile"));
  show (question, "service-provider", _ ("provider"));
  show (question, "iccid", "iccid");
  if (!g_variant_lookup (question, "rules", "^a&s", &rules))
    g_variant_lookup (question, "accept-rules", "^a&s", &rules);
  for (guint i = 0; rules && rules[i]; i++)
    g_printerr ("  %-10s %s: %s\n", i == 0 ? _ ("rules") : "", rules[i], meaning (rules[i]));
}

/* The answers to a yes. */
static GVariant *
accept (GMainLoop *loop, GVariant *question)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *code = NULL;

  if (wants_code (question))
    {
      code = prompt_line (loop, _ ("Confirmation code (not shown; empty: later): "), FALSE);
      if (code == NULL)
        return NULL;
      if (*code == '\0')
        return consent_postpone ();
      g_variant_dict_insert (&dict, "confirmation-code", "s", code);
      explicit_bzero (code, strlen (code));
    }
  if (g_variant_lookup (question, "accept-rules", "as", NULL))
    g_variant_dict_insert (&dict, "accept-rules", "b", TRUE);
  if (g_variant_lookup (question, "install", "b", NULL))
    g_variant_dict_insert (&dict, "install", "b", TRUE);
  return g_variant_dict_end (&dict);
}

GVariant *
consent_ask (GMainLoop *loop, GVariant *question)
{
  consent_show (question);
  for (;;)
    {
      g_autofree char *line = prompt_line (
          loop, _ ("Install it? [y]es, [l]ater (keeps the order), [r]eject for good: "), TRUE);

      if (line == NULL)
        return NULL;
      switch (g_ascii_tolower (*line))
        {
        case 'y':
          return accept (loop, question);
        case 'r':
          return one_answer ("refuse");
        case 'n': /* "not now" costs nothing; an order that is rejected is gone */
        case 'l':
        case '\0':
          return consent_postpone ();
        }
    }
}

char *
consent_missing (GVariant *question)
{
  const char *rules
      = g_variant_lookup (question, "accept-rules", "as", NULL) ? "--accept-rules" : "";
  const char *code = wants_code (question) ? "--confirmation-code=CODE" : "";

  if (g_variant_lookup (question, "install", "b", NULL))
    return g_strdup (_ ("without --look"));
  return g_strdup_printf (_ ("with %s%s%s"), code, *code && *rules ? " " : "", rules);
}
