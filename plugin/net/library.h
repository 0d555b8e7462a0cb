/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Shared libraries that are loaded when they are needed first: libcurl and libmicrohttpd bring
 * along more than all the rest of esimd, which a device without traffic shall not pay for. */

#pragma once

#include <glib.h>

/* NAME's address goes to OFFSET bytes from the beginning of the table of functions. */
typedef struct
{
  const char *name;
  gsize offset;
} LibrarySymbol;

/** library_load: fills the table FUNCTIONS from the library with soname FILE, which stays loaded.
 * SYMBOLS end with a NULL name. Fails with FAILED, FUNCTIONS half filled. */
gboolean library_load (const char *file, const LibrarySymbol *symbols, gpointer functions,
                       GError **error);
