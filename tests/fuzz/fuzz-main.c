/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Replays a target's seeds and as many mutations of them as asked, always the same ones, where
 * there is no libFuzzer: fuzz-NAME FOLDER [MUTATIONS], or fuzz-NAME FILE. FUZZ_TRACE=1 prints each
 * input before it is tried. */

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_BYTES 4096

static void
try (const guint8 *data, gsize size)
{
  if (g_getenv ("FUZZ_TRACE"))
    {
      g_autofree char *text = g_base64_encode (data, size);

      g_print ("# %s\n", text);
    }
  LLVMFuzzerTestOneInput (data, size);
}

static GBytes *
read_seed (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *data;
  gsize size;

  if (!g_file_get_contents (path, &data, &size, &error))
    g_error ("%s", error->message);
  return g_bytes_new_take (data, size);
}

static int
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* In the order of their names: a folder's own differs between machines. */
static GPtrArray *
read_seeds (const char *folder)
{
  GPtrArray *seeds = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;

  if (dir == NULL)
    g_error ("%s", error->message);
  while ((name = g_dir_read_name (dir)))
    g_ptr_array_add (names, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (names, by_name);
  for (guint i = 0; i < names->len; i++)
    g_ptr_array_add (seeds, read_seed (names->pdata[i]));
  return seeds;
}

static gsize
any (GRand *random, gsize end)
{
  return end ? (gsize) g_rand_int_range (random, 0, (gint32) end) : 0;
}

/* What a part of another seed becomes here. */
static void
splice (GByteArray *data, GRand *random, GBytes *other)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (other, &size);
  gsize from = any (random, size), length = any (random, size - from + 1);
  gsize at = any (random, data->len + 1);
  g_autofree guint8 *tail = g_memdup2 (data->data + at, data->len - at);
  gsize tail_size = data->len - at;

  g_byte_array_set_size (data, at);
  g_byte_array_append (data, bytes + from, length);
  g_byte_array_append (data, tail, tail_size);
}

static void
mutate (GByteArray *data, GRand *random, GBytes *other)
{
  static const guint8 odd[]
      = { 0x00, 0x01, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF, '"', '[', '{', '\n' };
  gsize at = any (random, data->len);

  if (data->len == 0 || g_rand_int_range (random, 0, 6) == 0)
    splice (data, random, other);
  else if (g_rand_int_range (random, 0, 5) == 0)
    g_byte_array_set_size (data, at);
  else if (g_rand_int_range (random, 0, 4) == 0)
    g_byte_array_remove_range (data, at, 1 + any (random, MIN (data->len - at, 8)));
  else if (g_rand_boolean (random))
    data->data[at] ^= 1 << any (random, 8);
  else
    data->data[at] = odd[any (random, sizeof odd)];
}

static void
try_mutation (GPtrArray *seeds, GRand *random)
{
  GBytes *seed = seeds->pdata[any (random, seeds->len)];
  g_autoptr (GByteArray) data = g_byte_array_new ();
  gsize edits = 1 + any (random, 6);

  g_byte_array_append (data, g_bytes_get_data (seed, NULL), g_bytes_get_size (seed));
  while (edits--)
    mutate (data, random, seeds->pdata[any (random, seeds->len)]);
  try (data->data, MIN (data->len, SIZE_MAX_BYTES));
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) seeds = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (0x5EED);
  int mutations = argc > 2 ? atoi (argv[2]) : 0;

  if (argc < 2)
    g_error ("fuzz-NAME FOLDER [MUTATIONS]");
  if (!g_file_test (argv[1], G_FILE_TEST_IS_DIR))
    {
      g_autoptr (GBytes) input = read_seed (argv[1]);

      try (g_bytes_get_data (input, NULL), g_bytes_get_size (input));
      return 0;
    }
  g_print ("1..2\n");
  seeds = read_seeds (argv[1]);
  if (seeds->len == 0)
    g_error ("%s holds no seeds", argv[1]);
  for (guint i = 0; i < seeds->len; i++)
    try (g_bytes_get_data (seeds->pdata[i], NULL), g_bytes_get_size (seeds->pdata[i]));
  g_print ("ok 1 - %u seeds\n", seeds->len);
  for (int i = 0; i < mutations; i++)
    try_mutation (seeds, random);
  g_print ("ok 2 - %d mutations\n", mutations);
  return 0;
}
