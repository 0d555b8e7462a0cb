/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Rebuilds the live GSMA CI roots from the facts that make a certificate an anchor. */

#include "net/anchors.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/error.h"

/* One attribute of a subject. The string type matters: OpenSSL finds an issuer by its canonical
 * name, whose order and types have to be the original's, or it is "unable to get local issuer". */
typedef struct
{
  int nid;
  int type;
  const char *text;
} Attribute;

typedef struct
{
  Attribute subject[3]; /* in DER order */
  const char *serial;
  const char *not_before; /* ASN.1 GeneralizedTime */
  const char *not_after;
  const char *key_id;
  const char *key; /* uncompressed point on P-256 */
} Root;

static const Root roots[] = {
  { .subject = { { NID_organizationName, V_ASN1_PRINTABLESTRING, "GSM Association" },
                 { NID_commonName, V_ASN1_PRINTABLESTRING, "GSM Association - RSP2 Root CI1" } },
    .serial = "6E68567A77A0EE7C85EE183963DFAA7A",
    .not_before = "20170222000000Z",
    .not_after = "20520221235959Z",
    .key_id = "81370F5125D0B1D408D4C3B232E6D25E795BEBFB",
    .key = "049D6ABAD2F41C2317E76189EBF8DE89BB00A997D42D68FF5F5D29FCC8A7EAC799"
           "37E85FE65968BDB08DB81DA7BA72F3F8EF140F4494081515A3C7BA9FD5F54EE6" },
  { .subject = { { NID_countryName, V_ASN1_PRINTABLESTRING, "CH" },
                 { NID_organizationName, V_ASN1_UTF8STRING, "OISTE Foundation" },
                 { NID_commonName, V_ASN1_UTF8STRING, "OISTE GSMA CI G1" } },
    .serial = "4A90520820D83CE106FC81475022A9676A480103",
    .not_before = "20240116000000Z",
    .not_after = "20590107235959Z",
    .key_id = "4C27967AD20C14B391E9601E41E604AD57C0222F",
    .key = "04BD9DECDCF142E0D82B09C08C98727A0C9EBABB3007B8B72F8C99CE9FE4ED04D4"
           "E14BB6072C3C8709ADAFEC3FB34CFF974ED82A81C2E8079E8685AF44410438C4" },
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free_all)

static EVP_PKEY *
make_key (const char *hex)
{
  long size;
  unsigned char *point = OPENSSL_hexstr2buf (hex, &size);
  char group[] = "prime256v1";
  OSSL_PARAM parameters[] = {
    OSSL_PARAM_construct_utf8_string (OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
    OSSL_PARAM_construct_octet_string (OSSL_PKEY_PARAM_PUB_KEY, point, size),
    OSSL_PARAM_construct_end (),
  };
  g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name (NULL, "EC", NULL);
  EVP_PKEY *key = NULL;

  if (EVP_PKEY_fromdata_init (context) == 1)
    EVP_PKEY_fromdata (context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
  OPENSSL_free (point);
  return key;
}

static void
set_names (X509 *certificate, const Root *root)
{
  X509_NAME *name = X509_NAME_new ();

  for (guint i = 0; i < G_N_ELEMENTS (root->subject) && root->subject[i].text; i++)
    {
      const Attribute *attribute = &root->subject[i];

      X509_NAME_add_entry_by_NID (name, attribute->nid, attribute->type,
                                  (const unsigned char *) attribute->text, -1, -1, 0);
    }
  X509_set_subject_name (certificate, name);
  X509_set_issuer_name (certificate, name);
  X509_NAME_free (name);
}

static void
set_serial_and_validity (X509 *certificate, const Root *root)
{
  BIGNUM *number = NULL;

  BN_hex2bn (&number, root->serial);
  BN_to_ASN1_INTEGER (number, X509_get_serialNumber (certificate));
  BN_free (number);
  ASN1_TIME_set_string_X509 (X509_getm_notBefore (certificate), root->not_before);
  ASN1_TIME_set_string_X509 (X509_getm_notAfter (certificate), root->not_after);
}

static void
add_extension (X509 *certificate, int nid, const char *value)
{
  X509_EXTENSION *extension = X509V3_EXT_conf_nid (NULL, NULL, nid, value);

  X509_add_ext (certificate, extension, -1);
  X509_EXTENSION_free (extension);
}

static void
sign_with_any_key (X509 *certificate)
{
  g_autoptr (EVP_PKEY) key = EVP_EC_gen ("prime256v1");

  X509_sign (certificate, key, EVP_sha256 ());
}

/* The signature is by a key made up here: nobody checks the one of a self-signed anchor. */
static X509 *
rebuild (const Root *root)
{
  X509 *certificate = X509_new ();
  g_autoptr (EVP_PKEY) key = make_key (root->key);

  X509_set_version (certificate, X509_VERSION_3);
  set_serial_and_validity (certificate, root);
  set_names (certificate, root);
  X509_set_pubkey (certificate, key);
  add_extension (certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension (certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension (certificate, NID_subject_key_identifier, root->key_id);
  sign_with_any_key (certificate);
  return certificate;
}

GBytes *
anchors_gsma (void)
{
  g_autoptr (BIO) pem = BIO_new (BIO_s_mem ());
  char *text;
  long size;

  for (guint i = 0; i < G_N_ELEMENTS (roots); i++)
    {
      g_autoptr (X509) certificate = rebuild (&roots[i]);

      PEM_write_bio_X509 (pem, certificate);
    }
  size = BIO_get_mem_data (pem, &text);
  return g_bytes_new (text, size);
}

GBytes *
anchors_from_file (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) problem = NULL;
  g_autoptr (BIO) pem = NULL;
  g_autoptr (X509) first = NULL;
  gsize size;

  if (!g_file_get_contents (path, &text, &size, &problem))
    {
      error_set (error, ESIM_ERROR_SETTINGS, "net", "the CA file can't be read: %s",
                 problem->message);
      return NULL;
    }
  pem = BIO_new_mem_buf (text, (int) size);
  first = PEM_read_bio_X509 (pem, NULL, NULL, NULL);
  if (first == NULL)
    {
      error_set (error, ESIM_ERROR_SETTINGS, "net", "%s holds no certificate in PEM form", path);
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&text), size);
}
