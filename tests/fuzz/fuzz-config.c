/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Fuzzes policy/config: an esimd.conf, whoever wrote it. */

#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "config.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  int file = memfd_create ("esimd.conf", 0);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", file);
  g_autoptr (GError) error = NULL;
  g_autoptr (Policy) policy = NULL;

  g_assert_true (file >= 0 && write (file, data, size) == (gssize) size);
  policy = policy_load (path, NULL, &error);
  close (file);
  assert_told (policy != NULL, &error);
  if (policy == NULL)
    g_assert_cmpint (error->code, ==, ESIM_ERROR_SETTINGS);
  return 0;
}
