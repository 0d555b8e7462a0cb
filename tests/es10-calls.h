/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Every ES10 function with what it asks a card and a good answer, and a card that answers what the
 * test says; whole in the header, so that a test is one file. */

#pragma once

#include "fake-channel.h"

#include <string.h>

#include "lpa/es10a.h"
#include "lpa/es10b.h"
#include "lpa/es10c.h"

#define ISDR "A0000005591010FFFFFFFF8900000100"
#define ICCID "8944500000000000017"
#define OFF                                                                                        \
  "BF2D26A024E3225A0A984405000000000010F74F10A0000005591010FFFFFFFF89000011009F"                   \
  "700100"
#define ON                                                                                         \
  "BF2D26A024E3225A0A984405000000000010F74F10A0000005591010FFFFFFFF89000011009F"                   \
  "700101"
#define NO_PROFILES "BF2D02A000"
#define LIST_REQUEST "BF2D0C5C0A5A4F9F7090919295B799"

/* ---- a card with a script ---- */

static void
card_init (Script *script)
{
  script_init (script);
  expect (script, "open " ISDR, "1");
}

/* REQUEST is one STORE DATA; ANSWER ends in its status word, or is an error as expect() has it. */
static void
says (Script *script, const char *request, const char *answer)
{
  g_autofree char *apdu = g_strdup_printf ("81E29100%02zX%s", strlen (request) / 2, request);

  expect (script, apdu, answer);
}

static void
says_ok (Script *script, const char *request, const char *answer)
{
  g_autofree char *whole = g_strconcat (answer, "9000", NULL);

  says (script, request, whole);
}

static Channel *
card_open (Script *script)
{
  ChannelTarget target = { .device = script->name, .quirks = QUIRKS_DEFAULT };
  g_autoptr (GError) error = NULL;
  Channel *channel = channel_open (&fake, &target, NULL, NULL, &error);

  g_assert_no_error (error);
  return channel;
}

static void
card_end (Script *script, Channel *channel)
{
  expect (script, "close 1", "");
  channel_close (channel);
  script_end (script);
}

/* ---- every function, as one sees it from far away ---- */

static gboolean
set_address (Channel *channel, GError **error)
{
  return es10a_set_default_smdp (channel, "smdp.test", NULL, error);
}

static gboolean
get_addresses (Channel *channel, GError **error)
{
  g_autoptr (Es10aAddresses) addresses = es10a_get_addresses (channel, NULL, error);

  return addresses != NULL;
}

static gboolean
take (GBytes *bytes)
{
  g_autoptr (GBytes) own = bytes;

  return own != NULL;
}

static gboolean
get_info1 (Channel *channel, GError **error)
{
  return take (es10b_get_info1 (channel, NULL, error));
}

static gboolean
get_info2 (Channel *channel, GError **error)
{
  g_autoptr (GBytes) info2 = es10b_get_info2 (channel, NULL, error);
  g_autoptr (Es10bInfo) info = info2 ? es10b_parse_info (info2, error) : NULL;

  return info != NULL;
}

static gboolean
get_rat (Channel *channel, GError **error)
{
  return take (es10b_get_rat (channel, NULL, error));
}

static gboolean
get_challenge (Channel *channel, GError **error)
{
  return take (es10b_get_challenge (channel, NULL, error));
}

static gboolean
authenticate (Channel *channel, GError **error)
{
  g_autoptr (GBytes) request = from_hex ("BF3800"), response = NULL;

  return es10b_authenticate_server (channel, request, &response, NULL, error);
}

static gboolean
prepare (Channel *channel, GError **error)
{
  g_autoptr (GBytes) request = from_hex ("BF2100"), response = NULL;

  return es10b_prepare_download (channel, request, &response, NULL, error);
}

static gboolean
cancel (Channel *channel, GError **error)
{
  g_autoptr (GBytes) transaction_id = from_hex ("0102030405060708");

  return take (es10b_cancel_session (channel, transaction_id, 1, error));
}

static gboolean
list_notifications (Channel *channel, GError **error)
{
  g_autoptr (GPtrArray) list = es10b_list_notifications (channel, NULL, error);

  return list != NULL;
}

static gboolean
retrieve (Channel *channel, GError **error)
{
  g_autoptr (GBytes) sequence = from_hex ("0100");

  return take (es10b_retrieve_notification (channel, sequence, NULL, error));
}

static gboolean
remove_notification (Channel *channel, GError **error)
{
  g_autoptr (GBytes) sequence = from_hex ("0100");

  return es10b_remove_notification (channel, sequence, error);
}

static gboolean
get_eid (Channel *channel, GError **error)
{
  g_autofree char *eid = es10c_get_eid (channel, NULL, error);

  return eid != NULL;
}

static gboolean
get_profiles (Channel *channel, GError **error)
{
  g_autoptr (GPtrArray) profiles = es10c_get_profiles (channel, FALSE, NULL, error);

  return profiles != NULL;
}

