/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What a job has cost, in words. */

#include "cost.h"

#define KB 1000

char *
cost_bytes (guint64 n)
{
  if (n < KB)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " B", n);
  return g_strdup_printf ("%.1f kB", (double) n / KB);
}

static guint32
number (GVariant *cost, const char *key)
{
  guint32 value = 0;

  g_variant_lookup (cost, key, "u", &value);
  return value;
}

static char *
bytes (GVariant *cost, const char *key)
{
  guint64 value = 0;

  g_variant_lookup (cost, key, "t", &value);
  return cost_bytes (value);
}

char *
cost_summary (GVariant *cost)
{
  guint32 apdus = number (cost, "apdus");
  guint32 requests = number (cost, "http-requests");
  guint32 handshakes = number (cost, "tls-handshakes");
  g_autofree char *apdu_bytes = bytes (cost, "apdu-bytes");
  g_autofree char *http_bytes = bytes (cost, "http-bytes");

  return g_strdup_printf ("%u APDU%s (%s), %u HTTP request%s (%s), %u TLS handshake%s", apdus,
                          apdus == 1 ? "" : "s", apdu_bytes, requests, requests == 1 ? "" : "s",
                          http_bytes, handshakes, handshakes == 1 ? "" : "s");
}

char *
cost_steps (GVariant *cost)
{
  g_autoptr (GVariant) seconds = g_variant_lookup_value (cost, "seconds", G_VARIANT_TYPE ("a{sd}"));
  GString *text;
  GVariantIter iter;
  const char *step;
  double spent;

  if (seconds == NULL || g_variant_n_children (seconds) == 0)
    return NULL;
  text = g_string_new (NULL);
  g_variant_iter_init (&iter, seconds);
  while (g_variant_iter_next (&iter, "{&sd}", &step, &spent))
    g_string_append_printf (text, "%s%s %.1f s", text->len ? ", " : "", step, spent);
  return g_string_free (text, FALSE);
}
