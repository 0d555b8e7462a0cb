/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Snapshots of modems: made, compared, counted. */

#include "modem/modem.h"

#include <string.h>

/* All text fields, so that none is forgotten in making, freeing or comparing. */
static const gsize texts[] = {
  G_STRUCT_OFFSET (ModemSnapshot, device),        G_STRUCT_OFFSET (ModemSnapshot, path),
  G_STRUCT_OFFSET (ModemSnapshot, manufacturer),  G_STRUCT_OFFSET (ModemSnapshot, model),
  G_STRUCT_OFFSET (ModemSnapshot, revision),      G_STRUCT_OFFSET (ModemSnapshot, imei),
  G_STRUCT_OFFSET (ModemSnapshot, usb_id),        G_STRUCT_OFFSET (ModemSnapshot, eid),
  G_STRUCT_OFFSET (ModemSnapshot, iccid),         G_STRUCT_OFFSET (ModemSnapshot, imsi),
  G_STRUCT_OFFSET (ModemSnapshot, operator_name),
};

ModemSnapshot *
modem_snapshot_new (const char *stack)
{
  ModemSnapshot *self = g_new0 (ModemSnapshot, 1);

  g_atomic_ref_count_init (&self->refs);
  self->stack = stack;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    G_STRUCT_MEMBER (char *, self, texts[i]) = g_strdup ("");
  return self;
}

ModemSnapshot *
modem_snapshot_ref (ModemSnapshot *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
modem_snapshot_unref (ModemSnapshot *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (G_STRUCT_MEMBER (char *, self, texts[i]));
  for (guint i = 0; i < self->n_ports; i++)
    {
      g_free (self->ports[i].kind);
      g_free (self->ports[i].device);
    }
  g_free (self->ports);
  g_free (self);
}

void
modem_snapshot_add_port (ModemSnapshot *self, const char *kind, const char *device)
{
  self->ports = g_renew (ModemPort, self->ports, self->n_ports + 1);
  self->ports[self->n_ports].kind = g_strdup (kind);
  self->ports[self->n_ports].device = g_strdup (device);
  self->n_ports++;
}

static gboolean
same_ports (const ModemSnapshot *a, const ModemSnapshot *b)
{
  if (a->n_ports != b->n_ports)
    return FALSE;
  for (guint i = 0; i < a->n_ports; i++)
    if (strcmp (a->ports[i].kind, b->ports[i].kind) != 0
        || strcmp (a->ports[i].device, b->ports[i].device) != 0)
      return FALSE;
  return TRUE;
}

gboolean
modem_snapshot_equal (const ModemSnapshot *a, const ModemSnapshot *b)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (strcmp (G_STRUCT_MEMBER (char *, a, texts[i]), G_STRUCT_MEMBER (char *, b, texts[i])) != 0)
      return FALSE;
  return strcmp (a->stack, b->stack) == 0 && a->state == b->state && a->failure == b->failure
         && a->ended == b->ended && a->roaming == b->roaming && a->slot == b->slot
         && a->n_slots == b->n_slots && same_ports (a, b);
}

const char *
modem_state_name (ModemState state)
{
  switch (state)
    {
    case MODEM_STATE_UNKNOWN:
      return "unknown";
    case MODEM_STATE_FAILED:
      return "failed";
    case MODEM_STATE_CHANGING:
      return "changing";
    case MODEM_STATE_LOCKED:
      return "locked";
    case MODEM_STATE_DISABLED:
      return "disabled";
    case MODEM_STATE_SEARCHING:
      return "searching";
    case MODEM_STATE_DENIED:
      return "denied";
    case MODEM_STATE_REGISTERED:
      return "registered";
    case MODEM_STATE_CONNECTED:
      return "connected";
    }
  return "unknown";
}
