/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What is tried when a card does not switch, or reset itself, at once (SGP.22, 3.2.1, 5.7.16 and
 * 5.7.19). */

#include "lpa/switch.h"

#include <string.h>

#include "base/error.h"
#include "base/wait.h"
#include "lpa/es10c.h"

/* A proactive command is over within seconds, or it waits for somebody: after the tries below it is
 * the REFRESH that has no chance. */
#define TRIES 4
#define FIRST_WAIT_MS 500

typedef gboolean (*SwitchCall) (Channel *channel, gconstpointer subject, gboolean refresh,
                                GCancellable *cancellable, GError **error);

static gboolean
is_undefined_refusal (const GError *problem)
{
  return error_is_code (problem, ESIM_ERROR_CARD_REFUSED)
         && g_strcmp0 (error_get_raw (problem, "result"), "127") == 0;
}

/* Asks again while the card is busy; *PROBLEM is the last answer. */
static gboolean
call_while_busy (SwitchCall call, Channel *channel, gconstpointer subject, gboolean refresh,
                 GCancellable *cancellable, GError **problem)
{
  guint pause_ms = FIRST_WAIT_MS;

  for (guint i = 1;; i++, pause_ms *= 2)
    {
      g_autoptr (GError) answer = NULL;

      if (call (channel, subject, refresh, cancellable, &answer))
        return TRUE;
      if (!error_is_code (answer, ESIM_ERROR_CARD_BUSY) || i == TRIES)
        {
          g_propagate_error (problem, g_steal_pointer (&answer));
          return FALSE;
        }
      if (!wait_sleep (pause_ms, cancellable, problem))
        return FALSE;
    }
}

static gboolean
patiently (SwitchCall call, Channel *channel, const char *iccid, GCancellable *cancellable,
           GError **error)
{
  gboolean refresh = channel_quirks (channel)->refresh_flag;
  g_autoptr (GError) problem = NULL;

  if (call_while_busy (call, channel, iccid, refresh, cancellable, &problem))
    return TRUE;
  if (refresh && (error_is_code (problem, ESIM_ERROR_CARD_BUSY) || is_undefined_refusal (problem)))
    return call (channel, iccid, FALSE, cancellable, error);
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

static gboolean
enable_call (Channel *channel, gconstpointer iccid, gboolean refresh, GCancellable *cancellable,
             GError **error)
{
  return es10c_enable (channel, iccid, refresh, cancellable, error);
}

static gboolean
disable_call (Channel *channel, gconstpointer iccid, gboolean refresh, GCancellable *cancellable,
              GError **error)
{
  return es10c_disable (channel, iccid, refresh, cancellable, error);
}

/* A reset has no refresh flag: the card orders a REFRESH where it needs one. */
static gboolean
reset_call (Channel *channel, gconstpointer what, G_GNUC_UNUSED gboolean refresh,
            GCancellable *cancellable, GError **error)
{
  return es10c_reset (channel, GPOINTER_TO_UINT (what), cancellable, error);
}

gboolean
switch_enable (Channel *channel, const char *iccid, GCancellable *cancellable, GError **error)
{
  return patiently (enable_call, channel, iccid, cancellable, error);
}

gboolean
switch_disable (Channel *channel, const char *iccid, GCancellable *cancellable, GError **error)
{
  return patiently (disable_call, channel, iccid, cancellable, error);
}

gboolean
switch_reset (Channel *channel, guint what, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (call_while_busy (reset_call, channel, GUINT_TO_POINTER (what), FALSE, cancellable, &problem))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}
