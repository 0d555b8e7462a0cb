/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What is known of a data connection: freed and named; and whose driver it is. */

#include "connect/connect.h"

#include "base/error.h"

static char *
text_of (const char *text)
{
  return g_strdup (text ? text : "");
}

ConnectStatus *
connect_status_new (ConnectLevel level, const LinkConfig *link, const char *apn, const char *bearer)
{
  ConnectStatus *self = g_new0 (ConnectStatus, 1);
  g_autofree char *address
      = link && link->address ? g_strdup_printf ("%s/%u", link->address, link->prefix) : NULL;

  self->level = level;
  self->interface = text_of (link ? link->interface : NULL);
  self->address = text_of (address);
  self->gateway = text_of (link ? link->gateway : NULL);
  self->apn = text_of (apn);
  self->bearer = text_of (bearer);
  return self;
}

void
connect_refuse_other (GError **error, const char *apn)
{
  error_set (error, ESIM_ERROR_DATA_FAILED, "connect",
             "somebody else's connection is up on this modem, APN '%s': it is left alone", apn);
}

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

static gboolean
fits (const ConnectDriver *driver, const char *wanted, const ModemSnapshot *modem,
      GCancellable *cancellable, GError **error)
{
  if (!g_str_equal (driver->stack, modem->stack))
    return FALSE;
  if (!g_str_equal (wanted, "auto"))
    return g_str_equal (driver->name, wanted);
  return driver->manages == NULL || driver->manages (modem, cancellable, error);
}

const ConnectDriver *
connect_choose (const ConnectDriver *const *drivers, const char *wanted, const ModemSnapshot *modem,
                GCancellable *cancellable, GError **error)
{
  for (guint i = 0; drivers[i]; i++)
    {
      g_autoptr (GError) problem = NULL;

      if (fits (drivers[i], wanted, modem, cancellable, &problem))
        return drivers[i];
      if (problem)
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return NULL;
        }
    }
  error_set (error, ESIM_ERROR_UNSUPPORTED, "connect",
             "connect=%s has no way to data on a modem of %s's", wanted, modem->stack);
  return NULL;
}

void
connect_favour (const ConnectDriver *const *drivers, const char *iccid, GCancellable *cancellable)
{
  for (guint i = 0; drivers && drivers[i]; i++)
    {
      g_autoptr (GError) error = NULL;

      if (drivers[i]->favour && !drivers[i]->favour (iccid, cancellable, &error))
        g_debug ("connections of other profiles: %s", error->message);
    }
}
