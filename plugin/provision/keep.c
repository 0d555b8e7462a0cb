/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* After a run: a connection that the network dropped comes back, one that someone closed stays
 * closed, and a profile that no network took is gone on with once one does. */

#include "provision/ladder.h"
#include "provision/retry.h"
#include "provision/run.h"

/* A connection that held this long has earned a quick try when it drops. */
#define CALM_S 600

static gboolean
on_again (gpointer data)
{
  Provision *self = data;

  self->again_timer = 0;
  provision_start (self, FALSE, NULL, NULL);
  return G_SOURCE_REMOVE;
}

void
run_again (Provision *self, guint ms)
{
  g_clear_handle_id (&self->again_timer, g_source_remove);
  self->again_timer = g_timeout_add (ms, on_again, self);
}

/* Kept on disk: after a restart nothing else tells a connection that was closed from one that was
 * never made. Rarely, one small file. */
static void
note_closed (Provision *self, gboolean closed)
{
  g_autoptr (GError) error = NULL;

  if (!journal_set (self->journal, &error, JOURNAL_CLOSED, closed ? "1" : NULL, NULL))
    g_debug ("%s", error->message);
}

/* Drops in close succession are answered ever later: networks punish fast retries. */
static void
come_back (Provision *self)
{
  gboolean calm = run_has_passed (self->dropped_at, CALM_S);

  self->drops = calm ? 0 : self->drops;
  self->dropped_at = g_get_monotonic_time ();
  run_again (self, retry_delay_ms (NULL, self->drops++));
}

/* Whose connection it is: a foreign profile's is not looked after. */
static gboolean
is_ours (Provision *self, const ModemSnapshot *modem)
{
  g_autofree char *ours = run_ours (self);

  return ladder_same_iccid (modem->iccid, ours);
}

/* Not by someone's wish: as the stack says, or because the modem is another object since. A stack
 * that does not tell (NOT) may have been asked to close it. */
static gboolean
is_lost (Provision *self, const ModemSnapshot *modem)
{
  return modem->ended == MODEM_ENDED_BY_NETWORK || g_str_hash (modem->path) != self->up_path;
}

static gboolean
is_waited_for (Provision *self, const ModemSnapshot *modem)
{
  if (!self->tried_on || self->again_timer == 0)
    return FALSE;
  return modem->state == MODEM_STATE_REGISTERED
         || (self->unseen && is_ours (self, modem)
             && (modem->state == MODEM_STATE_DISABLED || modem->state == MODEM_STATE_SEARCHING));
}

/* The modem's own word that it is connected comes a moment after the bearer is up, and not at all
 * where it leaves in between. */
void
keep_begin (Provision *self, gboolean done)
{
  self->was_up = done && self->seen.link && self->seen.link->level >= CONNECT_UP;
  if (self->was_up)
    self->up_path = self->seen.link_path;
  keep_look (self);
}

void
keep_look (Provision *self)
{
  const ModemSnapshot *modem = card_modem (self->card);

  if (modem == NULL || self->journal == NULL || self->running)
    return;
  if (modem->state == MODEM_STATE_CONNECTED)
    {
      if (!is_ours (self, modem))
        return;
      self->was_up = TRUE;
      self->up_path = g_str_hash (modem->path);
      note_closed (self, FALSE);
    }
  else if (self->was_up && modem->ended == MODEM_ENDED_BY_CLIENT)
    {
      self->was_up = FALSE;
      note_closed (self, TRUE);
    }
  else if (self->was_up && is_lost (self, modem)
           && (modem->state == MODEM_STATE_REGISTERED || modem->state == MODEM_STATE_DISABLED))
    {
      self->was_up = FALSE;
      come_back (self);
    }
  else if (is_waited_for (self, modem))
    run_again (self, 0);
}
