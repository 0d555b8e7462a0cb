/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Rows of quirks.conf: [modem NAME] with what has to match and what is peculiar. */

#include "config-quirks.h"

#include <string.h>

#define GROUP "modem "
#define PATTERN(field) CONFIG_TEXT, G_STRUCT_OFFSET (Draft, field), "", ".*", "a pattern"
#define QUIRK(field) G_STRUCT_OFFSET (Draft, quirks.field)
#define CHANNEL_NAME "[a-z0-9-]+"
#define HEX "[0-9A-Fa-f][0-9A-Fa-f]"

/* What the keys of one row are read into. */
typedef struct
{
  char *usb, *model, *revision, *stack; /* patterns */
  char *transports, *capability, *select_p2;
  Quirks quirks;
} Draft;

/* One [modem NAME]. */
typedef struct
{
  const ConfigLine *head; /* its first line */
  GPtrArray *lines;       /* of ConfigLine, those with a key */
  Draft patterns;         /* its patterns; nothing else of it is used */
} Row;

struct _QuirksTable
{
  GPtrArray *files; /* of GPtrArray of ConfigLine: they own the lines */
  GPtrArray *rows;
};

static const ConfigKey table[] = {
  { GROUP, "usb", PATTERN (usb) },
  { GROUP, "model", PATTERN (model) },
  { GROUP, "revision", PATTERN (revision) },
  { GROUP, "stack", PATTERN (stack) },

  { GROUP, "transports", CONFIG_TEXT, G_STRUCT_OFFSET (Draft, transports), "",
    CHANNEL_NAME "(," CHANNEL_NAME ")*", "names of channels, the best first, with commas between" },
  { GROUP, "known-only", CONFIG_BOOLEAN, QUIRK (known_only), "no", "yes|no", NULL },
  { GROUP, "slot-mapping", CONFIG_BOOLEAN, QUIRK (slot_mapping), "yes", "yes|no", NULL },
  { GROUP, "open-delay", CONFIG_NUMBER, QUIRK (open_delay_ms), "0", "0..30000", NULL },
  { GROUP, "terminal-capability", CONFIG_TEXT, G_STRUCT_OFFSET (Draft, capability), "", HEX HEX HEX,
    "three bytes in hexadecimal digits" },
  { GROUP, "select-p2", CONFIG_TEXT, G_STRUCT_OFFSET (Draft, select_p2), "00", HEX,
    "one byte in hexadecimal digits" },
  { GROUP, "extended-cla", CONFIG_BOOLEAN, QUIRK (extended_cla), "no", "yes|no", NULL },
  { GROUP, "append-le", CONFIG_BOOLEAN, QUIRK (append_le), "no", "yes|no", NULL },
  { GROUP, "segment-size", CONFIG_NUMBER, QUIRK (segment_size), "255", "1..255", NULL },
  { GROUP, "apdu-timeout", CONFIG_NUMBER, QUIRK (apdu_timeout_s), "60", "1..600", NULL },
  { GROUP, "at-csim", CONFIG_BOOLEAN, QUIRK (at_csim), "no", "yes|no", NULL },
  { GROUP, "at-session-handles", CONFIG_BOOLEAN, QUIRK (at_session_handles), "no", "yes|no", NULL },
  { GROUP, "refresh", CONFIG_BOOLEAN, QUIRK (refresh_flag), "yes", "yes|no", NULL },
  { GROUP, "enable-by-aid", CONFIG_BOOLEAN, QUIRK (by_aid), "no", "yes|no", NULL },
  { GROUP, "after-enable", CONFIG_CHOICE, QUIRK (after_enable), "wait",
    "wait|re-probe|power-cycle|reset", NULL },
};

const ConfigKey *
quirks_table_keys (guint *n)
{
  *n = G_N_ELEMENTS (table);
  return table;
}

static void
draft_clear (Draft *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].type == CONFIG_TEXT)
      g_clear_pointer (&G_STRUCT_MEMBER (char *, self, table[i].offset), g_free);
}

static void
row_free (gpointer data)
{
  Row *self = data;

  draft_clear (&self->patterns);
  g_ptr_array_unref (self->lines);
  g_free (self);
}

QuirksTable *
quirks_table_new (void)
{
  QuirksTable *self = g_new0 (QuirksTable, 1);

  self->files = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  self->rows = g_ptr_array_new_with_free_func (row_free);
  return self;
}

void
quirks_table_free (QuirksTable *self)
{
  g_ptr_array_unref (self->rows);
  g_ptr_array_unref (self->files);
  g_free (self);
}

static const ConfigKey *
find_key (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (strcmp (table[i].key, name) == 0)
      return &table[i];
  return NULL;
}

static void
refuse_key (const ConfigLine *line, GError **error)
{
  g_autoptr (GString) known = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    g_string_append_printf (known, "%s%s", i ? ", " : "", table[i].key);
  config_file_refuse (error, line, "unknown key '%s' in [%s]; known: %s", line->key, line->group,
                      known->str);
}

