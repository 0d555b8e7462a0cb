/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What providers call back: whose address was called, is it signed; nothing else of it is read. */

#include "service/callbacks.h"

#include <string.h>

#include "net/receiver.h"
#include "provider/signature.h"

#define OK 204
#define FORBIDDEN 403
#define NOT_FOUND 404

struct _Callbacks
{
  CallbacksPoke poke;
  gpointer data;
  Policy *policy; /* NULL while none is set */
  Receiver *receiver;
  char *address; /* that it listens at */
};

Callbacks *
callbacks_new (CallbacksPoke poke, gpointer data)
{
  Callbacks *self = g_new0 (Callbacks, 1);

  self->poke = poke;
  self->data = data;
  return self;
}

void
callbacks_free (Callbacks *self)
{
  g_clear_pointer (&self->receiver, receiver_free);
  g_clear_pointer (&self->policy, policy_unref);
  g_free (self->address);
  g_free (self);
}

/* Where in URL its path begins: after scheme and host. */
static const char *
path_of (const char *url)
{
  const char *slashes = strstr (url, "://");

  return slashes ? slashes + 3 + strcspn (slashes + 3, "/?#") : url;
}

/* Whether TARGET, as it was asked for, is PROVIDER's address; the query may be longer than ours. */
static gboolean
is_for (const PolicyProvider *provider, const char *target)
{
  const char *path = provider->access.callback_url ? path_of (provider->access.callback_url) : NULL;
  gsize length = path ? strcspn (path, "?#") : 0;

  if (path == NULL || provider->credentials_problem)
    return FALSE;
  if (length == 0)
    return *target == '/' && strchr ("?", target[1]);
  return strncmp (path, target, length) == 0 && strchr ("?", target[length]);
}

/* The address that was called, as the provider sees it: behind a proxy Host may say anything. */
static char *
public_url (const PolicyProvider *provider, const char *target)
{
  const char *url = provider->access.callback_url, *path = path_of (url);

  /* "https://host" and "https://host/" are one address, but the signature is over what was given.
   */
  return g_strdup_printf ("%.*s%s", (int) (path - url), url,
                          *path == '/' || *target != '/' ? target : target + 1);
}

static gboolean
is_signed (const PolicyProvider *provider, const Received *request)
{
  g_autofree char *url = public_url (provider, request->target);
  const SignedRequest signed_request = { .method = request->method,
                                         .url = url,
                                         .content_type = receiver_header (request, "Content-Type"),
                                         .twilio = receiver_header (request, "X-Twilio-Signature"),
                                         .kore = receiver_header (request, "kore-signature"),
                                         .body = request->body };

  if (provider->callback_secret == NULL)
    return FALSE;
  if (strcmp (provider->access.kind, "basic") == 0)
    return signature_is_twilio (&signed_request, provider->callback_secret);
  return signature_is_kore (&signed_request, provider->callback_secret);
}

/* Anybody can send these, so what is refused is told to no one but who debugs. */
static guint
on_received (const Received *request, gpointer data)
{
  Callbacks *self = data;
  gboolean known = FALSE;

  for (guint i = 0; i < self->policy->providers->len; i++)
    {
      const PolicyProvider *provider = self->policy->providers->pdata[i];

      if (!is_for (provider, request->target))
        continue;
      known = TRUE;
      if (!is_signed (provider, request))
        continue;
      g_debug ("%s calls back", provider->name);
      self->poke (provider->name, self->data);
      return OK;
    }
  g_debug ("a callback is refused: %s", known ? "its signature is not right" : "nobody's address");
  return known ? FORBIDDEN : NOT_FOUND;
}

/* A receiver that can believe nobody is a mistake that would otherwise not show. */
static void
warn_of_secrets (const Policy *policy)
{
  for (guint i = 0; i < policy->providers->len; i++)
    {
      const PolicyProvider *provider = policy->providers->pdata[i];

      if (provider->access.callback_url && provider->callback_secret == NULL
          && provider->credentials_problem == NULL)
        g_warning ("provider %s: its callbacks are refused: add callback-secret=, what they are "
                   "signed with, to its credentials",
                   provider->name);
    }
}

gboolean
callbacks_set_policy (Callbacks *self, Policy *policy, GError **error)
{
  const char *address = policy->callback_listen;

  policy_ref (policy);
  g_clear_pointer (&self->policy, policy_unref);
  self->policy = policy;
  if (g_strcmp0 (self->address, address) != 0)
    {
      g_clear_pointer (&self->receiver, receiver_free);
      g_free (self->address);
      self->address = g_strdup (address);
    }
  if (*address == '\0')
    return TRUE;
  warn_of_secrets (policy);
  if (self->receiver == NULL)
    self->receiver = receiver_new (address, on_received, self, error);
  return self->receiver != NULL;
}
