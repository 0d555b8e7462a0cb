/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A download from the first challenge to the card's result: who is asked what, in which order, and
 * what a failure tells card and server. */

#include "lpa/download.h"

#include "base/error.h"
#include "lpa/bpp.h"
#include "lpa/download-parts.h"
#include "lpa/es10b.h"
#include "lpa/es10c.h"
#include "lpa/es9p.h"
#include "lpa/tlv.h"

struct _Download
{
  Activation *activation;
  char *imei;
  Es9pInitiated *initiated;
  GBytes *transaction_id;
  Es9pAuthenticated *offer;
  Profile *metadata;
  gboolean needs_code;
  DownloadRules rules;
  gboolean loaded;
  gboolean open; /* card and server share a session that can be cancelled */
};

static Download *
download_new (const Activation *activation, const char *imei)
{
  Download *self = g_new0 (Download, 1);

  self->activation = activation_new (activation->address, activation->matching_id);
  g_free (self->activation->oid);
  self->activation->oid = g_strdup (activation->oid);
  self->imei = g_strdup (imei);
  return self;
}

void
download_free (Download *self)
{
  activation_free (self->activation);
  g_free (self->imei);
  g_clear_pointer (&self->initiated, es9p_initiated_free);
  g_clear_pointer (&self->transaction_id, g_bytes_unref);
  g_clear_pointer (&self->offer, es9p_authenticated_free);
  g_clear_pointer (&self->metadata, profile_free);
  g_free (self);
}

void
download_cancel (Download *self, Channel *channel, Http *http, DownloadCancel reason)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GBytes) response = NULL;

  if (!self->open)
    return;
  self->open = FALSE;
  response = es10b_cancel_session (channel, self->transaction_id, reason, &problem);
  if (response)
    es9p_cancel_session (http, self->activation->address, self->initiated->transaction_id, response,
                         NULL, &problem);
  if (problem)
    g_debug ("the session could not be cancelled: %s", problem->message);
}

/* The true reason of PROBLEM. What is nobody's decision postpones: the order is kept. */
static DownloadCancel
reason_of (const GError *problem)
{
  if (error_is_code (problem, ESIM_ERROR_POLICY_RULES))
    return DOWNLOAD_CANCEL_RULES;
  if (error_is_code (problem, ESIM_ERROR_METADATA_CHANGED))
    return DOWNLOAD_CANCEL_METADATA;
  if (error_is_code (problem, ESIM_ERROR_PACKAGE_BROKEN))
    return DOWNLOAD_CANCEL_PACKAGE;
  if (error_is_code (problem, ESIM_ERROR_TIMED_OUT))
    return DOWNLOAD_CANCEL_TIMED_OUT;
  return DOWNLOAD_CANCEL_POSTPONED;
}

/* Ends the session because of PROBLEM, which the caller gets. A server that refused has ended it
 * already: cancelling it then could only burn the order. */
static gboolean
give_up (Download *self, Channel *channel, Http *http, GError *problem, GError **error)
{
  if (error_get_raw (problem, "subject"))
    self->open = FALSE;
  download_cancel (self, channel, http, reason_of (problem));
  g_propagate_error (error, problem);
  return FALSE;
}

/* From here on the card has a session. A card's error response is for the server, too. */
static gboolean
authenticate_server (Download *self, Channel *channel, Http *http, GBytes **response,
                     GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) request
      = download_authenticate_request (self->initiated, self->activation->matching_id, self->imei);
  g_autoptr (GBytes) answer = NULL;

  if (es10b_authenticate_server (channel, request, &answer, cancellable, error))
    {
      self->open = TRUE;
      *response = g_steal_pointer (&answer);
      return TRUE;
    }
  if (answer)
    {
      g_autoptr (Es9pAuthenticated) unused
          = es9p_authenticate_client (http, self->activation->address,
                                      self->initiated->transaction_id, answer, cancellable, NULL);
    }
  return FALSE;
}

static gboolean
authenticate (Download *self, Channel *channel, Http *http, GBytes **response,
              GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) info1 = es10b_get_info1 (channel, cancellable, error);
  g_autoptr (GBytes) challenge = info1 ? es10b_get_challenge (channel, cancellable, error) : NULL;

  if (challenge == NULL)
    return FALSE;
  self->initiated = es9p_initiate_authentication (http, self->activation->address, challenge, info1,
                                                  cancellable, error);
  return self->initiated
         && download_check_initiated (self->initiated, self->activation, challenge, info1,
                                      &self->transaction_id, error)
         && authenticate_server (self, channel, http, response, cancellable, error);
}

