/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Which rung of the ladder helped this card's modem, and what follows a person's change of the
 * card.
 */

#include "base/error.h"
#include "provision/ladder.h"
#include "provision/run.h"

typedef struct
{
  Provision *provision;
  gboolean seeing; /* a certain profile was to be seen */
  LadderDone done;
  gpointer data;
} Climber;

/* A modem that needs no help any more, after an update say, is not helped any more. */
static void
note_rung (Provision *self, const char *rung)
{
  g_autoptr (GError) error = NULL;

  if (!journal_set (self->journal, &error, JOURNAL_RUNG,
                    g_str_equal (rung, LADDER_BY_ITSELF) ? NULL : rung, NULL))
    g_debug ("%s", error->message);
}

static void
on_ladder (const char *rung, const GError *error, gpointer data)
{
  g_autofree Climber *climber = data;
  g_autoptr (Provision) self = climber->provision;

  if (error == NULL && climber->seeing)
    note_rung (self, rung);
  climber->done (rung, error, climber->data);
}

void
run_ladder (Provision *self, const char *iccid, GCancellable *cancellable, LadderDone done,
            gpointer data)
{
  g_autofree char *helped = journal_get (self->journal, JOURNAL_RUNG);
  Climber *climber = g_new0 (Climber, 1);

  climber->provision = g_object_ref (self);
  climber->seeing = iccid != NULL;
  climber->done = done;
  climber->data = data;
  ladder_start (self->card, iccid, helped, self->policy->modem_timeout_s, cancellable, on_ladder,
                climber);
}

/* The job that made the switch is done: the card did as it was told. */
static void
tell (Provision *self, const GError *error)
{
  g_clear_pointer (&self->trouble, g_free);
  if (error_is_code (error, ESIM_ERROR_MODEM_NOT_BACK))
    self->trouble = g_strdup_printf ("After the switch %s. %s", error->message,
                                     errors_advice (ESIM_ERROR_MODEM_NOT_BACK));
  g_signal_emit_by_name (self, "changed");
}

static void
on_modem_back (const char *rung, const GError *error, gpointer data)
{
  g_autoptr (Provision) self = data;

  self->ladders--;
  if (error)
    g_debug ("after a switch of profiles: %s", error->message);
  else
    g_debug ("the modem sees the switch: %s", rung);
  tell (self, error);
  if (error == NULL)
    restore_start (self);
  if (!error_is_code (error, ESIM_ERROR_CANCELLED))
    provision_notify (self);
  notices_schedule (self);
}

void
run_look_at_trouble (Provision *self)
{
  const CardFacts *facts = card_facts (self->card);
  const Profile *enabled = facts ? card_facts_enabled (facts) : NULL;
  const ModemSnapshot *modem = card_modem (self->card);

  if (self->trouble && enabled && modem && ladder_same_iccid (modem->iccid, enabled->iccid))
    tell (self, NULL);
}

const char *
provision_trouble (Provision *self)
{
  return self->trouble;
}

void
provision_card_changed (Provision *self)
{
  const CardFacts *facts = card_facts (self->card);
  const Profile *enabled = facts ? card_facts_enabled (facts) : NULL;
  const ModemDriver *driver = card_modem_driver (self->card);

  if (self->journal == NULL || self->running)
    return;
  self->ladders++;
  /* A reader has nothing that could see the profile: its notifications alone are sent. */
  if (driver && driver->no_radio)
    enabled = NULL;
  run_ladder (self, enabled ? enabled->iccid : NULL, self->background, on_modem_back,
              g_object_ref (self));
}
