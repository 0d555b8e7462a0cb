/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The one table of status words. */

#include "apdu/sw.h"

/* A row with a mask of FF00 stands for every second byte that has no row of its own before it. */
static const struct
{
  guint16 sw, mask;
  const char *words;
} table[] = {
  { 0x9000, 0xffff, "done" },
  { 0x9100, 0xff00, "done, and a command for the modem waits" },
  { 0x6100, 0xff00, "done, and more of the answer waits" },
  { 0x9300, 0xffff, "busy with the network or a menu" },
  { 0x6200, 0xff00, "done with a warning" },
  { 0x6300, 0xff00, "verification failed" },
  { 0x6400, 0xff00, "failed; nothing was changed" },
  { 0x6581, 0xffff, "its memory failed" },
  { 0x6500, 0xff00, "failed; something was changed" },
  { 0x6600, 0xff00, "a security problem" },
  { 0x6700, 0xff00, "a wrong length" },
  { 0x6881, 0xffff, "the logical channel is not there" },
  { 0x6882, 0xffff, "secure messaging is not supported" },
  { 0x6800, 0xff00, "the class of the command is not supported" },
  { 0x6982, 0xffff, "not allowed without authentication" },
  { 0x6983, 0xffff, "authentication is blocked" },
  { 0x6985, 0xffff, "not possible in this state" },
  { 0x6986, 0xffff, "not possible without a file that is selected" },
  { 0x6999, 0xffff, "the applet can't be selected" },
  { 0x6900, 0xff00, "not allowed" },
  { 0x6a80, 0xffff, "wrong data" },
  { 0x6a81, 0xffff, "not supported" },
  { 0x6a82, 0xffff, "not found" },
  { 0x6a84, 0xffff, "no memory left" },
  { 0x6a86, 0xffff, "wrong parameters P1, P2" },
  { 0x6a88, 0xffff, "what it refers to was not found" },
  { 0x6a00, 0xff00, "wrong parameters" },
  { 0x6b00, 0xff00, "wrong parameters P1, P2" },
  { 0x6c00, 0xff00, "a wrong length of the answer" },
  { 0x6d00, 0xff00, "the instruction is not known" },
  { 0x6e00, 0xff00, "the class is not known" },
  { 0x6f00, 0xff00, "failed without a reason" },
};

const char *
sw_words (guint16 sw)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if ((sw & table[i].mask) == table[i].sw)
      return table[i].words;
  return "no status word that the standards know";
}
