/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Sets drivers in front of a recorded conversation up, and asks the card the usual questions. */

#include "bed.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pace.h"

/* Everybody's close() here: who closes a number twice closes another thread's file some day. */
int
close (int fd)
{
  long closed = syscall (SYS_close, fd);

  if (closed < 0 && errno == EBADF)
    g_error ("descriptor %d is closed a second time", fd);
  return (int) closed;
}

gboolean
bed_enter_namespace (void)
{
  if (unshare (CLONE_NEWNET) == 0 || unshare (CLONE_NEWUSER | CLONE_NEWNET) == 0)
    return TRUE;
  g_print ("1..0 # SKIP no namespaces allowed here\n");
  return FALSE;
}

void
bed_set_up (Bed *bed, const ChannelDriver *driver, const char *device, const Framing *framing,
            const char *names)
{
  bed->driver = driver;
  bed->proxy = names ? conversation_new (framing, names) : NULL;
  bed->memory = g_strdup_printf ("%s/test-%s-%d", g_get_tmp_dir (), driver->name, getpid ());
  bed->target
      = (ChannelTarget){ .device = device, .memory = bed->memory, .quirks = QUIRKS_DEFAULT };
  bed->context = g_main_context_new ();
  bed->timer = g_timer_new ();
  g_main_context_push_thread_default (bed->context);
}

void
bed_down (Bed *bed)
{
  g_main_context_pop_thread_default (bed->context);
  g_main_context_unref (bed->context);
  g_timer_destroy (bed->timer);
  g_clear_pointer (&bed->proxy, conversation_free);
  g_unlink (bed->memory);
  g_free (bed->memory);
}

Channel *
open_channel (Bed *bed)
{
  g_autoptr (GError) error = NULL;
  Channel *channel = channel_open (bed->driver, &bed->target, NULL, NULL, &error);

  g_assert_no_error (error);
  return channel;
}

void
open_fails (Bed *bed, EsimError code, const char *key, const char *raw)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (channel_open (bed->driver, &bed->target, NULL, NULL, &error));
  g_assert_error (error, ESIM_ERROR, (int) code);
  if (key)
    g_assert_cmpstr (error_get_raw (error, key), ==, raw);
  g_assert_true (pace_within (g_timer_elapsed (bed->timer, NULL), 3));
  bed_down (bed);
}

static GBytes *
ask (Channel *channel, const char *data, gsize size, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) request = g_bytes_new (data, size);

  return channel_store_data (channel, request, cancellable, error);
}

GBytes *
get_eid (Channel *channel, GCancellable *cancellable, GError **error)
{
  return ask (channel, "\xbf\x3e\x03\x5c\x01\x5a", 6, cancellable, error);
}

GBytes *
get_info (Channel *channel, GCancellable *cancellable, GError **error)
{
  return ask (channel, "\xbf\x22\x00", 3, cancellable, error);
}

void
eid_fails (Channel *channel, GCancellable *cancellable, EsimError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (get_eid (channel, cancellable, &error));
  g_assert_error (error, ESIM_ERROR, (int) code);
}

void
read_eid (Bed *bed)
{
  static const guint8 eid[] = { 0xbf, 0x3e, 0x12, 0x5a, 0x10, 0x89, 0x04, 0x41, 0x45, 0x00, 0x00,
                                0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x25 };
  g_autoptr (Channel) channel = open_channel (bed);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) response = get_eid (channel, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (response, NULL), g_bytes_get_size (response), eid, sizeof eid);
}

static gpointer
cancel (gpointer cancellable)
{
  g_usleep (50000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

GThread *
cancel_soon (GCancellable *cancellable)
{
  return g_thread_new ("canceller", cancel, cancellable);
}
