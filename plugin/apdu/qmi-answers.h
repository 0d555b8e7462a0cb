/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Long answers to UIM's Send APDU, which come in indications: chunks by token, which may come
 * before the response that announces them. No I/O. */

#pragma once

#include <glib.h>

typedef struct _Answers Answers;

Answers *answers_new (void);
void answers_free (Answers *self);
void answers_clear (Answers *self);

/** answers_take: TLV 0x01 of an indication: token (4 bytes), total, offset, length (2 each) and the
 * bytes, little endian. One that contradicts itself or the others breaks its answer; one too short
 * for a token is ignored. */
void answers_take (Answers *self, const guint8 *chunk, gsize size);

/** answers_expect: a flag that is TRUE once the answer is whole or broken that TLV 0x11 of a
 * response ANNOUNCED: its length (2 bytes) and token (4). Owned by SELF, until answers_clear(). */
#define ANSWERS_ANNOUNCED 6
const gboolean *answers_expect (Answers *self, const guint8 announced[ANSWERS_ANNOUNCED]);

/** answers_get: all of its bytes; NULL where they are not there or did not fit together. */
GBytes *answers_get (Answers *self, const guint8 announced[ANSWERS_ANNOUNCED]);
