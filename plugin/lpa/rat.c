/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Reads the rules authorisation table row by row. */

#include "lpa/rat.h"

#include <string.h>

static void
row_free (gpointer data)
{
  RatRow *self = data;

  g_strfreev (self->operators);
  g_free (self);
}

/* MCC and MNC in the order of 24.008's nibbles: F is a missing third digit, E any digit. */
static char *
plmn_text (const Tlv *plmn)
{
  const guint8 *b = plmn->value;
  const guint8 nibbles[6] = { b[0] & 15, b[0] >> 4, b[1] & 15, b[2] & 15, b[2] >> 4, b[1] >> 4 };
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (nibbles); i++)
    if (nibbles[i] == 0xE)
      g_string_append_c (text, '*');
    else if (nibbles[i] != 0xF)
      g_string_append_printf (text, "%X", nibbles[i]);
  if (strspn (text->str, "*") == text->len)
    g_string_assign (text, "*");
  return g_string_free (text, FALSE);
}

static char **
operators_of (const Tlv *owners, GError **error)
{
  g_autoptr (GStrvBuilder) operators = g_strv_builder_new ();
  TlvReader reader, members;
  Tlv owner, plmn;

  tlv_enter (&reader, owners);
  while (!tlv_at_end (&reader))
    {
      g_autofree char *text = NULL;

      if (!tlv_expect (&reader, 0x30, &owner, error))
        return NULL;
      tlv_enter (&members, &owner);
      if (!tlv_need (&members, 0x80, &plmn, error))
        return NULL;
      if (plmn.size != 3)
        {
          tlv_error (error, &plmn, "is not an operator's code of 3 bytes");
          return NULL;
        }
      text = plmn_text (&plmn);
      g_strv_builder_add (operators, text);
    }
  return g_strv_builder_end (operators);
}

static RatRow *
row_of (const Tlv *tlv, GError **error)
{
  TlvReader reader;
  Tlv rules, owners, flags;
  guint8 bits, flag_bits;
  char **operators;
  RatRow *self;

  tlv_enter (&reader, tlv);
  if (!tlv_need (&reader, 0x80, &rules, error) || !tlv_bits (&rules, &bits, NULL, error)
      || !tlv_need (&reader, 0xA1, &owners, error) || !tlv_need (&reader, 0x82, &flags, error)
      || !tlv_bits (&flags, &flag_bits, NULL, error))
    return NULL;
  operators = operators_of (&owners, error);
  if (operators == NULL)
    return NULL;
  self = g_new0 (RatRow, 1);
  self->rules
      = (bits & 0x40 ? PROFILE_RULE_NO_DISABLE : 0) | (bits & 0x20 ? PROFILE_RULE_NO_DELETE : 0);
  self->operators = operators;
  self->consent = (flag_bits & 0x80) != 0;
  return self;
}

GPtrArray *
rat_parse (GBytes *rat, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (row_free);
  TlvReader reader;
  Tlv whole, table, tlv;

  if (!tlv_whole (TLV_CARD, rat, 0xBF43, &whole, error))
    return NULL;
  tlv_enter (&reader, &whole);
  if (!tlv_expect (&reader, 0xA0, &table, error))
    return NULL;
  tlv_enter (&reader, &table);
  while (!tlv_at_end (&reader))
    {
      RatRow *row = tlv_expect (&reader, 0x30, &tlv, error) ? row_of (&tlv, error) : NULL;

      if (row == NULL)
        return NULL;
      g_ptr_array_add (rows, row);
    }
  return g_steal_pointer (&rows);
}
