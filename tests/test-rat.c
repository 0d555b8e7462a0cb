/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa/rat: the rules authorisation table in words, row by row, and tables that are none. */

#include "fixture.h"

#include <string.h>

#include "base/error.h"
#include "lpa/rat.h"

/* Both rules for any operator, the user being asked; then no-delete for 234-50 and 310-410,
 * unasked. */
#define ANY "301580020560A10B30098003EEEEEE8100820082020780"
#define TWO "301D80020520A1133007800332F40581003008800313001481010A82020700"
#define ROWS ANY TWO

static char *
table_of (const char *rows)
{
  gsize size = strlen (rows) / 2;

  return g_strdup_printf ("BF43%02zXA0%02zX%s", size + 2, size, rows);
}

static GPtrArray *
parse (const char *hex, GError **error)
{
  g_autoptr (GBytes) bytes = bytes_from_hex (hex);

  return rat_parse (bytes, error);
}

static void
test_rows (void)
{
  g_autofree char *table = table_of (ROWS);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = parse (table, &error);
  const RatRow *row;

  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, 2);
  row = rows->pdata[0];
  g_assert_cmpuint (row->rules, ==, PROFILE_RULE_NO_DISABLE | PROFILE_RULE_NO_DELETE);
  g_assert_cmpstrv (row->operators, ((const char *const[]){ "*", NULL }));
  g_assert_true (row->consent);
  row = rows->pdata[1];
  g_assert_cmpuint (row->rules, ==, PROFILE_RULE_NO_DELETE);
  g_assert_cmpstrv (row->operators, ((const char *const[]){ "23450", "310410", NULL }));
  g_assert_false (row->consent);
}

/* E stands for any digit (SGP.22, 2.9.2.1). */
static void
test_wildcards (void)
{
  static const struct
  {
    const char *plmn, *text;
  } cases[]
      = { { "EEEEEE", "*" }, { "32E4EE", "234***" }, { "32F4E5", "2345*" }, { "EEFEEE", "*" } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *row = g_strdup_printf ("301180020560A10730058003%s82020780", cases[i].plmn);
      g_autofree char *table = table_of (row);
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) rows = parse (table, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (((const RatRow *) rows->pdata[0])->operators[0], ==, cases[i].text);
    }
}

static void
test_empty (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = parse ("BF4302A000", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, 0);
}

static void
assert_rubbish (const char *hex)
{
  g_autoptr (GError) error = NULL;

  if (parse (hex, &error))
    g_error ("%s is taken for a table", hex);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_RUBBISH);
}

static void
test_rubbish (void)
{
  static const char *const bad[] = {
    "",
    "BF43",
    "BF4402A000",
    "BF4302A100",
    "BF4302A00000",
    "BF4304A0023000",                                   /* a row of nothing */
    "BF4304A0023100",                                   /* no row */
    "BF4314A012301080020560A1063004800232F482020780",   /* an operator of 2 bytes */
    "BF4315A013301180020560A10730058103AABBCC82020780", /* an operator without a code */
  };
  g_autofree char *table = table_of (ROWS);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_rubbish (bad[i]);
  for (gsize length = 0; length < strlen (table); length += 2)
    {
      g_autofree char *cut = g_strndup (table, length);

      assert_rubbish (cut);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rat/rows", test_rows);
  g_test_add_func ("/rat/wildcards", test_wildcards);
  g_test_add_func ("/rat/empty", test_empty);
  g_test_add_func ("/rat/rubbish", test_rubbish);
  return g_test_run ();
}
