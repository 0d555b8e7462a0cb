/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa: whole downloads between the lab's strict card and its strict SM-DP+, and what becomes of
 * each failure: the error, and the order at the server. */

#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "lpa/download.h"
#include "lpa/es10a.h"
#include "lpa/es10b.h"
#include "lpa/es10c.h"
#include "lpa/notify.h"

#define ICCID "8944500000000000017"

/* A card of its own for each test, the server is shared. */
typedef struct
{
  Fixture *lab;
  Progress *progress;
  Channel *channel;
  Http *http;
  Activation *activation;
} Test;

static Fixture *
lab_of (gconstpointer lab)
{
  return (Fixture *) lab;
}

static void
open_channel (Test *test, const ChannelDriver *driver)
{
  ChannelTarget target = { .device = test->lab->dir, .quirks = QUIRKS_DEFAULT };
  g_autoptr (GError) error = NULL;

  test->channel = channel_open (driver, &target, test->progress, NULL, &error);
  g_assert_no_error (error);
}

static void
set_up (Test *test, gconstpointer lab)
{
  g_autofree char *state = g_build_filename (lab_of (lab)->dir, "card.json", NULL);
  g_autoptr (GBytes) pem = fixture_pem (lab_of (lab), "ci");

  g_unlink (state);
  test->lab = lab_of (lab);
  test->progress = progress_new (NULL, NULL);
  test->http = http_new (HTTP_TRUST_PEM, pem, test->progress);
  open_channel (test, &fixture_card);
}

static void
tear_down (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autofree char *cleared = fixture_control (test->lab, "smdp", "{\"do\": \"clear\"}");

  g_clear_pointer (&test->activation, activation_free);
  http_free (test->http);
  channel_close (test->channel);
  progress_unref (test->progress);
}

/* Orders a profile with EXTRA members; each test has an ICCID, or it would find the one before. */
static void
order (Test *test, const char *iccid, const char *extra)
{
  g_autofree char *answer = fixture_control (
      test->lab, "smdp", "{\"do\": \"order\", \"iccid\": \"%s\", \"matching_id\": \"M-%s\"%s}",
      iccid, iccid, extra);
  g_autofree char *matching_id = g_strconcat ("M-", iccid, NULL);

  g_clear_pointer (&test->activation, activation_free);
  test->activation = activation_new (test->lab->smdp_address, matching_id);
}

static void
fault (Test *test, const char *who, const char *fault)
{
  g_free (fixture_control (test->lab, who, "{\"do\": \"fault\", %s}", fault));
}

static Download *
begin (Test *test, GError **error)
{
  DownloadDevice device = { .imei = "352906110000008" };

  return download_begin (test->channel, test->http, test->activation, &device, NULL, error);
}

static gboolean
finish (Test *test, Download *download, const char *code, DownloadResult **result, GError **error)
{
  return download_finish (download, test->channel, test->http, code, result, NULL, error);
}

