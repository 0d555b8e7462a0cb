/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Fuzzes lpa/activation: what people paste. */

#include "fuzz.h"

#include <string.h>

#include "lpa/activation.h"

/* A code's canonical form says the same as the code. */
static void
check_round (const Activation *activation)
{
  g_autofree char *text = activation_to_string (activation);
  g_autoptr (GError) error = NULL;
  g_autoptr (Activation) again = activation_parse (text, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (again->address, ==, activation->address);
  g_assert_cmpstr (again->matching_id, ==, activation->matching_id);
  g_assert_cmpstr (again->oid, ==, activation->oid);
  g_assert_cmpint (again->confirmation_required, ==, activation->confirmation_required);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *code = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (Activation) activation = activation_parse (code, &error);

  assert_told (activation != NULL, &error);
  if (activation)
    check_round (activation);
  else
    g_assert_cmpint (error->code, ==, ESIM_ERROR_INVALID_ARGUMENT);
  return 0;
}
