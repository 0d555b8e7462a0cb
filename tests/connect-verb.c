/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* connect-verb DRIVER VERB PATH APN: one verb of a connect driver on the modem at PATH, for tests
 * that need no service: prints what there is afterwards, or the error's code and text. */

#include <string.h>

#include "base/error.h"
#include "connect/connect.h"

extern const ConnectDriver connect_mm;
extern const ConnectDriver connect_nm;
extern const ConnectDriver connect_ofono;

static const ConnectDriver *const drivers[] = { &connect_mm, &connect_nm, &connect_ofono, NULL };

static gboolean
take (const ConnectDriver *driver, const char *verb, const ModemSnapshot *modem,
      const ConnectSettings *settings, GError **error)
{
  g_autoptr (ConnectStatus) status = NULL;

  if ((strcmp (verb, "up") == 0 && !driver->up (modem, settings, NULL, error))
      || (strcmp (verb, "down") == 0 && !driver->down (modem, NULL, error)))
    return FALSE;
  status = driver->observe (modem, settings, NULL, error);
  if (status)
    g_print ("%s|%s|%s|%s|%s|%s\n", connect_level_name (status->level), status->apn,
             status->interface, status->address, status->gateway, status->bearer);
  return status != NULL;
}

int
main (int argc, char **argv)
{
  g_autoptr (ModemSnapshot) modem = NULL;
  g_autoptr (GError) error = NULL;
  const ConnectDriver *driver;
  ConnectSettings settings = { .ip_type = "ipv4", .roaming = TRUE, .metric = 700 };

  if (argc != 5)
    return 2;
  for (guint i = 0; drivers[i]; i++)
    if (strcmp (drivers[i]->name, argv[1]) == 0)
      modem = modem_snapshot_new (drivers[i]->stack);
  if (modem == NULL)
    return 2;
  driver = connect_choose (drivers, argv[1], modem, NULL, &error);
  g_free (modem->path);
  modem->path = g_strdup (argv[3]);
  settings.apn = argv[4];
  if (driver && take (driver, argv[2], modem, &settings, &error))
    return 0;
  g_print ("%d|%s\n", error->code, error->message);
  return 1;
}
