/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Reads the QR code in a picture: gdk-pixbuf and zbar, in the command of whoever has the picture.
 */

#include <errno.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
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

/* What operators send, and what a camera makes; gdk-pixbuf knows more, whose decoders see less use.
 */
static gboolean
is_accepted (GdkPixbufFormat *format)
{
  g_autofree char *name = gdk_pixbuf_format_get_name (format);

  return g_str_equal (name, "png") || g_str_equal (name, "jpeg");
}

static gboolean
check_format (const char *file, GError **error)
{
  int width = 0, height = 0;
  GdkPixbufFormat *format = gdk_pixbuf_get_file_info (file, &width, &height);

  if (g_access (file, R_OK) != 0)
    return refuse (error, file, g_strerror (errno), _ ("Check its name and who may read it."));
  if (format == NULL)
    return refuse (error, file, _ ("is no picture"), _ ("Give a picture in PNG or JPEG format."));
  if (!is_accepted (format))
    return refuse (error, file, _ ("is a picture of another kind"),
                   _ ("Give it in PNG or JPEG format: a screenshot will do."));
  if ((guint64) width * (guint64) height > PIXELS_MAX)
    return refuse (error, file, _ ("is too big"), _ ("Cut out the QR code."));
  return TRUE;
}

/* Luma by ITU-R BT.601, on white where it is transparent. */
static guint8
gray (const guint8 *pixel, gboolean has_alpha)
{
  guint luma = (299u * pixel[0] + 587u * pixel[1] + 114u * pixel[2]) / 1000;
  guint alpha = has_alpha ? pixel[3] : 255;

  return (guint8) ((luma * alpha + 255u * (255 - alpha)) / 255);
}

/* One byte a pixel. */
static guint8 *
load (const char *file, guint *width, guint *height, GError **error)
{
  g_autoptr (GError) damage = NULL;
  g_autoptr (GdkPixbuf) picture = NULL;
  const guint8 *from;
  guint8 *pixels;

  if (!check_format (file, error))
    return NULL;
  picture = gdk_pixbuf_new_from_file (file, &damage);
  if (picture == NULL)
    {
      refuse (error, file, damage->message, _ ("The picture is damaged: get it again."));
      return NULL;
    }
  *width = (guint) gdk_pixbuf_get_width (picture);
  *height = (guint) gdk_pixbuf_get_height (picture);
  pixels = g_malloc ((gsize) *width * *height);
  for (guint y = 0; y < *height; y++)
    {
      from = gdk_pixbuf_read_pixels (picture)
             + (gsize) y * (guint) gdk_pixbuf_get_rowstride (picture);
      for (guint x = 0; x < *width; x++, from += gdk_pixbuf_get_n_channels (picture))
        pixels[(gsize) y * *width + x] = gray (from, gdk_pixbuf_get_has_alpha (picture));
    }
  return pixels;
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
  guint width = 0, height = 0;
  g_autofree guint8 *pixels = load (file, &width, &height, error);
  g_autoptr (zbar_image_t) image = NULL;
  g_autoptr (zbar_image_scanner_t) scanner = NULL;

  if (pixels == NULL)
    return NULL;
  image = zbar_image_create ();
  zbar_image_set_format (image, zbar_fourcc ('Y', '8', '0', '0'));
  zbar_image_set_size (image, width, height);
  zbar_image_set_data (image, pixels, (gsize) width * height, NULL);
  scanner = zbar_image_scanner_create ();
  zbar_image_scanner_set_config (scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
  zbar_image_scanner_set_config (scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
  if (zbar_scan_image (scanner, image) < 0)
    {
      refuse (error, file, _ ("can't be looked at"), _ ("Give a picture in PNG or JPEG format."));
      return NULL;
    }
  return only_text (scanner, file, error);
}
