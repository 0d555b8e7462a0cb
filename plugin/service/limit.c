/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* How much one client may have under way: counts of unanswered calls by sender, and of jobs. */

#include "service/limit.h"

#include "base/error.h"
#include "service/job.h"

/* A call is answered in milliseconds, or when a person has typed a password. */
#define CALLS_OF_CLIENT 64

/* One counted call: lives as long as its invocation. */
typedef struct
{
  GHashTable *counts; /* sender -> number of its unanswered calls */
  char *sender;
} Token;

static GHashTable *
counts_of (GDBusConnection *connection)
{
  const char *key = "esimd-calls";
  GHashTable *counts = g_object_get_data (G_OBJECT (connection), key);

  if (counts == NULL)
    {
      counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_object_set_data_full (G_OBJECT (connection), key, counts,
                              (GDestroyNotify) g_hash_table_unref);
    }
  return counts;
}

static void
token_free (gpointer data)
{
  Token *self = data;
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->counts, self->sender));

  if (n > 1)
    g_hash_table_insert (self->counts, g_strdup (self->sender), GUINT_TO_POINTER (n - 1));
  else
    g_hash_table_remove (self->counts, self->sender);
  g_hash_table_unref (self->counts);
  g_free (self->sender);
  g_free (self);
}

gboolean
limit_take_call (GDBusMethodInvocation *invocation, GError **error)
{
  GHashTable *counts = counts_of (g_dbus_method_invocation_get_connection (invocation));
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, sender));
  Token *token;

  if (n >= CALLS_OF_CLIENT)
    {
      error_set (error, ESIM_ERROR_BUSY, "service",
                 "%u calls of this client are not answered yet, and more are not taken", n);
      return FALSE;
    }
  token = g_new0 (Token, 1);
  token->counts = g_hash_table_ref (counts);
  token->sender = g_strdup (sender);
  g_hash_table_insert (counts, g_strdup (sender), GUINT_TO_POINTER (n + 1));
  g_object_set_data_full (G_OBJECT (invocation), "esimd-call", token, token_free);
  return TRUE;
}

gboolean
limit_check_jobs (GPtrArray *jobs, GDBusMethodInvocation *invocation, const char *what,
                  GError **error)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  guint own = 0, all = 0;

  for (guint i = 0; i < jobs->len; i++)
    if (!job_is_over (jobs->pdata[i]))
      {
        all++;
        own += g_strcmp0 (job_sender (jobs->pdata[i]), sender) == 0;
      }
  if (own < LIMIT_JOBS_OF_CLIENT && all < LIMIT_JOBS)
    return TRUE;
  error_set (error, ESIM_ERROR_BUSY, "service",
             "%u jobs wait for this %s, %u of them this client's, and more are not taken", all,
             what, own);
  return FALSE;
}
