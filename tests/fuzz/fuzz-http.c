/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* net/http for fuzz targets: a server that answers with an input's chunks, a status each (in tens)
 * and a body. */

#include "fuzz-http.h"

struct _Http
{
  Input *input;
};

/* Http has no place for it, and a target runs on one thread. */
static Input *answers;

void
fuzz_http_answers (Input *input)
{
  answers = input;
}

Http *
http_new (G_GNUC_UNUSED HttpTrust trust, G_GNUC_UNUSED GBytes *pem,
          G_GNUC_UNUSED Progress *progress)
{
  Http *self = g_new0 (Http, 1);

  self->input = answers;
  return self;
}

void
http_free (Http *self)
{
  g_free (self);
}

HttpResponse *
http_send (Http *self, G_GNUC_UNUSED const HttpRequest *request,
           G_GNUC_UNUSED GCancellable *cancellable, GError **error)
{
  HttpResponse *response;
  const char *text;
  gsize size;

  if (self->input->left == 0)
    {
      error_set (error, ESIM_ERROR_NO_NETWORK, "http", "no answers left");
      return NULL;
    }
  response = g_new0 (HttpResponse, 1);
  response->status = input_byte (self->input) * 10;
  response->body = input_chunk (self->input);
  /* a header may be anything, too: what the body begins with */
  text = g_bytes_get_data (response->body, &size);
  response->content_type = g_strndup (text ? text : "", MIN (size, 20));
  response->retry_after = g_strdup (response->content_type);
  return response;
}

void
http_response_free (HttpResponse *self)
{
  g_free (self->content_type);
  g_free (self->retry_after);
  g_bytes_unref (self->body);
  g_free (self);
}