/* Two more questions to the card, but only for a profile that has rules. */
static gboolean
judge_rules (Download *self, Channel *channel, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) rat = NULL;
  g_autoptr (GPtrArray) profiles = NULL;

  if (self->metadata->rules == 0)
    return TRUE;
  rat = es10b_get_rat (channel, cancellable, error);
  profiles = rat ? es10c_get_profiles (channel, FALSE, cancellable, error) : NULL;
  return profiles && download_judge_rules (self->metadata, rat, profiles, &self->rules, error);
}

static gboolean
get_offer (Download *self, Channel *channel, Http *http, GBytes *response,
           GCancellable *cancellable, GError **error)
{
  self->offer
      = es9p_authenticate_client (http, self->activation->address, self->initiated->transaction_id,
                                  response, cancellable, error);
  return self->offer
         && download_check_offer (self->offer, self->activation, self->transaction_id,
                                  &self->needs_code, &self->metadata, error)
         && judge_rules (self, channel, cancellable, error);
}

static Download *
begin (const Activation *activation, const char *imei, Channel *channel, Http *http,
       GCancellable *cancellable, GError **error)
{
  g_autoptr (Download) self = download_new (activation, imei);
  g_autoptr (GBytes) response = NULL;
  GError *problem = NULL;

  if (authenticate (self, channel, http, &response, cancellable, &problem)
      && get_offer (self, channel, http, response, cancellable, &problem))
    return g_steal_pointer (&self);
  give_up (self, channel, http, problem, error);
  return NULL;
}

Download *
download_begin (Channel *channel, Http *http, const Activation *activation,
                const DownloadDevice *device, GCancellable *cancellable, GError **error)
{
  return begin (activation, device ? device->imei : NULL, channel, http, cancellable, error);
}

const Profile *
download_metadata (const Download *self)
{
  return self->metadata;
}

gboolean
download_needs_code (const Download *self)
{
  return self->needs_code;
}

gboolean
download_was_loaded (const Download *self)
{
  return self->loaded;
}

DownloadRules
download_rules (const Download *self)
{
  return self->rules;
}

/* The card has lost the session while somebody was asked: a new one, if the server still offers the
 * same profile. The old one ends at both with it. */
static gboolean
begin_anew (Download *self, Channel *channel, Http *http, GCancellable *cancellable, GError **error)
{
  g_autoptr (Download) fresh
      = begin (self->activation, self->imei, channel, http, cancellable, error);
  Download old;

  if (fresh == NULL)
    return FALSE;
  if (!g_bytes_equal (fresh->offer->metadata, self->offer->metadata))
    {
      download_cancel (fresh, channel, http, DOWNLOAD_CANCEL_METADATA);
      error_set (error, ESIM_ERROR_METADATA_CHANGED, "lpa",
                 "the server now offers another profile than the one that was shown");
      return FALSE;
    }
  old = *self;
  *self = *fresh;
  *fresh = old;
  return TRUE;
}

static gboolean
prepare_once (Download *self, Channel *channel, const char *code, GBytes **response,
              GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) request = download_prepare_request (self->offer, self->transaction_id,
                                                         self->needs_code ? code : NULL);

  return es10b_prepare_download (channel, request, response, cancellable, error);
}

static gboolean
prepare (Download *self, Channel *channel, Http *http, const char *code, GBytes **response,
         GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GBytes) answer = NULL, unused = NULL;

  if (prepare_once (self, channel, code, &answer, cancellable, &problem))
    {
      *response = g_steal_pointer (&answer);
      return TRUE;
    }
  if (error_is_code (problem, ESIM_ERROR_SESSION_GONE))
    {
      self->open = FALSE;
      return begin_anew (self, channel, http, cancellable, error)
             && prepare_once (self, channel, code, response, cancellable, error);
    }
  if (answer) /* the card's error response is for the server, too; it ends the session there */
    {
      self->open = FALSE;
      unused = es9p_get_bound_profile_package (http, self->activation->address,
                                               self->initiated->transaction_id, answer, cancellable,
                                               NULL);
    }
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* The whole package cut and checked before any of it is sent. */
static GPtrArray *
fetch (Download *self, Http *http, GBytes *prepared, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) package = es9p_get_bound_profile_package (http, self->activation->address,
                                                               self->initiated->transaction_id,
                                                               prepared, cancellable, error);
  g_autoptr (GBytes) metadata = NULL;
  g_autoptr (GPtrArray) segments = package ? bpp_split (package, &metadata, error) : NULL;

  if (segments == NULL)
    return NULL;
  if (!g_bytes_equal (metadata, self->offer->metadata))
    {
      error_set (error, ESIM_ERROR_METADATA_CHANGED, "bpp",
                 "the package holds another profile than the one that was shown");
      return NULL;
    }
  if (g_cancellable_is_cancelled (cancellable))
    {
      error_set (error, ESIM_ERROR_CANCELLED, "lpa", "cancelled before the package was loaded");
      return NULL;
    }
  return g_steal_pointer (&segments);
}

