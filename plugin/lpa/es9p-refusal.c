/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The tables of subject and reason codes. They are strings: 3.10 is not 3.1. */

#include "lpa/es9p-refusal.h"

#include <string.h>

static const struct
{
  const char *subject;
  const char *reason; /* NULL = any */
  EsimError code;
  const char *meaning;
} refusals[] = {
  { "8.2.6", "3.8", ESIM_ERROR_ACTIVATION_CODE,
    "the activation code is not known, used or withdrawn" },
  { "1.6", "2.1", ESIM_ERROR_ACTIVATION_CODE,
    "the activation code is not known, used or withdrawn" },
  { "8.1.1", "3.8", ESIM_ERROR_EID_MISMATCH, "the profile is bound to another EID" },
  { "8.2.5", "4.3", ESIM_ERROR_NOT_ELIGIBLE, "no profile fits this card and device" },
  { "8.2", "1.2", ESIM_ERROR_NOT_RELEASED, "the profile is not released yet" },
  { "8.2", "3.7", ESIM_ERROR_SERVER_REFUSED,
    "the profile can't be bound anew: the operator has to issue it again" },
  { "8.8.5", "4.10", ESIM_ERROR_ORDER_EXPIRED, "the order has expired" },
  { "8.8.5", "6.4", ESIM_ERROR_ORDER_EXPIRED, "the order was tried too often" },
  { "8.2.7", "2.2", ESIM_ERROR_CONFIRMATION_CODE_NEEDED, "a confirmation code is needed" },
  { "8.2.7", "3.8", ESIM_ERROR_CONFIRMATION_CODE_WRONG, "the confirmation code is wrong" },
  { "8.2.7", "6.4", ESIM_ERROR_ORDER_EXPIRED, "the confirmation code was wrong too often" },
  { "8.1", "4.8", ESIM_ERROR_CARD_FULL, "the card has no room for the profile" },
  { "8.1", "6.1", ESIM_ERROR_SERVER_REFUSED, "the server does not accept the card's signature" },
  { "8.1.2", NULL, ESIM_ERROR_SERVER_REFUSED,
    "the card maker's certificate is not accepted or has expired" },
  { "8.1.3", NULL, ESIM_ERROR_SERVER_REFUSED,
    "the card's certificate is not accepted or has expired" },
  { "8.8.1", "3.8", ESIM_ERROR_SERVER_REFUSED,
    "the server does not go by this name; check the address" },
  { "8.8.2", "3.1", ESIM_ERROR_WRONG_CI, "card and server share no certificate issuer" },
  { "8.8.4", "3.7", ESIM_ERROR_WRONG_CI, "the server has no certificate of the card's issuers" },
  { "8.11.1", "3.9", ESIM_ERROR_WRONG_CI, "the server does not know the card's issuer" },
  { "8.8.3", "3.1", ESIM_ERROR_NOT_ELIGIBLE, "the server does not serve the card's version" },
  { "8.10.1", "3.9", ESIM_ERROR_SESSION_GONE, "the server has no such session any more" },
  /* the same of a discovery server (ES11) */
  { "8.9.1", "3.8", ESIM_ERROR_SERVER_REFUSED,
    "the server does not go by this name; check the address" },
  { "8.9.2", "3.1", ESIM_ERROR_WRONG_CI, "card and server share no certificate issuer" },
  { "8.9.3", "3.1", ESIM_ERROR_NOT_ELIGIBLE, "the server does not serve the card's version" },
  { "8.9.4", "3.7", ESIM_ERROR_WRONG_CI, "the server has no certificate of the card's issuers" },
  { "8.9.5", "3.9", ESIM_ERROR_NOT_FOUND, "nothing waits for this card" },
};

typedef struct
{
  const char *code;
  const char *words;
} Words;

