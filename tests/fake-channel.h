/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A ChannelDriver that plays a recorded conversation and asserts every word of it; whole in the
 * header, so that a test is one file. */

#pragma once

#include "apdu/channel.h"
#include "base/error.h"

/* A recorded conversation: question, answer, question, answer, … An answer that begins with "!" is
 * an error's code. */
typedef struct
{
  GPtrArray *lines;
  guint at;
  guint open;                 /* devices open */
  char *name;                 /* how a target names this script */
  GCancellable *cancel_after; /* triggered by the next answer */
} Script;

static void
script_init (Script *self)
{
  *self = (Script){ .lines = g_ptr_array_new_with_free_func (g_free) };
  self->name = g_strdup_printf ("%p", (gpointer) self);
}

/* Asserts that all was said and all is closed. */
static void
script_end (Script *self)
{
  g_assert_cmpuint (self->at, ==, self->lines->len);
  g_assert_cmpuint (self->open, ==, 0);
  g_ptr_array_unref (self->lines);
  g_free (self->name);
}

static void
expect (Script *self, const char *question, const char *answer)
{
  g_ptr_array_add (self->lines, g_strdup (question));
  g_ptr_array_add (self->lines, g_strdup (answer));
}

static char *
to_hex (const guint8 *data, gsize size)
{
  GString *hex = g_string_new (NULL);

  for (gsize i = 0; i < size; i++)
    g_string_append_printf (hex, "%02X", data[i]);
  return g_string_free (hex, FALSE);
}

static GBytes *
from_hex (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (; *hex; hex += 2)
    {
      guint8 byte = g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]);

      g_byte_array_append (bytes, &byte, 1);
    }
  return g_byte_array_free_to_bytes (bytes);
}

/* Compares QUESTION with the script; the answer, or NULL and the error that the script has. */
static const char *
ask (Script *self, const char *question, GError **error)
{
  const char *answer;

  g_assert_cmpuint (self->at + 1, <, self->lines->len);
  g_assert_cmpstr (question, ==, self->lines->pdata[self->at]);
  answer = self->lines->pdata[self->at + 1];
  self->at += 2;
  if (self->cancel_after)
    g_cancellable_cancel (self->cancel_after);
  if (*answer != '!')
    return answer;
  error_set (error, atoi (answer + 1), "fake", "scripted");
  return NULL;
}

static gpointer
fake_open_device (const ChannelTarget *target, G_GNUC_UNUSED GCancellable *cancellable,
                  GError **error)
{
  Script *self = (Script *) g_ascii_strtoull (target->device + 2, NULL, 16);

  if (self->at < self->lines->len && g_str_equal (self->lines->pdata[self->at], "device")
      && ask (self, "device", error) == NULL)
    return NULL;
  self->open++;
  return self;
}

static gboolean
fake_open_logical (gpointer self, GBytes *aid, guint *number,
                   G_GNUC_UNUSED GCancellable *cancellable, GError **error)
{
  g_autofree char *hex = to_hex (g_bytes_get_data (aid, NULL), g_bytes_get_size (aid));
  g_autofree char *question = g_strdup_printf ("open %s", hex);
  const char *answer = ask (self, question, error);

  if (answer)
    *number = atoi (answer);
  return answer != NULL;
}

static GBytes *
fake_transmit (gpointer self, G_GNUC_UNUSED guint number, GBytes *apdu,
               G_GNUC_UNUSED GCancellable *cancellable, GError **error)
{
  g_autofree char *hex = to_hex (g_bytes_get_data (apdu, NULL), g_bytes_get_size (apdu));
  const char *answer = ask (self, hex, error);

  return answer ? from_hex (answer) : NULL;
}

static gboolean
fake_close_logical (gpointer self, guint number, GError **error)
{
  g_autofree char *question = g_strdup_printf ("close %u", number);

  return ask (self, question, error) != NULL;
}

static gboolean
fake_recover (gpointer self, GError **error)
{
  return ask (self, "recover", error) != NULL;
}

static gboolean
fake_power_cycle (gpointer self, G_GNUC_UNUSED GCancellable *cancellable, GError **error)
{
  return ask (self, "power", error) != NULL;
}

static void
fake_close_device (gpointer self)
{
  ((Script *) self)->open--;
}

static const ChannelDriver fake = {
  .name = "fake",
  .open_device = fake_open_device,
  .open_logical = fake_open_logical,
  .transmit = fake_transmit,
  .close_logical = fake_close_logical,
  .recover = fake_recover,
  .power_cycle = fake_power_cycle,
  .close_device = fake_close_device,
};