static guint64
size_of (GPtrArray *segments)
{
  guint64 size = 0;

  for (guint i = 0; i < segments->len; i++)
    size += g_bytes_get_size (segments->pdata[i]);
  return size;
}

/* All segments on the one channel, never cancelled; a BF37 at any of them ends it. *ANSWER is what
 * the card said then. */
static gboolean
load (Channel *channel, GPtrArray *segments, GBytes **answer, GError **error)
{
  guint64 done = 0, total = size_of (segments);

  for (guint i = 0; i < segments->len; i++)
    {
      g_autoptr (GBytes) response = channel_store_data (channel, segments->pdata[i], NULL, error);

      if (response == NULL)
        {
          g_prefix_error (error, "ES10b.LoadBoundProfilePackage, segment %u of %u: ", i + 1,
                          segments->len);
          return FALSE;
        }
      done += g_bytes_get_size (segments->pdata[i]);
      if (channel_progress (channel))
        progress_bytes (channel_progress (channel), done, total);
      if (g_bytes_get_size (response) > 0)
        {
          *answer = g_steal_pointer (&response);
          return TRUE;
        }
    }
  error_set (error, ESIM_ERROR_CARD_RUBBISH, "es10",
             "the card took the whole package and gave no result");
  return FALSE;
}

static DownloadResult *
result_new (Download *self, GBytes *answer, const BppResult *outcome)
{
  DownloadResult *result = g_new0 (DownloadResult, 1);

  result->iccid = g_strdup (self->metadata->iccid);
  result->aid = outcome->aid ? g_bytes_ref (outcome->aid) : NULL;
  result->notification = g_bytes_ref (answer);
  result->sequence = g_bytes_ref (outcome->sequence);
  result->address = g_strdup (outcome->address);
  return result;
}

/* The card has the last word: after a BF37 nothing is cancelled, whatever is in it. */
static gboolean
install (Download *self, Channel *channel, Http *http, GPtrArray *segments, DownloadResult **result,
         GError **error)
{
  g_autoptr (GBytes) answer = NULL;
  g_autoptr (BppResult) outcome = NULL;

  self->loaded = TRUE;
  if (!load (channel, segments, &answer, error))
    {
      download_cancel (self, channel, http, DOWNLOAD_CANCEL_PACKAGE);
      return FALSE;
    }
  self->open = FALSE;
  outcome = bpp_result_parse (answer, error);
  if (outcome == NULL)
    {
      g_prefix_error (error, "ES10b.LoadBoundProfilePackage: ");
      return FALSE;
    }
  if (result)
    *result = result_new (self, answer, outcome);
  if (!outcome->success)
    bpp_result_error (outcome, error);
  return outcome->success;
}

/* What can be said before card or server is bothered; the session stays open for a better answer,
 * unless nothing can be better. */
static gboolean
check_answer (Download *self, Channel *channel, Http *http, const char *code, GError **error)
{
  if (self->rules == DOWNLOAD_RULES_FORBIDDEN)
    {
      error_set (error, ESIM_ERROR_POLICY_RULES, "lpa",
                 "the card's rules authorisation table does not allow the profile's rules");
      download_cancel (self, channel, http, DOWNLOAD_CANCEL_RULES);
      return FALSE;
    }
  if (self->needs_code && (code == NULL || *code == '\0'))
    {
      error_set (error, ESIM_ERROR_CONFIRMATION_CODE_NEEDED, "lpa",
                 "the operator asks for a confirmation code");
      return FALSE;
    }
  return TRUE;
}

gboolean
download_finish (Download *self, Channel *channel, Http *http, const char *code,
                 DownloadResult **result, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) prepared = NULL;
  g_autoptr (GPtrArray) segments = NULL;
  GError *problem = NULL;

  if (!check_answer (self, channel, http, code, error))
    return FALSE;
  if (prepare (self, channel, http, code, &prepared, cancellable, &problem))
    segments = fetch (self, http, prepared, cancellable, &problem);
  if (segments == NULL)
    return give_up (self, channel, http, problem, error);
  return install (self, channel, http, segments, result, error);
}

void
download_result_free (DownloadResult *self)
{
  g_free (self->iccid);
  g_clear_pointer (&self->aid, g_bytes_unref);
  g_clear_pointer (&self->notification, g_bytes_unref);
  g_clear_pointer (&self->sequence, g_bytes_unref);
  g_free (self->address);
  g_free (self);
}
