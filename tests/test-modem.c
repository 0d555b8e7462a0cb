/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* modem/modem: snapshots know what is new in them, and are whole from the start. */

#include <glib/gstdio.h>

#include "modem/modem.h"
#include "modem/usb.h"

static void
set_text (char **field, const char *text)
{
  g_free (*field);
  *field = g_strdup (text);
}

static void
test_empty (void)
{
  g_autoptr (ModemSnapshot) a = modem_snapshot_new ("modemmanager");
  g_autoptr (ModemSnapshot) b = modem_snapshot_new ("modemmanager");
  g_autoptr (ModemSnapshot) other = modem_snapshot_new ("ofono");

  g_assert_cmpstr (a->device, ==, "");
  g_assert_cmpstr (a->path, ==, "");
  g_assert_cmpstr (a->manufacturer, ==, "");
  g_assert_cmpstr (a->model, ==, "");
  g_assert_cmpstr (a->revision, ==, "");
  g_assert_cmpstr (a->imei, ==, "");
  g_assert_cmpstr (a->eid, ==, "");
  g_assert_cmpstr (a->iccid, ==, "");
  g_assert_cmpstr (a->imsi, ==, "");
  g_assert_cmpstr (a->operator_name, ==, "");
  g_assert_true (modem_snapshot_equal (a, b));
  g_assert_false (modem_snapshot_equal (a, other));
}

/* Changes one thing of B after another; each must count, and be equal again when A has it too. */
static void
test_equal (void)
{
  const gsize texts[] = {
    G_STRUCT_OFFSET (ModemSnapshot, device),       G_STRUCT_OFFSET (ModemSnapshot, path),
    G_STRUCT_OFFSET (ModemSnapshot, manufacturer), G_STRUCT_OFFSET (ModemSnapshot, model),
    G_STRUCT_OFFSET (ModemSnapshot, revision),     G_STRUCT_OFFSET (ModemSnapshot, imei),
    G_STRUCT_OFFSET (ModemSnapshot, eid),          G_STRUCT_OFFSET (ModemSnapshot, iccid),
    G_STRUCT_OFFSET (ModemSnapshot, imsi),         G_STRUCT_OFFSET (ModemSnapshot, operator_name),
  };
  const gsize numbers[] = {
    G_STRUCT_OFFSET (ModemSnapshot, state),
    G_STRUCT_OFFSET (ModemSnapshot, failure),
    G_STRUCT_OFFSET (ModemSnapshot, roaming),
    G_STRUCT_OFFSET (ModemSnapshot, slot),
  };
  g_autoptr (ModemSnapshot) a = modem_snapshot_new ("modemmanager");
  g_autoptr (ModemSnapshot) b = modem_snapshot_new ("modemmanager");

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      set_text (&G_STRUCT_MEMBER (char *, b, texts[i]), "x");
      g_assert_false (modem_snapshot_equal (a, b));
      set_text (&G_STRUCT_MEMBER (char *, a, texts[i]), "x");
      g_assert_true (modem_snapshot_equal (a, b));
    }
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      G_STRUCT_MEMBER (guint, b, numbers[i]) = 1;
      g_assert_false (modem_snapshot_equal (a, b));
      G_STRUCT_MEMBER (guint, a, numbers[i]) = 1;
      g_assert_true (modem_snapshot_equal (a, b));
    }
}

static void
test_ports (void)
{
  g_autoptr (ModemSnapshot) a = modem_snapshot_new ("modemmanager");
  g_autoptr (ModemSnapshot) b = modem_snapshot_new ("modemmanager");

  modem_snapshot_add_port (a, "mbim", "/dev/cdc-wdm0");
  g_assert_false (modem_snapshot_equal (a, b));
  modem_snapshot_add_port (b, "mbim", "/dev/cdc-wdm1");
  g_assert_false (modem_snapshot_equal (a, b));
  modem_snapshot_add_port (a, "at", "/dev/ttyUSB2");
  g_assert_cmpuint (a->n_ports, ==, 2);
  g_assert_cmpstr (a->ports[0].device, ==, "/dev/cdc-wdm0");
  g_assert_cmpstr (a->ports[1].kind, ==, "at");
}

static void
test_count (void)
{
  ModemSnapshot *a = modem_snapshot_new ("modemmanager");

  g_assert_true (modem_snapshot_ref (a) == a);
  modem_snapshot_unref (a);
  g_assert_cmpstr (a->device, ==, "");
  modem_snapshot_unref (a);
}

static void
test_names (void)
{
  for (guint a = MODEM_STATE_UNKNOWN; a <= MODEM_STATE_CONNECTED; a++)
    for (guint b = MODEM_STATE_UNKNOWN; b < a; b++)
      g_assert_cmpstr (modem_state_name (a), !=, modem_state_name (b));
}

/* A folder as sysfs has it for a USB device, and others. */
static void
test_usb_id (void)
{
  g_autofree char *dir = g_dir_make_tmp ("test-modem-XXXXXX", NULL);
  g_autofree char *vendor = g_build_filename (dir, "idVendor", NULL);
  g_autofree char *product = g_build_filename (dir, "idProduct", NULL);
  g_autofree char *nothing = usb_id (dir);
  g_autofree char *found = NULL, *odd = NULL;

  g_assert_cmpstr (nothing, ==, "");
  g_assert_true (g_file_set_contents (vendor, "2C7c\n", -1, NULL));
  g_assert_true (g_file_set_contents (product, "030a\n", -1, NULL));
  found = usb_id (dir);
  g_assert_cmpstr (found, ==, "2c7c:030a");
  g_assert_true (g_file_set_contents (product, "030a:7\n", -1, NULL));
  odd = usb_id (dir);
  g_assert_cmpstr (odd, ==, "");
  g_remove (vendor);
  g_remove (product);
  g_rmdir (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/modem/empty", test_empty);
  g_test_add_func ("/modem/equal", test_equal);
  g_test_add_func ("/modem/ports", test_ports);
  g_test_add_func ("/modem/count", test_count);
  g_test_add_func ("/modem/names", test_names);
  g_test_add_func ("/modem/usb-id", test_usb_id);
  return g_test_run ();
}
