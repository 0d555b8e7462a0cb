/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Reads a server's certificate with OpenSSL: its dates, its owner's OID and its role. */

#include "lpa/certificate.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "base/error.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GENERAL_NAMES, GENERAL_NAMES_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CERTIFICATEPOLICIES, CERTIFICATEPOLICIES_free)

static X509 *
decode (GBytes *der)
{
  gsize size;
  const unsigned char *start = g_bytes_get_data (der, &size), *at = start;
  X509 *certificate = d2i_X509 (NULL, &at, (long) size);

  if (certificate && at != start + size)
    g_clear_pointer (&certificate, X509_free);
  return certificate;
}

static gboolean
names_oid (X509 *certificate, const char *oid)
{
  g_autoptr (GENERAL_NAMES) names
      = X509_get_ext_d2i (certificate, NID_subject_alt_name, NULL, NULL);
  char text[128];

  for (int i = 0; names && i < sk_GENERAL_NAME_num (names); i++)
    {
      GENERAL_NAME *name = sk_GENERAL_NAME_value (names, i);

      if (name->type == GEN_RID && OBJ_obj2txt (text, sizeof text, name->d.registeredID, 1) > 0
          && strcmp (text, oid) == 0)
        return TRUE;
    }
  return FALSE;
}

gboolean
certificate_check (GBytes *der, const char *oid, const char *what, GError **error)
{
  g_autoptr (X509) certificate = decode (der);
  const char *problem = NULL;

  if (certificate == NULL)
    {
      error_set (error, ESIM_ERROR_SERVER_RUBBISH, "es9p", "the server's %s is no certificate",
                 what);
      return FALSE;
    }
  if (X509_cmp_current_time (X509_get0_notBefore (certificate)) >= 0)
    problem = "is not valid yet";
  else if (X509_cmp_current_time (X509_get0_notAfter (certificate)) <= 0)
    problem = "has expired";
  else if (*oid && !names_oid (certificate, oid))
    problem = "does not name the object identifier of the activation code";
  if (problem)
    error_set (error, ESIM_ERROR_TLS, "es9p", "the server's %s %s", what, problem);
  OPENSSL_thread_stop (); /* the thread may be done with OpenSSL and idle from here on */
  return problem == NULL;
}

gboolean
certificate_has_role (GBytes *der, const char *role)
{
  g_autoptr (X509) certificate = decode (der);
  g_autoptr (CERTIFICATEPOLICIES) policies = NULL;
  char text[128];

  if (certificate)
    policies = X509_get_ext_d2i (certificate, NID_certificate_policies, NULL, NULL);
  for (int i = 0; policies && i < sk_POLICYINFO_num (policies); i++)
    if (OBJ_obj2txt (text, sizeof text, sk_POLICYINFO_value (policies, i)->policyid, 1) > 0
        && strcmp (text, role) == 0)
      return TRUE;
  return FALSE;
}
