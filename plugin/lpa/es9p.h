/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* ES9+: the LPA's requests to an SM-DP+ (SGP.22, 5.6 and 6.5) over HTTP and JSON, one function a
 * call. */

#pragma once

#include "net/http.h"

/* All binary values are whole TLVs; a refusal is the error its subject and reason code stand for,
 * with raw "subject", "reason". */
typedef struct
{
  char *transaction_id; /* as it came */
  GBytes *signed1, *signature1, *ci_key_id, *certificate;
  char *tls_chain_pem;
} Es9pInitiated;

Es9pInitiated *es9p_initiate_authentication (Http *http, const char *address, GBytes *challenge,
                                             GBytes *info1, GCancellable *cancellable,
                                             GError **error);
void es9p_initiated_free (Es9pInitiated *self);

typedef struct
{
  GBytes *metadata, *signed2, *signature2, *certificate;
} Es9pAuthenticated;

Es9pAuthenticated *es9p_authenticate_client (Http *http, const char *address,
                                             const char *transaction_id, GBytes *response,
                                             GCancellable *cancellable, GError **error);
void es9p_authenticated_free (Es9pAuthenticated *self);

/* What an SM-DS knows of: something for this card at ADDRESS, under EVENT_ID, which is the matching
 * ID there. */
typedef struct
{
  char *event_id, *address;
} Es9pEvent;

/** es9p_authenticate_for_events: authenticateClient at an SM-DS (ES11, 5.8.2): its events, never
 * NULL where it answered. The caller owns the array and its Es9pEvents. */
GPtrArray *es9p_authenticate_for_events (Http *http, const char *address,
                                         const char *transaction_id, GBytes *response,
                                         GCancellable *cancellable, GError **error);
void es9p_event_free (Es9pEvent *self);

GBytes *es9p_get_bound_profile_package (Http *http, const char *address, const char *transaction_id,
                                        GBytes *response, GCancellable *cancellable,
                                        GError **error);
gboolean es9p_cancel_session (Http *http, const char *address, const char *transaction_id,
                              GBytes *response, GCancellable *cancellable, GError **error);

/** es9p_handle_notification: success only when the server took it (204, or 200 with an empty body).
 */
gboolean es9p_handle_notification (Http *http, const char *address, GBytes *notification,
                                   GCancellable *cancellable, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Es9pInitiated, es9p_initiated_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Es9pAuthenticated, es9p_authenticated_free)
