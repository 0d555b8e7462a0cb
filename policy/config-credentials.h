/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A provider's user and secrets, from a file that only root may read or from a systemd
 * credential. */

#pragma once

#include <glib.h>

typedef struct
{
  char *user, *secret;
  char *callback_secret; /* NULL: not there */
} ConfigCredentials;

/** config_credentials_read: what is in the file PATH. GUARDED: whether PATH itself must keep others
 * out (systemd guards its credentials' folder). Returns NULL and fills *FOUND, whose strings are
 * the caller's, or returns a text, owned by the caller, that says what is wrong and never quotes
 * the file. */
char *config_credentials_read (const char *path, gboolean guarded, ConfigCredentials *found);

void config_credentials_clear (ConfigCredentials *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ConfigCredentials, config_credentials_clear)
