/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Who has profiles for cards: reservations, Sims and Fleets as values, and the verbs of a
 * provider's driver. Worker threads. */

#pragma once

#include <gio/gio.h>

#include "base/progress.h"

typedef enum
{
  RESERVATION_NEW,
  RESERVATION_RESERVING,
  RESERVATION_AVAILABLE,
  RESERVATION_DOWNLOADED,
  RESERVATION_INSTALLED,
  RESERVATION_FAILED,
  RESERVATION_UNKNOWN, /* a status this version does not know */
} ReservationStatus;

/* Strings are never NULL ("" where the provider said null). */
typedef struct
{
  char *sid; /* HP… */
  ReservationStatus status;
  char *eid, *iccid, *sim_sid, *smdp_address, *matching_id, *activation_code;
  char *error_code, *error_message;
  gint64 created; /* seconds since the epoch, 0 when not said */
} Reservation;

typedef enum
{
  PROVIDER_SIM_NEW,
  PROVIDER_SIM_READY,
  PROVIDER_SIM_ACTIVE,
  PROVIDER_SIM_INACTIVE,
  PROVIDER_SIM_SCHEDULED,
  PROVIDER_SIM_UNKNOWN,
} ProviderSimStatus;

typedef struct
{
  char *sid; /* HS… */
  char *iccid, *unique_name, *fleet_sid;
  ProviderSimStatus status;
} ProviderSim;

typedef struct
{
  char *sid; /* HF… */
  char *unique_name;
  char *network_access_profile; /* HA… */
} ProviderFleet;

/** reservation_worth: how much use RESERVATION still is: 4 can be loaded, 3 may ripen, 2 is
 * installed, 1 has failed. */
guint reservation_worth (const Reservation *self);

/** reservation_status_text, provider_sim_status_text: the provider's own words. */
const char *reservation_status_text (ReservationStatus status);
const char *provider_sim_status_text (ProviderSimStatus status);

/** provider_check_eid: EID_INVALID where EID, as somebody typed it, is not 32 digits that are 1
 * modulo 97 (SGP.02, 2.2.2). Some test cards have others: one that a card says is not checked. */
gboolean provider_check_eid (const char *eid, GError **error);

void reservation_free (Reservation *self);
void provider_sim_free (ProviderSim *self);
void provider_fleet_free (ProviderFleet *self);

/* What a provider is reached with; owned by the policy. */
typedef struct
{
  const char *name;      /* "twilio", "kore" */
  const char *kind;      /* "basic" or "oauth2" */
  const char *base_url;  /* "https://supersim.twilio.com" */
  const char *token_url; /* oauth2 only */
  const char *user;      /* account SID, API key or client id */
  const char *secret;
  GBytes *ca_pem;           /* NULL: the system's CAs */
  const char *callback_url; /* passed on with orders and Sims' changes; may be NULL */
  const char *callback_method;
} ProviderAccess;

typedef struct _ProviderSession ProviderSession;

/* SESSION is used by one job at a time. Lists own their members. Common errors: CREDENTIALS,
 * RATE_LIMITED (raw "retry-after"), SERVER_FAILED (5xx), SERVER_RUBBISH, PROVIDER_REFUSED (raw
 * "code", "http-status"), NOT_FOUND, and those of http. */
typedef struct
{
  const char *name; /* "supersim" */
  ProviderSession *(*open) (const ProviderAccess *access, Progress *progress, GError **error);
  void (*close) (ProviderSession *self);
  /* Reservations for EID, newest first; EID NULL: the most recent ones, at most 100. */
  GPtrArray *(*list_reservations) (ProviderSession *self, const char *eid,
                                   GCancellable *cancellable, GError **error);
  Reservation *(*get_reservation) (ProviderSession *self, const char *sid,
                                   GCancellable *cancellable, GError **error);
  /* Orders: it spends money and cannot be undone. EID NULL: with a matching ID. OUT_OF_STOCK;
   * RESERVATION_UNSETTLED when no answer came: look, never order again blindly. */
  Reservation *(*reserve) (ProviderSession *self, const char *eid, GCancellable *cancellable,
                           GError **error);
  ProviderSim *(*get_sim) (ProviderSession *self, const char *sid, GCancellable *cancellable,
                           GError **error);
  /* Sets status active and the fleet (either may be left as it is: NULL fleet). NO_FLEET,
   * SIM_SCHEDULED. The answer may be PROVIDER_SIM_SCHEDULED: look again. */
  ProviderSim *(*activate_sim) (ProviderSession *self, const char *sid, const char *fleet,
                                GCancellable *cancellable, GError **error);
  GPtrArray *(*list_fleets) (ProviderSession *self, GCancellable *cancellable, GError **error);
  GPtrArray *(*list_sims) (ProviderSession *self, GCancellable *cancellable, GError **error);
  ProviderFleet *(*get_fleet) (ProviderSession *self, const char *sid, GCancellable *cancellable,
                               GError **error);
  /* NAME is unique in the account, so one that is sent twice is refused the second time.
   * NETWORK_ACCESS_PROFILE is a SID or unique name. */
  ProviderFleet *(*create_fleet) (ProviderSession *self, const char *name,
                                  const char *network_access_profile, GCancellable *cancellable,
                                  GError **error);
} ProviderDriver;

/** provider_find_fleet: the SID of the Fleet that WANTED names by SID or unique name, NULL with
 * NO_FLEET where there is none. The caller frees. */
char *provider_find_fleet (const ProviderDriver *driver, ProviderSession *session,
                           const char *wanted, GCancellable *cancellable, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reservation, reservation_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProviderSim, provider_sim_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProviderFleet, provider_fleet_free)
