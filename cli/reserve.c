/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* --reserve, --activation-code: a profile for a device that is elsewhere, as text and as picture.
 */

#include <glib/gi18n.h>
#include <unistd.h>

#include "follow.h"
#include "qr.h"

/* The provider's server is asked meanwhile. */
#define CODE_TIMEOUT_MS 120000

static char *
fetch_code (EsimProvider *provider, const char *sid, GError **error)
{
  g_autoptr (GVariant) reply = g_dbus_proxy_call_sync (
      G_DBUS_PROXY (provider), "GetActivationCode", g_variant_new ("(sa{sv})", sid, NULL),
      G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, CODE_TIMEOUT_MS, NULL, error);
  char *code = NULL;

  if (reply)
    g_variant_get (reply, "(s)", &code);
  return code;
}

static gboolean
write_pictures (const Options *options, const char *code, GError **error)
{
  return (options->qr_png == NULL || qr_write_png (code, options->qr_png, error))
         && (options->qr_svg == NULL || qr_write_svg (code, options->qr_svg, error));
}

static gboolean
print_code (const Options *options, const char *code, GError **error)
{
  gboolean wants
      = options->qr
        || (isatty (STDOUT_FILENO) && options->qr_png == NULL && options->qr_svg == NULL);
  g_autofree char *clean = output_clean (code);
  g_autofree char *picture = wants ? qr_text (code, error) : NULL;

  if (wants && picture == NULL)
    return FALSE;
  g_print ("%s\n%s", clean, picture ? picture : "");
  return TRUE;
}

/* CODE is NULL for a reservation by EID, RESULT where there is none. */
static void
print_machine (const Options *options, const char *sid, const char *code, GVariant *result)
{
  g_autoptr (Output) output = output_new (options_format (options));
  const char *sim = NULL, *iccid = NULL;
  gboolean ordered = FALSE;

  output_text (output, "reservation.sid", NULL, sid);
  output_text (output, "reservation.activation-code", NULL, code);
  if (result)
    {
      g_variant_lookup (result, "sim", "&s", &sim);
      g_variant_lookup (result, "iccid", "&s", &iccid);
      g_variant_lookup (result, "ordered", "b", &ordered);
      output_text (output, "reservation.sim", NULL, sim);
      output_text (output, "reservation.iccid", NULL, iccid);
      output_text (output, "reservation.ordered", NULL, ordered ? "yes" : "no");
    }
  output_print (output);
}

static void
print_reserved (GVariant *result)
{
  static const char *const names[] = { "sim", "iccid" };
  const char *sid = "", *value;
  gboolean ordered = FALSE;

  g_variant_lookup (result, "reservation", "&s", &sid);
  g_variant_lookup (result, "ordered", "b", &ordered);
  g_print ("reservation %s%s", sid,
           ordered ? "" : _ (" (it was there already: nothing was ordered)"));
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_variant_lookup (result, names[i], "&s", &value))
      g_print (", %s %s", names[i], value);
  g_print ("\n");
}

static GVariant *
reserve_options (const Options *options)
{
  const struct
  {
    const char *key, *value;
  } given[] = {
    { "eid", options->eid },
    { "fleet", options->fleet },
    { "callback-url", options->callback_url },
    { "callback-method", options->callback_method },
    { "settle", options->settle },
  };
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (given); i++)
    if (given[i].value)
      g_variant_dict_insert (&dict, given[i].key, "s", given[i].value);
  return g_variant_new ("(@a{sv})", g_variant_dict_end (&dict));
}

/* What is printed once RESULT is there. */
static gboolean
conclude (EsimProvider *provider, const Options *options, GVariant *result, GError **error)
{
  const char *sid = "";
  g_autofree char *code = NULL;
  gboolean human = options_format (options) == OUTPUT_HUMAN;

  g_variant_lookup (result, "reservation", "&s", &sid);
  if (human)
    print_reserved (result);
  if (options->eid == NULL)
    code = fetch_code (provider, sid, error);
  if (options->eid == NULL && (code == NULL || !write_pictures (options, code, error)))
    return FALSE;
  if (!human)
    print_machine (options, sid, code, result);
  else if (code)
    return print_code (options, code, error);
  else
    g_print ("%s\n", _ ("The card with that EID gets it by --download-default, without a code."));
  return TRUE;
}

ExitStatus
reserve (Client *client, const Options *options, GError **error)
{
  g_autoptr (EsimProvider) provider = client_find_provider (client, options->provider, error);
  g_autoptr (GVariant) result = NULL;
  ExitStatus status;

  if (provider == NULL)
    return EXIT_FAILED;
  if (options->eid && (options->qr || options->qr_png || options->qr_svg))
    {
      g_set_error (error, REPORT_ERROR, EXIT_USAGE,
                   _ ("a reservation by EID has no activation code\nLeave out --eid, or --qr."));
      return EXIT_FAILED;
    }
  if (options->no_wait)
    return follow_call (client, options, provider, "Reserve", reserve_options (options), error);
  status = follow_for_result (client, options, provider, "Reserve", reserve_options (options),
                              FALSE, &result, error);
  if (result)
    return conclude (provider, options, result, error) ? EXIT_DONE : EXIT_FAILED;
  return status;
}

ExitStatus
activation_code (Client *client, const Options *options, GError **error)
{
  g_autoptr (EsimProvider) provider = client_find_provider (client, options->provider, error);
  g_autofree char *code = provider ? fetch_code (provider, options->value, error) : NULL;

  if (code == NULL || !write_pictures (options, code, error))
    return EXIT_FAILED;
  if (options_format (options) == OUTPUT_HUMAN)
    return print_code (options, code, error) ? EXIT_DONE : EXIT_FAILED;
  print_machine (options, options->value, code, NULL);
  return EXIT_DONE;
}
