/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Every key that esimd.conf knows: one row each, and how its value is read. */

#pragma once

#include "config-file.h"

typedef enum
{
  CONFIG_CHOICE,  /* guint: the position in allowed, "never|on-request|automatic" */
  CONFIG_WORD,    /* char *: one of allowed */
  CONFIG_TEXT,    /* char *: allowed is a regular expression, NULL: anything */
  CONFIG_BOOLEAN, /* gboolean: yes or no */
  CONFIG_NUMBER,  /* guint: allowed is "lowest..highest" */
} ConfigType;

typedef struct
{
  const char *group; /* CONFIG_PROVIDER stands for every "provider NAME" */
  const char *key;
  ConfigType type;
  gsize offset;         /* in Policy, or in ConfigProvider */
  const char *standard; /* what an absent or empty value means */
  const char *allowed;
  const char *wants; /* of CONFIG_TEXT: allowed in words */
} ConfigKey;

#define CONFIG_PROVIDER "provider"

/* The texts of one [provider NAME] group, before they are looked into. */
typedef struct
{
  char *api, *base_url, *token_url, *credentials, *credential, *ca_file;
  char *callback_url, *callback_method;
} ConfigProvider;

/** config_keys: the table; *N rows. */
const ConfigKey *config_keys (guint *n);

/** config_keys_find: the row of LINE; "provider NAME" is the group CONFIG_PROVIDER. SETTINGS names
 * the line and what is known there. With a NULL key only the group is checked, and its first row
 * returned. */
const ConfigKey *config_keys_find (const ConfigLine *line, GError **error);

/** config_key_set: reads LINE's value (empty: the standard one) into the field of TARGET, a Policy
 * or a ConfigProvider. SETTINGS names the line and what would be right. */
gboolean config_key_set (const ConfigKey *self, gpointer target, const ConfigLine *line,
                         GError **error);

/** config_keys_set_standard: every key of GROUP in TARGET to its standard value; config_keys_clear:
 * frees the strings among them. */
void config_keys_set_standard (const char *group, gpointer target);
void config_keys_clear (const char *group, gpointer target);
