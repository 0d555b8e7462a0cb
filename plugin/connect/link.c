/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A network interface's address, default route and MTU by netlink. */

#include "connect/link.h"

#include <errno.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <linux/rtnetlink.h>

#include "base/error.h"
#include "connect/dns.h"

/* The protocol number of our routes, as `ip route` shows it; none that rtnetlink.h or iproute2
 * give to others. So we know our routes again after a crash. */
#define OUR_PROTOCOL 229

typedef struct nl_sock Socket;
typedef struct nl_addr Address;
typedef struct nl_cache Cache;
typedef struct rtnl_link Link;
typedef struct rtnl_addr LinkAddress;
/* Several modems' default routes can't have the same metric: the later ones get the next free one.
 */
#define METRICS 64

typedef struct rtnl_route Route;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Socket, nl_socket_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Address, nl_addr_put)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Cache, nl_cache_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Link, rtnl_link_put)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinkAddress, rtnl_addr_put)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Route, rtnl_route_put)

/* One look at an interface: a socket, and what the kernel says of it. */
typedef struct
{
  Socket *socket;
  Link *link;
  int index;
  int family;
  Address *address; /* NULL: none wanted */
  Address *gateway; /* NULL: none */
} Work;

static void
work_clear (Work *self)
{
  g_clear_pointer (&self->address, nl_addr_put);
  g_clear_pointer (&self->gateway, nl_addr_put);
  g_clear_pointer (&self->link, rtnl_link_put);
  g_clear_pointer (&self->socket, nl_socket_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Work, work_clear)

/* libnl's codes are negative numbers of its own. */
static gboolean
check (int code, GError **error, const char *what, const char *interface)
{
  if (code >= 0)
    return TRUE;
  error_set (error, ESIM_ERROR_DATA_FAILED, "connect", "%s of %s: %s", what, interface,
             nl_geterror (code));
  return FALSE;
}

static gboolean
work_open (Work *self, const char *interface, GError **error)
{
  int code;

  self->socket = nl_socket_alloc ();
  code = self->socket ? nl_connect (self->socket, NETLINK_ROUTE) : -NLE_NOMEM;
  if (code >= 0)
    code = rtnl_link_get_kernel (self->socket, 0, interface, &self->link);
  if (!check (code, error, "the state", interface))
    return FALSE;
  self->index = rtnl_link_get_ifindex (self->link);
  return TRUE;
}

static gboolean
work_open_for (Work *self, const LinkConfig *config, GError **error)
{
  int code = 0;

  if (!work_open (self, config->interface, error))
    return FALSE;
  if (config->address)
    code = nl_addr_parse (config->address, AF_UNSPEC, &self->address);
  if (!check (code, error, "the address", config->interface))
    return FALSE;
  if (self->address)
    {
      self->family = nl_addr_get_family (self->address);
      nl_addr_set_prefixlen (self->address, config->prefix);
    }
  if (self->address && config->gateway)
    code = nl_addr_parse (config->gateway, self->family, &self->gateway);
  return check (code, error, "the gateway", config->interface);
}

static gboolean
mtu_is_right (const Work *self, guint mtu)
{
  return mtu == 0 || rtnl_link_get_mtu (self->link) == mtu;
}

static gboolean
is_up (const Work *self)
{
  return (rtnl_link_get_flags (self->link) & IFF_UP) != 0;
}

static gboolean
change_link (Work *self, const char *interface, guint mtu, gboolean up, GError **error)
{
  g_autoptr (Link) wanted = rtnl_link_alloc ();

  if (mtu_is_right (self, mtu) && is_up (self) == up)
    return TRUE;
  if (!mtu_is_right (self, mtu))
    rtnl_link_set_mtu (wanted, mtu);
  if (up)
    rtnl_link_set_flags (wanted, IFF_UP);
  else
    rtnl_link_unset_flags (wanted, IFF_UP);
  return check (rtnl_link_change (self->socket, self->link, wanted, 0), error, "state and MTU",
                interface);
}

static gboolean
is_our_address (const Work *self, LinkAddress *address)
{
  Address *local = rtnl_addr_get_local (address);

  return local && self->address && nl_addr_cmp (local, self->address) == 0
         && rtnl_addr_get_prefixlen (address) == (int) nl_addr_get_prefixlen (self->address);
}

/* Addresses of FAMILY (0: any) on the interface that a connection can have left there. Link-local
 * ones are the kernel's. */
static gboolean
is_on_link (const Work *self, LinkAddress *address, int family)
{
  return rtnl_addr_get_ifindex (address) == self->index
         && (family == 0 || rtnl_addr_get_family (address) == family)
         && rtnl_addr_get_scope (address) == RT_SCOPE_UNIVERSE;
}

/* Deletes the addresses of FAMILY except the wanted one; *FOUND: it is there. */
static gboolean
sweep_addresses (Work *self, const char *interface, int family, gboolean *found, GError **error)
{
  g_autoptr (Cache) cache = NULL;

  if (!check (rtnl_addr_alloc_cache (self->socket, &cache), error, "the addresses", interface))
    return FALSE;
  for (struct nl_object *object = nl_cache_get_first (cache); object;
       object = nl_cache_get_next (object))
    {
      LinkAddress *address = (LinkAddress *) object;

      if (!is_on_link (self, address, family))
        continue;
      if (is_our_address (self, address))
        *found = TRUE;
      else if (!check (rtnl_addr_delete (self->socket, address, 0), error, "an old address",
                       interface))
        return FALSE;
    }
  return TRUE;
}

static gboolean
set_address (Work *self, const char *interface, GError **error)
{
  g_autoptr (LinkAddress) address = rtnl_addr_alloc ();
  gboolean found = FALSE;

  if (!sweep_addresses (self, interface, self->family, &found, error))
    return FALSE;
  if (found)
    return TRUE;
  rtnl_addr_set_ifindex (address, self->index);
  rtnl_addr_set_local (address, self->address);
  /* There is no one on the other end of a modem's link to detect a duplicate. */
  if (self->family == AF_INET6)
    rtnl_addr_set_flags (address, IFA_F_NODAD);
  return check (rtnl_addr_add (self->socket, address, NLM_F_REPLACE), error, "the address",
                interface);
}

static gboolean
has_address (Work *self)
{
  g_autoptr (Cache) cache = NULL;

  if (rtnl_addr_alloc_cache (self->socket, &cache) < 0)
    return FALSE;
  for (struct nl_object *object = nl_cache_get_first (cache); object;
       object = nl_cache_get_next (object))
    if (is_on_link (self, (LinkAddress *) object, self->family)
        && is_our_address (self, (LinkAddress *) object))
      return TRUE;
  return FALSE;
}

/* Whether ROUTE is a default route of the main table through the interface. */
static gboolean
is_default_route (const Work *self, Route *route)
{
  Address *to = rtnl_route_get_dst (route);

  return rtnl_route_get_table (route) == RT_TABLE_MAIN
         && (to == NULL || nl_addr_get_prefixlen (to) == 0) && rtnl_route_get_nnexthops (route) == 1
         && rtnl_route_nh_get_ifindex (rtnl_route_nexthop_n (route, 0)) == self->index;
}

/* Whether ROUTE has METRIC, or one of those that are taken in its place. */
static gboolean
has_metric (Route *route, guint metric)
{
  return rtnl_route_get_priority (route) - metric < METRICS;
}

static gboolean
is_wanted_route (const Work *self, Route *route, guint metric)
{
  Address *via = rtnl_route_nh_get_gateway (rtnl_route_nexthop_n (route, 0));

  if (!has_metric (route, metric))
    return FALSE;
  if (via == NULL || self->gateway == NULL)
    return via == NULL && self->gateway == NULL;
  return nl_addr_cmp (via, self->gateway) == 0;
}

/* The routes of FAMILY, NULL when the kernel does not tell. */
static Cache *
list_routes (Work *self, int family)
{
  Cache *cache = NULL;

  rtnl_route_alloc_cache (self->socket, family, 0, &cache);
  return cache;
}

/* Deletes our default routes of METRIC (0: any), except the wanted one when KEEP; *FOUND: the
 * wanted one is there, whoever made it. */
static gboolean
sweep_routes (Work *self, const char *interface, int family, guint metric, gboolean keep,
              gboolean *found, GError **error)
{
  g_autoptr (Cache) cache = list_routes (self, family);
  struct nl_object *object = cache ? nl_cache_get_first (cache) : NULL;

  for (; object; object = nl_cache_get_next (object))
    {
      Route *route = (Route *) object;

      if (!is_default_route (self, route))
        continue;
      if (keep && is_wanted_route (self, route, metric))
        *found = TRUE;
      else if (rtnl_route_get_protocol (route) == OUR_PROTOCOL
               && (keep || metric == 0 || has_metric (route, metric))
               && !check (rtnl_route_delete (self->socket, route, 0), error, "an old route",
                          interface))
        return FALSE;
    }
  return TRUE;
}

static gboolean
set_route (Work *self, const char *interface, guint metric, GError **error)
{
  g_autoptr (Route) route = rtnl_route_alloc ();
  g_autoptr (Address) anywhere = nl_addr_build (self->family, NULL, 0);
  struct rtnl_nexthop *hop = rtnl_route_nh_alloc ();
  gboolean found = FALSE;
  int code = -NLE_EXIST;

  rtnl_route_nh_set_ifindex (hop, self->index);
  rtnl_route_add_nexthop (route, hop); /* takes it over */
  if (!sweep_routes (self, interface, self->family, metric, TRUE, &found, error))
    return FALSE;
  if (found)
    return TRUE;
  rtnl_route_set_family (route, self->family);
  rtnl_route_set_table (route, RT_TABLE_MAIN);
  rtnl_route_set_protocol (route, OUR_PROTOCOL);
  rtnl_route_set_dst (route, anywhere);
  rtnl_route_set_scope (route, self->gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
  if (self->gateway)
    {
      rtnl_route_nh_set_gateway (hop, self->gateway);
      /* Networks give gateways outside the address's prefix. */
      rtnl_route_nh_set_flags (hop, RTNH_F_ONLINK);
    }
  for (guint i = 0; i < METRICS && code == -NLE_EXIST; i++)
    {
      rtnl_route_set_priority (route, metric + i);
      code = rtnl_route_add (self->socket, route, NLM_F_EXCL);
    }
  return check (code, error, "the default route", interface);
}

static gboolean
has_route (Work *self, guint metric)
{
  g_autoptr (Cache) cache = list_routes (self, self->family);
  struct nl_object *object = cache ? nl_cache_get_first (cache) : NULL;

  for (; object; object = nl_cache_get_next (object))
    if (is_default_route (self, (Route *) object)
        && is_wanted_route (self, (Route *) object, metric))
      return TRUE;
  return FALSE;
}

gboolean
link_configure (const LinkConfig *config, GError **error)
{
  g_auto (Work) work = { 0 };

  if (!work_open_for (&work, config, error)
      || !change_link (&work, config->interface, config->mtu, TRUE, error))
    return FALSE;
  if (work.address
      && (!set_address (&work, config->interface, error)
          || !set_route (&work, config->interface, config->metric, error)))
    return FALSE;
  return config->dns == NULL || *config->dns == NULL || dns_set (work.index, config->dns, error);
}

gboolean
link_is_configured (const LinkConfig *config)
{
  g_auto (Work) work = { 0 };

  return work_open_for (&work, config, NULL) && is_up (&work) && mtu_is_right (&work, config->mtu)
         && (work.address == NULL || (has_address (&work) && has_route (&work, config->metric)));
}

gboolean
link_is_ours (const char *interface)
{
  g_auto (Work) work = { 0 };
  g_autoptr (Cache) cache = NULL;
  struct nl_object *object;

  if (!work_open (&work, interface, NULL))
    return FALSE;
  cache = list_routes (&work, AF_UNSPEC);
  for (object = cache ? nl_cache_get_first (cache) : NULL; object;
       object = nl_cache_get_next (object))
    if (rtnl_route_get_protocol ((Route *) object) == OUR_PROTOCOL
        && is_default_route (&work, (Route *) object))
      return TRUE;
  return FALSE;
}

gboolean
link_clear (const char *interface, guint metric, GError **error)
{
  g_auto (Work) work = { 0 };
  gboolean found = FALSE;

  if (if_nametoindex (interface) == 0 && errno == ENODEV)
    return TRUE;
  if (!work_open (&work, interface, error))
    return FALSE;
  dns_clear (work.index);
  return sweep_routes (&work, interface, AF_UNSPEC, metric, FALSE, &found, error)
         && sweep_addresses (&work, interface, 0, &found, error)
         && change_link (&work, interface, 0, FALSE, error);
}
