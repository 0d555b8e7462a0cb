/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What is the same for every provider: its values' words, checks and ends. */

#include "provider/provider.h"

#include <string.h>

#include "base/error.h"

#define LAYER "provider"
#define SID_LENGTH 34
#define EID_DIGITS 32

guint
reservation_worth (const Reservation *self)
{
  switch (self->status)
    {
    case RESERVATION_AVAILABLE:
    case RESERVATION_DOWNLOADED:
      return 4;
    case RESERVATION_NEW:
    case RESERVATION_RESERVING:
    case RESERVATION_UNKNOWN:
      return 3;
    case RESERVATION_INSTALLED:
      return 2;
    case RESERVATION_FAILED:
      break;
    }
  return 1;
}

const char *
reservation_status_text (ReservationStatus status)
{
  static const char *const texts[]
      = { "new", "reserving", "available", "downloaded", "installed", "failed", "unknown" };

  return texts[status];
}

const char *
provider_sim_status_text (ProviderSimStatus status)
{
  static const char *const texts[]
      = { "new", "ready", "active", "inactive", "scheduled", "unknown" };

  return texts[status];
}

gboolean
provider_check_eid (const char *eid, GError **error)
{
  guint rest = 0;

  if (strlen (eid) != EID_DIGITS || strspn (eid, "0123456789") != EID_DIGITS)
    {
      error_set (error, ESIM_ERROR_EID_INVALID, LAYER, "'%s' does not have 32 digits", eid);
      return FALSE;
    }
  for (const char *p = eid; *p; p++)
    rest = (rest * 10 + (guint) (*p - '0')) % 97;
  if (rest != 1)
    error_set (error, ESIM_ERROR_EID_INVALID, LAYER, "the check digits of %s are wrong", eid);
  return rest == 1;
}

char *
provider_find_fleet (const ProviderDriver *driver, ProviderSession *session, const char *wanted,
                     GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) fleets = NULL;

  if (g_str_has_prefix (wanted, "HF") && strlen (wanted) == SID_LENGTH)
    return g_strdup (wanted);
  fleets = driver->list_fleets (session, cancellable, error);
  for (guint i = 0; fleets && i < fleets->len; i++)
    {
      const ProviderFleet *fleet = fleets->pdata[i];

      if (g_str_equal (fleet->unique_name, wanted))
        return g_strdup (fleet->sid);
    }
  if (fleets)
    error_set (error, ESIM_ERROR_NO_FLEET, LAYER, "the provider has no Fleet named %s", wanted);
  return NULL;
}

void
reservation_free (Reservation *self)
{
  g_free (self->sid);
  g_free (self->eid);
  g_free (self->iccid);
  g_free (self->sim_sid);
  g_free (self->smdp_address);
  g_free (self->matching_id);
  g_free (self->activation_code);
  g_free (self->error_code);
  g_free (self->error_message);
  g_free (self);
}

void
provider_sim_free (ProviderSim *self)
{
  g_free (self->sid);
  g_free (self->iccid);
  g_free (self->unique_name);
  g_free (self->fleet_sid);
  g_free (self);
}

void
provider_fleet_free (ProviderFleet *self)
{
  g_free (self->sid);
  g_free (self->unique_name);
  g_free (self->network_access_profile);
  g_free (self);
}
