/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What libcurl is told for one transfer, and what it says afterwards; for http.c only. */

#pragma once

#include <curl/curl.h>

#include "net/http.h"

/* What is used of libcurl, which is loaded with the first Http. */
#define CURL_FUNCTIONS(F)                                                                          \
  F (easy_cleanup)                                                                                 \
  F (easy_getinfo)                                                                                 \
  F (easy_header)                                                                                  \
  F (easy_init)                                                                                    \
  F (easy_reset)                                                                                   \
  F (easy_setopt)                                                                                  \
  F (easy_strerror)                                                                                \
  F (multi_add_handle)                                                                             \
  F (multi_cleanup)                                                                                \
  F (multi_info_read)                                                                              \
  F (multi_init)                                                                                   \
  F (multi_perform)                                                                                \
  F (multi_poll)                                                                                   \
  F (multi_remove_handle)                                                                          \
  F (multi_wakeup)                                                                                 \
  F (slist_append)                                                                                 \
  F (slist_free_all)
#define CURL_MEMBER(name) __typeof__ (curl_##name) *name;
typedef struct
{
  CURL_FUNCTIONS (CURL_MEMBER)
} Curl;

/** http_curl_load: fills SELF, a table; fails with FAILED. */
gboolean http_curl_load (Curl *self, GError **error);

/* One transfer; the first seven are given by the caller and outlive it. */
typedef struct
{
  const Curl *curl;
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

guint http_curl_status (const Curl *curl, CURL *easy);
guint http_curl_handshakes (const Curl *curl, CURL *easy);
char *http_curl_content_type (const Curl *curl, CURL *easy);
char *http_curl_header (const Curl *curl, CURL *easy, const char *name);

/** http_curl_chain: the chain of this transfer's handshake as PEM, NULL where there was none. */
char *http_curl_chain (const Curl *curl, CURL *easy);

/** http_curl_verdict: CODE, unless it is only how a repeated request was kept back. */
CURLcode http_curl_verdict (const HttpCurl *self, CURLcode code);

/** http_curl_error: what CODE means in our errors, with raw "curl". */
void http_curl_error (const Curl *curl, CURLcode code, const char *problem, const char *url,
                      GError **error);
