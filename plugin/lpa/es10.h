/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What all ES10 functions share: a request to the ISD-R, and the look at its answer. */

#pragma once

#include "apdu/channel.h"
#include "lpa/tlv.h"

/** es10_call: sends REQUEST, which is freed here, and returns the answer, one whole TLV of TAG;
 * FUNCTION names it in errors ("ES10b.GetEUICCInfo"). */
GBytes *es10_call (Channel *channel, const char *function, GBytes *request, guint32 tag,
                   GCancellable *cancellable, GError **error);

/** es10_result: like es10_call() for functions that answer a result code only: RESULT_TAG inside
 * TAG (SGP.22, 5.7). */
gboolean es10_result (Channel *channel, const char *function, GBytes *request, guint32 tag,
                      guint *result, GCancellable *cancellable, GError **error);

/** es10_refused: an error CODE for the RESULT of FUNCTION, MEANING in words, with raw "result". */
gboolean es10_refused (GError **error, EsimError code, const char *function, guint result,
                       const char *meaning);

/** es10_list: the members of A0 inside the whole TLV RESPONSE of TAG. A result code instead (81 or
 * 80) is CARD_REFUSED with raw "result". */
gboolean es10_list (GBytes *response, const char *function, guint32 tag, TlvReader *reader,
                    GError **error);
