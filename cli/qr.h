/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Activation codes as QR pictures, and back: on the terminal, PNG, SVG. */

#pragma once

#include <glib.h>

/** qr_text: TEXT as a QR code for a terminal: dark modules are blanks on its inverse, so that it
 * can be read whatever the colours are. The caller frees. */
char *qr_text (const char *text, GError **error);

/** qr_write_png, qr_write_svg: the same as a picture in FILE, which only its owner can read: who
 * has the picture has the profile. An older FILE is replaced. */
gboolean qr_write_png (const char *text, const char *file, GError **error);
gboolean qr_write_svg (const char *text, const char *file, GError **error);

/** qr_read: what the one QR code in the picture FILE (PNG or JPEG) says; the caller frees. */
char *qr_read (const char *file, GError **error);
