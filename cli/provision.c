/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* --provision: the card to connected, on a profile of the configured provider. */

#include "follow.h"

ExitStatus
provision (Client *client, const Options *options, GError **error)
{
  g_autoptr (EsimEuicc) euicc
      = client_find_euicc (client, options->euicc, options->modem, FALSE, error);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (euicc == NULL)
    return EXIT_FAILED;
  if (options->settle)
    g_variant_dict_insert (&dict, "settle", "s", options->settle);
  return follow_call (client, options, euicc, "Provision",
                      g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)), error);
}