static gboolean
enable (Channel *channel, GError **error)
{
  return es10c_enable (channel, ICCID, TRUE, NULL, error);
}

static gboolean
disable (Channel *channel, GError **error)
{
  return es10c_disable (channel, ICCID, TRUE, NULL, error);
}

static gboolean delete (Channel *channel, GError **error)
{
  return es10c_delete (channel, ICCID, NULL, error);
}

static gboolean
set_nickname (Channel *channel, GError **error)
{
  return es10c_set_nickname (channel, ICCID, "Office", NULL, error);
}

static gboolean
reset (Channel *channel, GError **error)
{
  return es10c_reset (channel, ES10C_RESET_OPERATIONAL | ES10C_RESET_DEFAULT_SMDP, NULL, error);
}

typedef struct
{
  const char *name;
  gboolean (*call) (Channel *channel, GError **error);
  const char *request;
  const char *answer;
  int optional; /* members at the end of the answer that may be missing; -1: only its tag counts */
} Function;

static const Function functions[] = {
  { "addresses", get_addresses, "BF3C00",
    "BF3C25801220534D44502E6578616D706C652E636F6D20810F6C70612E64732E67736D612E"
    "636F6D",
    2 },
  { "set-address", set_address, "BF3F0B8009736D64702E74657374", "BF3F03800100", 0 },
  { "info1", get_info1, "BF2000",
    "BF20358203020202A916041481370F5125D0B1D408D4C3B232E6D25E795BEBFBAA16041481"
    "370F5125D0B1D408D4C3B232E6D25E795BEBFB",
    -1 },
  { "info2", get_info2, "BF2200",
    "BF226D8103020301820302020283030405068503007F3688020490A92C041481370F5125D0"
    "B1D408D4C3B232E6D25E795BEBFB0414F54172BDF98A95D65CBEB88A38A1C11D800A85C3AA"
    "16041481370F5125D0B1D408D4C3B232E6D25E795BEBFB840D81010082040007A120830210"
    "00",
    2 },
  { "rat", get_rat, "BF4300", "BF4319A017301580020560A10B30098003EEEEEE8100820082020780", -1 },
  { "challenge", get_challenge, "BF2E00", "BF2E128010000102030405060708090A0B0C0D0E0F", 0 },
  { "authenticate", authenticate, "BF3800", "BF3815A013300A800801020304050607085F3704AAAAAAAA", 0 },
  { "prepare", prepare, "BF2100", "BF2115A013300A800801020304050607085F3704AAAAAAAA", 0 },
  { "cancel", cancel, "BF410D80080102030405060708810101",
    "BF4115A013300A800801020304050607085F3704AAAAAAAA", 0 },
  { "list-notifications", list_notifications, "BF2800",
    "BF2858A056BF2F1E800102810207800C09736D64702E746573745A0A984405000000000010"
    "F7BF2F1480020100810206400C0A534D44502E7465737420BF2F1B800100810204100C0678"
    "2E746573745A0A984405000000000010F7",
    0 },
  { "retrieve", retrieve, "BF2B06A00480020100",
    "BF2B2DA02B3029BF2F1F80020100810206400C09736D64702E746573745A0A984405000000"
    "000010F75F3704BBBBBBBB",
    0 },
  { "remove", remove_notification, "BF300480020100", "BF3003800100", 0 },
  { "eid", get_eid, "BF3E035C015A", "BF3E125A1089049032123451234512345678901235", 0 },
  { "profiles", get_profiles, LIST_REQUEST,
    "BF2D72A070E3475A0A984405000000000010F74F10A0000005591010FFFFFFFF8900001100"
    "9F70010190064F6666696365910354656C920854656C20706C616E950102B705800332F410"
    "99020640E3255A0A981000000021436587284F10A0000005591010FFFFFFFF89000012009F"
    "700100950100",
    0 },
  { "enable", enable, "BF3111A00C5A0A984405000000000010F78101FF", "BF3103800100", 0 },
  { "disable", disable, "BF3211A00C5A0A984405000000000010F78101FF", "BF3203800100", 0 },
  { "delete", delete, "BF330C5A0A984405000000000010F7", "BF3303800100", 0 },
  { "nickname", set_nickname, "BF29145A0A984405000000000010F790064F6666696365", "BF2903800100", 0 },
  { "reset", reset, "BF3404820205A0", "BF3403800100", 0 },
};

/* Calls FUNCTION on a card that answers it ANSWER and 9000. */
G_GNUC_UNUSED static gboolean
call (const Function *function, const char *answer, GError **error)
{
  Script script;
  Channel *channel;
  gboolean good;

  card_init (&script);
  says_ok (&script, function->request, answer);
  channel = card_open (&script);
  good = function->call (channel, error);
  card_end (&script, channel);
  return good;
}

G_GNUC_UNUSED static const Function *
function_of (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (functions); i++)
    if (g_str_equal (functions[i].name, name))
      return &functions[i];
  g_assert_not_reached ();
}
