/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Fuzzes lpa/es9p: an SM-DP+ that answers anything. */

#include "fuzz-http.h"

#include "lpa/es9p.h"

static gboolean
call (Http *http, guint8 function, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\xBF\x38\0", 3), package = NULL;
  g_autoptr (Es9pInitiated) initiated = NULL;
  g_autoptr (Es9pAuthenticated) offer = NULL;

  switch (function)
    {
    case 0:
      initiated = es9p_initiate_authentication (http, "smdp.test", bytes, bytes, NULL, error);
      return initiated != NULL;
    case 1:
      offer = es9p_authenticate_client (http, "smdp.test", "0A0B0C0D", bytes, NULL, error);
      return offer != NULL;
    case 2:
      package = es9p_get_bound_profile_package (http, "smdp.test", "0A0B0C0D", bytes, NULL, error);
      return package != NULL;
    case 3:
      return es9p_cancel_session (http, "smdp.test", "0A0B0C0D", bytes, NULL, error);
    default:
      return es9p_handle_notification (http, "smdp.test", bytes, NULL, error);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Input input = { data, size };
  guint8 function = input_byte (&input) % 5;
  g_autoptr (GError) error = NULL;
  g_autoptr (Http) http = NULL;

  fuzz_http_answers (&input);
  http = http_new (HTTP_TRUST_PEM, NULL, NULL);
  assert_told (call (http, function, &error), &error);
  return 0;
}
