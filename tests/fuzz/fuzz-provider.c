/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Fuzzes provider/supersim: an API that answers anything. */

#include "fuzz-http.h"

#include "provider/provider.h"

extern const ProviderDriver provider_supersim;

#define EID "89049032123451234512345678901235"

static gboolean
reserve (ProviderSession *session, guint8 function, GError **error)
{
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (Reservation) reservation = NULL;

  if (function < 2)
    {
      list = provider_supersim.list_reservations (session, function ? EID : NULL, NULL, error);
      return list != NULL;
    }
  reservation = function == 2 ? provider_supersim.get_reservation (session, "HP1", NULL, error)
                              : provider_supersim.reserve (session, EID, NULL, error);
  return reservation != NULL;
}

static gboolean
look (ProviderSession *session, guint8 function, GError **error)
{
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (ProviderSim) sim = NULL;

  if (function == 4)
    {
      list = provider_supersim.list_fleets (session, NULL, error);
      return list != NULL;
    }
  sim = function == 5 ? provider_supersim.get_sim (session, "HS1", NULL, error)
                      : provider_supersim.activate_sim (session, "HS1", "fleet", NULL, error);
  return sim != NULL;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Input input = { data, size };
  guint8 function = input_byte (&input);
  ProviderAccess access = {
    .name = "fuzz",
    .kind = function & 0x80 ? "oauth2" : "basic",
    .base_url = "https://api.test",
    .token_url = "https://api.test/token",
    .user = "user",
    .secret = "secret",
  };
  g_autoptr (GError) error = NULL;
  ProviderSession *session;
  gboolean good;

  fuzz_http_answers (&input);
  session = provider_supersim.open (&access, NULL, &error);
  g_assert_no_error (error);
  function = (function & 0x7F) % 7;
  good = function < 4 ? reserve (session, function, &error) : look (session, function, &error);
  assert_told (good, &error);
  provider_supersim.close (session);
  return 0;
}