/* SGP.22, 5.2.6.1: what is complained of. */
static const Words subjects[] = {
  { "1", "this request" },
  { "1.1", "the one who asks" },
  { "1.2", "the one who is asked" },
  { "1.3", "the protocol" },
  { "1.3.1", "the protocol's format" },
  { "1.3.2", "the protocol's version" },
  { "1.6", "the function" },
  { "8", "remote provisioning" },
  { "8.1", "the card" },
  { "8.1.1", "the EID" },
  { "8.1.2", "the card maker's certificate" },
  { "8.1.3", "the card's certificate" },
  { "8.2", "the profile" },
  { "8.2.1", "the profile's ICCID" },
  { "8.2.5", "the type of profile" },
  { "8.2.6", "the activation code" },
  { "8.2.7", "the confirmation code" },
  { "8.2.8", "the profile's policy rules" },
  { "8.2.9", "the profile's metadata" },
  { "8.2.10", "the bound profile package" },
  { "8.8", "the SM-DP+" },
  { "8.8.1", "the SM-DP+ address" },
  { "8.8.2", "the SM-DP+'s security" },
  { "8.8.3", "the card's version of SGP.22" },
  { "8.8.4", "the SM-DP+'s certificate" },
  { "8.8.5", "the download order" },
  { "8.9", "the SM-DS" },
  { "8.9.1", "the SM-DS address" },
  { "8.9.2", "the SM-DS's security" },
  { "8.9.3", "the card's version of SGP.22" },
  { "8.9.4", "the SM-DS's certificate" },
  { "8.9.5", "the event" },
  { "8.10", "the operation" },
  { "8.10.1", "the session" },
  { "8.11", "the certificate issuer" },
  { "8.11.1", "the certificate issuer's key" },
};

/* SGP.22, 5.2.6.2: what is wrong with it. */
static const Words reasons[] = {
  { "1", "no access" },
  { "1.1", "not known, or not proven" },
  { "1.2", "not allowed" },
  { "2", "malformed" },
  { "2.1", "not valid" },
  { "2.2", "missing" },
  { "2.3", "missing under these conditions" },
  { "3", "not possible under these conditions" },
  { "3.1", "not supported" },
  { "3.3", "in use already" },
  { "3.7", "not available" },
  { "3.8", "refused" },
  { "3.9", "not known" },
  { "3.10", "does not belong to it" },
  { "3.11", "has changed" },
  { "3.12", "does not match" },
  { "4", "could not be processed" },
  { "4.2", "failed" },
  { "4.3", "stopped on a warning" },
  { "4.8", "too little memory" },
  { "4.10", "its time is over" },
  { "5", "could not be reached" },
  { "5.1", "could not be reached" },
  { "6", "not secure" },
  { "6.1", "verification failed" },
  { "6.3", "expired" },
  { "6.4", "tried too often" },
};

/* The words for CODE, which is shown as it is where the table lacks it. */
static const char *
find_words (const Words *table, guint n, const char *code)
{
  for (guint i = 0; i < n; i++)
    if (strcmp (table[i].code, code) == 0)
      return table[i].words;
  return code;
}

/* Pairs that the clauses of the functions do not name, but the two tables of codes allow. */
static char *
compose (const char *subject, const char *reason)
{
  return g_strdup_printf ("the server refused; %s: %s",
                          find_words (subjects, G_N_ELEMENTS (subjects), subject),
                          find_words (reasons, G_N_ELEMENTS (reasons), reason));
}

void
es9p_refusal (GError **error, const char *function, const char *subject, const char *reason,
              const char *message)
{
  EsimError code = ESIM_ERROR_SERVER_REFUSED;
  g_autofree char *meaning = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    if (strcmp (refusals[i].subject, subject) == 0
        && (refusals[i].reason == NULL || strcmp (refusals[i].reason, reason) == 0))
      {
        code = refusals[i].code;
        meaning = g_strdup (refusals[i].meaning);
        break;
      }
  if (meaning == NULL)
    meaning = compose (subject, reason);
  error_set (error, code, "es9p", "%s: %s (subject %s, reason %s%s%s)", function, meaning, subject,
             reason, message ? ": " : "", message ? message : "");
  error_add_raw (error ? *error : NULL, "subject", subject);
  error_add_raw (error ? *error : NULL, "reason", reason);
}
