/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* HTTPS for the LPA and the provider: one handle an operation, cancellable at any moment, TLS
 * always verified. */

#pragma once

#include <gio/gio.h>

#include "base/progress.h"

typedef struct _Http Http;

/* Whom to trust. */
typedef enum
{
  HTTP_TRUST_SYSTEM, /* the system's CAs (the provider's API) */
  HTTP_TRUST_PEM, /* only the CAs in the given PEM bundle (GSMA's, or the one that a setting names)
                   */
} HttpTrust;

typedef struct
{
  const char *method; /* "GET", "POST" */
  const char *url;
  const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
  const char *user_agent;     /* may be NULL */
  const char *basic_user;     /* HTTP Basic, may be NULL */
  const char *basic_password;
  GBytes *body;    /* may be NULL */
  guint timeout_s; /* for the whole exchange; 0 = 60 */
} HttpRequest;

typedef struct
{
  guint status;
  char *content_type; /* may be NULL */
  char *retry_after;  /* the header's value, may be NULL */
  GBytes *body;
  char *chain_pem; /* the server's certificate chain */
} HttpResponse;

/** http_new: for one operation on one thread. PEM (used with HTTP_TRUST_PEM) is kept by reference.
 * PROGRESS may be NULL. */
Http *http_new (HttpTrust trust, GBytes *pem, Progress *progress);
void http_free (Http *self);

/** http_on_slow: SLOW is called, once in an exchange and on its thread, when a server has not
 * answered for 5 s; DATA is its argument. NULL: nobody is interested. */
typedef void (*HttpSlow) (gpointer data);
void http_on_slow (Http *self, HttpSlow slow, gpointer data);

/** http_send: one exchange; connections are kept for the next one to the same host; no redirect is
 * followed. Any HTTP status is success here. Errors: NAME_NOT_RESOLVED, NO_NETWORK (raw "curl"),
 * TLS (raw "curl"), TIMED_OUT, CANCELLED, INVALID_ARGUMENT. */
HttpResponse *http_send (Http *self, const HttpRequest *request, GCancellable *cancellable,
                         GError **error);
void http_response_free (HttpResponse *self);

/** http_status_words: what STATUS means. Never NULL; a literal. */
const char *http_status_words (guint status);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Http, http_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HttpResponse, http_response_free)
