/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* provider/signature: the examples that Twilio and KORE publish, and what must not pass for them.
 */

#include <string.h>

#include "provider/signature.h"

#define FORM "application/x-www-form-urlencoded"
#define URL "https://mycompany.com/myapp.php?foo=1&bar=2"
#define FIELDS                                                                                     \
  "CallSid=CA1234567890ABCDE&Caller=%2B12349013030&Digits=1234&From=%2B12349013030&"               \
  "To=%2B18005551212"
#define SIGNATURE "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
#define JSON "{\"property\": \"value\", \"boolean\": true}"
#define JSON_SUM "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
#define JSON_SIGNATURE "a9nBmqA0ju/hNViExpshrM61xv4="
#define KORE_SIGNATURE "f562d3959f68b5a30fc7a63f8bbf40987f633575f4231ffceb4f76dd154ea3ce"

typedef struct
{
  gboolean good;
  const char *method, *url, *content_type, *body, *secret, *signature;
} Example;

static const Example of_twilio[] = {
  { TRUE, "POST", URL, FORM, FIELDS, "12345", SIGNATURE },
  { TRUE, "POST", URL, FORM "; charset=UTF-8", FIELDS, "12345", SIGNATURE },
  /* Their order does not count. */
  { TRUE, "POST", URL, FORM,
    "To=%2b18005551212&Digits=1234&From=%2B12349013030&Caller=%2B12349013030&"
    "CallSid=CA1234567890ABCDE",
    "12345", SIGNATURE },
  /* The usual port may be there or not, on either side. */
  { TRUE, "POST", "https://mycompany.com:443/myapp.php?foo=1&bar=2", FORM, FIELDS, "12345",
    SIGNATURE },
  { TRUE, "POST", URL, FORM, FIELDS, "12345", "EpDEmp1PyjDYp77YxYU3GILBWzE=" },
  { TRUE, "POST", URL "&bodySHA256=" JSON_SUM, "application/json", JSON, "12345", JSON_SIGNATURE },
  /* Another URL, field, secret, signature; none; of another length. */
  { FALSE, "POST", URL "3", FORM, FIELDS, "12345", SIGNATURE },
  { FALSE, "POST", URL, FORM, FIELDS "&Extra=1", "12345", SIGNATURE },
  { FALSE, "POST", URL, FORM, FIELDS "&", "12345", "0/KCTR6DLpKmkAf8muzZqo1nDgR=" },
  { FALSE, "POST", URL, FORM, FIELDS "%", "12345", SIGNATURE },
  { FALSE, "POST", URL, FORM, FIELDS "%00", "12345", SIGNATURE },
  { FALSE, "POST", URL, FORM, "", "12345", SIGNATURE },
  { FALSE, "POST", URL, FORM, FIELDS, "12346", SIGNATURE },
  { FALSE, "POST", URL, FORM, FIELDS, "", SIGNATURE },
  { FALSE, "POST", URL, FORM, FIELDS, "12345", "" },
  { FALSE, "POST", URL, FORM, FIELDS, "12345", "0/KCTR6DLpKmkAf8muzZqo1nDgQ" },
  { FALSE, "POST", URL, FORM, FIELDS, "12345", NULL },
  /* Fields that were signed as a form do not vouch for another kind of body, nor a URL that does
   * not name its body, nor one that names another. */
  { FALSE, "POST", URL, "application/json", FIELDS, "12345", SIGNATURE },
  { FALSE, "POST", URL, NULL, FIELDS, "12345", SIGNATURE },
  { FALSE, "POST", URL "&bodySHA256=" JSON_SUM, "application/json", JSON " ", "12345",
    JSON_SIGNATURE },
  { FALSE, "POST", URL "&bodySHA256=", "application/json", JSON, "12345", JSON_SIGNATURE },
};

static const Example of_kore[] = {
  { TRUE, "POST", "https://testendpoint.com", FORM, "field1=value1&field2=value2", "12345",
    KORE_SIGNATURE },
  { TRUE, "POST", "https://testendpoint.com?foo1=bar1&foo2=bar2", FORM,
    "field1=value1&field2=value2", "12345", KORE_SIGNATURE },
  { TRUE, "POST", "https://testendpoint.com#cbs=kore", FORM, "field1=value1&field2=value2", "12345",
    KORE_SIGNATURE },
  { FALSE, "GET", "https://testendpoint.com", FORM, "field1=value1&field2=value2", "12345",
    KORE_SIGNATURE },
  { FALSE, "POST", "https://testendpoint.com/", FORM, "field1=value1&field2=value2", "12345",
    KORE_SIGNATURE },
  { FALSE, "POST", "https://testendpoint.com", FORM, "field1=value1&field2=value3", "12345",
    KORE_SIGNATURE },
  { FALSE, "POST", "https://testendpoint.com", FORM, "field1=value1&field2=value2", "12346",
    KORE_SIGNATURE },
  /* What KORE sends while the account has no secret. */
  { FALSE, "POST", "https://testendpoint.com", FORM, "field1=value1&field2=value2", "12345", "" },
  { FALSE, "POST", "https://testendpoint.com", FORM, "field1=value1&field2=value2", "", "" },
  { FALSE, "POST", "https://testendpoint.com", FORM, "field1=value1&field2=value2", "12345", NULL },
};

static void
check (const Example *example, gboolean kore)
{
  g_autoptr (GBytes) body = g_bytes_new_static (example->body, strlen (example->body));
  const SignedRequest request = { .method = example->method,
                                  .url = example->url,
                                  .content_type = example->content_type,
                                  .twilio = kore ? NULL : example->signature,
                                  .kore = kore ? example->signature : NULL,
                                  .body = body };

  g_test_message ("%s %s %s", example->url, example->body, example->signature);
  g_assert_cmpint (signature_is_twilio (&request, example->secret), ==, !kore && example->good);
  g_assert_cmpint (signature_is_kore (&request, example->secret), ==, kore && example->good);
}

static void
test_twilio (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (of_twilio); i++)
    check (&of_twilio[i], FALSE);
}

static void
test_kore (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (of_kore); i++)
    check (&of_kore[i], TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signature/twilio", test_twilio);
  g_test_add_func ("/signature/kore", test_kore);
  return g_test_run ();
}
