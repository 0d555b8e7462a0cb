/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa/certificate: dates, owner and role of the lab's servers' certificates. */

#include "fixture.h"

#include <string.h>

#include "base/error.h"
#include "lpa/certificate.h"

static GBytes *
der_of (Fixture *lab, const char *name)
{
  g_autoptr (GBytes) pem = fixture_pem (lab, name);
  g_autofree char *text = g_strndup (g_bytes_get_data (pem, NULL), g_bytes_get_size (pem));
  const char *begin = strstr (text, "-----BEGIN CERTIFICATE-----\n");
  char *end = strstr (text, "-----END CERTIFICATE-----");
  gsize size;
  guint8 *der;

  g_assert_true (begin && end);
  *end = '\0';
  der = g_base64_decode (strchr (begin, '\n'), &size);
  return g_bytes_new_take (der, size);
}

static void
test_role (gconstpointer data)
{
  static const struct
  {
    const char *name;
    gboolean dp_auth, ds_auth;
  } cases[] = {
    { "dpauth", TRUE, FALSE }, { "dpauth-expired", TRUE, FALSE }, { "dsauth", FALSE, TRUE },
    { "dppb", FALSE, FALSE },  { "dptls", FALSE, FALSE },         { "ci", FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) der = der_of ((Fixture *) data, cases[i].name);

      g_test_message ("%s", cases[i].name);
      g_assert_cmpint (certificate_has_role (der, CERTIFICATE_ROLE_DP_AUTH), ==, cases[i].dp_auth);
      g_assert_cmpint (certificate_has_role (der, CERTIFICATE_ROLE_DS_AUTH), ==, cases[i].ds_auth);
      g_assert_false (certificate_has_role (der, "2.23.146.1.2.1")); /* all of them begin so */
    }
}

static void
test_check (gconstpointer data)
{
  static const struct
  {
    const char *name, *oid;
    int code; /* -1: good */
  } cases[] = {
    { "dpauth", "", -1 },
    { "dpauth", "2.999.10", -1 },
    { "dpauth", "2.999.1", ESIM_ERROR_TLS },
    { "dpauth", "2.999.100", ESIM_ERROR_TLS },
    { "dpauth-expired", "", ESIM_ERROR_TLS },
    { "dpauth-expired", "2.999.10", ESIM_ERROR_TLS },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) der = der_of ((Fixture *) data, cases[i].name);
      g_autoptr (GError) error = NULL;
      gboolean good = certificate_check (der, cases[i].oid, "certificate", &error);

      g_assert_cmpint (good, ==, cases[i].code < 0);
      if (!good)
        g_assert_error (error, ESIM_ERROR, cases[i].code);
    }
}

/* Cut, with something behind it, and no certificate at all. */
static void
test_rubbish (gconstpointer data)
{
  g_autoptr (GBytes) der = der_of ((Fixture *) data, "dsauth");
  gsize size = g_bytes_get_size (der);
  g_autofree guint8 *longer = g_malloc0 (size + 1);
  GBytes *bad[] = { g_bytes_new_static ("", 0), g_bytes_new_from_bytes (der, 0, size - 1),
                    g_bytes_new_from_bytes (der, 1, size - 1), NULL };

  memcpy (longer, g_bytes_get_data (der, NULL), size);
  bad[3] = g_bytes_new (longer, size + 1);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GBytes) owned = bad[i];
      g_autoptr (GError) error = NULL;

      g_assert_false (certificate_has_role (owned, CERTIFICATE_ROLE_DS_AUTH));
      g_assert_false (certificate_check (owned, "", "certificate", &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SERVER_RUBBISH);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (Fixture) lab = NULL;

  g_test_init (&argc, &argv, NULL);
  lab = fixture_new ();
  g_test_add_data_func ("/certificate/role", lab, test_role);
  g_test_add_data_func ("/certificate/check", lab, test_check);
  g_test_add_data_func ("/certificate/rubbish", lab, test_rubbish);
  return g_test_run ();
}
