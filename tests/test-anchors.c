/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* net/anchors: the rebuilt GSMA roots are what their facts say, and what OpenSSL takes as anchors.
 */

#include "net/anchors.h"

#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/error.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)

static void
assert_root (X509 *root, const char *subject, const char *key_id)
{
  g_autofree char *line = g_malloc0 (256);
  const ASN1_BIT_STRING *point = X509_get0_pubkey_bitstr (root);
  const ASN1_OCTET_STRING *id = X509_get0_subject_key_id (root);
  guint8 digest[SHA_DIGEST_LENGTH];
  GString *hex = g_string_new (NULL);

  X509_NAME_oneline (X509_get_subject_name (root), line, 256);
  g_assert_cmpstr (line, ==, subject);
  g_assert_cmpint (X509_check_ca (root), ==, 1);
  g_assert_cmpint (X509_check_issued (root, root), ==, X509_V_OK);
  g_assert_cmpint (X509_cmp_current_time (X509_get0_notBefore (root)), <, 0);
  g_assert_cmpint (X509_cmp_current_time (X509_get0_notAfter (root)), >, 0);
  for (int i = 0; i < id->length; i++)
    g_string_append_printf (hex, "%02X", id->data[i]);
  g_assert_cmpstr (hex->str, ==, key_id);
  g_string_free (hex, TRUE);
  /* RFC 5280, 4.2.1.2 (1): a wrong digit in the key would show here */
  SHA1 (point->data, point->length, digest);
  g_assert_cmpmem (digest, sizeof digest, id->data, id->length);
}

static void
test_gsma (void)
{
  g_autoptr (GBytes) pem = anchors_gsma ();
  gsize size;
  const char *text = g_bytes_get_data (pem, &size);
  BIO *bio = BIO_new_mem_buf (text, (int) size);
  g_autoptr (X509) first = PEM_read_bio_X509 (bio, NULL, NULL, NULL);
  g_autoptr (X509) second = PEM_read_bio_X509 (bio, NULL, NULL, NULL);

  g_assert_null (PEM_read_bio_X509 (bio, NULL, NULL, NULL));
  BIO_free (bio);
  assert_root (first, "/O=GSM Association/CN=GSM Association - RSP2 Root CI1",
               "81370F5125D0B1D408D4C3B232E6D25E795BEBFB");
  assert_root (second, "/C=CH/O=OISTE Foundation/CN=OISTE GSMA CI G1",
               "4C27967AD20C14B391E9601E41E604AD57C0222F");
}

static void
test_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) gsma = anchors_gsma (), read = NULL;
  g_autofree char *path = NULL;
  gsize size;
  const char *text = g_bytes_get_data (gsma, &size);
  int fd = g_file_open_tmp ("anchors-XXXXXX", &path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, size, &error));
  read = anchors_from_file (path, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (read, gsma));
  g_assert_true (g_file_set_contents (path, "no certificate\n", -1, &error));
  g_assert_null (anchors_from_file (path, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SETTINGS);
  g_clear_error (&error);
  g_unlink (path);
  g_assert_null (anchors_from_file (path, &error));
  g_assert_error (error, ESIM_ERROR, ESIM_ERROR_SETTINGS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/anchors/gsma", test_gsma);
  g_test_add_func ("/anchors/file", test_file);
  return g_test_run ();
}
