/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* apdu/pcsc in front of a pcscd that plays a recorded conversation: winscard's calls are defined
 * here, which wins over the library's. */

#include <string.h>
#include <winscard.h>

#include "apdu/channel.h"
#include "base/error.h"

#define AID "A0000005591010FFFFFFFF8900000100"
#define COMMAND "E2910006BF3E035C015A"
#define EID_COMMAND "81" COMMAND
#define EID "BF3E125A1089044145000000000000000000000125"

extern const ChannelDriver channel_pcsc;

/* Command, answer, …; "-" for an answer: the card is gone, "": nothing comes. */
static const char *const *script;
static LONG connects = SCARD_S_SUCCESS;
static gboolean present = TRUE;
static guint open_cards, open_contexts;

LONG
SCardEstablishContext (DWORD scope, LPCVOID a, LPCVOID b, LPSCARDCONTEXT context)
{
  *context = 1;
  open_contexts++;
  return SCARD_S_SUCCESS;
}

LONG
SCardReleaseContext (SCARDCONTEXT context)
{
  open_contexts--;
  return SCARD_S_SUCCESS;
}

LONG
SCardConnect (SCARDCONTEXT context, LPCSTR reader, DWORD mode, DWORD protocols, LPSCARDHANDLE card,
              LPDWORD protocol)
{
  g_assert_cmpstr (reader, ==, "Reader 00");
  g_assert_cmpuint (mode, ==, SCARD_SHARE_EXCLUSIVE);
  *card = 7;
  *protocol = SCARD_PROTOCOL_T1;
  open_cards += connects == SCARD_S_SUCCESS;
  return connects;
}

LONG
SCardDisconnect (SCARDHANDLE card, DWORD disposition)
{
  open_cards--;
  return SCARD_S_SUCCESS;
}

LONG
SCardStatus (SCARDHANDLE card, LPSTR name, LPDWORD name_length, LPDWORD state, LPDWORD protocol,
             LPBYTE atr, LPDWORD atr_length)
{
  *state = present ? SCARD_PRESENT : SCARD_ABSENT;
  return SCARD_S_SUCCESS;
}

LONG
SCardTransmit (SCARDHANDLE card, const SCARD_IO_REQUEST *send, LPCBYTE apdu, DWORD size,
               SCARD_IO_REQUEST *receive, LPBYTE answer, LPDWORD length)
{
  g_autoptr (GString) hex = g_string_new (NULL);
  const char *said = script[1];

  for (DWORD i = 0; i < size; i++)
    g_string_append_printf (hex, "%02X", apdu[i]);
  g_assert_cmpstr (hex->str, ==, script[0]);
  script += 2;
  present = *said != '-';
  if (!present)
    return SCARD_E_NOT_TRANSACTED;
  for (*length = 0; said[2 * *length]; (*length)++)
    answer[*length] = g_ascii_xdigit_value (said[2 * *length]) << 4
                      | g_ascii_xdigit_value (said[2 * *length + 1]);
  return SCARD_S_SUCCESS;
}

/* Plays LINES; CODE -1: the EID is read, else opening or the first command fails with it. */
static void
play (const char *const *lines, int code)
{
  const ChannelTarget target = { .device = "Reader 00", .quirks = QUIRKS_DEFAULT };
  g_autoptr (GBytes) request = g_bytes_new_static ("\xbf\x3e\x03\x5c\x01\x5a", 6);
  g_autoptr (GBytes) response = NULL;
  g_autoptr (GError) error = NULL;
  Channel *channel;

  script = lines;
  present = TRUE;
  channel = channel_open (&channel_pcsc, &target, NULL, NULL, &error);
  if (channel)
    response = channel_store_data (channel, request, NULL, &error);
  if (code < 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, ESIM_ERROR, code);
  g_assert_true ((response != NULL) == (code < 0));
  channel_close (channel);
  g_assert_null (*script);
  g_assert_cmpuint (open_cards + open_contexts, ==, 0);
}

static void
test_eid (void)
{
  static const char *const lines[]
      = { "0070000001", "019000",   "01A4040010" AID, "6121", EID_COMMAND, "6115",
          "81C0000015", EID "9000", "00708001",       "9000", NULL };

  play (lines, -1);
}

/* From the fourth on they have another class byte (ISO 7816-4, 5.4.1). */
static void
test_further_channel (void)
{
  static const char *const lines[]
      = { "0070000001", "059000",   "41A4040010" AID, "9000", "C1" COMMAND,
          EID "9000",   "00708005", "9000",           NULL };
  static const char *const numberless[] = { "0070000001", "9000", NULL };
  static const char *const beyond[] = { "0070000001", "149000", NULL };

  play (lines, -1);
  play (numberless, ESIM_ERROR_CHANNEL);
  play (beyond, ESIM_ERROR_CHANNEL);
}

static void
test_refusals (void)
{
  static const char *const none_free[] = { "0070000001", "6A81", NULL };
  static const char *const gone[] = { "0070000001", "019000",    "01A4040010" AID,
                                      "9000",       EID_COMMAND, "-",
                                      "00708001",   "-",         NULL };
  static const char *const nothing[]
      = { "0070000001", "019000", "01A4040010" AID, "9000", EID_COMMAND, "", "00708001", "", NULL };

  play (none_free, ESIM_ERROR_BUSY);
  play (gone, ESIM_ERROR_DEVICE_GONE);
  play (nothing, ESIM_ERROR_DEVICE_GONE);
}

static void
test_taken (void)
{
  static const char *const lines[] = { NULL };

  connects = SCARD_E_SHARING_VIOLATION;
  play (lines, ESIM_ERROR_BUSY);
  connects = SCARD_W_REMOVED_CARD;
  play (lines, ESIM_ERROR_DEVICE_GONE);
  connects = SCARD_S_SUCCESS;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pcsc/eid", test_eid);
  g_test_add_func ("/pcsc/further-channel", test_further_channel);
  g_test_add_func ("/pcsc/refusals", test_refusals);
  g_test_add_func ("/pcsc/taken", test_taken);
  return g_test_run ();
}