static void
test_whole (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;
  g_autoptr (DownloadResult) result = NULL;
  g_autoptr (PendingNotification) notification = NULL;
  g_autoptr (GPtrArray) profiles = NULL, pending = NULL;
  ProgressCost cost;
  Profile *profile;

  order (test, ICCID, ", \"size\": 17000");
  download = begin (test, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (download_metadata (download)->iccid, ==, ICCID);
  g_assert_false (download_needs_code (download));
  g_assert_cmpint (download_rules (download), ==, DOWNLOAD_RULES_NONE);
  g_assert_true (finish (test, download, NULL, &result, &error));
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
test_apdus_raw (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;
  g_autoptr (DownloadResult) result = NULL;
  ProgressCost cost;

  channel_close (test->channel);
  open_channel (test, &fixture_card_raw);
  order (test, "8944500000000000021", ", \"size\": 17000");
  download = begin (test, &error);
  g_assert_no_error (error);
  g_assert_true (finish (test, download, NULL, &result, &error));
  g_assert_no_error (error);
  g_assert_true (notify_remove (test->channel, result->sequence, &error));
  cost = progress_get_cost (test->progress);
  g_test_message ("17 KB, 61xx not collected: %u APDUs", cost.apdus);
  g_assert_cmpuint (cost.apdus, <=, 100);
}

static void
test_confirmation_code (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  const char *iccid = "8944500000000000033";
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;
  g_autoptr (DownloadResult) result = NULL;

  order (test, iccid, ", \"confirmation_code\": \"4711\"");
  download = begin (test, &error);
  g_assert_no_error (error);
  g_assert_true (download_needs_code (download));
  g_assert_false (finish (test, download, NULL, &result, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CONFIRMATION_CODE_NEEDED);
  g_clear_error (&error);
  g_assert_true (finish (test, download, "4711", &result, &error));
  g_assert_no_error (error);
}

static void
test_wrong_code (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;
  g_autoptr (DownloadResult) result = NULL;

  order (test, "8944500000000000045", ", \"confirmation_code\": \"4711\"");
  download = begin (test, &error);
  g_assert_no_error (error);
  g_assert_false (finish (test, download, "4712", &result, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CONFIRMATION_CODE_WRONG);
  g_assert_cmpstr (error_get_raw (error, "subject"), ==, "8.2.7");
  g_clear_pointer (&download, download_free);
  g_clear_error (&error);
  download = begin (test, &error);
  g_assert_no_error (error);
  g_assert_true (finish (test, download, "4711", &result, &error));
  g_assert_no_error (error);
}

/* A card that was reset while somebody was asked has lost the session; the download goes on. */
static void
test_session_lost (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;
  g_autoptr (DownloadResult) result = NULL;

  order (test, "8944500000000000057", "");
  download = begin (test, &error);
  g_assert_no_error (error);
  channel_close (test->channel);
  open_channel (test, &fixture_card);
  g_assert_true (finish (test, download, NULL, &result, &error));
  g_assert_no_error (error);
}

static void
test_unknown_code (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;

  test->activation = activation_new (test->lab->smdp_address, "NO-SUCH-TOKEN");
  download = begin (test, &error);
  g_assert_null (download);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_ACTIVATION_CODE);
  g_assert_cmpstr (error_get_raw (error, "reason"), ==, "3.8");
}

static void
test_by_eid (Test *test, G_GNUC_UNUSED gconstpointer lab)
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
  download = begin (test, &error);
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
try (Test *test, GError **error)
{
  g_autoptr (Download) download = begin (test, error);
  g_autoptr (DownloadResult) result = NULL;
  gboolean done = download && finish (test, download, NULL, &result, error);

  if (!done && result) /* the card's own refusal is to be told to the server */
    g_assert_nonnull (result->notification);
  return done;
}

static void
test_misdeeds (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  for (guint i = 0; i < G_N_ELEMENTS (misdeeds); i++)
    {
      g_autofree char *iccid = g_strdup_printf ("89445000000000010%02u", i);
      g_autoptr (GError) error = NULL, second = NULL;

      g_test_message ("%s", misdeeds[i].fault);
      order (test, iccid, ", \"size\": 3000");
      fault (test, "smdp", misdeeds[i].fault);
      g_assert_false (try (test, &error));
      g_test_message ("  %s", error->message);
      g_assert_error (error, ESIM_ERROR, (int) misdeeds[i].code);
      g_assert_cmpint (try (test, &second), ==, misdeeds[i].keeps);
      g_free (fixture_control (test->lab, "smdp", "{\"do\": \"clear\"}"));
    }
}

static void
test_card_full (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL;
  g_autoptr (DownloadResult) result = NULL;

  order (test, "8944500000000000071", ", \"check_memory\": false");
  g_free (fixture_control (test->lab, "euicc", "{\"do\": \"set_memory\", \"memory\": 4000}"));
  download = begin (test, &error);
  g_assert_no_error (error);
  g_assert_false (finish (test, download, NULL, &result, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_FULL);
  g_assert_cmpstr (error_get_raw (error, "reason"), ==, "10");
  g_assert_nonnull (result);
  g_assert_nonnull (result->notification);
}

static void
test_load_breaks (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;

  order (test, "8944500000000000083", "");
  fault (test, "euicc",
         "\"at\": \"es10b.loadBoundProfilePackage\", \"how\": \"sw\", \"sw\": \"6985\", "
         "\"skip\": 3");
  g_assert_false (try (test, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_REFUSED);
  g_assert_cmpstr (error_get_raw (error, "sw"), ==, "6985");
}

static void
test_rules (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) download = NULL, second = NULL;
  g_autoptr (DownloadResult) result = NULL;

  order (test, "8944500000000000095", ", \"ppr\": \"ppr2\"");
  download = begin (test, &error);
  g_assert_no_error (error);
  g_assert_cmpint (download_rules (download), ==, DOWNLOAD_RULES_ASK);
  g_assert_true (finish (test, download, NULL, &result, &error));
  g_assert_no_error (error);
  g_assert_false (es10c_delete (test->channel, "8944500000000000095", NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_POLICY_RULES);
  g_clear_error (&error);

  order (test, "8944500000000000107", ", \"ppr\": \"ppr1\"");
  second = begin (test, &error); /* PPR1 beside an operational profile */
  g_assert_no_error (error);
  g_assert_cmpint (download_rules (second), ==, DOWNLOAD_RULES_FORBIDDEN);
  g_clear_pointer (&result, download_result_free);
  g_assert_false (finish (test, second, NULL, &result, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_POLICY_RULES);
}

static void
add_profile (Test *test, const char *iccid, const char *extra)
{
  g_free (fixture_control (test->lab, "euicc", "{\"do\": \"add_profile\", \"iccid\": \"%s\"%s}",
                           iccid, extra));
}

static void
test_local (Test *test, G_GNUC_UNUSED gconstpointer lab)
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
test_refresh_cuts_in (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  const char *iccid = "8944500000000002034";
  g_autoptr (GError) error = NULL;

  add_profile (test, iccid, "");
  fault (test, "euicc",
         "\"at\": \"es10c.enableProfile\", \"how\": \"sw\", \"sw\": \"6F00\", \"executed\": true");
  g_assert_true (es10c_enable (test->channel, iccid, FALSE, NULL, &error));
  g_assert_no_error (error);
  fault (test, "euicc", "\"at\": \"es10c.disableProfile\", \"how\": \"silent\"");
  g_assert_false (es10c_disable (test->channel, iccid, FALSE, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_TIMED_OUT);
  g_clear_error (&error);
  fault (test, "euicc", "\"at\": \"es10c.disableProfile\", \"how\": \"result\", \"code\": 5");
  g_assert_false (es10c_disable (test->channel, iccid, FALSE, NULL, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_BUSY);
}

static void
test_rubbish (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  static const char *const hows[] = { "rubbish", "truncated" };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (hows); i++)
    {
      g_autofree char *order
          = g_strdup_printf ("\"at\": \"es10c.getEid\", \"how\": \"%s\"", hows[i]);

      fault (test, "euicc", order);
      g_assert_null (es10c_get_eid (test->channel, NULL, &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CARD_RUBBISH);
      g_clear_error (&error);
    }
}

static void
test_unreadable_notification (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  const char *iccid = "8944500000000002046";
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) pending = NULL;

  add_profile (test, iccid, ", \"notify\": [\"smdp.esimd.test\", \"smdp2.esimd.test\"]");
  g_assert_true (es10c_enable (test->channel, iccid, FALSE, NULL, &error));
  fault (test, "euicc", "\"at\": \"es10b.retrieveNotificationsList\", \"how\": \"rubbish\"");
  pending = notify_collect (test->channel, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pending->len, ==, 1);
}

static void
test_addresses (Test *test, G_GNUC_UNUSED gconstpointer lab)
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
test_info (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) info2 = es10b_get_info2 (test->channel, NULL, &error);
  g_autoptr (Es10bInfo) info = es10b_parse_info (info2, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (info->svn, ==, "2.2.2");
  g_assert_cmpuint (info->free_memory, >, 100000);
  g_assert_cmpuint (g_strv_length (info->ci_ids), ==, 1);
}

static void
test_tls (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  static const char *const others[] = { "dptls2", "dptls-web", "dptls-expired" };

  order (test, "8944500000000002058", "");
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (Download) download = NULL;

      g_free (fixture_control (test->lab, "smdp", "{\"do\": \"use_tls\", \"name\": \"%s\"}",
                               others[i]));
      download = begin (test, &error);
      g_free (fixture_control (test->lab, "smdp", "{\"do\": \"use_tls\", \"name\": \"dptls\"}"));
      g_assert_null (download);
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_TLS);
    }
}

static void
test_oid (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Download) wrong = NULL, right = NULL;

  order (test, "8944500000000002060", "");
  g_free (test->activation->oid);
  test->activation->oid = g_strdup ("2.999.11");
  wrong = begin (test, &error);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_TLS);
  g_clear_error (&error);
  g_free (test->activation->oid);
  test->activation->oid = g_strdup ("2.999.10");
  right = begin (test, &error);
  g_assert_no_error (error);
}

static void
test_cancelled (Test *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (Download) download = NULL, again = NULL;
  g_autoptr (DownloadResult) result = NULL;

  order (test, "8944500000000002072", "");
  download = begin (test, &error);
  g_assert_no_error (error);
  g_cancellable_cancel (cancellable);
  g_assert_false (
      download_finish (download, test->channel, test->http, NULL, &result, cancellable, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_CANCELLED);
  g_clear_error (&error);
  again = begin (test, &error); /* postponed, so the order is still there */
  g_assert_no_error (error);
  download_cancel (again, test->channel, test->http, DOWNLOAD_CANCEL_REJECTED);
  g_clear_pointer (&again, download_free);
  again = begin (test, &error);
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_ACTIVATION_CODE);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Test *test, gconstpointer lab);
  } tests[] = {
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
    { "/lpa-lab/local", test_local },
    { "/lpa-lab/refresh-cuts-in", test_refresh_cuts_in },
    { "/lpa-lab/rubbish", test_rubbish },
    { "/lpa-lab/unreadable-notification", test_unreadable_notification },
    { "/lpa-lab/addresses", test_addresses },
    { "/lpa-lab/info", test_info },
    { "/lpa-lab/tls", test_tls },
    { "/lpa-lab/oid", test_oid },
    { "/lpa-lab/cancelled", test_cancelled },
  };
  g_autoptr (Fixture) lab = NULL;

  g_test_init (&argc, &argv, NULL);
  lab = fixture_new ();
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Test, lab, set_up, tests[i].run, tear_down);
  return g_test_run ();
}
