/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A method call's way, and the only place that answers with an error. */

#include "service/call.h"

#include "base/error.h"
#include "service/auth.h"
#include "service/limit.h"

/* One call that waits for its authorization. */
typedef struct
{
  GDBusMethodInvocation *invocation;
  CallHandler handler;
  GObject *object;
} Call;

static void
on_authorized (const GError *error, gpointer data)
{
  Call *self = data;

  if (error)
    call_fail (self->invocation, error);
  else
    self->handler (self->object, self->invocation);
  g_object_unref (self->object);
  g_free (self);
}

gboolean
call_begin (GDBusMethodInvocation *invocation, CallHandler handler, gpointer object)
{
  g_autoptr (GError) error = NULL;
  Call *self;

  if (!limit_take_call (invocation, &error))
    {
      call_fail (invocation, error);
      return TRUE;
    }
  self = g_new0 (Call, 1);
  self->invocation = invocation; /* kept alive until it is answered */
  self->handler = handler;
  self->object = g_object_ref (object);
  auth_check (invocation,
              auth_action (g_dbus_method_invocation_get_interface_name (invocation),
                           g_dbus_method_invocation_get_method_name (invocation)),
              on_authorized, self);
  return TRUE;
}

void
call_reply_path (GDBusMethodInvocation *invocation, GDBusInterfaceSkeleton *changed,
                 const char *path)
{
  if (changed)
    g_dbus_interface_skeleton_flush (changed);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", path));
}

void
call_reply (GDBusMethodInvocation *invocation, GDBusInterfaceSkeleton *changed)
{
  if (changed)
    g_dbus_interface_skeleton_flush (changed);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

void
call_reply_text (GDBusMethodInvocation *invocation, const char *text)
{
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(s)", text));
}

void
call_fail (GDBusMethodInvocation *invocation, const GError *error)
{
  g_autoptr (GError) ours = g_error_copy (error);
  g_autofree char *text = NULL;

  error_translate (&ours);
  text = g_strdup_printf ("%s\n%s", ours->message, errors_advice (ours->code));
  g_dbus_method_invocation_return_dbus_error (invocation, errors_dbus_name (ours->code), text);
}

GVariant *
call_options (GDBusMethodInvocation *invocation)
{
  GVariant *arguments = g_dbus_method_invocation_get_parameters (invocation);

  return g_variant_get_child_value (arguments, g_variant_n_children (arguments) - 1);
}

gboolean
call_takes_no_options (GDBusMethodInvocation *invocation)
{
  static const char *const known[] = { NULL };
  g_autoptr (GVariant) options = call_options (invocation);
  g_autoptr (GError) error = NULL;

  if (call_check_options (options, known, &error))
    return TRUE;
  call_fail (invocation, error);
  return FALSE;
}

static const char *
find_type (const char *const *known, const char *key)
{
  for (guint i = 0; known[i]; i += 2)
    if (g_str_equal (known[i], key))
      return known[i + 1];
  return NULL;
}

gboolean
call_check_options (GVariant *options, const char *const *known, GError **error)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      const char *type = find_type (known, key);

      if (type && g_variant_is_of_type (value, G_VARIANT_TYPE (type)))
        continue;
      if (type == NULL)
        error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "service", "there is no option \"%s\"", key);
      else
        error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "service",
                   "option \"%s\" is of type '%s', not '%s'", key, type,
                   g_variant_get_type_string (value));
      g_variant_unref (value);
      return FALSE;
    }
  return TRUE;
}
