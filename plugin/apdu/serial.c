/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A modem's serial port: raw, locked against others, read line by line with a deadline. */

#include "apdu/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"

#define LAYER "at"
#define LINE_MAX_BYTES 8192 /* the longest answer, 256 bytes in hex, takes 530 */

struct _Serial
{
  int fd;
  char *device;
  GString *input; /* read and not yet taken */
};

static void
set_errno (Serial *self, const char *what, GError **error)
{
  int number = errno;
  EsimError code = ESIM_ERROR_CHANNEL;

  if (number == ENOENT || number == ENXIO || number == ENODEV || number == EIO)
    code = ESIM_ERROR_DEVICE_GONE;
  else if (number == EBUSY || number == EWOULDBLOCK)
    code = ESIM_ERROR_BUSY;
  error_set (error, code, LAYER, "%s: %s: %s", self->device, what,
             code == ESIM_ERROR_BUSY ? "another program uses it" : g_strerror (number));
}

void
serial_close (Serial *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    {
      ioctl (self->fd, TIOCNXCL);
      close (self->fd);
    }
  g_string_free (self->input, TRUE);
  g_free (self->device);
  g_free (self);
}

static gboolean
make_raw (int fd)
{
  struct termios settings;

  if (tcgetattr (fd, &settings) != 0)
    return FALSE;
  cfmakeraw (&settings);
  settings.c_cflag |= CLOCAL | CREAD;
  settings.c_cflag &= ~(tcflag_t) CRTSCTS;
  cfsetispeed (&settings, B115200);
  cfsetospeed (&settings, B115200);
  return tcsetattr (fd, TCSANOW, &settings) == 0 && tcflush (fd, TCIOFLUSH) == 0;
}

/* Whether another program has claimed the port, which the kernel lets the mighty disregard. */
static gboolean
is_claimed (int fd)
{
  int claimed = 0;

  if (ioctl (fd, TIOCGEXCL, &claimed) != 0 || !claimed)
    return FALSE;
  errno = EBUSY;
  return TRUE;
}

/* TIOCEXCL keeps later programs out, as ModemManager does; flock() those that only look for
 * locks. */
Serial *
serial_open (const char *device, GError **error)
{
  g_autoptr (Serial) self = g_new0 (Serial, 1);

  self->device = g_strdup (device);
  self->input = g_string_new (NULL);
  self->fd = open (device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (self->fd < 0)
    set_errno (self, "open", error);
  else if (is_claimed (self->fd))
    {
      set_errno (self, "open", error);
      close (self->fd); /* its owner's claim stays */
      self->fd = -1;
    }
  else if (flock (self->fd, LOCK_EX | LOCK_NB) != 0)
    set_errno (self, "lock", error);
  else if (!make_raw (self->fd))
    set_errno (self, "this is no serial port that can be used", error);
  else
    {
      ioctl (self->fd, TIOCEXCL);
      return g_steal_pointer (&self);
    }
  return NULL;
}

/* Waits for EVENTS on the port. */
static gboolean
wait_port (Serial *self, gushort events, gint64 deadline, GCancellable *cancellable, GError **error)
{
  GPollFD fds[2] = { { .fd = self->fd, .events = events } };
  gboolean watched = cancellable && g_cancellable_make_pollfd (cancellable, &fds[1]);
  gint64 left = MAX (0, deadline - g_get_monotonic_time ());
  int ready = g_poll (fds, watched ? 2 : 1, (left + 999) / 1000);

  if (watched)
    g_cancellable_release_fd (cancellable);
  if (g_cancellable_is_cancelled (cancellable))
    error_set (error, ESIM_ERROR_CANCELLED, LAYER, "cancelled");
  else if (ready == 0)
    error_set (error, ESIM_ERROR_TIMED_OUT, LAYER, "%s: the modem does not answer", self->device);
  else if (ready < 0 && errno != EINTR)
    set_errno (self, "poll", error);
  else
    return TRUE;
  return FALSE;
}

gboolean
serial_send (Serial *self, const char *text, gint64 deadline, GCancellable *cancellable,
             GError **error)
{
  while (*text)
    {
      gssize sent;

      if (!wait_port (self, G_IO_OUT, deadline, cancellable, error))
        return FALSE;
      sent = write (self->fd, text, strlen (text));
      if (sent > 0)
        text += sent;
      else if (sent < 0 && errno != EAGAIN && errno != EINTR)
        {
          set_errno (self, "write", error);
          return FALSE;
        }
    }
  return TRUE;
}

/* The first line of what was read, taken out of it; NULL while it has no end yet. */
static char *
take_line (Serial *self)
{
  gsize length = strcspn (self->input->str, "\r\n");
  char *line;

  if (length == self->input->len)
    return NULL;
  line = g_strndup (self->input->str, length);
  g_string_erase (self->input, 0, length + 1);
  return g_strstrip (line);
}

static gboolean
read_more (Serial *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  char bytes[1024];
  gssize got;

  if (self->input->len > LINE_MAX_BYTES)
    {
      error_set (error, ESIM_ERROR_CHANNEL, LAYER, "%s: lines without end come from it",
                 self->device);
      return FALSE;
    }
  if (!wait_port (self, G_IO_IN, deadline, cancellable, error))
    return FALSE;
  got = read (self->fd, bytes, sizeof bytes);
  for (gssize i = 0; i < got; i++)
    if (bytes[i] != '\0') /* noise, and the end of a C string */
      g_string_append_c (self->input, bytes[i]);
  if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
    return TRUE;
  error_set (error, ESIM_ERROR_DEVICE_GONE, LAYER, "%s was unplugged", self->device);
  return FALSE;
}

char *
serial_read_line (Serial *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  while (TRUE)
    {
      g_autofree char *line = take_line (self);

      if (line && *line)
        return g_steal_pointer (&line);
      if (line == NULL && !read_more (self, deadline, cancellable, error))
        return NULL;
    }
}
