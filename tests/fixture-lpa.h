/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa beside the lab: a card of its own for each test, the server is shared. */

#pragma once

#include "fixture.h"
#include "lpa/download.h"

typedef struct
{
  Fixture *lab;
  Progress *progress;
  Channel *channel;
  Http *http;
  Activation *activation;
} LpaTest;

typedef struct
{
  const char *path; /* NULL: the end */
  void (*run) (LpaTest *test, gconstpointer lab);
} LpaCase;

/** lpa_run: main() of a test program: each of CASES with a new card. */
int lpa_run (int argc, char **argv, const LpaCase *cases);

void lpa_set_up (LpaTest *test, gconstpointer lab);
void lpa_tear_down (LpaTest *test, gconstpointer lab);

/** lpa_open_channel: to the test's card, after channel_close(). */
void lpa_open_channel (LpaTest *test, const ChannelDriver *driver);

/** lpa_order: orders a profile with EXTRA members (", \"size\": 1500"), and has its activation code
 * in test->activation. Each test has an ICCID of its own, or it would find the one before. */
void lpa_order (LpaTest *test, const char *iccid, const char *extra);

/** lpa_fault: the stand-in WHO fails as FAULT, members of its request, says. */
void lpa_fault (LpaTest *test, const char *who, const char *fault);

/** lpa_begin, lpa_finish: the two halves of a download by test->activation. */
Download *lpa_begin (LpaTest *test, GError **error);
gboolean lpa_finish (LpaTest *test, Download *download, const char *code, DownloadResult **result,
                     GError **error);
