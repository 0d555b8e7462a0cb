/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Activation codes as QR pictures: modules by libqrencode, drawn here. */

#include "qr.h"

#include <glib/gi18n.h>
#include <errno.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <qrencode.h>
#include <string.h>

#include "report.h"

/* ISO/IEC 18004: light modules around it. */
#define QUIET 4
#define PIXELS_PER_MODULE 8

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QRcode, QRcode_free)

static QRcode *
encode (const char *text, GError **error)
{
  /* Level M is what cameras expect of a code on a screen or on paper. */
  QRcode *code = QRcode_encodeString8bit (text, 0, QR_ECLEVEL_M);

  if (code == NULL)
    g_set_error (error, REPORT_ERROR, EXIT_FAILED, _ ("the QR code can't be made: %s"),
                 g_strerror (errno));
  return code;
}

/* Outside of it everything is light. */
static gboolean
is_dark (const QRcode *code, int x, int y)
{
  x -= QUIET;
  y -= QUIET;
  return x >= 0 && y >= 0 && x < code->width && y < code->width
         && (code->data[y * code->width + x] & 1);
}

char *
qr_text (const char *text, GError **error)
{
  /* By upper and lower half; a light half is drawn, on black. */
  static const char *const halves[2][2] = { { "█", "▀" }, { "▄", " " } };
  g_autoptr (QRcode) code = encode (text, error);
  GString *drawn;
  int size;

  if (code == NULL)
    return NULL;
  drawn = g_string_new (NULL);
  size = code->width + 2 * QUIET;
  for (int y = 0; y < size; y += 2)
    {
      g_string_append (drawn, "\033[40;37;1m");
      for (int x = 0; x < size; x++)
        g_string_append (drawn, halves[is_dark (code, x, y)][is_dark (code, x, y + 1)]);
      g_string_append (drawn, "\033[0m\n");
    }
  return g_string_free (drawn, FALSE);
}

static gboolean
save (const char *file, const void *bytes, gsize size, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (g_file_set_contents_full (file, bytes, (gssize) size, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                &problem))
    return TRUE;
  g_set_error (error, REPORT_ERROR, EXIT_FAILED,
               _ ("the picture can't be written: %s\nThe code itself "
                  "is not lost: esimcli --activation-code=SID gives it again."),
               problem->message);
  return FALSE;
}

gboolean
qr_write_svg (const char *text, const char *file, GError **error)
{
  g_autoptr (QRcode) code = encode (text, error);
  g_autoptr (GString) svg = g_string_new (NULL);
  int size;

  if (code == NULL)
    return FALSE;
  size = code->width + 2 * QUIET;
  g_string_printf (svg,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                   "height=\"%d\" shape-rendering=\"crispEdges\">\n"
                   "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<path d=\"",
                   size, size, size * PIXELS_PER_MODULE, size * PIXELS_PER_MODULE, size, size);
  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++)
      if (is_dark (code, x, y))
        g_string_append_printf (svg, "M%d %dh1v1h-1z", x, y);
  g_string_append (svg, "\"/>\n</svg>\n");
  return save (file, svg->str, svg->len, error);
}

static GdkPixbuf *
draw (const QRcode *code)
{
  int side = (code->width + 2 * QUIET) * PIXELS_PER_MODULE;
  GdkPixbuf *picture = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, side, side);
  int stride = gdk_pixbuf_get_rowstride (picture), channels = gdk_pixbuf_get_n_channels (picture);
  guint8 *pixels = gdk_pixbuf_get_pixels (picture);

  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++)
      memset (pixels + (gssize) y * stride + x * channels,
              is_dark (code, x / PIXELS_PER_MODULE, y / PIXELS_PER_MODULE) ? 0 : 255,
              (gsize) channels);
  return picture;
}

gboolean
qr_write_png (const char *text, const char *file, GError **error)
{
  g_autoptr (QRcode) code = encode (text, error);
  g_autoptr (GdkPixbuf) picture = code ? draw (code) : NULL;
  g_autoptr (GError) problem = NULL;
  g_autofree char *png = NULL;
  gsize size;

  if (picture == NULL)
    return FALSE;
  if (gdk_pixbuf_save_to_buffer (picture, &png, &size, "png", &problem, NULL))
    return save (file, png, size, error);
  g_set_error (error, REPORT_ERROR, EXIT_FAILED, _ ("the picture can't be made: %s"),
               problem->message);
  return FALSE;
}
