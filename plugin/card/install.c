/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One installation as jobs on the card's queues: wait its turn, look, perhaps ask, load; send the
 * notification off the card; remove it. */

#include "card/install.h"

#include "base/error.h"
#include "lpa/es9p.h"

/* Lives from install_start() to done; its members go to one job at a time, so no two threads ever
 * share it. */
struct _Install
{
  Card *card;
  CardAccess *access; /* NULL until its turn, and while the modem is away then */
  Activation *activation;
  GBytes *ci_pem;
  char *code;
  gboolean accept_rules, look;
  guint consent_s;
  Progress *progress;
  GCancellable *cancellable;
  InstallAsk ask;
  InstallDone done;
  gpointer data;

  Http *http;
  Download *download;
  DownloadResult *result;
  CardFacts *facts;
  DownloadCancel reason;
  GError *error; /* why it is over, once it is */
  gboolean sent;
  gboolean began;  /* its turn has come */
  gboolean asking; /* an answer is waited for, and the first one counts */
  guint consent_source;
  gulong cancel_handler;
};

static void take_turn (Card *card);

static void
stop_waiting (Install *self)
{
  self->asking = FALSE;
  g_clear_handle_id (&self->consent_source, g_source_remove);
  if (self->cancel_handler)
    g_clear_signal_handler (&self->cancel_handler, self->cancellable);
}

static void
install_free (Install *self)
{
  stop_waiting (self);
  g_object_unref (self->card);
  g_clear_pointer (&self->access, card_access_unref);
  g_clear_pointer (&self->activation, activation_free);
  g_bytes_unref (self->ci_pem);
  g_free (self->code);
  g_clear_pointer (&self->progress, progress_unref);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->http, http_free);
  g_clear_pointer (&self->download, download_free);
  g_clear_pointer (&self->result, download_result_free);
  g_clear_pointer (&self->facts, card_facts_unref);
  g_clear_error (&self->error);
  g_free (self);
}

static gboolean
needs_code (const Install *self)
{
  return download_needs_code (self->download) && self->code == NULL;
}

static gboolean
needs_agreement (const Install *self)
{
  return download_rules (self->download) == DOWNLOAD_RULES_ASK && !self->accept_rules;
}

/* Worker: the second half, over whichever channel is open now. */
static gboolean
load (Install *self, Channel *channel, GCancellable *cancellable, GError **error)
{
  progress_step (self->progress, "download");
  return download_finish (self->download, channel, self->http, self->code, &self->result,
                          cancellable, error);
}

static Activation *
default_activation (Channel *channel, GCancellable *cancellable, GError **error)
{
  g_autoptr (Es10aAddresses) addresses = es10a_get_addresses (channel, cancellable, error);

  if (addresses == NULL)
    return NULL;
  if (*addresses->default_smdp != '\0')
    return activation_new (addresses->default_smdp, "");
  error_set (error, ESIM_ERROR_INVALID_ARGUMENT, "card",
             "the card has no default SM-DP+: give an activation code");
  return NULL;
}

/* Worker: what no one can be asked, or no one may agree to, ends here, with the true reason. */
static gboolean
check_consent (Install *self, Channel *channel, GError **error)
{
  if (download_rules (self->download) == DOWNLOAD_RULES_FORBIDDEN)
    {
      download_cancel (self->download, channel, self->http, DOWNLOAD_CANCEL_RULES);
      error_set (error, ESIM_ERROR_POLICY_RULES, "lpa",
                 "the card does not allow this operator the rules its profile comes with");
      return FALSE;
    }
  if (self->ask || (!needs_code (self) && !needs_agreement (self)))
    return TRUE;
  download_cancel (self->download, channel, self->http, DOWNLOAD_CANCEL_POSTPONED);
  if (needs_code (self))
    error_set (error, ESIM_ERROR_CONFIRMATION_CODE_NEEDED, "lpa", "a confirmation code is needed");
  else
    error_set (error, ESIM_ERROR_POLICY_RULES, "lpa",
               "someone has to agree to the profile's rules");
  return FALSE;
}

static gboolean
must_ask (const Install *self)
{
  return self->look || needs_code (self) || needs_agreement (self);
}

static const char *
imei_of (const Install *self)
{
  return self->access && *self->access->imei ? self->access->imei : NULL;
}

/* Worker: WORK on the card, which servers are asked about as well: while a slow one thinks, a modem
 * that was borrowed for it is back in its stack. */
