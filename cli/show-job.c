/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One job: what it does, what it asks, how it ended, what it cost. */

#include "cost.h"
#include "esimd-error.h"
#include "result.h"
#include "verbs.h"
#include "words.h"

/* For machines: every member of DICT, "seconds" by step too. */
static void
add_dict (Output *output, const char *prefix, GVariant *dict)
{
  GVariantIter iter;
  GVariant *entry;

  g_variant_iter_init (&iter, dict);
  while ((entry = g_variant_iter_next_value (&iter)))
    {
      g_autoptr (GVariant) owned = entry;
      g_autoptr (GVariant) name = g_variant_get_child_value (entry, 0);
      g_autoptr (GVariant) given = g_variant_get_child_value (entry, 1);
      g_autoptr (GVariant) value = g_variant_is_of_type (given, G_VARIANT_TYPE_VARIANT)
                                       ? g_variant_get_variant (given)
                                       : g_variant_ref (given);
      g_autofree char *key = g_strdup_printf ("%s.%s", prefix, g_variant_get_string (name, NULL));
      g_autofree char *printed = NULL;
      g_autofree const char **words = NULL;

      if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
        output_list (output, key, NULL, words = g_variant_get_strv (value, NULL));
      else if (g_variant_is_of_type (value, G_VARIANT_TYPE_DICTIONARY))
        add_dict (output, key, value);
      else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}")))
        output_rows (output, key, value);
      else
        output_text (output, key, NULL, printed = words_for_machines (value));
    }
}

static void
add_progress (Output *output, EsimJob *job)
{
  guint64 done = esim_job_get_bytes_done (job), total = esim_job_get_bytes_total (job);
  g_autofree char *bytes = NULL;

  output_section (output, "Status");
  output_text (output, "job.generic.state", "state", esim_job_get_state (job));
  output_number (output, "job.generic.position", NULL, esim_job_get_position (job));
  output_text (output, "job.generic.step", "step", esim_job_get_step (job));
  output_number (output, "job.bytes.done", NULL, done);
  output_number (output, "job.bytes.total", NULL, total);
  if (total > 0)
    output_line (output, "bytes",
                 bytes
                 = g_strdup_printf ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT, done, total));
}

static void
add_result (Output *output, EsimJob *job)
{
  GVariant *result = esim_job_get_result (job);
  g_autoptr (GVariant) cost = g_variant_lookup_value (result, "cost", G_VARIANT_TYPE_VARDICT);
  g_autofree char *summary = cost ? cost_summary (cost) : NULL;
  g_autofree char *steps = cost ? cost_steps (cost) : NULL;

  output_section (output, "Result");
  result_lines (output, result);
  output_line (output, "cost", summary);
  output_line (output, "seconds", steps);
  add_dict (output, "job.result", result);
}

static void
add_error (Output *output, EsimJob *job)
{
  const char *name, *text, *advice, *layer;
  g_autoptr (GVariant) raw = NULL;
  g_autofree char *codes = NULL;

  g_variant_get (esim_job_get_error (job), "(&s&s&s&s@a{sv})", &name, &text, &advice, &layer, &raw);
  codes = words_of (raw);
  output_section (output, "Error");
  output_text (output, "job.error.name", "name", name);
  output_text (output, "job.error.text", "text", text);
  output_text (output, "job.error.advice", NULL, advice);
  output_line (output, "advice", esim_error_translate_advice (advice));
  output_text (output, "job.error.layer", "layer", layer);
  output_line (output, "raw codes", codes);
  add_dict (output, "job.error.raw", raw);
}

void
show_job_print (EsimJob *job, OutputFormat format)
{
  g_autoptr (Output) output = output_new (format);

  output_section (output, "General");
  output_text (output, "job.dbus-path", "path", client_path (job));
  output_text (output, "job.generic.kind", "kind", esim_job_get_kind (job));
  output_text (output, "job.generic.euicc", "eUICC", esim_job_get_euicc (job));
  add_progress (output, job);
  add_dict (output, "job.question", esim_job_get_question (job));
  add_result (output, job);
  add_error (output, job);
  output_print (output);
  if (format == OUTPUT_HUMAN)
    result_tables (esim_job_get_result (job));
}

ExitStatus
show_job (Client *client, const Options *options, GError **error)
{
  g_autoptr (EsimJob) job = client_find_job (client, options->job, error);

  if (job == NULL)
    return EXIT_FAILED;
  show_job_print (job, options_format (options));
  return EXIT_DONE;
}
