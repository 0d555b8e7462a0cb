/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Frees what providers' drivers hand out. */

#include "provider/provider.h"

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
  g_free (self);
}
