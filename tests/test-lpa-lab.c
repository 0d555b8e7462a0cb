/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa: whole downloads between the lab's strict card and its strict SM-DP+, and what becomes of
 * each failure: the error, and the order at the server. */

#include "fixture-lpa.h"

#include "base/error.h"
#include "lpa/download.h"
#include "lpa/es10a.h"
#include "lpa/es10b.h"
#include "lpa/es10c.h"
#include "lpa/notify.h"

#define ICCID "8944500000000000017"

static void
test_whole (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;
  g_autoptr (DownloadResult) result = NULL;
  g_autoptr (PendingNotification) notification = NULL;
  g_autoptr (GPtrArray) profiles = NULL, pending = NULL;
  ProgressCost cost;
  Profile *profile;

  lpa_order (test, ICCID, ", \"size\": 17000");
  download = lpa_begin (test, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (download_metadata (download)->iccid, ==, ICCID);
  g_assert_false (download_needs_code (download));
  g_assert_cmpint (download_rules (download), ==, DOWNLOAD_RULES_NONE);
  g_assert_true (lpa_finish (test, download, NULL, &result, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (result->iccid, ==, ICCID);
  g_assert_cmpstr (result->address, ==, "smdp.esimd.test");
  notification = pending_notification_from_result (result);
  g_free (notification->address);
  notification->address = g_strdup (test->lab->smdp_address);
  g_assert_true (notify_send (test->http, notification, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (notify_remove (test->channel, notification->sequence, &error));
  cost = progress_get_cost (test->progress);
  g_test_message ("17 KB: %u APDUs, %" G_GUINT64_FORMAT " bytes; %u requests, %u handshakes",
                  cost.apdus, cost.apdu_bytes, cost.http_requests, cost.tls_handshakes);
  g_assert_cmpuint (cost.apdus, <=, 85);
  g_assert_cmpuint (cost.http_requests, ==, 4);
  g_assert_cmpuint (cost.tls_handshakes, ==, 1);

  profiles = es10c_get_profiles (test->channel, FALSE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (profiles->len, ==, 1);
  profile = profiles->pdata[0];
  g_assert_cmpstr (profile->iccid, ==, ICCID);
  g_assert_true (g_bytes_equal (profile->aid, result->aid));
  g_assert_cmpint (profile->state, ==, PROFILE_DISABLED);
  g_assert_cmpstr (profile->mcc, ==, "234");
  pending = notify_collect (test->channel, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pending->len, ==, 0);
}

static void
test_apdus_raw (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;
  g_autoptr (DownloadResult) result = NULL;
  ProgressCost cost;

  channel_close (test->channel);
  lpa_open_channel (test, &fixture_card_raw);
  lpa_order (test, "8944500000000000021", ", \"size\": 17000");
  download = lpa_begin (test, &error);
  g_assert_no_error (error);
  g_assert_true (lpa_finish (test, download, NULL, &result, &error));
  g_assert_no_error (error);
  g_assert_true (notify_remove (test->channel, result->sequence, &error));
  cost = progress_get_cost (test->progress);
  g_test_message ("17 KB, 61xx not collected: %u APDUs", cost.apdus);
  g_assert_cmpuint (cost.apdus, <=, 100);
}

static void
test_confirmation_code (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  const char *iccid = "8944500000000000033";
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;
  g_autoptr (DownloadResult) result = NULL;

  lpa_order (test, iccid, ", \"confirmation_code\": \"4711\"");
  download = lpa_begin (test, &error);
  g_assert_no_error (error);
  g_assert_true (download_needs_code (download));
  g_assert_false (lpa_finish (test, download, NULL, &result, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CONFIRMATION_CODE_NEEDED);
  g_clear_error (&error);
  g_assert_true (lpa_finish (test, download, "4711", &result, &error));
  g_assert_no_error (error);
}

static void
test_wrong_code (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;
  g_autoptr (DownloadResult) result = NULL;

  lpa_order (test, "8944500000000000045", ", \"confirmation_code\": \"4711\"");
  download = lpa_begin (test, &error);
  g_assert_no_error (error);
  g_assert_false (lpa_finish (test, download, "4712", &result, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CONFIRMATION_CODE_WRONG);
  g_assert_cmpstr (error_get_raw (error, "subject"), ==, "8.2.7");
  g_clear_pointer (&download, download_free);
  g_clear_error (&error);
  download = lpa_begin (test, &error);
  g_assert_no_error (error);
  g_assert_true (lpa_finish (test, download, "4711", &result, &error));
  g_assert_no_error (error);
}

/* A card that was reset while somebody was asked has lost the session; the download goes on. */
static void
test_session_lost (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;
  g_autoptr (DownloadResult) result = NULL;

  lpa_order (test, "8944500000000000057", "");
  download = lpa_begin (test, &error);
  g_assert_no_error (error);
  channel_close (test->channel);
  lpa_open_channel (test, &fixture_card);
  g_assert_true (lpa_finish (test, download, NULL, &result, &error));
  g_assert_no_error (error);
}

static void
test_unknown_code (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;

  test->activation = activation_new (test->lab->smdp_address, "NO-SUCH-TOKEN");
  download = lpa_begin (test, &error);
  g_assert_null (download);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_ACTIVATION_CODE);
  g_assert_cmpstr (error_get_raw (error, "reason"), ==, "3.8");
}

static void
test_by_eid (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;
  g_autofree char *eid = es10c_get_eid (test->channel, NULL, &error);
  g_autofree char *answer = NULL;

  g_assert_no_error (error);
  answer = fixture_control (test->lab, "smdp",
                            "{\"do\": \"order\", \"iccid\": \"8944500000000000069\", "
                            "\"eid\": \"%s\"}",
                            eid);
  test->activation = activation_new (test->lab->smdp_address, NULL);
  download = lpa_begin (test, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (download_metadata (download)->iccid, ==, "8944500000000000069");
  download_cancel (download, test->channel, test->http, DOWNLOAD_CANCEL_REJECTED);
}

/* What a server's misdeed is to us, and that the order survives what is nobody's fault. */
typedef struct
{
  const char *fault;
  EsimError code;
  gboolean keeps; /* a second try succeeds */
} Misdeed;

static const Misdeed misdeeds[] = {
  { "\"at\": \"es9.initiateAuthentication\", \"how\": \"html\"", ESIM_ERROR_SERVER_FAILED, TRUE },
  { "\"at\": \"es9.initiateAuthentication\", \"how\": \"garbage-json\"", ESIM_ERROR_SERVER_RUBBISH,
    TRUE },
  { "\"at\": \"es9.initiateAuthentication\", \"how\": \"wrong-transaction\"",
    ESIM_ERROR_SERVER_RUBBISH, TRUE },
  { "\"at\": \"es9.initiateAuthentication\", \"how\": \"bad-signature\"", ESIM_ERROR_CARD_REFUSED,
    TRUE },
  { "\"at\": \"es9.initiateAuthentication\", \"how\": \"bad-base64\"", ESIM_ERROR_SERVER_RUBBISH,
    TRUE },
  { "\"at\": \"es9.initiateAuthentication\", \"how\": \"other-certificate\"", ESIM_ERROR_WRONG_CI,
    TRUE },
  { "\"at\": \"es9.initiateAuthentication\", \"how\": \"expired-certificate\"", ESIM_ERROR_TLS,
    TRUE },
  { "\"at\": \"es9.initiateAuthentication\", \"how\": \"other-address\"", ESIM_ERROR_SERVER_RUBBISH,
    TRUE },
  { "\"at\": \"es9.authenticateClient\", \"how\": \"reset\"", ESIM_ERROR_NO_NETWORK, TRUE },
  { "\"at\": \"es9.authenticateClient\", \"how\": \"reset\", \"when\": \"after\"",
    ESIM_ERROR_NO_NETWORK, TRUE },
  { "\"at\": \"es9.authenticateClient\", \"how\": \"wrong-transaction\"", ESIM_ERROR_SERVER_RUBBISH,
    TRUE },
  { "\"at\": \"es9.authenticateClient\", \"how\": \"bad-signature\"", ESIM_ERROR_CARD_REFUSED,
    TRUE },
  { "\"at\": \"es9.authenticateClient\", \"how\": \"other-certificate\"", ESIM_ERROR_WRONG_CI,
    TRUE },
  { "\"at\": \"es9.authenticateClient\", \"how\": \"refuse\", \"subject\": \"8.8.5\", "
    "\"reason\": \"4.10\"",
    ESIM_ERROR_ORDER_EXPIRED, TRUE },
  { "\"at\": \"es9.getBoundProfilePackage\", \"how\": \"status\", \"code\": 503",
    ESIM_ERROR_SERVER_FAILED, TRUE },
  { "\"at\": \"es9.getBoundProfilePackage\", \"how\": \"truncate-bpp\"", ESIM_ERROR_PACKAGE_BROKEN,
    FALSE },
  { "\"at\": \"es9.getBoundProfilePackage\", \"how\": \"empty-bpp-parts\"",
    ESIM_ERROR_PACKAGE_BROKEN, FALSE },
  { "\"at\": \"es9.getBoundProfilePackage\", \"how\": \"other-metadata\"",
    ESIM_ERROR_METADATA_CHANGED, FALSE },
  { "\"at\": \"es9.getBoundProfilePackage\", \"how\": \"flip-mac\"", ESIM_ERROR_INSTALL_FAILED,
    TRUE },
  { "\"at\": \"es9.getBoundProfilePackage\", \"how\": \"drop-segment\"", ESIM_ERROR_INSTALL_FAILED,
    TRUE },
};

static gboolean
try (LpaTest *test, GError **error)
{
  g_autoptr (Download) download = lpa_begin (test, error);
  g_autoptr (DownloadResult) result = NULL;
  gboolean done = download && lpa_finish (test, download, NULL, &result, error);

  if (!done && result) /* the card's own refusal is to be told to the server */
    g_assert_nonnull (result->notification);
  return done;
}

static void
test_misdeeds (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  for (guint i = 0; i < G_N_ELEMENTS (misdeeds); i++)
    {
      g_autofree char *iccid = g_strdup_printf ("89445000000000010%02u", i);
      g_autoptr (GError) error = NULL, second = NULL;

      g_test_message ("%s", misdeeds[i].fault);
      lpa_order (test, iccid, ", \"size\": 3000");
      lpa_fault (test, "smdp", misdeeds[i].fault);
      g_assert_false (try (test, &error));
      g_test_message ("  %s", error->message);
      g_assert_error (error, ESIM_ERROR, (int) misdeeds[i].code);
      g_assert_cmpint (try (test, &second), ==, misdeeds[i].keeps);
      g_free (fixture_control (test->lab, "smdp", "{\"do\": \"clear\"}"));
    }
}

static void
test_card_full (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;
  g_autoptr (DownloadResult) result = NULL;

  lpa_order (test, "8944500000000000071", ", \"check_memory\": false");
  g_free (fixture_control (test->lab, "euicc", "{\"do\": \"set_memory\", \"memory\": 4000}"));
  download = lpa_begin (test, &error);
  g_assert_no_error (error);
  g_assert_false (lpa_finish (test, download, NULL, &result, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_FULL);
  g_assert_cmpstr (error_get_raw (error, "reason"), ==, "10");
  g_assert_nonnull (result);
  g_assert_nonnull (result->notification);
}

static void
test_load_breaks (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;

  lpa_order (test, "8944500000000000083", "");
  lpa_fault (test, "euicc",
             "\"at\": \"es10b.loadBoundProfilePackage\", \"how\": \"sw\", \"sw\": \"6985\", "
             "\"skip\": 3");
  g_assert_false (try (test, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_REFUSED);
  g_assert_cmpstr (error_get_raw (error, "sw"), ==, "6985");
}

static void
test_rules (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL, second = NULL;
  g_autoptr (DownloadResult) result = NULL;

  lpa_order (test, "8944500000000000095", ", \"ppr\": \"ppr2\"");
  download = lpa_begin (test, &error);
  g_assert_no_error (error);
  g_assert_cmpint (download_rules (download), ==, DOWNLOAD_RULES_ASK);
  g_assert_true (lpa_finish (test, download, NULL, &result, &error));
  g_assert_no_error (error);
  g_assert_false (es10c_delete (test->channel, "8944500000000000095", NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_POLICY_RULES);
  g_clear_error (&error);

  lpa_order (test, "8944500000000000107", ", \"ppr\": \"ppr1\"");
  second = lpa_begin (test, &error); /* PPR1 beside an operational profile */
  g_assert_no_error (error);
  g_assert_cmpint (download_rules (second), ==, DOWNLOAD_RULES_FORBIDDEN);
  g_clear_pointer (&result, download_result_free);
  g_assert_false (lpa_finish (test, second, NULL, &result, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_POLICY_RULES);
}

static void
test_tls (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  static const char *const others[] = { "dptls2", "dptls-web", "dptls-expired" };

  lpa_order (test, "8944500000000002058", "");
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (Download) download = NULL;

      g_free (fixture_control (test->lab, "smdp", "{\"do\": \"use_tls\", \"name\": \"%s\"}",
                               others[i]));
      download = lpa_begin (test, &error);
      g_free (fixture_control (test->lab, "smdp", "{\"do\": \"use_tls\", \"name\": \"dptls\"}"));
      g_assert_null (download);
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_TLS);
    }
}

static void
test_oid (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) wrong = NULL, right = NULL;

  lpa_order (test, "8944500000000002060", "");
  g_free (test->activation->oid);
  test->activation->oid = g_strdup ("2.999.11");
  wrong = lpa_begin (test, &error);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_TLS);
  g_clear_error (&error);
  g_free (test->activation->oid);
  test->activation->oid = g_strdup ("2.999.10");
  right = lpa_begin (test, &error);
  g_assert_no_error (error);
}

static void
test_cancelled (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (Download) download = NULL, again = NULL;
  g_autoptr (DownloadResult) result = NULL;

  lpa_order (test, "8944500000000002072", "");
  download = lpa_begin (test, &error);
  g_assert_no_error (error);
  g_cancellable_cancel (cancellable);
  g_assert_false (
      download_finish (download, test->channel, test->http, NULL, &result, cancellable, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
  g_clear_error (&error);
  again = lpa_begin (test, &error); /* postponed, so the order is still there */
  g_assert_no_error (error);
  download_cancel (again, test->channel, test->http, DOWNLOAD_CANCEL_REJECTED);
  g_clear_pointer (&again, download_free);
  again = lpa_begin (test, &error);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_ACTIVATION_CODE);
}

int
main (int argc, char **argv)
{
  static const LpaCase cases[] = {
    { "/lpa-lab/whole", test_whole },
    { "/lpa-lab/apdus-raw", test_apdus_raw },
    { "/lpa-lab/confirmation-code", test_confirmation_code },
    { "/lpa-lab/wrong-code", test_wrong_code },
    { "/lpa-lab/session-lost", test_session_lost },
    { "/lpa-lab/unknown-code", test_unknown_code },
    { "/lpa-lab/by-eid", test_by_eid },
    { "/lpa-lab/misdeeds", test_misdeeds },
    { "/lpa-lab/card-full", test_card_full },
    { "/lpa-lab/load-breaks", test_load_breaks },
    { "/lpa-lab/rules", test_rules },
    { "/lpa-lab/tls", test_tls },
    { "/lpa-lab/oid", test_oid },
    { "/lpa-lab/cancelled", test_cancelled },
    { NULL, NULL },
  };

  return lpa_run (argc, argv, cases);
}
