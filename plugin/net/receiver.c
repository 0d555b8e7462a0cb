/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Small HTTP requests from outside, by libmicrohttpd on the main loop: no thread of its own, and no
 * more memory than a few connections take. */

#include "net/receiver.h"

#include <glib-unix.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

#define LAYER "net"
#define BODY_MAX (16 * 1024)
#define TARGET_MAX 4096
/* Who calls back needs one connection for a moment: more than a few at once are a flood, and what
 * takes longer than this, bytes coming or not, is cut off. */
#define CONNECTIONS_MAX 16
#define IDLE_S 3
#define WHOLE_S 10

struct _Receiver
{
  struct MHD_Daemon *daemon;
  ReceiverTake take;
  gpointer data;
  guint watch, timer;
};

/* One request on its way in. */
typedef struct
{
  char *target;
  GByteArray *body; /* NULL: nothing of it has been looked at */
} Incoming;

/* ---- requests ---- */

const char *
receiver_header (const Received *request, const char *name)
{
  return MHD_lookup_connection_value (request->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result
answer (struct MHD_Connection *connection, guint status)
{
  struct MHD_Response *response = MHD_create_response_from_buffer (0, NULL, MHD_RESPMEM_PERSISTENT);
  enum MHD_Result result;

  MHD_add_response_header (response, MHD_HTTP_HEADER_CONNECTION, "close");
  if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
    MHD_add_response_header (response, MHD_HTTP_HEADER_ALLOW, "GET, POST");
  result = MHD_queue_response (connection, status, response);
  MHD_destroy_response (response);
  return result;
}

/* What the head alone is refused for; 0: nothing. */
static guint
refusal_of_head (struct MHD_Connection *connection, const char *method, const char *target)
{
  const char *length
      = MHD_lookup_connection_value (connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

  if (strcmp (method, "GET") != 0 && strcmp (method, "POST") != 0)
    return MHD_HTTP_METHOD_NOT_ALLOWED;
  if (target == NULL || strlen (target) > TARGET_MAX)
    return MHD_HTTP_URI_TOO_LONG;
  if (length && g_ascii_strtoull (length, NULL, 10) > BODY_MAX)
    return MHD_HTTP_CONTENT_TOO_LARGE;
  return 0;
}

static guint
take (Receiver *self, struct MHD_Connection *connection, const char *method, Incoming *incoming)
{
  g_autoptr (GBytes) body = g_byte_array_free_to_bytes (g_steal_pointer (&incoming->body));
  const Received request = { method, incoming->target, body, connection };

  return self->take (&request, self->data);
}

/* Called once with the head, then with pieces of the body, then without any. */
static enum MHD_Result
on_request (void *data, struct MHD_Connection *connection, const char *url, const char *method,
            const char *version, const char *piece, size_t *length, void **context)
{
  Receiver *self = data;
  Incoming *incoming = *context;
  guint refusal;

  if (incoming == NULL)
    return MHD_NO;
  if (incoming->body == NULL)
    {
      refusal = refusal_of_head (connection, method, incoming->target);
      incoming->body = g_byte_array_new ();
      return refusal ? answer (connection, refusal) : MHD_YES;
    }
  if (*length == 0)
    return answer (connection, take (self, connection, method, incoming));
  /* In the middle of a body nothing can be answered: the connection is closed. */
  if (*length + incoming->body->len > BODY_MAX)
    return MHD_NO;
  g_byte_array_append (incoming->body, (const guint8 *) piece, (guint) *length);
  *length = 0;
  return MHD_YES;
}

/* The request line as it came: a signature is over that. */
static void *
on_uri (void *data, const char *uri, struct MHD_Connection *connection)
{
  Incoming *incoming = g_new0 (Incoming, 1);

  incoming->target = g_strdup (uri);
  return incoming;
}

static void
on_completed (void *data, struct MHD_Connection *connection, void **context,
              enum MHD_RequestTerminationCode code)
{
  Incoming *incoming = g_steal_pointer (context);

  if (incoming == NULL)
    return;
  g_free (incoming->target);
  g_clear_pointer (&incoming->body, g_byte_array_unref);
  g_free (incoming);
}

/* ---- connections ---- */

/* The time-out of libmicrohttpd starts anew with every byte. */
static gboolean
on_too_long (gpointer data)
{
  shutdown (GPOINTER_TO_INT (data), SHUT_RDWR);
  return G_SOURCE_CONTINUE;
}

static void
on_connection (void *data, struct MHD_Connection *connection, void **context,
               enum MHD_ConnectionNotificationCode code)
{
  if (code == MHD_CONNECTION_NOTIFY_STARTED)
    {
      const union MHD_ConnectionInfo *info
          = MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CONNECTION_FD);

      *context = GUINT_TO_POINTER (
          g_timeout_add_seconds (WHOLE_S, on_too_long, GINT_TO_POINTER (info->connect_fd)));
    }
  else if (*context)
    g_source_remove (GPOINTER_TO_UINT (g_steal_pointer (context)));
}

/* ---- the main loop ---- */

static void turn (Receiver *self);

static gboolean
on_timer (gpointer data)
{
  Receiver *self = data;

  self->timer = 0;
  turn (self);
  return G_SOURCE_REMOVE;
}

static void
turn (Receiver *self)
{
  MHD_UNSIGNED_LONG_LONG ms;

  MHD_run (self->daemon);
  g_clear_handle_id (&self->timer, g_source_remove);
  if (MHD_get_timeout (self->daemon, &ms) == MHD_YES)
    self->timer = g_timeout_add ((guint) MIN (ms, 1000), on_timer, self);
  else
    /* At its limit of connections it does not listen, and begins again in the run after the one
     * that ended them; nothing else would cause that. */
    MHD_run (self->daemon);
}

static gboolean
on_ready (gint fd, GIOCondition condition, gpointer data)
{
  turn (data);
  return G_SOURCE_CONTINUE;
}

/* ---- listening ---- */

static GSocketAddress *
parse_address (const char *text)
{
  g_autoptr (GSocketConnectable) parsed = g_network_address_parse (text, 0, NULL);
  GNetworkAddress *address = parsed ? G_NETWORK_ADDRESS (parsed) : NULL;

  return address ? g_inet_socket_address_new_from_string (g_network_address_get_hostname (address),
                                                          g_network_address_get_port (address))
                 : NULL;
}

static GSocket *
listen_at (const char *text, GError **error)
{
  g_autoptr (GSocketAddress) address = parse_address (text);
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) problem = NULL;

  if (address)
    socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                           G_SOCKET_PROTOCOL_TCP, &problem);
  if (socket && g_socket_bind (socket, address, TRUE, &problem)
      && g_socket_listen (socket, &problem))
    return g_steal_pointer (&socket);
  error_set (error, ESIM_ERROR_SETTINGS, LAYER, "callback-listen=%s: %s", text,
             problem ? problem->message : "no address and port");
  return NULL;
}

