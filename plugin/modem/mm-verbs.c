/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What is asked of ModemManager for one modem, by workers: to bring it back, to power its radio up,
 * to use another slot. */

#include "modem/mm-verbs.h"

#include <ModemManager.h>

#include "base/bus.h"

#define BUS_NAME "org.freedesktop.ModemManager1"
#define BUS_PATH "/org/freedesktop/ModemManager1"
#define MODEM_INTERFACE "org.freedesktop.ModemManager1.Modem"
/* libmm-glib would give up at 25 s, whatever the modem is doing. */
#define CALL_TIMEOUT_MS (15 * 1000)
#define INHIBIT_TIMEOUT_MS (30 * 1000)
#define ENABLE_TIMEOUT_MS (120 * 1000)

/* Worker threads: plain calls, since libmm's proxies belong to the main thread. */
static GVariant *
call (const char *path, const char *interface, const char *method, GVariant *arguments,
      const char *answer, int timeout_ms, GCancellable *cancellable, GError **error)
{
  static const BusError errors[] = { { "Core.Unsupported", ESIM_ERROR_UNSUPPORTED }, { NULL, 0 } };
  static const BusPeer peer = { .name = BUS_NAME,
                                .title = "ModemManager",
                                .layer = "modem",
                                .error_prefix = BUS_NAME ".Error.",
                                .errors = errors,
                                .otherwise = ESIM_ERROR_MODEM };

  return bus_call (&peer, path, interface, method, arguments, answer, timeout_ms, cancellable,
                   error);
}

/* Whether the modem is between two states, where a push can leave it nowhere. */
static gboolean
is_busy (MMModemState state)
{
  return state == MM_MODEM_STATE_INITIALIZING || state == MM_MODEM_STATE_ENABLING
         || state == MM_MODEM_STATE_DISABLING || state == MM_MODEM_STATE_CONNECTING
         || state == MM_MODEM_STATE_DISCONNECTING || state == MM_MODEM_STATE_UNKNOWN;
}

/* *STATE is one in which the modem may be pushed. */
static gboolean
check_state (const ModemSnapshot *modem, MMModemState *state, GCancellable *cancellable,
             GError **error)
{
  g_autoptr (GVariant) answer = call (modem->path, "org.freedesktop.DBus.Properties", "Get",
                                      g_variant_new ("(ss)", MODEM_INTERFACE, "State"), "(v)",
                                      CALL_TIMEOUT_MS, cancellable, error);
  g_autoptr (GVariant) value = NULL;

  if (answer == NULL)
    return FALSE;
  g_variant_get (answer, "(v)", &value);
  *state = g_variant_is_of_type (value, G_VARIANT_TYPE_INT32) ? g_variant_get_int32 (value)
                                                              : MM_MODEM_STATE_UNKNOWN;
  if (!is_busy (*state))
    return TRUE;
  error_set (error, ESIM_ERROR_MODEM, "modem",
             "the modem is changing its state (%d): it is left alone", *state);
  return FALSE;
}

static gboolean
inhibit (const ModemSnapshot *modem, gboolean on, GError **error)
{
  g_autoptr (GVariant) answer
      = call (BUS_PATH, BUS_NAME, "InhibitDevice", g_variant_new ("(sb)", modem->device, on), "()",
              INHIBIT_TIMEOUT_MS, NULL, error);

  return answer != NULL;
}

/* ModemManager forgets an inhibited device and probes it anew afterwards. Neither call may be
 * cancelled: one that ModemManager has read already would leave the modem inhibited as long as we
 * live. */
static gboolean
reprobe (const ModemSnapshot *modem, GError **error)
{
  gboolean inhibited = inhibit (modem, TRUE, error);

  /* A call that timed out may still take effect. */
  if (!inhibited)
    {
      inhibit (modem, FALSE, NULL);
      return FALSE;
    }
  return inhibit (modem, FALSE, error);
}

gboolean
mm_verbs_climb (const ModemSnapshot *modem, ModemRung rung, GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GVariant) answer = NULL;
  MMModemState state;

  if (!check_state (modem, &state, cancellable, error))
    return FALSE;
  switch (rung)
    {
    case MODEM_RUNG_REPROBE:
      return reprobe (modem, error);
    case MODEM_RUNG_RESET:
      answer = call (modem->path, MODEM_INTERFACE, "Reset", g_variant_new ("()"), "()",
                     INHIBIT_TIMEOUT_MS, cancellable, error);
      return answer != NULL;
    }
  return FALSE;
}

gboolean
mm_verbs_enable (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) answer
      = call (modem->path, MODEM_INTERFACE, "Enable", g_variant_new ("(b)", TRUE), "()",
              ENABLE_TIMEOUT_MS, cancellable, error);

  return answer != NULL;
}

gboolean
mm_verbs_use_slot (const ModemSnapshot *modem, guint slot, GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (GVariant) answer = NULL;
  MMModemState state;

  if (!check_state (modem, &state, cancellable, error))
    return FALSE;
  if (state == MM_MODEM_STATE_CONNECTED)
    {
      error_set (error, ESIM_ERROR_BUSY, "modem",
                 "the modem is connected by the card in slot %u, and using slot %u would cut that: "
                 "disconnect first",
                 modem->slot + 1, slot + 1);
      return FALSE;
    }
  answer = call (modem->path, MODEM_INTERFACE, "SetPrimarySimSlot", g_variant_new ("(u)", slot + 1),
                 "()", INHIBIT_TIMEOUT_MS, cancellable, error);
  return answer != NULL;
}
