/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Reads the QR code in a picture: libpng and zbar, in the command of whoever has the picture. */

#include <glib/gi18n.h>
#include <png.h>
#include <string.h>
#include <zbar.h>

#include "qr.h"
#include "report.h"

/* More pixels than any camera has: a small file can claim to be a huge picture. */
#define PIXELS_MAX 100000000

G_DEFINE_AUTOPTR_CLEANUP_FUNC (zbar_image_t, zbar_image_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (zbar_image_scanner_t, zbar_image_scanner_destroy)

static gboolean
refuse (GError **error, const char *file, const char *problem, const char *advice)
{
  g_set_error (error, REPORT_ERROR, EXIT_FAILED, "%s %s\n%s", file, problem, advice);
  return FALSE;
}

/* One byte a pixel; what is transparent is white. */
static guint8 *
load (const char *file, png_image *image, GError **error)
{
  static const png_color white = { 255, 255, 255 };
  g_autofree guint8 *pixels = NULL;

  if (!png_image_begin_read_from_file (image, file))
    {
      refuse (error, file, image->message, _ ("Give a picture in PNG format."));
      return NULL;
    }
  image->format = PNG_FORMAT_GRAY;
  if ((guint64) image->width * image->height > PIXELS_MAX)
    refuse (error, file, _ ("is too big"), _ ("Cut out the QR code."));
  else
    {
      pixels = g_malloc (PNG_IMAGE_SIZE (*image));
      if (png_image_finish_read (image, &white, pixels, 0, NULL))
        return g_steal_pointer (&pixels);
      refuse (error, file, image->message, _ ("The picture is damaged: get it again."));
    }
  png_image_free (image);
  return NULL;
}

/* The text of the only symbol that SCANNER has found. */
static char *
only_text (const zbar_image_scanner_t *scanner, const char *file, GError **error)
{
  const zbar_symbol_set_t *found = zbar_image_scanner_get_results (scanner);
  const zbar_symbol_t *first = found ? zbar_symbol_set_first_symbol (found) : NULL;
  g_autofree char *text = NULL;

  if (first == NULL)
    refuse (error, file, _ ("has no QR code that can be read"),
            _ ("Take a sharper picture, from straight above, with a light edge all around."));
  else if (zbar_symbol_next (first))
    refuse (error, file, _ ("has more than one QR code"), _ ("Cut out the one that is meant."));
  else
    {
      text = g_strndup (zbar_symbol_get_data (first), zbar_symbol_get_data_length (first));
      if (g_utf8_validate (text, -1, NULL))
        return g_steal_pointer (&text);
      refuse (error, file, _ ("has a QR code that is not text"), _ ("Is it the one for the eSIM?"));
    }
  return NULL;
}

char *
qr_read (const char *file, GError **error)
{
  png_image picture = { .version = PNG_IMAGE_VERSION };
  g_autofree guint8 *pixels = load (file, &picture, error);
  g_autoptr (zbar_image_t) image = NULL;
  g_autoptr (zbar_image_scanner_t) scanner = NULL;

  if (pixels == NULL)
    return NULL;
  image = zbar_image_create ();
  zbar_image_set_format (image, zbar_fourcc ('Y', '8', '0', '0'));
  zbar_image_set_size (image, picture.width, picture.height);
  zbar_image_set_data (image, pixels, PNG_IMAGE_SIZE (picture), NULL);
  scanner = zbar_image_scanner_create ();
  zbar_image_scanner_set_config (scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
  zbar_image_scanner_set_config (scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
  if (zbar_scan_image (scanner, image) < 0)
    {
      refuse (error, file, _ ("can't be looked at"), _ ("Give a picture in PNG format."));
      return NULL;
    }
  return only_text (scanner, file, error);
}