/* The row of LINE's group in its own file; another file's group of the same name is a row of its
 * own, since what it leaves out it leaves as it is. */
static Row *
row_of (QuirksTable *self, const ConfigLine *line)
{
  Row *row;

  for (guint i = 0; i < self->rows->len; i++)
    {
      row = self->rows->pdata[i];
      if (strcmp (row->head->file, line->file) == 0 && strcmp (row->head->group, line->group) == 0)
        return row;
    }
  row = g_new0 (Row, 1);
  row->head = line;
  row->lines = g_ptr_array_new ();
  g_ptr_array_add (self->rows, row);
  return row;
}

/* A name that no channel has would leave the modem without any. */
static gboolean
check_transports (const ConfigLine *line, const char *const *channels, GError **error)
{
  g_auto (GStrv) names = g_strsplit (line->value, ",", -1);

  for (guint i = 0; names[i]; i++)
    if (!g_strv_contains (channels, names[i]))
      {
        g_autofree char *known = g_strjoinv (", ", (GStrv) channels);

        config_file_refuse (error, line, "there is no channel '%s'; known: %s", names[i], known);
        return FALSE;
      }
  return TRUE;
}

static gboolean
take_line (QuirksTable *self, const ConfigLine *line, const char *const *channels, GError **error)
{
  const ConfigKey *key;
  Row *row;

  if (!g_str_has_prefix (line->group, GROUP))
    {
      config_file_refuse (error, line, "groups of quirks are written [modem NAME]");
      return FALSE;
    }
  row = row_of (self, line);
  if (line->key == NULL)
    return TRUE;
  key = find_key (line->key);
  if (key == NULL)
    {
      refuse_key (line, error);
      return FALSE;
    }
  g_ptr_array_add (row->lines, (gpointer) line);
  return config_key_set (key, &row->patterns, line, error)
         && (key->offset != G_STRUCT_OFFSET (Draft, transports)
             || check_transports (line, channels, error));
}

static gboolean
is_set (const char *pattern)
{
  return pattern && *pattern;
}

gboolean
quirks_table_add (QuirksTable *self, GPtrArray *lines, const char *const *channels, GError **error)
{
  guint before = self->rows->len;

  g_ptr_array_add (self->files, lines);
  for (guint i = 0; i < lines->len; i++)
    if (!take_line (self, lines->pdata[i], channels, error))
      return FALSE;
  for (guint i = before; i < self->rows->len; i++)
    {
      const Row *row = self->rows->pdata[i];
      const Draft *patterns = &row->patterns;

      if (is_set (patterns->usb) || is_set (patterns->model) || is_set (patterns->revision)
          || is_set (patterns->stack))
        continue;
      config_file_refuse (error, row->head,
                          "[%s] says of no modem: it needs usb=, model=, "
                          "revision= or stack=",
                          row->head->group);
      return FALSE;
    }
  return TRUE;
}

/* Shell patterns, whatever the case: models are spelled in every way. */
static gboolean
matches (const char *pattern, const char *text)
{
  g_autofree char *folded_pattern = NULL, *folded_text = NULL;

  if (!is_set (pattern))
    return TRUE;
  folded_pattern = g_ascii_strdown (pattern, -1);
  folded_text = g_ascii_strdown (text, -1);
  return g_pattern_match_simple (folded_pattern, folded_text);
}

static guint8
hex_byte (const char *digits)
{
  return g_ascii_xdigit_value (digits[0]) << 4 | g_ascii_xdigit_value (digits[1]);
}

/* Values that are written otherwise than they are kept. */
static void
finish (Draft *draft)
{
  Quirks *quirks = &draft->quirks;

  if (is_set (draft->transports))
    quirks->transports = g_intern_string (draft->transports);
  quirks->select_p2 = hex_byte (draft->select_p2);
  quirks->terminal_capability_len = is_set (draft->capability) ? 3 : 0;
  for (guint i = 0; i < quirks->terminal_capability_len; i++)
    quirks->terminal_capability[i] = hex_byte (draft->capability + 2 * i);
}

Quirks
quirks_table_find (const QuirksTable *self, const QuirksModem *modem)
{
  Draft draft = { .select_p2 = g_strdup ("00"), .quirks = QUIRKS_DEFAULT };
  Quirks found;

  for (guint i = 0; i < self->rows->len; i++)
    {
      const Row *row = self->rows->pdata[i];
      const Draft *patterns = &row->patterns;

      if (!matches (patterns->usb, modem->usb_id) || !matches (patterns->model, modem->model)
          || !matches (patterns->revision, modem->revision)
          || !matches (patterns->stack, modem->stack))
        continue;
      /* They were read without error before. */
      for (guint l = 0; l < row->lines->len; l++)
        {
          const ConfigLine *line = row->lines->pdata[l];

          config_key_set (find_key (line->key), &draft, line, NULL);
        }
    }
  finish (&draft);
  found = draft.quirks;
  draft_clear (&draft);
  return found;
}
