/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The lab for C tests: certificates, the strict SM-DP+, the strict card behind a channel driver,
 * and a resolver that sends .test names to this machine. No modem, no root, no network. */

#pragma once

#include <gio/gio.h>

#include "apdu/channel.h"

typedef struct
{
  char *dir;
  guint port;         /* of the SM-DP+ */
  char *smdp_address; /* host:port */
  GSubprocess *smdp;
} Fixture;

Fixture *fixture_new (void);
void fixture_free (Fixture *self);

/** fixture_pem: certificate NAME of the lab. */
GBytes *fixture_pem (Fixture *self, const char *name);

/** fixture_control: sends the stand-in WHO one JSON request; its answer is an object whose "ok" was
 * true. The caller frees. */
char *fixture_control (Fixture *self, const char *who, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* The channel driver of the lab's card; a target's device is the Fixture's folder. Collects 61xx as
 * most MBIM modems do. fixture_card_raw leaves 61xx to the caller. */
extern const ChannelDriver fixture_card;
extern const ChannelDriver fixture_card_raw;

GBytes *bytes_from_hex (const char *hex);

/** resolver_install: .test names become 127.0.0.1, except nowhere.test, two.test, which has a
 * dead address before that, and slow.test, which only a
 * cancelling ends. */
void resolver_install (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)
