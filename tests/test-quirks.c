/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* quirks.conf: what matches and what is refused; the file we ship; and what the quirks do that need
 * no modem to show it. */

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "config-quirks.h"
#include "config.h"
#include "es10-calls.h"

static const char *const channel_names[] = { "mbim", "qmi", "qmi-mbim", "qrtr", "at", NULL };

typedef struct
{
  char *dir, *conf, *quirks;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->dir = g_dir_make_tmp ("test-quirks-XXXXXX", NULL);
  self->conf = g_build_filename (self->dir, "esimd.conf", NULL);
  self->quirks = g_build_filename (self->dir, "quirks.conf", NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  const char *remove[] = { "rm", "-r", self->dir, NULL };

  g_spawn_sync (NULL, (char **) remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
  g_free (self->dir);
  g_free (self->conf);
  g_free (self->quirks);
}

static void
put (Fixture *self, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (self->dir, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static Policy *
load (Fixture *self, const char *quirks_file)
{
  g_autoptr (GError) error = NULL;
  Policy *policy = policy_load (self->conf, NULL, &error);

  g_assert_no_error (error);
  policy_load_quirks (policy, quirks_file, self->conf, channel_names, &error);
  g_assert_no_error (error);
  return policy;
}

static Quirks
find (const Policy *policy, const char *usb_id, const char *model)
{
  const QuirksModem modem
      = { .usb_id = usb_id, .model = model, .revision = "A07.1", .stack = "modemmanager" };

  return policy_quirks (policy, &modem);
}

static void
assert_usual (Quirks quirks)
{
  const Quirks usual = QUIRKS_DEFAULT;

  g_assert_null (quirks.transports);
  g_assert_false (quirks.known_only);
  g_assert_true (quirks.slot_mapping);
  g_assert_cmpuint (quirks.open_delay_ms, ==, 0);
  g_assert_cmpuint (quirks.terminal_capability_len, ==, 0);
  g_assert_cmpuint (quirks.select_p2, ==, 0);
  g_assert_false (quirks.extended_cla || quirks.append_le || quirks.at_csim
                  || quirks.at_session_handles || quirks.by_aid);
  g_assert_cmpuint (quirks.segment_size, ==, usual.segment_size);
  g_assert_cmpuint (quirks.apdu_timeout_s, ==, usual.apdu_timeout_s);
  g_assert_true (quirks.refresh_flag);
  g_assert_cmpint (quirks.after_enable, ==, QUIRKS_AFTER_ENABLE_WAIT);
}

static void
test_every_key (Fixture *self, gconstpointer data)
{
  g_autoptr (Policy) policy = NULL;
  Quirks quirks;

  put (self, "quirks.conf",
       "# one\n[modem X]\nusb=1199:*\nmodel=em*\nrevision=A07?1\nstack=modemmanager\n"
       "transports=at,mbim\nknown-only=yes\nslot-mapping=no\nopen-delay=1500\n"
       "terminal-capability=83010a\nselect-p2=0c\nextended-cla=yes\nappend-le=yes\n"
       "segment-size=120\napdu-timeout=240\nat-csim=yes\nat-session-handles=yes\nrefresh=no\n"
       "enable-by-aid=yes\nafter-enable=power-cycle\n");
  policy = load (self, self->quirks);
  quirks = find (policy, "1199:90d3", "EM9191");
  g_assert_cmpstr (quirks.transports, ==, "at,mbim");
  g_assert_true (quirks.known_only && !quirks.slot_mapping && quirks.extended_cla);
  g_assert_cmpuint (quirks.open_delay_ms, ==, 1500);
  g_assert_cmpmem (quirks.terminal_capability, quirks.terminal_capability_len, "\x83\x01\x0a", 3);
  g_assert_cmpuint (quirks.select_p2, ==, 0x0c);
  g_assert_true (quirks.append_le && quirks.at_csim && quirks.at_session_handles && quirks.by_aid);
  g_assert_cmpuint (quirks.segment_size, ==, 120);
  g_assert_cmpuint (quirks.apdu_timeout_s, ==, 240);
  g_assert_false (quirks.refresh_flag);
  g_assert_cmpint (quirks.after_enable, ==, QUIRKS_AFTER_ENABLE_POWER_CYCLE);
  assert_usual (find (policy, "1198:90d3", "EM9191"));
  assert_usual (find (policy, "1199:90d3", "MC7455"));
  assert_usual (find (policy, "", ""));
}

/* Rows of one file after another, drop-ins by name; an empty value takes back. */
static void
test_order (Fixture *self, gconstpointer data)
{
  g_autoptr (Policy) policy = NULL;
  Quirks quirks;

  put (self, "quirks.conf",
       "[modem X]\nmodel=X*\nsegment-size=10\nselect-p2=01\ntransports=at\nappend-le=yes\n"
       "[modem X1]\nmodel=X1\nsegment-size=11\n");
  put (self, "quirks.d/20.conf", "[modem X]\nmodel=x1\nselect-p2=02\n");
  put (self, "quirks.d/10.conf", "[modem mine]\nmodel=x1\nselect-p2=03\ntransports=\n");
  put (self, "quirks.d/no", "rubbish\n");
  policy = load (self, self->quirks);
  quirks = find (policy, "", "X1");
  g_assert_cmpuint (quirks.segment_size, ==, 11);
  g_assert_cmpuint (quirks.select_p2, ==, 2);
  g_assert_null (quirks.transports);
  g_assert_true (quirks.append_le);
  g_assert_cmpuint (find (policy, "", "X2").segment_size, ==, 10);
}

static const struct
{
  const char *text, *says;
} wrong[] = {
  { "[modem X]\nmodel=X\n\nsize=1\n",
    "quirks.conf:4: unknown key 'size' in [modem X]; known: usb, model" },
  { "[data]\napn=super\n", "quirks.conf:1: groups of quirks are written [modem NAME]" },
  { "model=X\n", "quirks.conf:1: groups of quirks" },
  { "[modem X]\nsegment-size=1\n[modem Y]\nmodel=Y\n",
    "quirks.conf:1: [modem X] says of no modem" },
  { "[modem X]\nmodel=\nsegment-size=1\n", "quirks.conf:1: [modem X] says of no modem" },
  { "[modem X]\nmodel=X\nsegment-size=256\n",
    "quirks.conf:3: '256' is no value for segment-size: a number from 1 to 255" },
  { "[modem X]\nmodel=X\nselect-p2=c\n", "quirks.conf:3: 'c' is no value for select-p2: one byte" },
  { "[modem X]\nmodel=X\ntransports=at, mbim\n", "quirks.conf:3: 'at, mbim' is no value" },
  { "[modem X]\nmodel=X\ntransports=at,mbin\n",
    "quirks.conf:3: there is no channel 'mbin'; known: mbim, qmi, qmi-mbim, qrtr, at" },
  { "[modem X]\nmodel=X\nafter-enable=reboot\n", "one of wait|re-probe|power-cycle|reset" },
  { "[modem X]\nmodel=X\nmodel=Y\n", "quirks.conf:3: 'model' is set a second time" },
};

static void
test_wrong (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (Policy) policy = policy_load (self->conf, NULL, NULL);

      put (self, "quirks.conf", wrong[i].text);
      g_assert_false (policy_load_quirks (policy, self->quirks, self->conf, channel_names, &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SETTINGS);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, wrong[i].says));
    }
}

static char *
shipped_file (void)
{
  return g_test_build_filename (G_TEST_DIST, "..", "policy", "quirks.conf", NULL);
}

static void
test_shipped (Fixture *self, gconstpointer data)
{
  g_autofree char *path = shipped_file ();
  g_autoptr (Policy) policy = load (self, path);

  g_assert_cmpstr (find (policy, "2c7c:030a", "EM05-G").transports, ==, "at");
  g_assert_true (find (policy, "", "L850 LTE Module").known_only);
  g_assert_true (find (policy, "413c:81d7", "MBIM [413C:81D7]").at_csim);
  g_assert_true (find (policy, "1199:9071", "MC7455").at_session_handles);
  g_assert_cmpuint (find (policy, "0e8d:7127", "").apdu_timeout_s, ==, 240);
  assert_usual (find (policy, "1d6b:0199", "MBIM-eUICC"));
}

/* Whoever writes a row finds every key there, and every row says where it is from. */
static void
test_documented (void)
{
  g_autofree char *path = shipped_file ();
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;
  const ConfigKey *keys = quirks_table_keys (&n);

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *line = g_strdup_printf ("\n#   %s=", keys[i].key);

      g_test_message ("%s", keys[i].key);
      g_assert_nonnull (strstr (text, line));
    }
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 1; lines[i]; i++)
    if (*lines[i] == '[')
      g_assert_cmpint (*lines[i - 1], ==, '#');
}

