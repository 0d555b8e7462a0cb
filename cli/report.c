/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Errors as people read them. */

#include "report.h"

#include <glib/gi18n.h>

#include "esimd-error.h"
#include "output.h"
#include "words.h"

G_DEFINE_QUARK (esimcli - error - quark, report_error)

static void
print (const char *text, const char *advice, const char *codes)
{
  g_autofree char *clean_text = output_clean (text);
  g_autofree char *clean_advice = output_clean (advice);
  g_autofree char *clean_codes = output_clean (codes);

  g_printerr (_ ("error: %s\n"), clean_text);
  if (*clean_advice)
    g_printerr ("       %s\n", clean_advice);
  if (*clean_codes)
    g_printerr ("       %s\n", clean_codes);
}

/* The bus's own errors: NULL where it is none of those that have a plain meaning here. */
static const char *
bus_text (const GError *error, ExitStatus *status)
{
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    {
      *status = EXIT_NO_SERVICE;
      return _ ("esimd is not running\nStart it with: systemctl start esimd");
    }
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
    {
      *status = EXIT_NOT_AUTHORIZED;
      return _ ("the bus does not let you speak to esimd\nAsk as root, or see the bus policy "
                "org.esimd1.conf.");
    }
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD))
    {
      *status = EXIT_NOT_FOUND;
      return _ (
          "it is gone: the card was removed, or esimd was started anew\nSee what there is with "
          "esimcli -L.");
    }
  return NULL;
}

static ExitStatus
status_of (const char *name)
{
  if (g_strcmp0 (name, esim_error_get_dbus_name (ESIM_ERROR_NOT_AUTHORIZED)) == 0)
    return EXIT_NOT_AUTHORIZED;
  if (g_strcmp0 (name, esim_error_get_dbus_name (ESIM_ERROR_NOT_FOUND)) == 0)
    return EXIT_NOT_FOUND;
  if (g_strcmp0 (name, esim_error_get_dbus_name (ESIM_ERROR_CANCELLED)) == 0)
    return EXIT_CANCELLED;
  return EXIT_FAILED;
}

ExitStatus
report_error (const GError *error)
{
  g_autoptr (GError) stripped = g_error_copy (error);
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  ExitStatus status = error->domain == REPORT_ERROR ? (ExitStatus) error->code : status_of (name);
  const char *known = bus_text (error, &status);
  g_auto (GStrv) parts = NULL;

  g_dbus_error_strip_remote_error (stripped);
  parts = g_strsplit (known ? known : stripped->message, "\n", 2);
  print (parts[0] ? parts[0] : "", parts[0] ? esim_error_translate_advice (parts[1]) : NULL, NULL);
  return status;
}

/* NULL where there are none: the layer alone helps nobody. */
static char *
codes_text (const char *layer, GVariant *raw)
{
  g_autofree char *words = words_of (raw);

  if (*words == '\0')
    return NULL;
  return g_strdup_printf ("(%s%s%s)", layer, *layer ? ": " : "", words);
}

ExitStatus
report_job (EsimJob *job)
{
  const char *name, *text, *advice, *layer;
  g_autoptr (GVariant) raw = NULL;
  g_autofree char *codes = NULL;
  gboolean cancelled = g_strcmp0 (esim_job_get_state (job), "cancelled") == 0;

  g_variant_get (esim_job_get_error (job), "(&s&s&s&s@a{sv})", &name, &text, &advice, &layer, &raw);
  codes = codes_text (layer, raw);
  advice = esim_error_translate_advice (advice);
  if (*text)
    print (text, advice, codes);
  else
    print (cancelled ? _ ("the job was cancelled") : _ ("the job failed without a word"), advice,
           codes);
  return cancelled ? EXIT_CANCELLED : EXIT_FAILED;
}
