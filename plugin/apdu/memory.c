/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The numbers that must outlive a crash, in one line of a file: the modem's life, then each. */

#include "apdu/memory.h"

#include <glib/gstdio.h>
#include <stdint.h>
#include <sys/stat.h>

/* What tells this life of the modem from another: the boot, and its node, which udev makes anew. */
static char *
life_of (const char *device)
{
  g_autofree char *boot = NULL;
  struct stat node = { 0 };

  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL)
      || stat (device, &node) != 0)
    return g_strdup ("?");
  return g_strdup_printf ("%s:%ju:%jd.%09ld", g_strchomp (boot), (uintmax_t) node.st_ino,
                          (intmax_t) node.st_ctim.tv_sec, node.st_ctim.tv_nsec);
}

GArray *
memory_recall (const char *file, const char *device)
{
  GArray *numbers = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autofree char *life = life_of (device);
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;

  if (file == NULL || !g_file_get_contents (file, &text, NULL, NULL))
    return numbers;
  words = g_strsplit (g_strchomp (text), " ", 0);
  for (guint i = 1; words[0] && g_str_equal (words[0], life) && words[i]; i++)
    {
      guint64 number;

      if (g_ascii_string_to_unsigned (words[i], 10, 0, G_MAXUINT, &number, NULL))
        g_array_append_vals (numbers, &(guint){ number }, 1);
    }
  return numbers;
}

/* Not synced to disk: what a power cut loses is void after it. */
static void
write_down (const char *file, const char *device, GArray *numbers)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *life = life_of (device);
  g_autoptr (GError) error = NULL;

  g_string_append (text, life);
  for (guint i = 0; i < numbers->len; i++)
    g_string_append_printf (text, " %u", g_array_index (numbers, guint, i));
  g_string_append_c (text, '\n');
  if (numbers->len == 0)
    g_unlink (file);
  else if (!g_file_set_contents_full (file, text->str, text->len, G_FILE_SET_CONTENTS_CONSISTENT,
                                      0600, &error))
    g_debug ("%s: nothing is written down: %s", device, error->message);
}

void
memory_add (const char *file, const char *device, guint number)
{
  g_autoptr (GArray) numbers = memory_recall (file, device);

  g_array_append_val (numbers, number);
  if (file)
    write_down (file, device, numbers);
}

void
memory_remove (const char *file, const char *device, guint number)
{
  g_autoptr (GArray) numbers = memory_recall (file, device);

  for (guint i = numbers->len; i > 0; i--)
    if (g_array_index (numbers, guint, i - 1) == number)
      g_array_remove_index (numbers, i - 1);
  if (file)
    write_down (file, device, numbers);
}
