/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* apdu/borrow in front of a stand-in for ModemManager, on a bus of its own: a modem is taken only
 * where that does no harm, and goes back whatever becomes of who took it. */

#include <libmm-glib.h>

#include "apdu/borrow.h"
#include "base/error.h"

#define PATH "/org/freedesktop/ModemManager1"
#define DEVICE "usb1-1"

/* The stand-in: one modem, and who has it. */
typedef struct
{
  GDBusConnection *bus;
  GDBusObjectManagerServer *objects;
  MmGdbusModem *modem;
  MmGdbusOrgFreedesktopModemManager1 *manager;
  guint name, names; /* ours, and the signals of all */
  GMainLoop *loop;
  char *holder;      /* the bus name that has inhibited it; NULL: nobody */
  gint state_then;   /* when it was taken */
  guint taken, left; /* how often it was taken, and its holder gone without giving it back */
} Stack;

static gboolean
on_inhibit (Stack *self, GDBusMethodInvocation *invocation, const char *device, gboolean inhibit)
{
  g_assert_cmpstr (device, ==, DEVICE);
  g_clear_pointer (&self->holder, g_free);
  if (inhibit)
    {
      self->holder = g_strdup (g_dbus_method_invocation_get_sender (invocation));
      self->state_then = mm_gdbus_modem_get_state (self->modem);
      self->taken++;
    }
  mm_gdbus_org_freedesktop_modem_manager1_complete_inhibit_device (self->manager, invocation);
  return TRUE;
}

static void
on_owner_changed (G_GNUC_UNUSED GDBusConnection *bus, G_GNUC_UNUSED const char *sender,
                  G_GNUC_UNUSED const char *path, G_GNUC_UNUSED const char *interface,
                  G_GNUC_UNUSED const char *signal, GVariant *parameters, gpointer data)
{
  Stack *self = data;
  const char *name, *owner;

  g_variant_get (parameters, "(&s&s&s)", &name, NULL, &owner);
  if (*owner == '\0' && g_strcmp0 (name, self->holder) == 0)
    {
      self->left++;
      g_clear_pointer (&self->holder, g_free);
    }
}

static void
stack_up (Stack *self, MMModemState state)
{
  g_autoptr (MmGdbusObjectSkeleton) object = mm_gdbus_object_skeleton_new (PATH "/Modem/0");
  g_autoptr (GError) error = NULL;

  *self = (Stack){ .loop = g_main_loop_new (NULL, FALSE) };
  self->bus = g_dbus_connection_new_for_address_sync (
      g_getenv ("DBUS_SYSTEM_BUS_ADDRESS"),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);
  g_assert_no_error (error);
  self->objects = g_dbus_object_manager_server_new (PATH);
  self->modem = MM_GDBUS_MODEM (mm_gdbus_modem_skeleton_new ());
  mm_gdbus_modem_set_device (self->modem, DEVICE);
  mm_gdbus_modem_set_state (self->modem, state);
  mm_gdbus_object_skeleton_set_modem (object, self->modem);
  g_dbus_object_manager_server_export (self->objects, G_DBUS_OBJECT_SKELETON (object));
  g_dbus_object_manager_server_set_connection (self->objects, self->bus);
  self->manager = mm_gdbus_org_freedesktop_modem_manager1_skeleton_new ();
  g_signal_connect_swapped (self->manager, "handle-inhibit-device", G_CALLBACK (on_inhibit), self);
  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->manager), self->bus, PATH,
                                    &error);
  g_assert_no_error (error);
  self->names = g_dbus_connection_signal_subscribe (self->bus, "org.freedesktop.DBus",
                                                    "org.freedesktop.DBus", "NameOwnerChanged",
                                                    NULL, NULL, 0, on_owner_changed, self, NULL);
  self->name = g_bus_own_name_on_connection (self->bus, "org.freedesktop.ModemManager1", 0, NULL,
                                             NULL, NULL, NULL);
}

