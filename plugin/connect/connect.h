/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Data on, data off, what is on now: values, and the verbs of whoever manages the link. All verbs
 * run on worker threads. */

#pragma once

#include "connect/link.h"
#include "modem/modem.h"

typedef struct
{
  const char *apn;
  const char *ip_type; /* "ipv4", "ipv6", "ipv4v6" */
  gboolean roaming;
  guint metric; /* of the default route; 700 as NetworkManager's for gsm */
  gboolean set_dns;
} ConnectSettings;

typedef enum
{
  CONNECT_NONE,      /* no bearer */
  CONNECT_OTHER,     /* one is there, on another APN: someone else's */
  CONNECT_UP,        /* a bearer on our APN, its interface not configured yet */
  CONNECT_CONFIGURED /* and address, route, MTU in place */
} ConnectLevel;

typedef struct
{
  ConnectLevel level;
  char *interface; /* "wwan0"; "" where none */
  char *address;   /* "10.64.0.2/30" */
  char *gateway;
  char *apn;
  char *bearer; /* the stack's own name of it: an object path */
} ConnectStatus;

/** connect_status_new: for drivers: of the bearer BEARER on APN, whose interface is LINK; NULL
 * each: there is none. */
ConnectStatus *connect_status_new (ConnectLevel level, const LinkConfig *link, const char *apn,
                                   const char *bearer);
void connect_status_free (ConnectStatus *self);
const char *connect_level_name (ConnectLevel level);

typedef struct
{
  const char *name;  /* "modemmanager" */
  const char *stack; /* the modem driver whose modems it connects */
  /* Whether it is the one that has MODEM now: another program would undo what another driver does.
   * FALSE with an error: that could not be found out. NULL: it is, where no driver before it in the
   * list says so. */
  gboolean (*manages) (const ModemSnapshot *modem, GCancellable *cancellable, GError **error);
  /* What is there now; reads only. */
  ConnectStatus *(*observe) (const ModemSnapshot *modem, const ConnectSettings *settings,
                             GCancellable *cancellable, GError **error);
  /* Data up: makes or finds the bearer on settings->apn, never a second one, and configures the
   * interface. Errors: APN_REFUSED, NOT_REGISTERED, NOT_AUTHORIZED (roaming not allowed),
   * DATA_FAILED, TIMED_OUT. */
  gboolean (*up) (const ModemSnapshot *modem, const ConnectSettings *settings,
                  GCancellable *cancellable, GError **error);
  gboolean (*down) (const ModemSnapshot *modem, GCancellable *cancellable, GError **error);
  /* The profile ICCID is about to be the enabled one ("": none is): what up() made for others must
   * not connect by itself any more. NULL: nothing connects by itself. */
  gboolean (*favour) (const char *iccid, GCancellable *cancellable, GError **error);
  /* Removes what up() made for the profile ICCID, and nothing that a person made or changed the
   * ICCID of. NULL: up() leaves nothing behind. */
  gboolean (*forget) (const char *iccid, GCancellable *cancellable, GError **error);
} ConnectDriver;

/** connect_refuse_other: for drivers: the error that somebody else's connection, on APN, is up. */
void connect_refuse_other (GError **error, const char *apn);

/** connect_favour: that of every driver of DRIVERS (NULL: none), since the settings may have been
 * others before; what fails is told to who debugs. Worker threads. */
void connect_favour (const ConnectDriver *const *drivers, const char *iccid,
                     GCancellable *cancellable);

/** connect_choose: the driver of DRIVERS (ends in NULL) that WANTED names, or with "auto" the first
 * that manages MODEM. UNSUPPORTED where there is none; what keeps one from saying whether it does.
 * Worker threads. */
const ConnectDriver *connect_choose (const ConnectDriver *const *drivers, const char *wanted,
                                     const ModemSnapshot *modem, GCancellable *cancellable,
                                     GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConnectStatus, connect_status_free)
