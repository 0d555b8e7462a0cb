/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Data by an oFono context, and the interface set up from what the context says. Contexts belong to
 * an IMSI: after every switch of profiles there are others. */

#include "connect/connect.h"

#include <string.h>

#include "base/bus.h"
#include "connect/link.h"

#define MANAGER "org.ofono.ConnectionManager"
#define CONTEXT "org.ofono.ConnectionContext"
#define CALL_TIMEOUT_MS (30 * 1000)
/* A first connection of a new profile takes its time. */
#define ACTIVATE_TIMEOUT_MS (180 * 1000)

static const BusError refusals[] = {
  { "NotAttached", ESIM_ERROR_NOT_REGISTERED },
  { "NotRegistered", ESIM_ERROR_NOT_REGISTERED },
  { "AttachInProgress", ESIM_ERROR_NOT_REGISTERED },
  { "NotAllowed", ESIM_ERROR_NOT_AUTHORIZED },
  { "AccessDenied", ESIM_ERROR_NOT_AUTHORIZED },
  { "InvalidFormat", ESIM_ERROR_APN_REFUSED },
  { "Timedout", ESIM_ERROR_TIMED_OUT },
  { NULL, 0 },
};

static const BusPeer peer = { .name = "org.ofono",
                              .title = "oFono",
                              .layer = "connect",
                              .error_prefix = "org.ofono.Error.",
                              .errors = refusals,
                              .otherwise = ESIM_ERROR_DATA_FAILED };

/* One context for the Internet. */
typedef struct
{
  char *path;
  GVariant *properties; /* a{sv} */
  gboolean active;
  const char *apn; /* owned by properties */
} Context;

/* One family's settings of an active context; they point into what SETTINGS owns. */
typedef struct
{
  GVariant *settings; /* NULL: not of this family */
  const char **dns;
  LinkConfig link; /* address NULL: somebody else's DHCP client sets it up */
} IpConfig;

static void
context_free (gpointer data)
{
  Context *self = data;

  g_free (self->path);
  g_variant_unref (self->properties);
  g_free (self);
}

static void
ip_config_clear (IpConfig *self)
{
  g_clear_pointer (&self->settings, g_variant_unref);
  g_clear_pointer (&self->dns, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IpConfig, ip_config_clear)

/* ---- reading ---- */

static Context *
context_new (const char *path, GVariant *properties)
{
  Context *self = g_new0 (Context, 1);

  self->path = g_strdup (path);
  self->properties = g_variant_ref (properties);
  g_variant_lookup (properties, "Active", "b", &self->active);
  self->apn = bus_text (properties, "AccessPointName");
  return self;
}

/* The modem's contexts of type internet, of Context. */
static GPtrArray *
list_contexts (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) answer = bus_call (&peer, modem->path, MANAGER, "GetContexts", NULL,
                                          "(a(oa{sv}))", CALL_TIMEOUT_MS, cancellable, error);
  GPtrArray *contexts;
  g_autoptr (GVariantIter) iter = NULL;
  const char *path;
  GVariant *properties;

  if (answer == NULL)
    return NULL;
  contexts = g_ptr_array_new_with_free_func (context_free);
  g_variant_get (answer, "(a(oa{sv}))", &iter);
  while (g_variant_iter_next (iter, "(&o@a{sv})", &path, &properties))
    {
      if (strcmp (bus_text (properties, "Type"), "internet") == 0)
        g_ptr_array_add (contexts, context_new (path, properties));
      g_variant_unref (properties);
    }
  return contexts;
}

/* The one that serves APN: an active one on it, else one on it, else one without any APN, as oFono
 * makes for a new IMSI. NULL: none. *OTHER: an active one on another APN. */
static Context *
choose (GPtrArray *contexts, const char *apn, Context **other)
{
  Context *best = NULL;

  *other = NULL;
  for (guint i = 0; i < contexts->len; i++)
    {
      Context *one = contexts->pdata[i];
      gboolean mine = g_ascii_strcasecmp (one->apn, apn) == 0;

      if (mine && (best == NULL || *best->apn == '\0' || one->active))
        best = one;
      else if (*one->apn == '\0' && best == NULL)
        best = one;
      else if (one->active && !mine)
        *other = one;
    }
  return best;
}

