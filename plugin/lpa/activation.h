/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Activation codes (SGP.22, 4.1) in every form that exists, to parts and back. */

#pragma once

#include <glib.h>

typedef struct
{
  char *address;     /* SM-DP+ host, lower case; never empty */
  char *matching_id; /* "" where there is none */
  char *oid;         /* "" where there is none */
  gboolean confirmation_required;
} Activation;

/** activation_parse: CODE as people have it: with or without "LPA:", any case, blanks around it.
 * INVALID_ARGUMENT names what is wrong. */
Activation *activation_parse (const char *code, GError **error);

/** activation_new: from parts, such as the default SM-DP+ (MATCHING_ID may be NULL). */
Activation *activation_new (const char *address, const char *matching_id);
void activation_free (Activation *self);

/** activation_to_string: "LPA:1$host$id…" in canonical form. The caller frees. It is a secret:
 * never log it. */
char *activation_to_string (const Activation *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Activation, activation_free)
