/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What libcurl is told for one transfer, and what it says afterwards; for http.c only. */

#pragma once

#include <curl/curl.h>

#include "net/http.h"

/* One transfer; the first six are given by the caller and outlive it. */
typedef struct
{
  CURL *easy;
  const HttpRequest *request;
  const char *resolved; /* for CURLOPT_RESOLVE; may be NULL */
  GBytes *pem;          /* trust only these; NULL = the system's */
  GByteArray *received;
  char *problem; /* CURL_ERROR_SIZE bytes */
  guint sent;    /* how often the request left */
  struct curl_slist *headers;
  struct curl_slist *resolves;
} HttpCurl;

void http_curl_prepare (HttpCurl *self);
void http_curl_clear (HttpCurl *self);

guint http_curl_status (CURL *easy);
guint http_curl_handshakes (CURL *easy);
char *http_curl_content_type (CURL *easy);
char *http_curl_header (CURL *easy, const char *name);

/** http_curl_chain: the chain of this transfer's handshake as PEM, NULL where there was none. */
char *http_curl_chain (CURL *easy);

/** http_curl_verdict: CODE, unless it is only how a repeated request was kept back. */
CURLcode http_curl_verdict (const HttpCurl *self, CURLcode code);

/** http_curl_error: what CODE means in our errors, with raw "curl". */
void http_curl_error (GError **error, CURLcode code, const char *problem, const char *url);
