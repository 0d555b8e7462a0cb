/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A provider's user and secret, from a file that only root may read or from a systemd credential.
 */

#pragma once

#include <glib.h>

/** config_credentials_read: the user and secret in the file PATH. GUARDED: whether PATH itself must
 * keep others out (systemd guards its credentials' folder). Returns NULL and sets *USER and *SECRET
 * (owned by the caller), or returns a text, owned by the caller, that says what is wrong and never
 * quotes the file. */
char *config_credentials_read (const char *path, gboolean guarded, char **user, char **secret);
