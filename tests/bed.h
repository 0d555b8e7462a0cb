/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What the tests of channel drivers in front of a recorded conversation share. */

#pragma once

#include "apdu/channel.h"
#include "base/error.h"
#include "conversation.h"

/* What each test has: a proxy, a file to remember in, and a main context as base/queue gives it to
 * a worker. */
typedef struct
{
  const ChannelDriver *driver;
  Conversation *proxy;
  ChannelTarget target;
  char *memory;
  GMainContext *context;
  GTimer *timer;
} Bed;

/** bed_enter_namespace: a network namespace of our own, to which the abstract sockets belong; FALSE
 * where that is not allowed, which is told as a skipped test. */
gboolean bed_enter_namespace (void);

/** bed_set_up: DRIVER in front of NAMES of FRAMING's conversation; NULL: nobody is there. */
void bed_set_up (Bed *bed, const ChannelDriver *driver, const char *device, const Framing *framing,
                 const char *names);

/** bed_down: asserts that all was played. */
void bed_down (Bed *bed);

Channel *open_channel (Bed *bed);

/** open_fails: opening fails with CODE and raw code RAW, within 3 s; the bed goes down. */
void open_fails (Bed *bed, EsimError code, const char *key, const char *raw);

/** get_eid, get_info: GetEuiccData for the EID, GetEuiccInfo2. eid_fails: the first fails with
 * CODE. read_eid: opens a channel, and the EID is the lab's. */
GBytes *get_eid (Channel *channel, GCancellable *cancellable, GError **error);
GBytes *get_info (Channel *channel, GCancellable *cancellable, GError **error);
void eid_fails (Channel *channel, GCancellable *cancellable, EsimError code);
void read_eid (Bed *bed);

/** cancel_soon: a thread that triggers CANCELLABLE in 50 ms. */
GThread *cancel_soon (GCancellable *cancellable);
