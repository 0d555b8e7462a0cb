/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A GResolver for tests: .test names are this machine. */

#include "fixture.h"

#include <string.h>

#define LAB_TYPE_RESOLVER (lab_resolver_get_type ())
G_DECLARE_FINAL_TYPE (LabResolver, lab_resolver, LAB, RESOLVER, GResolver)

struct _LabResolver
{
  GResolver parent;
};

G_DEFINE_TYPE (LabResolver, lab_resolver, G_TYPE_RESOLVER)

static void
wait_until_cancelled (GCancellable *cancellable)
{
  GPollFD fd;

  if (g_cancellable_make_pollfd (cancellable, &fd))
    {
      g_poll (&fd, 1, 10000);
      g_cancellable_release_fd (cancellable);
    }
}

static GList *
lookup_by_name (G_GNUC_UNUSED GResolver *resolver, const char *name, GCancellable *cancellable,
                GError **error)
{
  GList *list = NULL;

  if (strcmp (name, "slow.test") == 0)
    wait_until_cancelled (cancellable);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (strcmp (name, "two.test") == 0)
    list = g_list_append (list, g_inet_address_new_from_string ("240.0.0.1"));
  if (g_str_has_suffix (name, ".test") && strcmp (name, "nowhere.test") != 0)
    return g_list_append (list, g_inet_address_new_from_string ("127.0.0.1"));
  g_set_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "no such name");
  return NULL;
}

static void
lab_resolver_class_init (LabResolverClass *class)
{
  G_RESOLVER_CLASS (class)->lookup_by_name = lookup_by_name;
}

static void
lab_resolver_init (G_GNUC_UNUSED LabResolver *self)
{
}

void
resolver_install (void)
{
  g_autoptr (GResolver) resolver = g_object_new (LAB_TYPE_RESOLVER, NULL);

  g_resolver_set_default (resolver);
}