static struct MHD_Daemon *
start (Receiver *self, int fd)
{
  /* libmicrohttpd closes FD. */
  return MHD_start_daemon (
      MHD_USE_EPOLL, 0, NULL, NULL, on_request, self, MHD_OPTION_LISTEN_SOCKET, fd,
      MHD_OPTION_CONNECTION_LIMIT, (unsigned) CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
      (unsigned) IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) BODY_MAX,
      MHD_OPTION_URI_LOG_CALLBACK, on_uri, self, MHD_OPTION_NOTIFY_COMPLETED, on_completed, self,
      MHD_OPTION_NOTIFY_CONNECTION, on_connection, self, MHD_OPTION_END);
}

Receiver *
receiver_new (const char *address, ReceiverTake take_request, gpointer data, GError **error)
{
  g_autoptr (GSocket) socket = listen_at (address, error);
  g_autoptr (Receiver) self = g_new0 (Receiver, 1);
  const union MHD_DaemonInfo *info;
  int fd;

  if (socket == NULL)
    return NULL;
  fd = dup (g_socket_get_fd (socket));
  self->take = take_request;
  self->data = data;
  self->daemon = start (self, fd);
  if (self->daemon == NULL)
    {
      close (fd);
      error_set (error, ESIM_ERROR_SETTINGS, LAYER, "callback-listen=%s: no server can be started",
                 address);
      return NULL;
    }
  info = MHD_get_daemon_info (self->daemon, MHD_DAEMON_INFO_EPOLL_FD);
  self->watch = g_unix_fd_add (info->epoll_fd, G_IO_IN, on_ready, self);
  return g_steal_pointer (&self);
}

void
receiver_free (Receiver *self)
{
  g_clear_handle_id (&self->watch, g_source_remove);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_pointer (&self->daemon, MHD_stop_daemon);
  g_free (self);
}
