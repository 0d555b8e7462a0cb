/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What all fuzz targets share: an input in pieces, and what holds for every failure. */

#pragma once

#include <gio/gio.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct
{
  const uint8_t *at;
  size_t left;
} Input;

/* The next byte, 0 at the end. */
G_GNUC_UNUSED static guint8
input_byte (Input *self)
{
  if (self->left == 0)
    return 0;
  self->left--;
  return *self->at++;
}

/* A copy of the rest, so that a sanitizer sees a read beyond it. */
static GBytes *
input_rest (Input *self)
{
  GBytes *bytes = g_bytes_new (self->at, self->left);

  self->at += self->left;
  self->left = 0;
  return bytes;
}

/* A chunk: two bytes of length, then as many bytes, or as many as there are. */
G_GNUC_UNUSED static GBytes *
input_chunk (Input *self)
{
  size_t size = input_byte (self) << 8;
  Input part;

  size |= input_byte (self);
  part = (Input){ self->at, MIN (size, self->left) };
  self->at += part.left;
  self->left -= part.left;
  return input_rest (&part);
}

/* Every failure has an error, and it is one of ours, with words. A pointer to it, since nothing
 * says which argument is evaluated first. */
G_GNUC_UNUSED static void
assert_told (gboolean good, GError *const *told)
{
  const GError *error = *told;

  g_assert_true (good == (error == NULL));
  if (error == NULL)
    return;
  g_assert_true (error->domain == ESIM_ERROR && error->code >= 0 && error->code < ESIM_ERROR_LAST);
  g_assert_true (*error->message && *error_layer (error));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_variant_unref (g_variant_ref_sink (error_raw (error)));
}