static void
test_open_delay (void)
{
  Script script;
  ChannelTarget target;
  g_autoptr (GError) error = NULL;
  Channel *channel;
  gint64 began = g_get_monotonic_time ();

  card_init (&script);
  target = (ChannelTarget){ .device = script.name, .quirks = QUIRKS_DEFAULT };
  target.quirks.open_delay_ms = 200;
  channel = channel_open (&fake, &target, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 200 * 1000);
  card_end (&script, channel);
}

/* The card is asked for the profile's AID, and hears of it by that only. */
static void
test_enable_by_aid (void)
{
  Script script;
  ChannelTarget target;
  g_autoptr (GError) error = NULL;
  Channel *channel;

  card_init (&script);
  says_ok (&script, LIST_REQUEST, OFF);
  says_ok (&script, "BF3117A0124F10A0000005591010FFFFFFFF89000011008101FF", "BF3103800100");
  target = (ChannelTarget){ .device = script.name, .quirks = QUIRKS_DEFAULT };
  target.quirks.by_aid = TRUE;
  channel = channel_open (&fake, &target, NULL, NULL, &error);
  g_assert_true (es10c_enable (channel, ICCID, TRUE, NULL, &error));
  g_assert_no_error (error);
  card_end (&script, channel);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/quirks/every-key", Fixture, NULL, set_up, test_every_key, tear_down);
  g_test_add ("/quirks/order", Fixture, NULL, set_up, test_order, tear_down);
  g_test_add ("/quirks/wrong", Fixture, NULL, set_up, test_wrong, tear_down);
  g_test_add ("/quirks/shipped", Fixture, NULL, set_up, test_shipped, tear_down);
  g_test_add_func ("/quirks/documented", test_documented);
  g_test_add_func ("/quirks/open-delay", test_open_delay);
  g_test_add_func ("/quirks/enable-by-aid", test_enable_by_aid);
  return g_test_run ();
}
