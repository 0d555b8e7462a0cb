/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The one table of esimd's errors. */

#include "errors.h"

#define PREFIX "org.esimd1.Error."

static const struct
{
  const char *name;
  const char *advice;
} table[] = {
  [ESIM_ERROR_FAILED] = { PREFIX "Failed", "Look at the service's log: journalctl -u esimd." },
  [ESIM_ERROR_CANCELLED]
  = { PREFIX "Cancelled", "It was cancelled; start it again when you like." },
  [ESIM_ERROR_TIMED_OUT]
  = { PREFIX "TimedOut", "Try again; if it happens again, reset the modem." },
  [ESIM_ERROR_INVALID_ARGUMENT] = { PREFIX "InvalidArgument", "Correct the value and call again." },
  [ESIM_ERROR_NOT_AUTHORIZED]
  = { PREFIX "NotAuthorized",
      "Ask as root, or have the administrator allow the action in polkit." },
  [ESIM_ERROR_NOT_FOUND]
  = { PREFIX "NotFound", "List what there is with esimcli -L and name one of those." },
  [ESIM_ERROR_BUSY] = { PREFIX "Busy", "Wait until the running job is over, or cancel it." },
  [ESIM_ERROR_UNSUPPORTED] = { PREFIX "Unsupported", "This modem or card cannot do it." },
  [ESIM_ERROR_SETTINGS]
  = { PREFIX "Settings", "Correct the file and line named, then reload esimd." },

  [ESIM_ERROR_CHANNEL]
  = { PREFIX "Channel",
      "Reset the modem; if it happens again, see whether other software uses the card." },
  [ESIM_ERROR_DEVICE_GONE]
  = { PREFIX "DeviceGone", "Plug the modem in again; the job can then be started anew." },
  [ESIM_ERROR_NO_EUICC]
  = { PREFIX "NoEuicc",
      "The card in this slot is not the eUICC that was asked for; check the SIM slot." },
  [ESIM_ERROR_CARD_RUBBISH]
  = { PREFIX "CardRubbish",
      "Reset the modem; a card that goes on answering like this is defective." },
  [ESIM_ERROR_CARD_REFUSED]
  = { PREFIX "CardRefused", "See the raw codes; reset the modem and try again." },
  [ESIM_ERROR_CARD_BUSY]
  = { PREFIX "CardBusy",
      "The card is busy with the network or a menu; try again in half a minute." },
  [ESIM_ERROR_CARD_FULL]
  = { PREFIX "CardFull", "Delete a profile that is no longer needed, then try again." },
  [ESIM_ERROR_POLICY_RULES]
  = { PREFIX "PolicyRules",
      "A rule that the profile's operator set forbids it; ask the operator." },
  [ESIM_ERROR_PROFILE_STATE]
  = { PREFIX "ProfileState",
      "Look at the profile's state; disable an enabled profile before deleting it." },
  [ESIM_ERROR_PROFILE_EXISTS]
  = { PREFIX "ProfileExists", "The profile is on the card already; enable it." },
  [ESIM_ERROR_EID_INVALID]
  = { PREFIX "EidInvalid",
      "An EID has 32 digits of which the last two check the rest; read it again." },

  [ESIM_ERROR_NO_NETWORK]
  = { PREFIX "NoNetwork",
      "Bring up another connection (Ethernet, Wi-Fi): this needs the internet." },
  [ESIM_ERROR_NAME_NOT_RESOLVED]
  = { PREFIX "NameNotResolved", "Check the address and this machine's DNS." },
  [ESIM_ERROR_TLS] = { PREFIX "Tls", "The server's certificate is not one that is trusted for "
                                     "this; check the address, the clock and ci-file." },
  [ESIM_ERROR_SERVER_RUBBISH]
  = { PREFIX "ServerRubbish",
      "The server did not answer as its protocol says; check the address and try later." },
  [ESIM_ERROR_SERVER_FAILED]
  = { PREFIX "ServerFailed", "The server has trouble of its own; try again later." },
  [ESIM_ERROR_SERVER_REFUSED]
  = { PREFIX "ServerRefused", "Ask the operator, with the subject and reason codes." },
  [ESIM_ERROR_ACTIVATION_CODE]
  = { PREFIX "ActivationCode", "The code is not known, used or withdrawn: get a new one. By EID: "
                               "nothing is ordered for this card yet." },
  [ESIM_ERROR_EID_MISMATCH]
  = { PREFIX "EidMismatch", "The profile is bound to another card: compare the EIDs." },
  [ESIM_ERROR_NOT_RELEASED]
  = { PREFIX "NotReleased", "The operator has not released the profile yet; try later." },
  [ESIM_ERROR_ORDER_EXPIRED]
  = { PREFIX "OrderExpired", "The order has expired or was tried too often: order anew." },
  [ESIM_ERROR_CONFIRMATION_CODE_NEEDED]
  = { PREFIX "ConfirmationCodeNeeded", "Give the confirmation code that the operator sent you." },
  [ESIM_ERROR_CONFIRMATION_CODE_WRONG]
  = { PREFIX "ConfirmationCodeWrong", "Check the confirmation code; tries are counted." },
  [ESIM_ERROR_NOT_ELIGIBLE]
  = { PREFIX "NotEligible",
      "The server has no profile that fits this card and modem; ask the operator." },
  [ESIM_ERROR_WRONG_CI]
  = { PREFIX "WrongCi",
      "Card and server share no certificate issuer: one is for tests, the other for live use." },
  [ESIM_ERROR_SESSION_GONE]
  = { PREFIX "SessionGone", "The download's session has ended; start the download again." },
  [ESIM_ERROR_PACKAGE_BROKEN]
  = { PREFIX "PackageBroken", "The profile package is damaged; try again, then ask the operator." },
  [ESIM_ERROR_METADATA_CHANGED]
  = { PREFIX "MetadataChanged",
      "The package is not the profile that was shown; ask the operator." },
  [ESIM_ERROR_INSTALL_FAILED]
  = { PREFIX "InstallFailed",
      "The card could not install the profile; see the raw codes, ask for a new one." },

  [ESIM_ERROR_CREDENTIALS]
  = { PREFIX "Credentials",
      "Check the provider's credentials file, its owner and its mode, and that the key is valid." },
  [ESIM_ERROR_RATE_LIMITED]
  = { PREFIX "RateLimited", "The provider asks for fewer requests; it is tried again later." },
  [ESIM_ERROR_OUT_OF_STOCK]
  = { PREFIX "OutOfStock",
      "The provider has no eSIM profiles in stock (code 83500); it can take hours or days." },
  [ESIM_ERROR_RESERVATION_FAILED]
  = { PREFIX "ReservationFailed",
      "The provider could not reserve a profile; ask its support with the error code." },
  [ESIM_ERROR_RESERVATION_LATE]
  = { PREFIX "ReservationLate",
      "The reservation is still not available; it is looked at again, or ask the provider." },
  [ESIM_ERROR_RESERVATION_UNSETTLED]
  = { PREFIX "ReservationUnsettled", "An order was sent and no answer came: see in the provider's "
                                     "console whether it was made before ordering again." },
  [ESIM_ERROR_NO_FLEET]
  = { PREFIX "NoFleet", "Make a Fleet at the provider and name it in esimd.conf: fleet=." },
  [ESIM_ERROR_SIM_SCHEDULED]
  = { PREFIX "SimScheduled", "An earlier change of the Sim is still under way; wait." },
  [ESIM_ERROR_PROVIDER_REFUSED]
  = { PREFIX "ProviderRefused", "See the provider's code and its documentation." },

  [ESIM_ERROR_MODEM] = { PREFIX "Modem", "See what mmcli -m any says; reset the modem." },
  [ESIM_ERROR_MODEM_NOT_BACK]
  = { PREFIX "ModemNotBack",
      "The modem has not noticed its new profile: unplug it, or restart the machine." },
  [ESIM_ERROR_NOT_REGISTERED]
  = { PREFIX "NotRegistered",
      "No network has accepted the SIM yet: check the antenna, and the Fleet's networks." },
  [ESIM_ERROR_APN_REFUSED]
  = { PREFIX "ApnRefused", "The network does not know the APN; a Super SIM wants 'super'." },
  [ESIM_ERROR_DATA_FAILED]
  = { PREFIX "DataFailed", "See the log of esimd and ModemManager for what refused." },
};

G_STATIC_ASSERT (G_N_ELEMENTS (table) == ESIM_ERROR_LAST);

const char *
errors_dbus_name (EsimError code)
{
  return table[code < ESIM_ERROR_LAST ? code : ESIM_ERROR_FAILED].name;
}

const char *
errors_advice (EsimError code)
{
  return table[code < ESIM_ERROR_LAST ? code : ESIM_ERROR_FAILED].advice;
}

EsimError
errors_from_dbus_name (const char *name)
{
  for (guint code = 0; code < ESIM_ERROR_LAST; code++)
    if (g_strcmp0 (table[code].name, name) == 0)
      return code;
  return ESIM_ERROR_FAILED;
}