static guint
prefix_of (const char *netmask)
{
  g_autoptr (GInetAddress) mask = g_inet_address_new_from_string (netmask);
  guint prefix = 0;

  for (gsize i = 0; mask && i < g_inet_address_get_native_size (mask); i++)
    prefix += (guint) __builtin_popcount (g_inet_address_to_bytes (mask)[i]);
  return prefix;
}

static const char *
non_empty (const char *text)
{
  return *text ? text : NULL;
}

static void
read_ip (const Context *context, const char *key, const ConnectSettings *settings, IpConfig *out)
{
  guchar prefix = 0;

  out->settings = g_variant_lookup_value (context->properties, key, G_VARIANT_TYPE_VARDICT);
  out->link = (LinkConfig){ .interface = bus_text (out->settings, "Interface"),
                            .metric = settings->metric };
  if (out->settings == NULL || *out->link.interface == '\0')
    return;
  out->link.address = non_empty (bus_text (out->settings, "Address"));
  out->link.gateway = non_empty (bus_text (out->settings, "Gateway"));
  out->link.prefix = prefix_of (bus_text (out->settings, "Netmask"));
  if (g_variant_lookup (out->settings, "PrefixLength", "y", &prefix))
    out->link.prefix = prefix;
  g_variant_lookup (out->settings, "DomainNameServers", "^a&s", &out->dns);
  out->link.dns = settings->set_dns ? (const char *const *) out->dns : NULL;
}

/* Whether all that is ours to set up is so. With DHCP nothing is: a client for that is part of such
 * systems, and esimd has none. */
static gboolean
is_configured (const Context *context, const ConnectSettings *settings)
{
  g_auto (IpConfig) four = { 0 };
  g_auto (IpConfig) six = { 0 };

  read_ip (context, "Settings", settings, &four);
  read_ip (context, "IPv6.Settings", settings, &six);
  return (four.link.address == NULL || link_is_configured (&four.link))
         && (six.link.address == NULL || link_is_configured (&six.link));
}

static ConnectStatus *
status_of (const Context *context, ConnectLevel level, const ConnectSettings *settings)
{
  g_auto (IpConfig) ip = { 0 };

  if (context == NULL)
    return connect_status_new (level, NULL, NULL, NULL);
  read_ip (context, "Settings", settings, &ip);
  if (ip.link.address == NULL && *ip.link.interface == '\0')
    {
      ip_config_clear (&ip);
      read_ip (context, "IPv6.Settings", settings, &ip);
    }
  return connect_status_new (level, &ip.link, context->apn, context->path);
}

static ConnectStatus *
observe (const ModemSnapshot *modem, const ConnectSettings *settings, GCancellable *cancellable,
         GError **error)
{
  g_autoptr (GPtrArray) contexts = list_contexts (modem, cancellable, error);
  Context *ours, *other;

  if (contexts == NULL)
    return NULL;
  ours = choose (contexts, settings->apn, &other);
  if (ours && ours->active)
    return status_of (ours, is_configured (ours, settings) ? CONNECT_CONFIGURED : CONNECT_UP,
                      settings);
  return status_of (other, other ? CONNECT_OTHER : CONNECT_NONE, settings);
}

/* ---- changing ---- */

/* Sets NAME unless it is so in PROPERTIES already. VALUE is consumed. */
static gboolean
set (const char *path, const char *interface, GVariant *properties, const char *name,
     GVariant *value, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) wanted = g_variant_ref_sink (value);
  g_autoptr (GVariant) now = g_variant_lookup_value (properties, name, NULL);
  g_autoptr (GVariant) answer = NULL;

  if (now && g_variant_equal (now, wanted))
    return TRUE;
  answer = bus_call (&peer, path, interface, "SetProperty", g_variant_new ("(sv)", name, wanted),
                     "()", ACTIVATE_TIMEOUT_MS, cancellable, error);
  if (answer == NULL)
    g_prefix_error (error, "%s: ", name);
  return answer != NULL;
}

/* The modem attaches only where it may, and RoamingAllowed is false until somebody says otherwise.
 */
static gboolean
allow (const ModemSnapshot *modem, const ConnectSettings *settings, GCancellable *cancellable,
       GError **error)
{
  g_autoptr (GVariant) answer = bus_call (&peer, modem->path, MANAGER, "GetProperties", NULL,
                                          "(a{sv})", CALL_TIMEOUT_MS, cancellable, error);
  g_autoptr (GVariant) properties = answer ? g_variant_get_child_value (answer, 0) : NULL;

  return properties
         && set (modem->path, MANAGER, properties, "RoamingAllowed",
                 g_variant_new_boolean (settings->roaming), cancellable, error)
         && set (modem->path, MANAGER, properties, "Powered", g_variant_new_boolean (TRUE),
                 cancellable, error);
}

