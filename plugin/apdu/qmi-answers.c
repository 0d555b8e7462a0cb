/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Puts the chunks of long answers together, in whatever order they come. */

#include "apdu/qmi-answers.h"

#define CHUNK_HEADER 10

struct _Answers
{
  GHashTable *table; /* token -> Answer */
};

typedef struct
{
  GByteArray *data, *seen; /* of the whole's length; a byte that came is 1 in SEEN */
  guint missing;
  gboolean broken;
  gboolean over; /* whole, or broken */
} Answer;

static void
answer_free (gpointer data)
{
  Answer *self = data;

  g_byte_array_unref (self->data);
  g_byte_array_unref (self->seen);
  g_free (self);
}

Answers *
answers_new (void)
{
  Answers *self = g_new0 (Answers, 1);

  self->table = g_hash_table_new_full (NULL, NULL, NULL, answer_free);
  return self;
}

void
answers_free (Answers *self)
{
  g_hash_table_unref (self->table);
  g_free (self);
}

void
answers_clear (Answers *self)
{
  g_hash_table_remove_all (self->table);
}

static Answer *
answer_of (Answers *self, guint32 token, guint total)
{
  Answer *answer = g_hash_table_lookup (self->table, GUINT_TO_POINTER (token));

  if (answer == NULL)
    {
      answer = g_new0 (Answer, 1);
      answer->data = g_byte_array_new_take (g_malloc0 (total), total);
      answer->seen = g_byte_array_new_take (g_malloc0 (total), total);
      answer->missing = total;
      g_hash_table_insert (self->table, GUINT_TO_POINTER (token), answer);
    }
  answer->broken |= answer->data->len != total;
  answer->over = answer->broken || answer->missing == 0;
  return answer;
}

static guint
get_u16 (const guint8 *data)
{
  return data[0] | data[1] << 8;
}

static guint32
get_u32 (const guint8 *data)
{
  return get_u16 (data) | (guint32) get_u16 (data + 2) << 16;
}

void
answers_take (Answers *self, const guint8 *chunk, gsize size)
{
  Answer *answer;
  guint offset, length;

  if (size < CHUNK_HEADER)
    return;
  answer = answer_of (self, get_u32 (chunk), get_u16 (chunk + 4));
  offset = get_u16 (chunk + 6);
  length = get_u16 (chunk + 8);
  answer->broken |= length != size - CHUNK_HEADER || offset + length > answer->data->len;
  for (guint i = 0; !answer->broken && i < length; i++)
    {
      answer->missing -= !answer->seen->data[offset + i];
      answer->seen->data[offset + i] = 1;
      answer->data->data[offset + i] = chunk[CHUNK_HEADER + i];
    }
  answer->over = answer->broken || answer->missing == 0;
}

const gboolean *
answers_expect (Answers *self, const guint8 announced[ANSWERS_ANNOUNCED])
{
  return &answer_of (self, get_u32 (announced + 2), get_u16 (announced))->over;
}

GBytes *
answers_get (Answers *self, const guint8 announced[ANSWERS_ANNOUNCED])
{
  Answer *answer = answer_of (self, get_u32 (announced + 2), get_u16 (announced));

  if (answer->broken || answer->missing > 0)
    return NULL;
  return g_bytes_new (answer->data->data, answer->data->len);
}
