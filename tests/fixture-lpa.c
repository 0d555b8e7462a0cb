/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A card of its own for each test of lpa, at a server that all of them share. */

#include "fixture-lpa.h"

#include <glib/gstdio.h>

static Fixture *
lab_of (gconstpointer lab)
{
  return (Fixture *) lab;
}

void
lpa_open_channel (LpaTest *test, const ChannelDriver *driver)
{
  ChannelTarget target = { .device = test->lab->dir, .quirks = QUIRKS_DEFAULT };
  g_autoptr (GError) error = NULL;

  test->channel = channel_open (driver, &target, test->progress, NULL, &error);
  g_assert_no_error (error);
}

void
lpa_set_up (LpaTest *test, gconstpointer lab)
{
  g_autofree char *state = g_build_filename (lab_of (lab)->dir, "card.json", NULL);
  g_autoptr (GBytes) pem = fixture_pem (lab_of (lab), "ci");

  g_unlink (state);
  test->lab = lab_of (lab);
  test->progress = progress_new (NULL, NULL);
  test->http = http_new (HTTP_TRUST_PEM, pem, test->progress);
  lpa_open_channel (test, &fixture_card);
}

void
lpa_tear_down (LpaTest *test, G_GNUC_UNUSED gconstpointer lab)
{
  g_autofree char *cleared = fixture_control (test->lab, "smdp", "{\"do\": \"clear\"}");

  g_clear_pointer (&test->activation, activation_free);
  http_free (test->http);
  channel_close (test->channel);
  progress_unref (test->progress);
}

/* Orders a profile with EXTRA members; each test has an ICCID, or it would find the one before. */
void
lpa_order (LpaTest *test, const char *iccid, const char *extra)
{
  g_autofree char *answer = fixture_control (
      test->lab, "smdp", "{\"do\": \"order\", \"iccid\": \"%s\", \"matching_id\": \"M-%s\"%s}",
      iccid, iccid, extra);
  g_autofree char *matching_id = g_strconcat ("M-", iccid, NULL);

  g_clear_pointer (&test->activation, activation_free);
  test->activation = activation_new (test->lab->smdp_address, matching_id);
}

void
lpa_fault (LpaTest *test, const char *who, const char *fault)
{
  g_free (fixture_control (test->lab, who, "{\"do\": \"fault\", %s}", fault));
}

Download *
lpa_begin (LpaTest *test, GError **error)
{
  DownloadDevice device = { .imei = "352906110000008" };

  return download_begin (test->channel, test->http, test->activation, &device, NULL, error);
}

gboolean
lpa_finish (LpaTest *test, Download *download, const char *code, DownloadResult **result,
            GError **error)
{
  return download_finish (download, test->channel, test->http, code, result, NULL, error);
}

int
lpa_run (int argc, char **argv, const LpaCase *cases)
{
  g_autoptr (Fixture) lab = NULL;

  g_test_init (&argc, &argv, NULL);
  lab = fixture_new ();
  for (; cases->path; cases++)
    g_test_add (cases->path, LpaTest, lab, lpa_set_up, cases->run, lpa_tear_down);
  return g_test_run ();
}
