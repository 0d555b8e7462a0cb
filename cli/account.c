/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What the provider's account has: --list-reservations, --list-sims, --list-fleets, --show,
 * --create-fleet. */

#include <glib/gi18n.h>
#include "follow.h"
#include "table.h"
#include "words.h"

static const TableColumn reservation_columns[] = {
  { "sid", "SID" },
  { "status", N_ ("status") },
  { "eid", "EID" },
  { "iccid", "ICCID" },
  { "sim", N_ ("Sim") },
  { "smdp-address", "SM-DP+" },
  { "created", N_ ("created") },
  { "error-code", N_ ("error") },
  { "error-message", N_ ("message") },
  { NULL, NULL },
};

static const TableColumn sim_columns[] = {
  { "sid", "SID" },          { "status", N_ ("status") },
  { "iccid", "ICCID" },      { "unique-name", N_ ("name") },
  { "fleet", N_ ("Fleet") }, { NULL, NULL },
};

static const TableColumn fleet_columns[] = {
  { "sid", "SID" },
  { "unique-name", N_ ("name") },
  { "network-access-profile", N_ ("network access profile") },
  { NULL, NULL },
};

/* One kind of thing: how it is asked for, and what people see of it. */
typedef struct
{
  const char *prefix, *method, *key, *name;
  const char *none;
  const TableColumn *columns;
} Kind;

static const Kind kinds[] = {
  { "HP", "ListReservations", "reservations", "reservation", N_ ("No reservations were found"),
    reservation_columns },
  { "HS", "ListSims", "sims", "sim", N_ ("No Sims were found"), sim_columns },
  { "HF", "ListFleets", "fleets", "fleet", N_ ("No Fleets were found"), fleet_columns },
};

static const char *
text_of (GVariant *item, const char *key)
{
  const char *text = "";

  g_variant_lookup (item, key, "&s", &text);
  return text;
}

/* Asks METHOD and gives its list, aa{sv}. */
static ExitStatus
ask (Client *client, const Options *options, const Kind *kind, const char *method,
     GVariant *parameters, GVariant **list, GError **error)
{
  g_autoptr (EsimProvider) provider = client_find_provider (client, options->provider, error);
  g_autoptr (GVariant) owned = g_variant_ref_sink (parameters);
  g_autoptr (GVariant) result = NULL;
  ExitStatus status;

  if (provider == NULL)
    return EXIT_FAILED;
  status = follow_for_result (client, options, provider, method, owned, TRUE, &result, error);
  if (result)
    *list = g_variant_lookup_value (result, kind->key, G_VARIANT_TYPE ("aa{sv}"));
  if (result && *list == NULL)
    g_set_error (error, REPORT_ERROR, EXIT_FAILED,
                 _ ("esimd's answer has no %s\nAre esimd and esimcli of the same version?"),
                 kind->key);
  return status;
}

static ExitStatus
list (Client *client, const Options *options, const Kind *kind, GError **error)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) items = NULL;
  g_autoptr (GPtrArray) sids = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *key = g_strdup_printf ("%s-list", kind->name);
  ExitStatus status;

  if (options->eid)
    g_variant_dict_insert (&dict, "eid", "s", options->eid);
  status = ask (client, options, kind, kind->method,
                g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)), &items, error);
  if (items == NULL)
    return status;
  for (gsize i = 0; i < g_variant_n_children (items); i++)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (items, i);

      g_ptr_array_add (sids, g_strdup (text_of (item, "sid")));
    }
  if (options_format (options) == OUTPUT_HUMAN)
    table_print (items, kind->columns, _ (kind->none));
  else
    output_paths (options_format (options), key, sids, NULL, NULL);
  return EXIT_DONE;
}

static void
print_one (const Options *options, const Kind *kind, GVariant *item)
{
  OutputFormat format = options_format (options);
  g_autoptr (Output) output = output_new (format);

  output_section (output, "General");
  for (const TableColumn *column = kind->columns; column->key; column++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (item, column->key, NULL);
      g_autofree char *key = g_strdup_printf ("%s.%s", kind->name, column->key);
      g_autofree char *words = value == NULL            ? NULL
                               : format == OUTPUT_HUMAN ? words_of (value)
                                                        : words_for_machines (value);

      output_text (output, key, column->title, words);
    }
  output_print (output);
}

static ExitStatus
print_only (const Options *options, const Kind *kind, GVariant *items, ExitStatus status)
{
  g_autoptr (GVariant) item = NULL;

  if (items == NULL || g_variant_n_children (items) == 0)
    return items ? EXIT_NOT_FOUND : status;
  item = g_variant_get_child_value (items, 0);
  print_one (options, kind, item);
  return EXIT_DONE;
}

ExitStatus
list_reservations (Client *client, const Options *options, GError **error)
{
  return list (client, options, &kinds[0], error);
}

ExitStatus
list_sims (Client *client, const Options *options, GError **error)
{
  return list (client, options, &kinds[1], error);
}

ExitStatus
list_fleets (Client *client, const Options *options, GError **error)
{
  return list (client, options, &kinds[2], error);
}

ExitStatus
show_sid (Client *client, const Options *options, GError **error)
{
  const Kind *kind = NULL;
  GVariantDict dict;
  g_autoptr (GVariant) items = NULL;
  ExitStatus status;

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_has_prefix (options->value, kinds[i].prefix))
      kind = &kinds[i];
  if (kind == NULL)
    {
      g_set_error (
          error, REPORT_ERROR, EXIT_USAGE,
          _ ("\"%s\" is no SID that can be shown\nGive a reservation (HP...), a Sim (HS...) "
             "or a Fleet (HF...)."),
          options->value);
      return EXIT_FAILED;
    }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "sid", "s", options->value);
  status = ask (client, options, kind, kind->method,
                g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)), &items, error);
  return print_only (options, kind, items, status);
}

ExitStatus
create_fleet (Client *client, const Options *options, GError **error)
{
  g_autoptr (GVariant) items = NULL;
  ExitStatus status;

  if (options->access == NULL)
    {
      g_set_error (error, REPORT_ERROR, EXIT_USAGE,
                   _ ("a Fleet needs a network access profile\nName it: "
                      "--network-access-profile=HA...; the provider's console lists them."));
      return EXIT_FAILED;
    }
  status = ask (client, options, &kinds[2], "CreateFleet",
                g_variant_new ("(ssa{sv})", options->value, options->access, NULL), &items, error);
  return print_only (options, &kinds[2], items, status);
}
