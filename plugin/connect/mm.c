/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Data by ModemManager's bearers, and the interface set up from what the bearer says: ModemManager
 * leaves that to others. */

#include "connect/connect.h"

#include <ModemManager.h>
#include <string.h>

#include "base/bus.h"
#include "connect/link.h"

#define MODEM_INTERFACE "org.freedesktop.ModemManager1.Modem"
#define SIMPLE_INTERFACE "org.freedesktop.ModemManager1.Modem.Simple"
#define BEARER_INTERFACE "org.freedesktop.ModemManager1.Bearer"
#define DISCONNECT_TIMEOUT_MS (60 * 1000)
/* A first connection of a new profile takes its time; libmm-glib would give up at 25 s. */
#define CONNECT_TIMEOUT_MS (180 * 1000)
#define MAX_DNS 3

/* One family's settings of a bearer; they point into the bearer's properties. */
typedef struct
{
  guint32 method; /* MMBearerIpMethod */
  const char *dns[MAX_DNS + 1];
  LinkConfig link;
} IpConfig;

typedef struct
{
  char *path;
  GVariant *properties; /* a{sv} of the bearer; the rest points into it */
  GVariant *wanted, *ip4, *ip6;
  gboolean connected;
  const char *interface, *apn;
} Bearer;

static void
bearer_free (Bearer *self)
{
  g_free (self->path);
  g_clear_pointer (&self->wanted, g_variant_unref);
  g_clear_pointer (&self->ip4, g_variant_unref);
  g_clear_pointer (&self->ip6, g_variant_unref);
  g_clear_pointer (&self->properties, g_variant_unref);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bearer, bearer_free)

/* ModemManager's words for what has a name of its own here. */
static const BusError refusals[] = {
  { "MobileEquipment.MissingOrUnknownApn", ESIM_ERROR_APN_REFUSED },
  { "MobileEquipment.ServiceOptionNotSubscribed", ESIM_ERROR_APN_REFUSED },
  { "MobileEquipment.RequestedServiceOptionNotSubscribed", ESIM_ERROR_APN_REFUSED },
  { "Core.Unauthorized", ESIM_ERROR_NOT_AUTHORIZED },
  { "MobileEquipment.NoNetwork", ESIM_ERROR_NOT_REGISTERED },
  { "MobileEquipment.NetworkTimeout", ESIM_ERROR_NOT_REGISTERED },
  { "MobileEquipment.NetworkNotAllowed", ESIM_ERROR_NOT_REGISTERED },
  { "MobileEquipment.PlmnNotAllowed", ESIM_ERROR_NOT_REGISTERED },
  { "MobileEquipment.LocationAreaNotAllowed", ESIM_ERROR_NOT_REGISTERED },
  { "MobileEquipment.RoamingNotAllowedInLocationArea", ESIM_ERROR_NOT_REGISTERED },
  { NULL, 0 },
};

static const BusPeer peer = { .name = "org.freedesktop.ModemManager1",
                              .title = "ModemManager",
                              .layer = "connect",
                              .error_prefix = "org.freedesktop.ModemManager1.Error.",
                              .errors = refusals,
                              .otherwise = ESIM_ERROR_DATA_FAILED };

static Bearer *
bearer_read (const char *path, GCancellable *cancellable, GError **error)
{
  GVariant *properties = bus_get_all (&peer, path, BEARER_INTERFACE, cancellable, error);
  Bearer *self;

  if (properties == NULL)
    return NULL;
  self = g_new0 (Bearer, 1);
  self->path = g_strdup (path);
  self->properties = properties;
  self->wanted = g_variant_lookup_value (properties, "Properties", G_VARIANT_TYPE_VARDICT);
  self->ip4 = g_variant_lookup_value (properties, "Ip4Config", G_VARIANT_TYPE_VARDICT);
  self->ip6 = g_variant_lookup_value (properties, "Ip6Config", G_VARIANT_TYPE_VARDICT);
  g_variant_lookup (properties, "Connected", "b", &self->connected);
  self->interface = bus_text (properties, "Interface");
  self->apn = bus_text (self->wanted, "apn");
  return self;
}

/* The connected bearers of the modem, of Bearer. */
static GPtrArray *
list_connected (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) bearers = g_ptr_array_new_with_free_func ((GDestroyNotify) bearer_free);
  g_autoptr (GVariant) properties
      = bus_get_all (&peer, modem->path, MODEM_INTERFACE, cancellable, error);
  g_autofree const char **paths = NULL;

  if (properties == NULL)
    return NULL;
  g_variant_lookup (properties, "Bearers", "^a&o", &paths);
  for (guint i = 0; paths && paths[i]; i++)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (Bearer) bearer = bearer_read (paths[i], cancellable, &local);

      /* A bearer that vanished meanwhile is none. */
      if (bearer == NULL && !error_is_code (local, ESIM_ERROR_MODEM))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      if (bearer && bearer->connected)
        g_ptr_array_add (bearers, g_steal_pointer (&bearer));
    }
  return g_steal_pointer (&bearers);
}

