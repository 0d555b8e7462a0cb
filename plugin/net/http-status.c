/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The one table of HTTP statuses in words. */

#include "net/http.h"

static const struct
{
  guint status;
  const char *words;
} table[] = {
  { 200, "done" },
  { 202, "accepted" },
  { 204, "done, without an answer" },
  { 400, "it does not understand the request" },
  { 401, "it wants other credentials" },
  { 402, "it wants to be paid" },
  { 403, "it forbids this" },
  { 404, "it has nothing at this address" },
  { 405, "it does not do this at this address" },
  { 406, "it has no answer of this kind" },
  { 407, "the proxy wants credentials" },
  { 408, "the request took too long" },
  { 409, "it clashes with something else" },
  { 410, "it has nothing at this address any more" },
  { 413, "the request is too long" },
  { 415, "it does not take requests of this kind" },
  { 422, "it can't work with these values" },
  { 429, "too many requests" },
  { 500, "trouble of its own" },
  { 501, "it can't do this" },
  { 502, "the server behind it is in trouble" },
  { 503, "not available for the moment" },
  { 504, "the server behind it does not answer" },
};

const char *
http_status_words (guint status)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].status == status)
      return table[i].words;
  if (status / 100 == 3)
    return "it sends us to another address, which is not followed";
  if (status / 100 == 4)
    return "it refuses the request";
  return status / 100 == 5 ? "trouble of its own" : "not what was expected";
}