static void
stack_down (Stack *self)
{
  g_dbus_connection_signal_unsubscribe (self->bus, self->names);
  g_bus_unown_name (self->name);
  g_dbus_connection_close_sync (self->bus, NULL, NULL);
  g_object_unref (self->manager);
  g_object_unref (self->objects);
  g_object_unref (self->modem);
  g_object_unref (self->bus);
  g_main_loop_unref (self->loop);
  g_free (self->holder);
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

/* Runs WORK as base/queue does, on a thread with a context of its own, while the stack answers. */
static void
on_worker (Stack *self, GThreadFunc work)
{
  GThread *thread = g_thread_new ("worker", work, self);

  g_main_loop_run (self->loop);
  g_thread_join (thread);
  /* What was sent last arrives. */
  g_timeout_add (100, quit, self->loop);
  g_main_loop_run (self->loop);
}

static GMainContext *
begin_work (void)
{
  GMainContext *context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  return context;
}

static gpointer
end_work (Stack *self, GMainContext *context)
{
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  g_idle_add (quit, self->loop);
  return NULL;
}

static gpointer
take_and_return (gpointer data)
{
  GMainContext *context = begin_work ();
  g_autoptr (GError) error = NULL;
  Borrow *borrow = borrow_modem (DEVICE, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (borrow_keep (borrow, 60, &error));
  borrow_return (borrow);
  return end_work (data, context);
}

static gboolean
settle (gpointer data)
{
  Stack *self = data;

  g_assert_cmpuint (self->taken, ==, 0);
  mm_gdbus_modem_set_state (self->modem, MM_MODEM_STATE_REGISTERED);
  return G_SOURCE_REMOVE;
}

/* Whatever the modem is on its way to, it is taken when it has got there. */
static void
test_safe_states (void)
{
  static const MMModemState changing[]
      = { MM_MODEM_STATE_INITIALIZING, MM_MODEM_STATE_DISABLING, MM_MODEM_STATE_ENABLING,
          MM_MODEM_STATE_DISCONNECTING, MM_MODEM_STATE_CONNECTING };

  for (guint i = 0; i < G_N_ELEMENTS (changing); i++)
    {
      Stack stack;

      stack_up (&stack, changing[i]);
      g_timeout_add (500, settle, &stack);
      on_worker (&stack, take_and_return);
      g_assert_cmpuint (stack.taken, ==, 1);
      g_assert_cmpint (stack.state_then, ==, MM_MODEM_STATE_REGISTERED);
      g_assert_cmpstr (stack.holder, ==, NULL);
      g_assert_cmpuint (stack.left, ==, 0);
      stack_down (&stack);
    }
}

static gpointer
take_in_vain (gpointer data)
{
  GMainContext *context = begin_work ();
  g_autoptr (GError) error = NULL;

  g_assert_null (borrow_modem (DEVICE, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_BUSY);
  return end_work (data, context);
}

static void
test_connected (void)
{
  Stack stack;

  stack_up (&stack, MM_MODEM_STATE_CONNECTED);
  on_worker (&stack, take_in_vain);
  g_assert_cmpuint (stack.taken, ==, 0);
  stack_down (&stack);
}

/* Whoever has it hangs: the modem goes back without him. */
static gpointer
take_and_hang (gpointer data)
{
  GMainContext *context = begin_work ();
  g_autoptr (GError) error = NULL;
  Borrow *borrow = borrow_modem (DEVICE, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (borrow_keep (borrow, 1, &error));
  g_usleep (2500 * 1000);
  g_assert_cmpuint (((Stack *) data)->left, ==, 1);
  g_assert_false (borrow_keep (borrow, 1, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_TIMED_OUT);
  borrow_return (borrow);
  return end_work (data, context);
}

static void
test_watchdog (void)
{
  Stack stack;

  stack_up (&stack, MM_MODEM_STATE_REGISTERED);
  on_worker (&stack, take_and_hang);
  g_assert_cmpstr (stack.holder, ==, NULL);
  g_assert_cmpuint (stack.taken, ==, 1);
  stack_down (&stack);
}

int
main (int argc, char **argv)
{
  g_autoptr (GTestDBus) bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_dbus_up (bus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (bus), TRUE);
  g_test_add_func ("/borrow/safe-states", test_safe_states);
  g_test_add_func ("/borrow/connected", test_connected);
  g_test_add_func ("/borrow/watchdog", test_watchdog);
  status = g_test_run ();
  g_test_dbus_stop (bus);
  return status;
}