static gboolean
with_card (Install *self, gboolean (*work) (Install *, Channel *, GCancellable *, GError **),
           GCancellable *cancellable, GError **error)
{
  g_autoptr (Channel) channel = card_access_open (self->access, self->progress, cancellable, error);
  gboolean done;

  if (channel == NULL)
    return FALSE;
  http_on_slow (self->http, (HttpSlow) channel_rest, channel);
  done = work (self, channel, cancellable, error);
  http_on_slow (self->http, NULL, NULL);
  return done;
}

/* Worker: up to the metadata, and on to the end where nothing has to be asked. */
static gboolean
authenticate (Install *self, Channel *channel, GCancellable *cancellable, GError **error)
{
  DownloadDevice device = { .imei = imei_of (self) };

  if (self->activation == NULL)
    self->activation = default_activation (channel, cancellable, error);
  if (self->activation == NULL)
    return FALSE;
  progress_step (self->progress, "authenticate");
  self->download
      = download_begin (channel, self->http, self->activation, &device, cancellable, error);
  if (self->download == NULL || !check_consent (self, channel, error))
    return FALSE;
  return must_ask (self) || load (self, channel, cancellable, error);
}

static gboolean
begin_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Install *self = data;

  progress_step (self->progress, "open-channel");
  if (self->access == NULL)
    {
      error_set (error, ESIM_ERROR_DEVICE_GONE, "card", "the modem is away");
      return FALSE;
    }
  self->http = http_new (HTTP_TRUST_PEM, self->ci_pem, self->progress);
  return with_card (self, authenticate, cancellable, error);
}

static gboolean
finish_work (gpointer data, GCancellable *cancellable, GError **error)
{
  return with_card (data, load, cancellable, error);
}

static gboolean
cancel_session (Install *self, Channel *channel, GCancellable *cancellable, GError **error)
{
  download_cancel (self->download, channel, self->http, self->reason);
  return TRUE;
}

static gboolean
refuse_work (gpointer data, GCancellable *cancellable, GError **error)
{
  return with_card (data, cancel_session, NULL, error);
}

static gboolean
send_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Install *self = data;

  progress_step (self->progress, "send-notifications");
  return es9p_handle_notification (self->http, self->result->address, self->result->notification,
                                   cancellable, error);
}

/* The notification that was taken goes; then the card as it is now is what everyone is told. */
static gboolean
tidy_work (gpointer data, GCancellable *cancellable, GError **error)
{
  Install *self = data;
  g_autoptr (Channel) channel = card_access_open (self->access, self->progress, NULL, error);

  if (channel == NULL)
    return FALSE;
  if (self->sent && !es10b_remove_notification (channel, self->result->sequence, error))
    return FALSE;
  self->facts = card_facts_read (channel, self->access->eid, NULL, error);
  return self->facts != NULL;
}

/* Main thread from here on. */
static void
end (Install *self)
{
  g_autoptr (Card) card = g_object_ref (self->card);

  if (self->facts)
    card_set_facts (self->card, self->facts);
  g_queue_remove (card_downloads (card), self);
  self->done (self, self->error ? NULL : self->result->iccid, self->error, self->data);
  install_free (self);
  take_turn (card);
}

static void
on_tidied (gpointer data, const GError *error, gpointer user_data)
{
  if (error)
    g_debug ("after the installation: %s", error->message);
  end (data);
}

static void
tidy (Install *self)
{
  queue_push (card_queue (self->card), tidy_work, self, NULL, NULL, on_tidied, NULL);
}

static void
on_sent (gpointer data, const GError *error, gpointer user_data)
{
  Install *self = data;

  self->sent = error == NULL;
  if (error)
    g_debug ("the installation's notification stays for later: %s", error->message);
  tidy (self);
}

static gboolean
may_have_changed (const Install *self)
{
  return self->download && download_was_loaded (self->download)
         && !error_is_code (self->error, ESIM_ERROR_DEVICE_GONE)
         && !error_is_code (self->error, ESIM_ERROR_TIMED_OUT);
}

/* Even a failed installation has a signed result that its server waits for. Where the package was
 * begun and no result was understood, only the card knows what it has now. */
static void
settle (Install *self)
{
  if (self->result == NULL && !may_have_changed (self))
    end (self);
  else if (self->result == NULL || self->result->notification == NULL)
    tidy (self);
  else
    queue_push (card_net_queue (self->card), send_work, self, NULL, self->cancellable, on_sent,
                NULL);
}

static void
on_finished (gpointer data, const GError *error, gpointer user_data)
{
  Install *self = data;

  self->error = error ? g_error_copy (error) : NULL;
  settle (self);
}

