/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What is tried when a card does not switch at once (SGP.22, 3.2.1 and 5.7.16). */

#include "lpa/switch.h"

#include <string.h>

#include "base/error.h"
#include "base/wait.h"
#include "lpa/es10c.h"

/* A proactive command is over within seconds, or it waits for somebody: after the tries below it is
 * the REFRESH that has no chance. */
#define TRIES 4
#define FIRST_WAIT_MS 500

typedef gboolean (*SwitchCall) (Channel *channel, const char *iccid, gboolean refresh,
                                GCancellable *cancellable, GError **error);

static gboolean
is_undefined_refusal (const GError *problem)
{
  return error_is_code (problem, ESIM_ERROR_CARD_REFUSED)
         && g_strcmp0 (error_get_raw (problem, "result"), "127") == 0;
}

/* Asks again while the card is busy; *PROBLEM is the last answer. */
static gboolean
call_while_busy (SwitchCall call, Channel *channel, const char *iccid, gboolean refresh,
                 GCancellable *cancellable, GError **problem)
{
  guint pause_ms = FIRST_WAIT_MS;

  for (guint i = 1;; i++, pause_ms *= 2)
    {
      g_autoptr (GError) answer = NULL;

      if (call (channel, iccid, refresh, cancellable, &answer))
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

gboolean
switch_enable (Channel *channel, const char *iccid, GCancellable *cancellable, GError **error)
{
  return patiently (es10c_enable, channel, iccid, cancellable, error);
}

gboolean
switch_disable (Channel *channel, const char *iccid, GCancellable *cancellable, GError **error)
{
  return patiently (es10c_disable, channel, iccid, cancellable, error);
}