/* The connected bearer on our APN, else *ANY is one that is not, or NULL. */
static Bearer *
find_ours (GPtrArray *bearers, const char *apn, Bearer **any)
{
  *any = NULL;
  for (guint i = 0; i < bearers->len; i++)
    {
      Bearer *bearer = bearers->pdata[i];

      if (g_ascii_strcasecmp (bearer->apn, apn) == 0)
        return bearer;
      *any = bearer;
    }
  return NULL;
}

static void
read_ip (GVariant *dict, const char *interface, const ConnectSettings *settings, IpConfig *out)
{
  static const char *const keys[MAX_DNS] = { "dns1", "dns2", "dns3" };
  guint32 prefix = 0, mtu = 0;
  guint n = 0;

  *out = (IpConfig){ .link = { .interface = interface, .metric = settings->metric } };
  if (dict == NULL)
    return;
  g_variant_lookup (dict, "method", "u", &out->method);
  g_variant_lookup (dict, "prefix", "u", &prefix);
  g_variant_lookup (dict, "mtu", "u", &mtu);
  g_variant_lookup (dict, "address", "&s", &out->link.address);
  g_variant_lookup (dict, "gateway", "&s", &out->link.gateway);
  for (guint i = 0; i < MAX_DNS; i++)
    if (*bus_text (dict, keys[i]))
      out->dns[n++] = bus_text (dict, keys[i]);
  out->link.prefix = prefix;
  out->link.mtu = mtu;
}

/* Both families of BEARER; at most one is without method. */
static void
read_both (const Bearer *bearer, const ConnectSettings *settings, IpConfig configs[2])
{
  read_ip (bearer->ip4, bearer->interface, settings, &configs[0]);
  read_ip (bearer->ip6, bearer->interface, settings, &configs[1]);
}

static gboolean
is_static (const IpConfig *config)
{
  return config->method == MM_BEARER_IP_METHOD_STATIC && config->link.address;
}

static gboolean
is_configured (const Bearer *bearer, const ConnectSettings *settings)
{
  IpConfig configs[2];
  gboolean any = FALSE;

  read_both (bearer, settings, configs);
  for (guint i = 0; i < G_N_ELEMENTS (configs); i++)
    {
      if (is_static (&configs[i]) && !link_is_configured (&configs[i].link))
        return FALSE;
      any = any || is_static (&configs[i]);
    }
  return any;
}

static ConnectStatus *
status_of (const Bearer *bearer, ConnectLevel level, const ConnectSettings *settings)
{
  IpConfig configs[2] = { 0 };

  if (bearer == NULL)
    return connect_status_new (level, NULL, NULL, NULL);
  read_both (bearer, settings, configs);
  return connect_status_new (level, is_static (&configs[0]) ? &configs[0].link : &configs[1].link,
                             bearer->apn, bearer->path);
}

static ConnectStatus *
observe (const ModemSnapshot *modem, const ConnectSettings *settings, GCancellable *cancellable,
         GError **error)
{
  g_autoptr (GPtrArray) bearers = list_connected (modem, cancellable, error);
  Bearer *ours, *other;

  if (bearers == NULL)
    return NULL;
  ours = find_ours (bearers, settings->apn, &other);
  if (ours == NULL)
    return status_of (other, other ? CONNECT_OTHER : CONNECT_NONE, settings);
  return status_of (ours, is_configured (ours, settings) ? CONNECT_CONFIGURED : CONNECT_UP,
                    settings);
}

static gboolean
configure (const Bearer *bearer, const ConnectSettings *settings, GError **error)
{
  IpConfig configs[2];
  gboolean any = FALSE;

  read_both (bearer, settings, configs);
  for (guint i = 0; i < G_N_ELEMENTS (configs); i++)
    {
      IpConfig *config = &configs[i];

      if (!is_static (config))
        continue;
      config->link.dns = settings->set_dns ? config->dns : NULL;
      if (!link_configure (&config->link, error))
        return FALSE;
      any = TRUE;
    }
  if (any)
    return TRUE;
  error_set (error, ESIM_ERROR_DATA_FAILED, "connect",
             "the modem wants %s on %s, which esimd does not do: let NetworkManager manage this "
             "modem, or set connect=none in esimd.conf and let another program do it",
             configs[0].method == MM_BEARER_IP_METHOD_PPP ? "PPP" : "DHCP", bearer->interface);
  return FALSE;
}