static void
on_refused (gpointer data, const GError *error, gpointer user_data)
{
  Install *self = data;

  if (self->error == NULL)
    error_set (&self->error, ESIM_ERROR_CANCELLED, "lpa", "the profile was not wanted");
  end (self);
}

static void
refuse (Install *self, DownloadCancel reason)
{
  stop_waiting (self);
  self->reason = reason;
  queue_push (card_queue (self->card), refuse_work, self, NULL, NULL, on_refused, NULL);
}

static gboolean
on_no_answer (gpointer data)
{
  Install *self = data;

  self->consent_source = 0;
  error_set (&self->error, ESIM_ERROR_TIMED_OUT, "lpa", "nobody answered within %u s",
             self->consent_s);
  refuse (self, DOWNLOAD_CANCEL_TIMED_OUT);
  return G_SOURCE_REMOVE;
}

/* While a person is asked, or another installation has the card's one RSP session. */
static void
on_cancelled (Install *self)
{
  if (self->asking)
    {
      refuse (self, DOWNLOAD_CANCEL_POSTPONED);
      return;
    }
  error_set (&self->error, ESIM_ERROR_CANCELLED, "card", "cancelled before its turn came");
  end (self);
}

/* The cancellable is triggered on the main thread, so its plain signal is safe to disconnect from
 * its handler. */
static void
watch_cancellable (Install *self)
{
  if (self->cancellable)
    self->cancel_handler = g_signal_connect_swapped (self->cancellable, "cancelled",
                                                     G_CALLBACK (on_cancelled), self);
}

static void
on_begun (gpointer data, const GError *error, gpointer user_data)
{
  Install *self = data;

  if (error || self->result || !must_ask (self))
    {
      on_finished (data, error, user_data);
      return;
    }
  if (g_cancellable_is_cancelled (self->cancellable))
    {
      refuse (self, DOWNLOAD_CANCEL_POSTPONED);
      return;
    }
  self->asking = TRUE;
  self->consent_source = g_timeout_add_seconds (self->consent_s, on_no_answer, self);
  watch_cancellable (self);
  self->ask (self, download_metadata (self->download), needs_code (self),
             download_rules (self->download), self->data);
}

/* The modem may have come back as another device since the installation was asked for. */
static void
take_access (Install *self)
{
  CardAccess *now = card_access (self->card);

  if (now == NULL)
    return;
  card_access_ref (now);
  g_clear_pointer (&self->access, card_access_unref);
  self->access = now;
}

static void
begin (Install *self)
{
  stop_waiting (self);
  take_access (self);
  self->began = TRUE;
  queue_push (card_queue (self->card), begin_work, self, NULL, self->cancellable, on_begun, NULL);
}

/* A card has one RSP session at a time, which a person who is asked may hold for minutes: the
 * next installation begins when that one is over. */
static void
take_turn (Card *card)
{
  Install *first = g_queue_peek_head (card_downloads (card));

  if (first && !first->began)
    begin (first);
}

Install *
install_start (Card *card, Activation *activation, const InstallSettings *settings,
               Progress *progress, GCancellable *cancellable, InstallAsk ask, InstallDone done,
               gpointer data)
{
  Install *self = g_new0 (Install, 1);

  self->card = g_object_ref (card);
  self->activation = activation;
  self->ci_pem = g_bytes_ref (settings->ci_pem);
  /* An empty code is none: the card would be asked in vain, with the session left open. */
  self->code = settings->code && *settings->code ? g_strdup (settings->code) : NULL;
  self->accept_rules = settings->accept_rules;
  self->look = settings->look && ask;
  self->consent_s = settings->consent_s;
  self->progress = progress ? progress_ref (progress) : NULL;
  self->cancellable = cancellable ? g_object_ref (cancellable) : NULL;
  self->ask = ask;
  self->done = done;
  self->data = data;
  g_queue_push_tail (card_downloads (card), self);
  watch_cancellable (self);
  take_turn (card);
  return self;
}

void
install_answer (Install *self, const char *code)
{
  if (!self->asking)
    return;
  stop_waiting (self);
  self->accept_rules = TRUE;
  self->look = FALSE;
  if (code)
    self->code = g_strdup (code);
  take_access (self);
  queue_push (card_queue (self->card), finish_work, self, NULL, self->cancellable, on_finished,
              NULL);
}

void
install_refuse (Install *self, DownloadCancel reason)
{
  if (self->asking)
    refuse (self, reason);
}
