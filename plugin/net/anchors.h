/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The two live GSMA CI roots as PEM, rebuilt from their published facts. */

#pragma once

#include <gio/gio.h>

/** anchors_gsma: a PEM bundle of GSMA RSP2 Root CI1 and OISTE GSMA CI G1. The caller owns it. */
GBytes *anchors_gsma (void);

/** anchors_from_file: the PEM bundle at PATH; SETTINGS when it can't be read or holds no
 * certificate. */
GBytes *anchors_from_file (const char *path, GError **error);
