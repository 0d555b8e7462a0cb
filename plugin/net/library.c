/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Loads a shared library and looks its functions up. */

#include "net/library.h"

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"

gboolean
library_load (const char *file, const LibrarySymbol *symbols, gpointer functions, GError **error)
{
  void *library = dlopen (file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

  for (guint i = 0; library && symbols[i].name; i++)
    {
      void *function = dlsym (library, symbols[i].name);

      if (function == NULL)
        library = NULL;
      memcpy ((char *) functions + symbols[i].offset, &function, sizeof function);
    }
  if (library == NULL)
    error_set (error, ESIM_ERROR_FAILED, "net", "%s can't be loaded: %s", file, dlerror ());
  return library != NULL;
}
