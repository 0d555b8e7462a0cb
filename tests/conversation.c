/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Listens at the proxy's abstract socket and compares what the host says byte by byte. */

#include "conversation.h"

#include <gio/gunixsocketaddress.h>
#include <string.h>

#include "base/hex.h"

struct _Conversation
{
  const Framing *framing;
  GSocket *listener;
  GKeyFile *exchanges;
  char **names; /* those to play, in order */
  guint played;
  GThread *thread;
  gint over; /* atomic: ends the thread */
};

/* Whether SOCKET has something for us before the test is over. */
static gboolean
is_readable (Conversation *self, GSocket *socket)
{
  while (!g_atomic_int_get (&self->over))
    if (g_socket_condition_timed_wait (socket, G_IO_IN, 10000, NULL, NULL))
      return TRUE;
  return FALSE;
}

/* SIZE bytes, or FALSE at the end. */
static gboolean
receive (Conversation *self, GSocket *socket, guint8 *data, gsize size)
{
  while (size > 0)
    {
      gssize got = is_readable (self, socket)
                       ? g_socket_receive (socket, (char *) data, size, NULL, NULL)
                       : 0;

      if (got <= 0)
        return FALSE;
      data += got;
      size -= got;
    }
  return TRUE;
}

/* Sends the messages of ANSWER, which is to the message ASKED. */
static gboolean
reply (Conversation *self, GSocket *socket, const char *answer, const guint8 *asked)
{
  g_auto (GStrv) messages = g_strsplit (answer, " ", 0);

  for (guint i = 0; messages[i]; i++)
    {
      g_autoptr (GByteArray) message = g_bytes_unref_to_array (hex_decode (messages[i]));

      self->framing->set_transaction (message->data, asked);
      if (g_socket_send (socket, (char *) message->data, message->len, NULL, NULL) <= 0)
        return FALSE;
    }
  return TRUE;
}

/* Plays the next exchange to a message that has begun with HEADER; FALSE to hang up. */
static gboolean
play (Conversation *self, GSocket *socket, const guint8 *header)
{
  const Framing *framing = self->framing;
  gsize size = MAX (framing->length (header), framing->header_size);
  g_autofree guint8 *message = g_malloc0 (size);
  const char *name = self->names[self->played];
  g_autofree char *ask = g_key_file_get_string (self->exchanges, name ? name : "-", "ask", NULL);
  g_autofree char *answer
      = g_key_file_get_string (self->exchanges, name ? name : "-", "answer", NULL);
  g_autofree char *asked = NULL, *wanted = NULL;
  g_autoptr (GByteArray) bytes = g_bytes_unref_to_array (hex_decode (ask ? ask : ""));

  memcpy (message, header, framing->header_size);
  if (!receive (self, socket, message + framing->header_size, size - framing->header_size))
    return FALSE;
  asked = hex_encode (message, size);
  if (bytes->len != size)
    g_error ("exchange %s: the host says\n%s instead of\n%s", name ? name : "-", asked, ask);
  framing->set_transaction (bytes->data, message);
  wanted = hex_encode (bytes->data, size);
  g_assert_cmpstr (asked, ==, wanted);
  self->played++;
  if (answer == NULL)
    return TRUE;
  return !g_str_equal (answer, "hangup") && reply (self, socket, answer, message);
}

static gpointer
serve (gpointer data)
{
  Conversation *self = data;
  g_autofree guint8 *header = g_malloc (self->framing->header_size);

  while (is_readable (self, self->listener))
    {
      g_autoptr (GSocket) socket = g_socket_accept (self->listener, NULL, NULL);

      while (socket && receive (self, socket, header, self->framing->header_size)
             && play (self, socket, header))
        ;
    }
  return NULL;
}

Conversation *
conversation_new (const Framing *framing, const char *names)
{
  Conversation *self = g_new0 (Conversation, 1);
  g_autofree char *file = g_test_build_filename (G_TEST_DIST, framing->file, NULL);
  g_autoptr (GSocketAddress) address
      = g_unix_socket_address_new_with_type (framing->socket, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT);
  g_autoptr (GError) error = NULL;

  self->framing = framing;
  self->names = g_strsplit (names, " ", 0); /* of "": none */
  self->exchanges = g_key_file_new ();
  g_key_file_load_from_file (self->exchanges, file, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  self->listener = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, &error);
  g_assert_no_error (error);
  g_socket_bind (self->listener, address, FALSE, &error);
  g_assert_no_error (error);
  g_socket_listen (self->listener, &error);
  g_assert_no_error (error);
  self->thread = g_thread_new ("proxy", serve, self);
  return self;
}

void
conversation_free (Conversation *self)
{
  g_atomic_int_set (&self->over, TRUE);
  g_thread_join (self->thread);
  g_assert_cmpstr (self->names[self->played], ==, NULL);
  g_object_unref (self->listener);
  g_key_file_unref (self->exchanges);
  g_strfreev (self->names);
  g_free (self);
}
