/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Reads ProfileInstallationResults (SGP.22, 2.5.6) and says what a failed one means. */

#include "lpa/bpp.h"

#include "base/error.h"
#include "lpa/es10b-notifications.h"
#include "lpa/tlv.h"

static gboolean
read_success (BppResult *self, const Tlv *outcome, GError **error)
{
  TlvReader reader;
  Tlv aid;

  tlv_enter (&reader, outcome);
  if (!tlv_need (&reader, 0x4F, &aid, error))
    return FALSE;
  self->aid = tlv_get_value (&aid);
  self->success = TRUE;
  return TRUE;
}

static gboolean
read_failure (BppResult *self, const Tlv *outcome, GError **error)
{
  TlvReader reader;
  Tlv tlv;
  guint64 command, reason;

  tlv_enter (&reader, outcome);
  if (!tlv_need (&reader, 0x80, &tlv, error) || !tlv_uint (&tlv, &command, error)
      || !tlv_need (&reader, 0x81, &tlv, error) || !tlv_uint (&tlv, &reason, error))
    return FALSE;
  self->command = MIN (command, 127);
  self->reason = MIN (reason, 127);
  return TRUE;
}

static gboolean
read_outcome (BppResult *self, const Tlv *final, GError **error)
{
  TlvReader reader;
  Tlv outcome;

  tlv_enter (&reader, final);
  if (!tlv_next (&reader, &outcome, error))
    return FALSE;
  if (outcome.tag == 0xA0)
    return read_success (self, &outcome, error);
  if (outcome.tag == 0xA1)
    return read_failure (self, &outcome, error);
  tlv_error (error, &outcome, "is neither success nor failure");
  return FALSE;
}

BppResult *
bpp_result_parse (GBytes *response, GError **error)
{
  g_autoptr (BppResult) self = g_new0 (BppResult, 1);
  g_autoptr (Notification) notification = NULL;
  TlvReader reader;
  Tlv whole, data, metadata, final, signature;

  if (!tlv_whole (TLV_CARD, response, 0xBF37, &whole, error))
    return NULL;
  tlv_enter (&reader, &whole);
  if (!tlv_expect (&reader, 0xBF27, &data, error)
      || !tlv_expect (&reader, 0x5F37, &signature, error))
    return NULL;
  tlv_enter (&reader, &data);
  if (!tlv_need (&reader, 0xBF2F, &metadata, error) || !tlv_need (&reader, 0xA2, &final, error)
      || !read_outcome (self, &final, error))
    return NULL;
  notification = notification_parse (&metadata, error);
  if (notification == NULL)
    return NULL;
  self->sequence = g_steal_pointer (&notification->sequence);
  self->address = g_steal_pointer (&notification->address);
  return g_steal_pointer (&self);
}

void
bpp_result_free (BppResult *self)
{
  g_clear_pointer (&self->aid, g_bytes_unref);
  g_clear_pointer (&self->sequence, g_bytes_unref);
  g_free (self->address);
  g_free (self);
}

static const char *const commands[] = {
  "opening the secure channel", "configuring the ISD-P", "storing the metadata",
  "storing the metadata",       "replacing the keys",    "loading the profile elements",
};

static const struct
{
  EsimError code;
  const char *text;
} reasons[] = {
  [1] = { ESIM_ERROR_INSTALL_FAILED, "an input value is wrong" },
  [2] = { ESIM_ERROR_INSTALL_FAILED, "the package's signature is wrong" },
  [3] = { ESIM_ERROR_INSTALL_FAILED, "the package is of another transaction" },
  [4] = { ESIM_ERROR_INSTALL_FAILED, "the card does not support the key agreement asked for" },
  [5] = { ESIM_ERROR_INSTALL_FAILED, "the card does not support the operation asked for" },
  [6] = { ESIM_ERROR_INSTALL_FAILED, "the card does not support this class of profile" },
  [7] = { ESIM_ERROR_INSTALL_FAILED, "the package's structure is wrong" },
  [8] = { ESIM_ERROR_INSTALL_FAILED, "the package's protection (MAC) is wrong" },
  [9] = { ESIM_ERROR_PROFILE_EXISTS, "a profile with this ICCID is on the card already" },
  [10] = { ESIM_ERROR_CARD_FULL, "the card's memory is full" },
  [11] = { ESIM_ERROR_INSTALL_FAILED, "it was interrupted" },
  [12] = { ESIM_ERROR_INSTALL_FAILED, "the card can't process a profile element" },
  [13] = { ESIM_ERROR_INSTALL_FAILED, "package and metadata do not match" },
  [14] = { ESIM_ERROR_INSTALL_FAILED, "a test profile has a key of its own that is not allowed" },
  [15] = { ESIM_ERROR_POLICY_RULES, "the card does not allow the profile's rules" },
};

void
bpp_result_error (const BppResult *self, GError **error)
{
  gboolean known = self->reason >= 1 && self->reason < G_N_ELEMENTS (reasons);
  g_autofree char *command = g_strdup_printf ("%u", self->command);
  g_autofree char *reason = g_strdup_printf ("%u", self->reason);

  error_set (error, known ? reasons[self->reason].code : ESIM_ERROR_INSTALL_FAILED, "bpp",
             "the card did not install the profile: %s: %s (command %s, reason %s)",
             self->command < G_N_ELEMENTS (commands) ? commands[self->command] : "loading",
             known ? reasons[self->reason].text : "it does not say why", command, reason);
  error_add_raw (error ? *error : NULL, "command", command);
  error_add_raw (error ? *error : NULL, "reason", reason);
}
