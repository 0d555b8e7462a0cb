/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Twilio's and KORE's signatures of requests that call back, computed anew and compared. */

#include "provider/signature.h"

#include <openssl/crypto.h>
#include <string.h>

#define FORM "application/x-www-form-urlencoded"
#define SHA1_LENGTH 20
/* A form of more fields than any status has is not worth sorting. */
#define FIELDS_MAX 200

/* In a time that does not tell how much of it is right. */
static gboolean
is_same (const char *given, const char *right)
{
  return given && strlen (given) == strlen (right)
         && CRYPTO_memcmp (given, right, strlen (right)) == 0;
}

/* ---- Twilio ---- */

/* One "name=value" as name and value without a sign between, NULL where its escapes are broken.
 * They are sorted by this text: no name of theirs is the beginning of another with a value that
 * could confuse the two. */
static char *
read_field (const char *pair)
{
  g_auto (GStrv) halves = g_strsplit (pair, "=", 2);
  g_autofree char *name = NULL;
  g_autofree char *value = NULL;

  for (guint i = 0; halves[i]; i++)
    g_strdelimit (halves[i], "+", ' ');
  name = g_uri_unescape_string (halves[0] ? halves[0] : "", NULL);
  value = g_uri_unescape_string (halves[0] && halves[1] ? halves[1] : "", NULL);
  return name && value ? g_strconcat (name, "\001", value, NULL) : NULL;
}

static int
compare_fields (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* The fields of the form BODY as they are signed, NULL where it is no form. */
static char *
join_form (GBytes *body)
{
  gsize length;
  const char *data = g_bytes_get_data (body, &length);
  g_autofree char *text = g_strndup (data ? data : "", length);
  g_auto (GStrv) pairs = g_strsplit (text, "&", FIELDS_MAX + 1);
  g_autoptr (GPtrArray) fields = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) joined = g_string_new (NULL);

  if (strlen (text) != length || g_strv_length (pairs) > FIELDS_MAX)
    return NULL;
  for (guint i = 0; pairs[i]; i++)
    {
      char *field = *pairs[i] ? read_field (pairs[i]) : g_strdup ("\001");

      if (field == NULL)
        return NULL;
      g_ptr_array_add (fields, field);
    }
  g_ptr_array_sort (fields, compare_fields);
  for (guint i = 0; i < fields->len; i++)
    {
      const char *field = fields->pdata[i], *cut = strchr (field, '\001');

      /* Twilio counts a field that is there twice with one value once. */
      if (i > 0 && strcmp (field, fields->pdata[i - 1]) == 0)
        continue;
      g_string_append_len (joined, field, cut - field);
      g_string_append (joined, cut + 1);
    }
  return g_string_free (g_steal_pointer (&joined), FALSE);
}

static gboolean
is_form (const SignedRequest *request)
{
  gsize length = strlen (FORM);

  return request->content_type && g_ascii_strncasecmp (request->content_type, FORM, length) == 0
         && strchr ("; \t", request->content_type[length]);
}

/* Whether the URL's bodySHA256 is that of the body. */
static gboolean
names_body (const SignedRequest *request)
{
  const char *query = strchr (request->url, '?');
  g_auto (GStrv) pairs = g_strsplit (query ? query + 1 : "", "&", FIELDS_MAX);
  g_autofree char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, request->body);

  for (guint i = 0; pairs[i]; i++)
    if (g_str_has_prefix (pairs[i], "bodySHA256="))
      return is_same (strchr (pairs[i], '=') + 1, sum);
  return FALSE;
}

/* What is signed after the URL, NULL where nothing that came can have been signed. */
static char *
signed_fields (const SignedRequest *request)
{
  if (g_bytes_get_size (request->body) == 0)
    return g_strdup ("");
  if (is_form (request))
    return join_form (request->body);
  return names_body (request) ? g_strdup ("") : NULL;
}

static gboolean
is_signed (const char *url, const char *fields, const char *secret, const char *given)
{
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA1, (const guint8 *) secret, strlen (secret));
  guint8 digest[SHA1_LENGTH];
  gsize length = sizeof digest;
  g_autofree char *right = NULL;

  g_hmac_update (hmac, (const guint8 *) url, (gssize) strlen (url));
  g_hmac_update (hmac, (const guint8 *) fields, (gssize) strlen (fields));
  g_hmac_get_digest (hmac, digest, &length);
  right = g_base64_encode (digest, length);
  return is_same (given, right);
}

/* URL with its scheme's usual port where it has none, without where it has one; NULL for what is no
 * URL. The caller frees. */
static char *
change_port (const char *url)
{
  const char *slashes = strstr (url, "://");
  const char *host = slashes ? slashes + 3 : NULL;
  gsize length = host ? strcspn (host, "/?#") : 0;
  const char *colon = host ? g_strrstr_len (host, (gssize) length, ":") : NULL;

  if (host == NULL)
    return NULL;
  /* The colons of an IPv6 address are in brackets. */
  if (colon && memchr (colon, ']', length - (gsize) (colon - host)) == NULL)
    return g_strdup_printf ("%.*s%s", (int) (colon - url), url, host + length);
  return g_strdup_printf ("%.*s%s%s", (int) (host + length - url), url,
                          g_str_has_prefix (url, "https") ? ":443" : ":80", host + length);
}

gboolean
signature_is_twilio (const SignedRequest *request, const char *secret)
{
  g_autofree char *fields = signed_fields (request);
  g_autofree char *other = change_port (request->url);

  if (fields == NULL || request->twilio == NULL || *secret == '\0')
    return FALSE;
  return is_signed (request->url, fields, secret, request->twilio)
         || (other && is_signed (other, fields, secret, request->twilio));
}

/* ---- KORE ---- */

gboolean
signature_is_kore (const SignedRequest *request, const char *secret)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize length;
  const guint8 *data = g_bytes_get_data (request->body, &length);

  if (*secret == '\0')
    return FALSE;
  g_checksum_update (sum, (const guint8 *) secret, (gssize) strlen (secret));
  g_checksum_update (sum, (const guint8 *) request->method, (gssize) strlen (request->method));
  g_checksum_update (sum, (const guint8 *) request->url, (gssize) strcspn (request->url, "?#"));
  if (length)
    g_checksum_update (sum, data, (gssize) length);
  return is_same (request->kore, g_checksum_get_string (sum));
}
