/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* base/log: what must never be readable in a log, and that the writer really uses it. */

#include <errno.h>
#include <sys/prctl.h>

#include "base/log.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#define PR_GET_MDWE 66
#endif

/* Interposed: something that the writer itself calls, which logs, as GLib may at any time. */
static gboolean writer_logs;

gboolean
g_log_writer_is_journald (G_GNUC_UNUSED gint fd)
{
  if (writer_logs)
    g_log ("GLib", G_LOG_LEVEL_DEBUG, "from inside the writer");
  return FALSE;
}

static void
check (const char *text, const char *expected)
{
  g_autofree char *clean = log_redact (text);

  g_assert_cmpstr (clean, ==, expected);
}

static void
test_numbers (void)
{
  check ("EID 89049032123451234512345678901235 found", "EID ...235 found");
  check ("iccid=8988307000000000123F", "iccid=...123F");
  check ("IMSI 310150123456789.", "IMSI ...789.");
  check ("BF3E5A1089049032123451234512345678901235", "BF3E5A...235");
  check ("1234567890", "...890");
  check ("123456789 bytes", "123456789 bytes");
  check ("", "");
}

static void
test_activation_codes (void)
{
  check ("LPA:1$smdp.example.com$04386-AGYFT-A74Y8-3F815 given",
         "LPA:1$smdp.example.com$... given");
  check ("1$smdp.example.com$MATCHING$1.3.6.1$1", "LPA:1$smdp.example.com$...");
  check ("LPA:1$smdp.example.com$", "LPA:1$smdp.example.com$...");
  check ("{\"matchingId\": \"A-B-C\", \"x\": 1}", "{\"matchingId\": ..., \"x\": 1}");
  check ("confirmation code: 1234", "confirmation code: ...");
}

static void
test_credentials (void)
{
  check ("> Authorization: Basic U0s6c2VjcmV0", "> Authorization: ...");
  check ("sent Bearer abcdef.ghijkl here", "sent Bearer ... here");
  check ("client_secret=hunter2&scope=x", "client_secret=...&scope=x");
  check ("\"access_token\":\"a b\"", "\"access_token\":...");
  check ("https://user:pass@host/path", "https://...@host/path");
  check ("token 0123456789abcdef0123456789abcdef", "token ...");
  check ("jwt eyJhbGciOi.eyJzdWIi.c2ln end", "jwt ... end");
  /* A Sid is a name, not a secret. */
  check ("HPabcdefabcdefabcdefabcdefabcdefab", "HPabcdefabcdefabcdefabcdefabcdefab");
}

/* What reads like a key or a scheme, and is a word of a sentence or a file's name. */
static void
test_words_stay (void)
{
  check ("/etc/esimd/twilio.secret: No such file", "/etc/esimd/twilio.secret: No such file");
  check ("twilio.secret: it is not root's", "twilio.secret: it is not root's");
  check ("/etc/esimd/token: Permission denied", "/etc/esimd/token: Permission denied");
  check ("/etc/esimd/my-api-key: Is a directory", "/etc/esimd/my-api-key: Is a directory");
  check ("the basic channel is open", "the basic channel is open");
  check ("the bearer dropped.", "the bearer dropped.");
  check ("bearer /org/freedesktop/ModemManager1/Bearer/0 is up",
         "bearer /org/freedesktop/ModemManager1/Bearer/0 is up");
  check ("CheckAuthorization: the agent left", "CheckAuthorization: the agent left");
  /* And what only looks like them. */
  check ("{\"twilio.secret\": \"a b\"}", "{\"twilio.secret\": ...}");
  check ("provider.secret=hunter2", "provider.secret=...");
  check ("secret: hunter2", "secret: ...");
  check ("a/b?api_key=hunter2", "a/b?api_key=...");
  check ("Bearer abcdefghi0", "Bearer ...");
}

static void
test_not_utf8 (void)
{
  check ("\xff\xfe 89049032123451234512345678901235", "\xff\xfe ...235");
}

static void
test_writer (void)
{
  if (g_test_subprocess ())
    {
      log_setup (FALSE);
      g_debug ("unseen");
      g_message ("EID 89049032123451234512345678901235");
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*EID ...235*");
  g_test_trap_assert_stderr_unmatched ("*890490*");
  g_test_trap_assert_stderr_unmatched ("*unseen*");
}

static void
test_writer_debug (void)
{
  if (g_test_subprocess ())
    {
      log_setup (TRUE);
      g_debug ("seen 8988307000000000123");
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*seen ...123*");
}

/* A message of GLib's while the writer is at work must not end the program. */
static void
test_message_within_a_message (void)
{
  if (g_test_subprocess ())
    {
      log_setup (FALSE);
      writer_logs = TRUE;
      g_log ("GLib-GIO", G_LOG_LEVEL_MESSAGE, "of a library");
      g_message ("EID 89049032123451234512345678901235");
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*of a library*");
  g_test_trap_assert_stderr ("*EID ...235*");
}

/* As the unit has it: MemoryDenyWriteExecute=. */
static void
test_without_executable_memory (void)
{
  if (g_test_subprocess ())
    {
      if (prctl (PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0)
        {
          g_printerr ("refused by the kernel: %s\n", g_strerror (errno));
          return;
        }
      log_setup (TRUE);
      g_log ("GLib-GIO", G_LOG_LEVEL_MESSAGE, "of a library");
      g_message ("EID 89049032123451234512345678901235");
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  if (prctl (PR_GET_MDWE, 0, 0, 0, 0) < 0)
    g_test_skip ("the kernel has no PR_SET_MDWE (Linux 6.3 brought it)");
  else
    g_test_trap_assert_stderr ("*EID ...235*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log/numbers", test_numbers);
  g_test_add_func ("/log/activation-codes", test_activation_codes);
  g_test_add_func ("/log/credentials", test_credentials);
  g_test_add_func ("/log/words-stay", test_words_stay);
  g_test_add_func ("/log/not-utf8", test_not_utf8);
  g_test_add_func ("/log/writer", test_writer);
  g_test_add_func ("/log/writer-debug", test_writer_debug);
  g_test_add_func ("/log/message-within-a-message", test_message_within_a_message);
  g_test_add_func ("/log/without-executable-memory", test_without_executable_memory);
  return g_test_run ();
}
