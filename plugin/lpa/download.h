/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A profile's download in two halves: up to its metadata, and from the answer to the installed
 * profile (SGP.22, 3.1.3). */

#pragma once

#include "apdu/channel.h"
#include "lpa/activation.h"
#include "lpa/profile.h"
#include "net/http.h"

/* Why an RSP session is cancelled (CancelSessionReason); POSTPONED and TIMED_OUT keep the order at
 * the server, the rest burn the code. */
typedef enum
{
  DOWNLOAD_CANCEL_REJECTED = 0,
  DOWNLOAD_CANCEL_POSTPONED = 1,
  DOWNLOAD_CANCEL_TIMED_OUT = 2,
  DOWNLOAD_CANCEL_RULES = 3,
  DOWNLOAD_CANCEL_METADATA = 4,
  DOWNLOAD_CANCEL_PACKAGE = 5,
} DownloadCancel;

/* What the modem is, for deviceInfo. */
typedef struct
{
  const char *imei; /* 15 digits or NULL */
} DownloadDevice;

/* An RSP session that lives on in card and server between the halves. */
typedef struct _Download Download;

/** download_begin: authenticates server and card, and gets the metadata. On failure the session is
 * cancelled with the true reason. Errors of lpa, http and apdu; the caller owns the result. */
Download *download_begin (Channel *channel, Http *http, const Activation *activation,
                          const DownloadDevice *device, GCancellable *cancellable, GError **error);

const Profile *download_metadata (const Download *self);
gboolean download_needs_code (const Download *self);

/** download_was_loaded: whether any of the package went to the card, so that only a look at the
 * card can tell what it has now. */
gboolean download_was_loaded (const Download *self);

/* What a person (or the policy) must be asked before download_finish(), as the rules authorisation
 * table says (2.9.3.3). */
typedef enum
{
  DOWNLOAD_RULES_NONE,
  DOWNLOAD_RULES_ASK,
  DOWNLOAD_RULES_FORBIDDEN,
} DownloadRules;
DownloadRules download_rules (const Download *self);

typedef struct
{
  char *iccid;
  GBytes *aid;          /* of the new ISD-P; may be NULL */
  GBytes *notification; /* the signed ProfileInstallationResult (BF37): to be sent as it is, then
                           removed by SEQUENCE */
  GBytes *sequence;
  char *address; /* where to send it */
} DownloadResult;

/** download_finish: prepares, fetches the bound profile package and loads it; CODE is the
 * confirmation code or NULL. Once anything of the package was loaded it is never cancelled
 * half-way. A BF37 that says failure is INSTALL_FAILED, CARD_FULL or PROFILE_EXISTS with raw
 * "command" and "reason"; *RESULT is then set as well, for its notification must be sent too. */
gboolean download_finish (Download *self, Channel *channel, Http *http, const char *code,
                          DownloadResult **result, GCancellable *cancellable, GError **error);

/** download_cancel: tells card and server; best effort, never cancelled, errors are only logged. */
void download_cancel (Download *self, Channel *channel, Http *http, DownloadCancel reason);

void download_free (Download *self);
void download_result_free (DownloadResult *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Download, download_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DownloadResult, download_result_free)