/* Simple.Connect would wait for a registration by itself, and enable a disabled modem: both are
 * steps of their own here, with time-outs of their own. */
static gboolean
check_registered (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) properties
      = bus_get_all (&peer, modem->path, MODEM_INTERFACE, cancellable, error);
  gint32 state = MM_MODEM_STATE_UNKNOWN;

  if (properties == NULL)
    return FALSE;
  g_variant_lookup (properties, "State", "i", &state);
  if (state >= MM_MODEM_STATE_REGISTERED)
    return TRUE;
  error_set (error, ESIM_ERROR_NOT_REGISTERED, "connect", "the modem is not registered yet");
  return FALSE;
}

static guint32
ip_family (const char *ip_type)
{
  if (strcmp (ip_type, "ipv6") == 0)
    return MM_BEARER_IP_FAMILY_IPV6;
  if (strcmp (ip_type, "ipv4v6") == 0)
    return MM_BEARER_IP_FAMILY_IPV4V6;
  return MM_BEARER_IP_FAMILY_IPV4;
}

static Bearer *
connect_bearer (const ModemSnapshot *modem, const ConnectSettings *settings,
                GCancellable *cancellable, GError **error)
{
  GVariantBuilder builder;
  g_autoptr (GVariant) answer = NULL;
  const char *path;

  if (!check_registered (modem, cancellable, error))
    return NULL;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "apn", g_variant_new_string (settings->apn));
  g_variant_builder_add (&builder, "{sv}", "ip-type",
                         g_variant_new_uint32 (ip_family (settings->ip_type)));
  g_variant_builder_add (&builder, "{sv}", "allow-roaming",
                         g_variant_new_boolean (settings->roaming));
  answer = bus_call (&peer, modem->path, SIMPLE_INTERFACE, "Connect",
                     g_variant_new ("(a{sv})", &builder), "(o)", CONNECT_TIMEOUT_MS, cancellable,
                     error);
  if (answer == NULL)
    return NULL;
  g_variant_get (answer, "(&o)", &path);
  return bearer_read (path, cancellable, error);
}

static gboolean
disconnect_bearer (const Bearer *bearer, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) answer
      = bus_call (&peer, bearer->path, BEARER_INTERFACE, "Disconnect", g_variant_new ("()"), "()",
                  DISCONNECT_TIMEOUT_MS, cancellable, error);

  return answer != NULL;
}

static gboolean
up (const ModemSnapshot *modem, const ConnectSettings *settings, GCancellable *cancellable,
    GError **error)
{
  g_autoptr (GPtrArray) bearers = list_connected (modem, cancellable, error);
  g_autoptr (Bearer) made = NULL;
  Bearer *ours, *other;

  if (bearers == NULL)
    return FALSE;
  ours = find_ours (bearers, settings->apn, &other);
  if (ours)
    return configure (ours, settings, error);
  if (other)
    {
      connect_refuse_other (error, other->apn);
      return FALSE;
    }
  made = connect_bearer (modem, settings, cancellable, error);
  if (made == NULL)
    return FALSE;
  if (configure (made, settings, error))
    return TRUE;
  disconnect_bearer (made, NULL, NULL); /* no use to anyone without its interface */
  return FALSE;
}

/* Takes down what we set up on the modem's interfaces; a bearer may have gone before it. */
static gboolean
clear_interfaces (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) properties
      = bus_get_all (&peer, modem->path, MODEM_INTERFACE, cancellable, error);
  g_autoptr (GVariantIter) ports = NULL;
  const char *name;
  guint32 type;

  if (properties == NULL)
    return FALSE;
  if (g_variant_lookup (properties, "Ports", "a(su)", &ports))
    while (g_variant_iter_next (ports, "(&su)", &name, &type))
      if (type == MM_MODEM_PORT_TYPE_NET && link_is_ours (name) && !link_clear (name, 0, error))
        return FALSE;
  return TRUE;
}

static gboolean
down (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) bearers = list_connected (modem, cancellable, error);

  if (bearers == NULL)
    return FALSE;
  for (guint i = 0; i < bearers->len; i++)
    {
      const Bearer *bearer = bearers->pdata[i];

      /* Whose interface another program has set up is another program's. */
      if (link_is_ours (bearer->interface) && !disconnect_bearer (bearer, cancellable, error))
        return FALSE;
    }
  return clear_interfaces (modem, cancellable, error);
}

const ConnectDriver connect_mm = {
  .name = "modemmanager",
  .stack = "modemmanager",
  .observe = observe,
  .up = up,
  .down = down,
};
