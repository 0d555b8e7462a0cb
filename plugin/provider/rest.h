/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* One authenticated exchange with a provider's API: a form out, a JSON object or the API's refusal
 * back. Worker threads. */

#pragma once

#include <json-glib/json-glib.h>

#include "base/error.h"
#include "provider/provider.h"

typedef struct _Rest Rest;

/* What one of the API's own codes means to us; a table ends with code NULL. */
typedef struct
{
  const char *code;
  EsimError error;
  const char *meaning;
} RestCode;

typedef struct
{
  guint status;
  char *retry_after;
  JsonNode *root; /* NULL where the body is not a JSON object */
} RestAnswer;

/** rest_new: for one operation on one thread. ACCESS and CODES outlive it. CREDENTIALS or SETTINGS
 * when ACCESS can't be used. PROGRESS may be NULL. */
Rest *rest_new (const ProviderAccess *access, const RestCode *codes, Progress *progress,
                GError **error);
void rest_free (Rest *self);

/** rest_url: BASE/v1/KIND or, with SID, BASE/v1/KIND/SID. The caller frees. */
char *rest_url (const Rest *self, const char *kind, const char *sid);

/** rest_form_add: adds NAME=VALUE, escaped; nothing for a NULL or empty VALUE. */
void rest_form_add (GString *form, const char *name, const char *value);

/** rest_ask: one request; FORM NULL: without a body. *SENT (may be NULL) becomes TRUE before
 * anything of this request (not of one for a token) may leave. Any HTTP status is success here. */
RestAnswer *rest_ask (Rest *self, const char *method, const char *url, const GString *form,
                      gboolean *sent, GCancellable *cancellable, GError **error);

/** rest_accept: takes over ANSWER (NULL passes through) and gives it back when it says success in
 * JSON, else NULL and what the API refused with: raw "http-status", "code", "retry-after". */
RestAnswer *rest_accept (Rest *self, RestAnswer *answer, GError **error);

/** rest_get: rest_ask() for a resource and rest_accept(). */
RestAnswer *rest_get (Rest *self, const char *url, GCancellable *cancellable, GError **error);

/** rest_set_rubbish: SERVER_RUBBISH: "the provider's answer WHAT". */
void rest_set_rubbish (const RestAnswer *answer, const char *what, GError **error);

/** rest_same_origin: whether URL is of the server that SELF sends its credentials to. */
gboolean rest_same_origin (const Rest *self, const char *url);

/* Nulls, missing members and strange types all read as "". rest_text()'s is owned by OBJECT, the
 * caller frees rest_code_text()'s: codes come as numbers and as strings. */
const char *rest_text (JsonObject *object, const char *name);
char *rest_code_text (JsonObject *object, const char *name);

void rest_answer_free (RestAnswer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RestAnswer, rest_answer_free)