static const char *
protocol_of (const char *ip_type)
{
  if (strcmp (ip_type, "ipv6") == 0)
    return "ipv6";
  return strcmp (ip_type, "ipv4v6") == 0 ? "dual" : "ip";
}

/* A context that nobody has set up yet, where there is none to take. */
static Context *
add_context (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) answer
      = bus_call (&peer, modem->path, MANAGER, "AddContext", g_variant_new ("(s)", "internet"),
                  "(o)", CALL_TIMEOUT_MS, cancellable, error);
  g_autoptr (GVariant) nothing
      = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  const char *path;

  if (answer == NULL)
    return NULL;
  g_variant_get (answer, "(&o)", &path);
  return context_new (path, nothing);
}

static gboolean
activate (const Context *context, const ConnectSettings *settings, GCancellable *cancellable,
          GError **error)
{
  const char *path = context->path;
  GVariant *properties = context->properties;

  return set (path, CONTEXT, properties, "AccessPointName", g_variant_new_string (settings->apn),
              cancellable, error)
         && set (path, CONTEXT, properties, "Protocol",
                 g_variant_new_string (protocol_of (settings->ip_type)), cancellable, error)
         && set (path, CONTEXT, properties, "Active", g_variant_new_boolean (TRUE), cancellable,
                 error);
}

static gboolean
configure (const Context *context, const ConnectSettings *settings, GError **error)
{
  g_auto (IpConfig) four = { 0 };
  g_auto (IpConfig) six = { 0 };

  read_ip (context, "Settings", settings, &four);
  read_ip (context, "IPv6.Settings", settings, &six);
  return (four.link.address == NULL || link_configure (&four.link, error))
         && (six.link.address == NULL || link_configure (&six.link, error));
}

/* After activation its properties are others. */
static gboolean
configure_active (const ModemSnapshot *modem, const ConnectSettings *settings,
                  GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) contexts = list_contexts (modem, cancellable, error);
  Context *ours, *other;

  if (contexts == NULL)
    return FALSE;
  ours = choose (contexts, settings->apn, &other);
  if (ours && ours->active)
    return configure (ours, settings, error);
  error_set (error, ESIM_ERROR_DATA_FAILED, "connect", "the context was closed again at once");
  return FALSE;
}

static gboolean
up (const ModemSnapshot *modem, const ConnectSettings *settings, GCancellable *cancellable,
    GError **error)
{
  g_autoptr (GPtrArray) contexts = list_contexts (modem, cancellable, error);
  Context *ours, *other;

  if (contexts == NULL)
    return FALSE;
  ours = choose (contexts, settings->apn, &other);
  if (ours && ours->active)
    return configure (ours, settings, error);
  if (other)
    {
      connect_refuse_other (error, other->apn);
      return FALSE;
    }
  if (!allow (modem, settings, cancellable, error))
    return FALSE;
  if (ours == NULL)
    {
      ours = add_context (modem, cancellable, error);
      if (ours == NULL)
        return FALSE;
      g_ptr_array_add (contexts, ours);
    }
  return activate (ours, settings, cancellable, error)
         && configure_active (modem, settings, cancellable, error);
}

static gboolean
down (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) contexts = list_contexts (modem, cancellable, error);
  const ConnectSettings any = { 0 };

  for (guint i = 0; contexts && i < contexts->len; i++)
    {
      const Context *context = contexts->pdata[i];
      g_autoptr (ConnectStatus) status = status_of (context, CONNECT_UP, &any);

      /* Whose interface another program has set up is another program's. */
      if (!context->active || !link_is_ours (status->interface))
        continue;
      if (!set (context->path, CONTEXT, context->properties, "Active",
                g_variant_new_boolean (FALSE), cancellable, error)
          || !link_clear (status->interface, 0, error))
        return FALSE;
    }
  return contexts != NULL;
}

const ConnectDriver connect_ofono = {
  .name = "ofono",
  .stack = "ofono",
  .observe = observe,
  .up = up,
  .down = down,
};
