/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* NetworkManager's connection for one profile: what esimd writes is noted in the connection itself,
 * so that a person's edits can be told from it. */

#include "connect/nm-profile.h"

#include <string.h>

#include "base/bus.h"

/* Of every UUID that is made from an ICCID here (RFC 4122, 4.3); drawn by lot once. */
#define NAMESPACE "esimd:0d0a8f2e-4f0b-4a6e-9d53-6c5b7f1f3c11:"
/* In the connection's own place for notes: "group.key" -> the value as text. */
#define NOTE "org.esimd1."

/* One value of ours. */
typedef struct
{
  const char *group, *key;
  GVariant *value; /* owned, as is: */
  char *note;      /* what is noted of it: it as text, or what was noted before */
} Value;

static void
value_clear (gpointer data)
{
  Value *self = data;

  g_variant_unref (self->value);
  g_free (self->note);
}

char *
nm_profile_uuid (const char *iccid)
{
  g_autofree char *text = g_strconcat (NAMESPACE, iccid, NULL);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA1, text, -1);

  /* Version 5, variant 1. */
  return g_strdup_printf ("%.8s-%.4s-5%.3s-a%.3s-%.12s", sum, sum + 8, sum + 13, sum + 17,
                          sum + 20);
}

static void
add (GArray *values, const char *group, const char *key, GVariant *value)
{
  const Value one = { group, key, g_variant_ref_sink (value), g_variant_print (value, FALSE) };

  g_array_append_val (values, one);
}

static const char *
method_of (const ConnectSettings *settings, gboolean six)
{
  const char *other = six ? "ipv4" : "ipv6";

  if (strcmp (settings->ip_type, other) == 0)
    return "disabled";
  return "auto";
}

/* All that SETTINGS (NULL: nothing) say and that may change. */
static GArray *
values_of (const ConnectSettings *settings, gboolean autoconnect)
{
  static const char *const families[] = { "ipv4", "ipv6" };
  GArray *values = g_array_new (FALSE, FALSE, sizeof (Value));

  g_array_set_clear_func (values, value_clear);
  add (values, "connection", "autoconnect", g_variant_new_boolean (autoconnect));
  if (settings == NULL)
    return values;
  add (values, "gsm", "apn", g_variant_new_string (settings->apn));
  add (values, "gsm", "home-only", g_variant_new_boolean (!settings->roaming));
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      add (values, families[i], "method", g_variant_new_string (method_of (settings, i == 1)));
      add (values, families[i], "route-metric", g_variant_new_int64 (settings->metric));
      add (values, families[i], "ignore-auto-dns", g_variant_new_boolean (!settings->set_dns));
    }
  return values;
}

/* ---- reading ---- */

/* The group NAME of PROFILE; NULL: not there. The caller unrefs. */
static GVariant *
group_of (GVariant *profile, const char *name)
{
  return g_variant_lookup_value (profile, name, G_VARIANT_TYPE_VARDICT);
}

const char *
nm_profile_text (GVariant *profile, const char *group, const char *key)
{
  g_autoptr (GVariant) values = group_of (profile, group);

  /* What it points to is a part of PROFILE's own memory. */
  return bus_text (values, key);
}

gboolean
nm_profile_is_gsm (GVariant *profile)
{
  return strcmp (nm_profile_text (profile, "connection", "type"), "gsm") == 0;
}

/* What was noted when it was written last; NULL: nothing. The caller unrefs. */
static GVariant *
notes_of (GVariant *profile)
{
  g_autoptr (GVariant) user = group_of (profile, "user");

  return user ? g_variant_lookup_value (user, "data", G_VARIANT_TYPE ("a{ss}")) : NULL;
}

static const char *
note_of (GVariant *notes, const Value *value)
{
  g_autofree char *name = g_strconcat (NOTE, value->group, ".", value->key, NULL);
  const char *note = NULL;

  if (notes)
    g_variant_lookup (notes, name, "&s", &note);
  return note;
}

gboolean
nm_profile_is_ours (GVariant *profile)
{
  g_autoptr (GVariant) notes = notes_of (profile);
  const Value apn = { .group = "gsm", .key = "apn" };

  return notes && note_of (notes, &apn);
}

/* ---- writing ---- */

/* What NetworkManager leaves out of an answer, since it is so anyway. */
static const char *
standard_of (const Value *value)
{
  if (strcmp (value->key, "autoconnect") == 0)
    return "true";
  if (strcmp (value->key, "route-metric") == 0)
    return "-1";
  return g_variant_is_of_type (value->value, G_VARIANT_TYPE_BOOLEAN) ? "false" : "''";
}

/* VALUE as it is in PROFILE now, as text. */
static char *
present (GVariant *profile, const Value *value)
{
  g_autoptr (GVariant) group = group_of (profile, value->group);
  g_autoptr (GVariant) now = group ? g_variant_lookup_value (group, value->key, NULL) : NULL;

  return now ? g_variant_print (now, FALSE) : g_strdup (standard_of (value));
}

