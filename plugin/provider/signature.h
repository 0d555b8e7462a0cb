/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Whether a request that calls back comes from who knows the secret: Twilio's and KORE's
 * signatures. Pure functions. */

#pragma once

#include <glib.h>

/* A request as it came; nothing is NULL but what is said. */
typedef struct
{
  const char *method;       /* "GET" or "POST" */
  const char *url;          /* the public one, query and all, as the provider was given it */
  const char *content_type; /* NULL: none */
  const char *twilio;       /* X-Twilio-Signature; NULL: none */
  const char *kore;         /* kore-signature; NULL: none */
  GBytes *body;
} SignedRequest;

/** signature_is_twilio: whether REQUEST is signed with the auth token SECRET: base64 of HMAC-SHA1
 * over the URL and the form's fields in the order of their names; with another body, over the URL
 * alone, whose bodySHA256 is then the body's. With and without the URL's usual port, for Twilio
 * does either. */
gboolean signature_is_twilio (const SignedRequest *request, const char *secret);

/** signature_is_kore: whether REQUEST is signed with KORE's webhook secret SECRET: hex SHA-256 of
 * secret, method, URL without query, and body. It is no HMAC: whoever has seen one signed body can
 * add to its end, so nothing in it may be believed. */
gboolean signature_is_kore (const SignedRequest *request, const char *secret);
