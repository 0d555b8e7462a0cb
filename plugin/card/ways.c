/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Channel drivers and ports matched and put in order. */

#include "card/ways.h"

#include "base/error.h"

/* The file in which DRIVER remembers what a crash would leave open behind DEVICE. */
static char *
memory_of (const char *state_dir, const ChannelDriver *driver, const char *device)
{
  g_autofree char *name = g_strconcat ("channel-", driver->name, device, NULL);

  return state_dir ? g_build_filename (state_dir, g_strdelimit (name, "/ ", '-'), NULL) : NULL;
}

static void
add_ports (GPtrArray *ways, const ChannelDriver *driver, const ModemSnapshot *modem,
           const WaysOrder *order)
{
  for (guint i = 0; i < modem->n_ports; i++)
    {
      const ModemPort *port = &modem->ports[i];
      g_autofree char *memory = NULL;

      if (!g_str_equal (port->kind, driver->port ? driver->port : driver->name))
        continue;
      memory = memory_of (order->state_dir, driver, port->device);
      g_ptr_array_add (ways,
                       card_access_new (driver, modem, port->device, order->quirks, memory, ""));
    }
}

static const ChannelDriver *
find_driver (const WaysOrder *order, const char *name)
{
  for (guint i = 0; order->channels[i]; i++)
    if (g_str_equal (order->channels[i]->name, name))
      return order->channels[i];
  return NULL;
}

static guint
rank (const CardAccess *way, const WaysOrder *order)
{
  const CardAccess *worked = order->worked;

  if (worked && way->driver == worked->driver)
    return g_str_equal (way->device, worked->device) ? 0 : 1;
  return worked == NULL && g_strcmp0 (way->driver->name, order->remembered) == 0 ? 1 : 2;
}

static int
compare (gconstpointer a, gconstpointer b, gpointer order)
{
  return (int) rank (*(CardAccess *const *) a, order)
         - (int) rank (*(CardAccess *const *) b, order);
}

GPtrArray *
ways_find (const ModemSnapshot *modem, const WaysOrder *order)
{
  GPtrArray *ways = g_ptr_array_new_with_free_func ((GDestroyNotify) card_access_unref);
  const char *transports = order->quirks->transports;
  g_auto (GStrv) names = transports ? g_strsplit (transports, ",", -1) : NULL;

  for (guint i = 0; names && names[i]; i++)
    {
      const ChannelDriver *driver = find_driver (order, names[i]);

      if (driver)
        add_ports (ways, driver, modem, order);
    }
  for (guint i = 0; names == NULL && order->channels[i]; i++)
    if (order->channels[i]->port == NULL)
      add_ports (ways, order->channels[i], modem, order);
  g_ptr_array_sort_with_data (ways, compare, (gpointer) order); /* stable */
  return ways;
}

gboolean
ways_leads_on (const GError *error, gboolean known)
{
  return error_is_code (error, ESIM_ERROR_UNSUPPORTED) || error_is_code (error, ESIM_ERROR_CHANNEL)
         || (known && error_is_code (error, ESIM_ERROR_NO_EUICC));
}

gboolean
ways_is_verdict (const GError *error)
{
  g_autoptr (GVariant) raw = g_variant_ref_sink (error_raw (error));

  return !error_is_code (error, ESIM_ERROR_CHANNEL) || g_variant_n_children (raw) > 0;
}