/* PROFILE, group by group, as dictionaries to change: name -> GVariantDict. */
static GHashTable *
open_groups (GVariant *profile)
{
  GHashTable *groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify) g_variant_dict_unref);
  GVariantIter iter;
  const char *name;
  GVariant *values;

  g_variant_iter_init (&iter, profile);
  while (g_variant_iter_next (&iter, "{&s@a{sv}}", &name, &values))
    {
      g_hash_table_insert (groups, g_strdup (name), g_variant_dict_new (values));
      g_variant_unref (values);
    }
  return groups;
}

static void
put (GHashTable *groups, const char *name, const char *key, GVariant *value)
{
  GVariantDict *group = g_hash_table_lookup (groups, name);

  if (group == NULL)
    {
      group = g_variant_dict_new (NULL);
      g_hash_table_insert (groups, g_strdup (name), group);
    }
  g_variant_dict_insert_value (group, key, value);
}

static GVariant *
close_groups (GHashTable *groups)
{
  GVariantBuilder builder;
  GHashTableIter iter;
  gpointer name, group;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{sa{sv}}"));
  g_hash_table_iter_init (&iter, groups);
  while (g_hash_table_iter_next (&iter, &name, &group))
    g_variant_builder_add (&builder, "{s@a{sv}}", name, g_variant_dict_end (group));
  return g_variant_builder_end (&builder);
}

/* OLD (NULL: none), in which others may have notes, too, with those on VALUES. */
static GVariant *
make_notes (GVariant *old, GArray *values)
{
  g_autoptr (GHashTable) notes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GVariantBuilder builder;
  GVariantIter iter;
  GHashTableIter all;
  gpointer name, note;

  if (old)
    g_variant_iter_init (&iter, old);
  while (old && g_variant_iter_next (&iter, "{ss}", &name, &note))
    g_hash_table_insert (notes, name, note);
  for (guint i = 0; i < values->len; i++)
    {
      const Value *value = &g_array_index (values, Value, i);

      g_hash_table_insert (notes, g_strconcat (NOTE, value->group, ".", value->key, NULL),
                           g_strdup (value->note));
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  g_hash_table_iter_init (&all, notes);
  while (g_hash_table_iter_next (&all, &name, &note))
    g_variant_builder_add (&builder, "{ss}", name, note);
  return g_variant_builder_end (&builder);
}

GVariant *
nm_profile_new (const char *iccid, const ConnectSettings *settings)
{
  g_autoptr (GArray) values = values_of (settings, TRUE);
  g_autoptr (GHashTable) groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                         (GDestroyNotify) g_variant_dict_unref);
  g_autofree char *uuid = nm_profile_uuid (iccid);
  g_autofree char *id = g_strdup_printf ("eSIM %s", iccid);

  put (groups, "connection", "id", g_variant_new_string (id));
  put (groups, "connection", "uuid", g_variant_new_string (uuid));
  put (groups, "connection", "type", g_variant_new_string ("gsm"));
  put (groups, "gsm", "sim-id", g_variant_new_string (iccid));
  for (guint i = 0; i < values->len; i++)
    {
      const Value *value = &g_array_index (values, Value, i);

      put (groups, value->group, value->key, value->value);
    }
  put (groups, "user", "data", make_notes (NULL, values));
  return close_groups (groups);
}

/* What NetworkManager does not tell with the rest would be lost by writing the rest. */
static void
add_secrets (GHashTable *groups, GVariant *secrets)
{
  g_autoptr (GVariant) group = group_of (secrets, "gsm");
  GVariantIter iter;
  const char *key;
  GVariant *value;

  if (group == NULL)
    return;
  g_variant_iter_init (&iter, group);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      put (groups, "gsm", key, value);
      g_variant_unref (value);
    }
}

GVariant *
nm_profile_update (GVariant *old, GVariant *secrets, const ConnectSettings *settings,
                   gboolean autoconnect)
{
  g_autoptr (GArray) values = values_of (settings, autoconnect);
  g_autoptr (GHashTable) groups = open_groups (old);
  g_autoptr (GVariant) notes = notes_of (old);
  gboolean changed = FALSE;

  for (guint i = 0; i < values->len; i++)
    {
      Value *value = &g_array_index (values, Value, i);
      const char *note = note_of (notes, value);
      g_autofree char *now = present (old, value);

      if (note && strcmp (now, note) == 0 && strcmp (now, value->note) != 0)
        {
          put (groups, value->group, value->key, value->value);
          changed = TRUE;
        }
      else if (note && strcmp (now, note) != 0)
        {
          /* A person's: what we wrote stays noted, so that it stays a person's. */
          g_free (value->note);
          value->note = g_strdup (note);
        }
    }
  if (!changed)
    return NULL;
  if (secrets)
    add_secrets (groups, secrets);
  put (groups, "user", "data", make_notes (notes, values));
  return g_variant_ref_sink (close_groups (groups));
}
