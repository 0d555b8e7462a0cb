/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The table of failures that pass, and exponential back-off with full jitter. */

#include "provision/retry.h"

#include "base/error.h"

#define BASE_MS 1000U
#define CAP_MS 300000U
/* A server that asks for more than an hour is asked again after an hour. */
#define RETRY_AFTER_MAX_S 3600

static const EsimError passing[] = {
  ESIM_ERROR_TIMED_OUT,      ESIM_ERROR_BUSY,           ESIM_ERROR_CHANNEL,
  ESIM_ERROR_DEVICE_GONE,    ESIM_ERROR_CARD_RUBBISH,   ESIM_ERROR_CARD_BUSY,
  ESIM_ERROR_PROFILE_STATE,  ESIM_ERROR_PROFILE_EXISTS, ESIM_ERROR_NO_NETWORK,
  ESIM_ERROR_SERVER_RUBBISH, ESIM_ERROR_SERVER_FAILED,  ESIM_ERROR_NAME_NOT_RESOLVED,
  ESIM_ERROR_NOT_RELEASED,   ESIM_ERROR_SESSION_GONE,   ESIM_ERROR_PACKAGE_BROKEN,
  ESIM_ERROR_RATE_LIMITED,   ESIM_ERROR_SIM_SCHEDULED,  ESIM_ERROR_RESERVATION_UNSETTLED,
  ESIM_ERROR_MODEM,          ESIM_ERROR_NOT_REGISTERED, ESIM_ERROR_DATA_FAILED,
  ESIM_ERROR_FAILED,
};

gboolean
retry_is_worth (const GError *error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (passing); i++)
    if (error_is_code (error, passing[i]))
      return TRUE;
  return FALSE;
}

gboolean
retry_is_no_way (const GError *error)
{
  return error_is_code (error, ESIM_ERROR_NO_NETWORK)
         || error_is_code (error, ESIM_ERROR_NAME_NOT_RESOLVED);
}

/* Retry-After as seconds; its other form, a date, is not worth trusting the clock for. */
static guint
retry_after_ms (const GError *error)
{
  const char *value = error ? error_get_raw (error, "retry-after") : NULL;
  guint64 seconds = value ? g_ascii_strtoull (value, NULL, 10) : 0;

  return (guint) MIN (seconds, RETRY_AFTER_MAX_S) * 1000;
}

guint
retry_delay_ms (const GError *error, guint attempt)
{
  guint ceiling = attempt < 10 ? MIN (CAP_MS, BASE_MS << attempt) : CAP_MS;
  guint jitter = (guint) g_random_int_range (BASE_MS / 2, (gint32) ceiling);

  return MAX (jitter, retry_after_ms (error));
}
