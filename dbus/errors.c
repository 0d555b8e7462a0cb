/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The one table of esimd's errors. */

#include "errors.h"

#include <glib/gi18n.h>

#define PREFIX "org.esimd1.Error."

static const struct
{
  const char *name;
  const char *advice;
} table[] = {
  [ESIM_ERROR_FAILED] = { PREFIX "Failed", N_ ("Look at the service's log: journalctl -u esimd.") },
  [ESIM_ERROR_CANCELLED]
  = { PREFIX "Cancelled", N_ ("It was cancelled; start it again when you like.") },
  [ESIM_ERROR_TIMED_OUT]
  = { PREFIX "TimedOut", N_ ("Try again; if it happens again, reset the modem.") },
  [ESIM_ERROR_INVALID_ARGUMENT]
  = { PREFIX "InvalidArgument", N_ ("Correct the value and call again.") },
  [ESIM_ERROR_NOT_AUTHORIZED]
  = { PREFIX "NotAuthorized",
      N_ ("Ask as root, or have the administrator allow the action in polkit.") },
  [ESIM_ERROR_NOT_FOUND]
  = { PREFIX "NotFound", N_ ("List what there is with esimcli -L and name one of those.") },
  [ESIM_ERROR_BUSY] = { PREFIX "Busy", N_ ("Wait until the running job is over, or cancel it.") },
  [ESIM_ERROR_UNSUPPORTED] = { PREFIX "Unsupported", N_ ("This modem or card cannot do it.") },
  [ESIM_ERROR_SETTINGS]
  = { PREFIX "Settings", N_ ("Correct the file and line named, then reload esimd.") },

  [ESIM_ERROR_CHANNEL]
  = { PREFIX "Channel",
      N_ ("Reset the modem; if it happens again, see whether other software uses the card.") },
  [ESIM_ERROR_DEVICE_GONE]
  = { PREFIX "DeviceGone", N_ ("Plug the modem in again; the job can then be started anew.") },
  [ESIM_ERROR_NO_EUICC]
  = { PREFIX "NoEuicc",
      N_ ("The card in this slot is not the eUICC that was asked for; check the SIM slot.") },
  [ESIM_ERROR_CARD_RUBBISH]
  = { PREFIX "CardRubbish",
      N_ ("Reset the modem; a card that goes on answering like this is defective.") },
  [ESIM_ERROR_CARD_REFUSED]
  = { PREFIX "CardRefused", N_ ("See the raw codes; reset the modem and try again.") },
  [ESIM_ERROR_CARD_BUSY]
  = { PREFIX "CardBusy",
      N_ ("The card is busy with the network or a menu; try again in half a minute.") },
  [ESIM_ERROR_CARD_FULL]
  = { PREFIX "CardFull", N_ ("Delete a profile that is no longer needed, then try again.") },
  [ESIM_ERROR_POLICY_RULES]
  = { PREFIX "PolicyRules",
      N_ ("A rule that the profile's operator set forbids it; ask the operator.") },
  [ESIM_ERROR_PROFILE_STATE]
  = { PREFIX "ProfileState",
      N_ ("Look at the profile's state; disable an enabled profile before deleting it.") },
  [ESIM_ERROR_PROFILE_EXISTS]
  = { PREFIX "ProfileExists", N_ ("The profile is on the card already; enable it.") },
  [ESIM_ERROR_EID_INVALID]
  = { PREFIX "EidInvalid",
      N_ ("An EID has 32 digits of which the last two check the rest; read it again.") },

  [ESIM_ERROR_NO_NETWORK]
  = { PREFIX "NoNetwork",
      N_ ("Bring up another connection (Ethernet, Wi-Fi): this needs the internet.") },
  [ESIM_ERROR_NAME_NOT_RESOLVED]
  = { PREFIX "NameNotResolved", N_ ("Check the address and this machine's DNS.") },
  [ESIM_ERROR_TLS] = { PREFIX "Tls", N_ ("The server's certificate is not one that is trusted for "
                                         "this; check the address, the clock and ci-file.") },
  [ESIM_ERROR_SERVER_RUBBISH]
  = { PREFIX "ServerRubbish",
      N_ ("The server did not answer as its protocol says; check the address and try later.") },
  [ESIM_ERROR_SERVER_FAILED]
  = { PREFIX "ServerFailed", N_ ("The server has trouble of its own; try again later.") },
  [ESIM_ERROR_SERVER_REFUSED]
  = { PREFIX "ServerRefused", N_ ("Ask the operator, with the subject and reason codes.") },
  [ESIM_ERROR_ACTIVATION_CODE]
  = { PREFIX "ActivationCode",
      N_ ("The code is not known, used or withdrawn: get a new one. By EID: "
          "nothing is ordered for this card yet.") },
  [ESIM_ERROR_EID_MISMATCH]
  = { PREFIX "EidMismatch", N_ ("The profile is bound to another card: compare the EIDs.") },
  [ESIM_ERROR_NOT_RELEASED]
  = { PREFIX "NotReleased", N_ ("The operator has not released the profile yet; try later.") },
  [ESIM_ERROR_ORDER_EXPIRED]
  = { PREFIX "OrderExpired", N_ ("The order has expired or was tried too often: order anew.") },
  [ESIM_ERROR_CONFIRMATION_CODE_NEEDED]
  = { PREFIX "ConfirmationCodeNeeded",
      N_ ("Give the confirmation code that the operator sent you.") },
  [ESIM_ERROR_CONFIRMATION_CODE_WRONG]
  = { PREFIX "ConfirmationCodeWrong", N_ ("Check the confirmation code; tries are counted.") },
  [ESIM_ERROR_NOT_ELIGIBLE]
  = { PREFIX "NotEligible",
      N_ ("The server has no profile that fits this card and modem; ask the operator.") },
  [ESIM_ERROR_WRONG_CI] = { PREFIX "WrongCi", N_ ("Card and server share no certificate issuer: "
                                                  "one is for tests, the other for live use.") },
  [ESIM_ERROR_SESSION_GONE]
  = { PREFIX "SessionGone", N_ ("The download's session has ended; start the download again.") },
  [ESIM_ERROR_PACKAGE_BROKEN]
  = { PREFIX "PackageBroken",
      N_ ("The profile package is damaged; try again, then ask the operator.") },
  [ESIM_ERROR_METADATA_CHANGED]
  = { PREFIX "MetadataChanged",
      N_ ("The package is not the profile that was shown; ask the operator.") },
  [ESIM_ERROR_INSTALL_FAILED]
  = { PREFIX "InstallFailed",
      N_ ("The card could not install the profile; see the raw codes, ask for a new one.") },

  [ESIM_ERROR_CREDENTIALS]
  = { PREFIX "Credentials", N_ ("Check the provider's credentials file, its owner and its mode, "
                                "and that the key is valid.") },
  [ESIM_ERROR_RATE_LIMITED]
  = { PREFIX "RateLimited", N_ ("The provider asks for fewer requests; it is tried again later.") },
  [ESIM_ERROR_OUT_OF_STOCK]
  = { PREFIX "OutOfStock",
      N_ ("The provider has no eSIM profiles in stock (code 83500); it can take hours or days.") },
  [ESIM_ERROR_RESERVATION_FAILED]
  = { PREFIX "ReservationFailed",
      N_ ("The provider could not reserve a profile; ask its support with the error code.") },
  [ESIM_ERROR_RESERVATION_LATE]
  = { PREFIX "ReservationLate",
      N_ ("The reservation is still not available; it is looked at again, or ask the provider.") },
  [ESIM_ERROR_RESERVATION_UNSETTLED]
  = { PREFIX "ReservationUnsettled",
      N_ ("An order was sent and no answer came: see in the provider's "
          "console whether it was made before ordering again.") },
  [ESIM_ERROR_NO_FLEET]
  = { PREFIX "NoFleet", N_ ("Make a Fleet at the provider and name it in esimd.conf: fleet=.") },
  [ESIM_ERROR_SIM_SCHEDULED]
  = { PREFIX "SimScheduled", N_ ("An earlier change of the Sim is still under way; wait.") },
  [ESIM_ERROR_PROVIDER_REFUSED]
  = { PREFIX "ProviderRefused", N_ ("See the provider's code and its documentation.") },

  [ESIM_ERROR_MODEM] = { PREFIX "Modem", N_ ("See what mmcli -m any says; reset the modem.") },
  [ESIM_ERROR_MODEM_NOT_BACK]
  = { PREFIX "ModemNotBack",
      N_ ("The modem has not noticed its new profile: unplug it, or restart the machine.") },
  [ESIM_ERROR_NOT_REGISTERED]
  = { PREFIX "NotRegistered",
      N_ ("No network has accepted the SIM yet: check the antenna, and the Fleet's networks.") },
  [ESIM_ERROR_APN_REFUSED]
  = { PREFIX "ApnRefused", N_ ("The network does not know the APN; a Super SIM wants 'super'.") },
  [ESIM_ERROR_DATA_FAILED]
  = { PREFIX "DataFailed", N_ ("See the log of esimd and ModemManager for what refused.") },
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
