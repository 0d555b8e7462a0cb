/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa: what is done with the lab's strict card alone, without a server: profiles switched and
 * deleted, notifications, addresses, and a card that answers badly. */

#include "fixture-lpa.h"

#include "base/error.h"
#include "lpa/download.h"
#include "lpa/es10a.h"
#include "lpa/es10b.h"
#include "lpa/es10c.h"
#include "lpa/notify.h"

static void
add_profile (LpaTest *test, const char *iccid, const char *extra)
{
  g_free (fixture_control (test->lab, "euicc", "{\"do\": \"add_profile\", \"iccid\": \"%s\"%s}",
                           iccid, extra));
}

static void
test_local (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  const char *a = "894450000000000201", *b = "8944500000000002022";
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) profiles = NULL, pending = NULL;

  add_profile (test, a, ", \"notify\": [\"smdp.esimd.test\"]");
  add_profile (test, b, ", \"notify\": [\"smdp.esimd.test\", \" SMDP2.esimd.test \"]");
  g_assert_true (es10c_enable (test->channel, a, FALSE, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (es10c_enable (test->channel, a, FALSE, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_PROFILE_STATE);
  g_clear_error (&error);
  g_assert_false (es10c_delete (test->channel, a, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_PROFILE_STATE);
  g_clear_error (&error);
  g_assert_true (es10c_enable (test->channel, b, FALSE, NULL, &error));
  g_assert_true (es10c_delete (test->channel, a, NULL, &error));
  g_assert_false (es10c_delete (test->channel, a, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (es10c_set_nickname (test->channel, b, "Büro", NULL, &error));
  profiles = es10c_get_profiles (test->channel, TRUE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (profiles->len, ==, 1);
  g_assert_cmpstr (((Profile *) profiles->pdata[0])->nickname, ==, "Büro");
  g_assert_cmpint (((Profile *) profiles->pdata[0])->state, ==, PROFILE_ENABLED);

  pending = notify_collect (test->channel, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pending->len, ==, 5); /* a on, a off, b on (two servers), a deleted */
  g_assert_cmpuint (((PendingNotification *) pending->pdata[0])->event, ==, 0x40);
  for (guint i = 0; i < pending->len; i++)
    {
      PendingNotification *one = pending->pdata[i];

      g_assert_cmpstr (one->address, ==, i == 3 ? "smdp2.esimd.test" : "smdp.esimd.test");
      g_assert_true (notify_remove (test->channel, one->sequence, &error));
      g_assert_true (notify_remove (test->channel, one->sequence, &error));
    }
  g_assert_true (es10c_disable (test->channel, b, TRUE, NULL, &error));
  g_assert_no_error (error);
}

static void
test_refresh_cuts_in (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  const char *iccid = "8944500000000002034";
  g_autoptr (GError) error = NULL;

  add_profile (test, iccid, "");
  lpa_fault (
      test, "euicc",
      "\"at\": \"es10c.enableProfile\", \"how\": \"sw\", \"sw\": \"6F00\", \"executed\": true");
  g_assert_true (es10c_enable (test->channel, iccid, FALSE, NULL, &error));
  g_assert_no_error (error);
  lpa_fault (test, "euicc", "\"at\": \"es10c.disableProfile\", \"how\": \"silent\"");
  g_assert_false (es10c_disable (test->channel, iccid, FALSE, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_TIMED_OUT);
  g_clear_error (&error);
  lpa_fault (test, "euicc", "\"at\": \"es10c.disableProfile\", \"how\": \"result\", \"code\": 5");
  g_assert_false (es10c_disable (test->channel, iccid, FALSE, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_BUSY);
}

static void
test_rubbish (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  static const char *const hows[] = { "rubbish", "truncated" };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (hows); i++)
    {
      g_autofree char *order
          = g_strdup_printf ("\"at\": \"es10c.getEid\", \"how\": \"%s\"", hows[i]);

      lpa_fault (test, "euicc", order);
      g_assert_null (es10c_get_eid (test->channel, NULL, &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_RUBBISH);
      g_clear_error (&error);
    }
}

static void
test_unreadable_notification (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  const char *iccid = "8944500000000002046";
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) pending = NULL;

  add_profile (test, iccid, ", \"notify\": [\"smdp.esimd.test\", \"smdp2.esimd.test\"]");
  g_assert_true (es10c_enable (test->channel, iccid, FALSE, NULL, &error));
  lpa_fault (test, "euicc", "\"at\": \"es10b.retrieveNotificationsList\", \"how\": \"rubbish\"");
  pending = notify_collect (test->channel, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pending->len, ==, 1);
}

static void
test_addresses (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Es10aAddresses) before = es10a_get_addresses (test->channel, NULL, &error);
  g_autoptr (Es10aAddresses) after = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (before->default_smdp, ==, "");
  g_assert_cmpstr (before->root_smds, ==, "smds.esimd.test");
  g_assert_true (es10a_set_default_smdp (test->channel, "smdp.esimd.test", NULL, &error));
  after = es10a_get_addresses (test->channel, NULL, &error);
  g_assert_cmpstr (after->default_smdp, ==, "smdp.esimd.test");
}

static void
test_info (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) info2 = es10b_get_info2 (test->channel, NULL, &error);
  g_autoptr (Es10bInfo) info = es10b_parse_info (info2, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (info->svn, ==, "2.2.2");
  g_assert_cmpuint (info->free_memory, >, 100000);
  g_assert_cmpuint (g_strv_length (info->ci_ids), ==, 1);
}

int
main (int argc, char **argv)
{
  static const LpaCase cases[] = {
    { "/lpa-card/local", test_local },
    { "/lpa-card/refresh-cuts-in", test_refresh_cuts_in },
    { "/lpa-card/rubbish", test_rubbish },
    { "/lpa-card/unreadable-notification", test_unreadable_notification },
    { "/lpa-card/addresses", test_addresses },
    { "/lpa-card/info", test_info },
    { NULL, NULL },
  };

  return lpa_run (argc, argv, cases);
}
