/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The one table of the Super SIM API's error codes. */

#include "provider/supersim-codes.h"

const RestCode supersim_codes[] = {
  { "10001", ESIM_ERROR_PROVIDER_REFUSED, "the account is not active: look at its balance" },
  { "20001", ESIM_ERROR_PROVIDER_REFUSED, "a parameter is not known there" },
  { "20003", ESIM_ERROR_CREDENTIALS, "the credentials are not accepted or lack the permission" },
  { "20004", ESIM_ERROR_PROVIDER_REFUSED, "it does not allow this request" },
  { "20005", ESIM_ERROR_PROVIDER_REFUSED, "the account is not active: look at its balance" },
  { "20006", ESIM_ERROR_CREDENTIALS, "these credentials have no access to it" },
  { "20008", ESIM_ERROR_CREDENTIALS, "test credentials can't do it" },
  { "20403", ESIM_ERROR_CREDENTIALS, "these credentials have no access to it" },
  { "20404", ESIM_ERROR_NOT_FOUND, "the account has nothing of that name" },
  { "20429", ESIM_ERROR_RATE_LIMITED, "too many requests" },
  { "20500", ESIM_ERROR_SERVER_FAILED, "trouble of its own" },
  { "20503", ESIM_ERROR_SERVER_FAILED, "not available for the moment" },
  { "20504", ESIM_ERROR_SERVER_FAILED, "it took too long" },
  { "83001", ESIM_ERROR_PROVIDER_REFUSED, "a parameter is missing for a Sim's registration" },
  { "83002", ESIM_ERROR_PROVIDER_REFUSED, "this Sim can't be registered" },
  { "83003", ESIM_ERROR_PROVIDER_REFUSED, "this Sim is the account's already" },
  { "83005", ESIM_ERROR_NOT_FOUND, "the account has no such Sim" },
  { "83006", ESIM_ERROR_NO_FLEET, "the account has no such Fleet" },
  { "83007", ESIM_ERROR_NO_FLEET, "a Sim without a Fleet can't be activated" },
  { "83009", ESIM_ERROR_SIM_SCHEDULED, "an earlier change of this Sim is under way" },
  { "83010", ESIM_ERROR_PROVIDER_REFUSED, "a Sim can't go from its status to that one" },
  { "83500", ESIM_ERROR_OUT_OF_STOCK, "no eSIM profiles are in stock" },
  { "83703", ESIM_ERROR_RATE_LIMITED, "the Sim tried to register too often" },
  { "83705", ESIM_ERROR_PROVIDER_REFUSED, "the Sim is inactive: activate it" },
  { NULL, ESIM_ERROR_FAILED, NULL },
};
