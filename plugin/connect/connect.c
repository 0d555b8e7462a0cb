/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What is known of a data connection: freed and named. */

#include "connect/connect.h"

void
connect_status_free (ConnectStatus *self)
{
  g_free (self->interface);
  g_free (self->address);
  g_free (self->gateway);
  g_free (self->apn);
  g_free (self->bearer);
  g_free (self);
}

const char *
connect_level_name (ConnectLevel level)
{
  switch (level)
    {
    case CONNECT_NONE:
      return "none";
    case CONNECT_OTHER:
      return "other";
    case CONNECT_UP:
      return "up";
    case CONNECT_CONFIGURED:
      return "configured";
    }
  return "none";
}
