/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The one table of subject and reason codes. They are strings: 3.10 is not 3.1. */

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
  { "8.9.5", "3.9", ESIM_ERROR_NOT_FOUND, "nothing waits for this card" },
};

void
es9p_refusal (GError **error, const char *function, const char *subject, const char *reason,
              const char *message)
{
  EsimError code = ESIM_ERROR_SERVER_REFUSED;
  const char *meaning = "the server refused";

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    if (strcmp (refusals[i].subject, subject) == 0
        && (refusals[i].reason == NULL || strcmp (refusals[i].reason, reason) == 0))
      {
        code = refusals[i].code;
        meaning = refusals[i].meaning;
        break;
      }
  error_set (error, code, "es9p", "%s: %s (subject %s, reason %s%s%s)", function, meaning, subject,
             reason, message ? ": " : "", message ? message : "");
  error_add_raw (error ? *error : NULL, "subject", subject);
  error_add_raw (error ? *error : NULL, "reason", reason);
}
