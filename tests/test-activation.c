/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* lpa/activation: every form of an activation code that people have, and what is none. */

#include "base/error.h"
#include "lpa/activation.h"

static const struct
{
  const char *code, *address, *matching_id, *oid;
  gboolean confirmation;
  const char *canonical;
} good[] = {
  { "LPA:1$smdp.example.com$ABC-1", "smdp.example.com", "ABC-1", "", FALSE,
    "LPA:1$smdp.example.com$ABC-1" },
  { "  lpa:1$SMDP.Example.COM$abc \n", "smdp.example.com", "abc", "", FALSE,
    "LPA:1$smdp.example.com$abc" },
  { "1$smdp.example.com$", "smdp.example.com", "", "", FALSE, "LPA:1$smdp.example.com$" },
  { "LPA:1$smdp.example.com$T$$1", "smdp.example.com", "T", "", TRUE,
    "LPA:1$smdp.example.com$T$$1" },
  { "LPA:1$smdp.example.com$T$1.3.6.1.4.1.31746$1", "smdp.example.com", "T", "1.3.6.1.4.1.31746",
    TRUE, "LPA:1$smdp.example.com$T$1.3.6.1.4.1.31746$1" },
  { "LPA:1$smdp.example.com$T$1.3.6$$X$Y", "smdp.example.com", "T", "1.3.6", FALSE,
    "LPA:1$smdp.example.com$T$1.3.6" },
  { "LPA: 1$ smdp.example.com $ T", "smdp.example.com", "T", "", FALSE,
    "LPA:1$smdp.example.com$T" },
  { "LPA:1$smdp.example.com:8443$T", "smdp.example.com:8443", "T", "", FALSE,
    "LPA:1$smdp.example.com:8443$T" },
};

static const char *const bad[] = {
  "",
  "LPA:",
  "LPA:1",
  "LPA:1$host.test",
  "LPA:2$host.test$T",
  "LPA:1$$T",
  "LPA:1$ho st$T",
  "LPA:1$host/path$T",
  "LPA:1$host.test$T T",
  "LPA:1$host.test$T$1..2",
  "LPA:1$host.test$T$x",
  "LPA:1$host.test$T$$2",
  "LPA:1$host.test:0$T",
  "LPA:1$host@evil$T",
  "https://host.test/",
  "LPA:1$-host$T",
  "LPA:1$host.test$\xff",
};

static void
test_good (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (Activation) activation = activation_parse (good[i].code, &error);
      g_autofree char *text = NULL;

      g_assert_no_error (error);
      g_assert_cmpstr (activation->address, ==, good[i].address);
      g_assert_cmpstr (activation->matching_id, ==, good[i].matching_id);
      g_assert_cmpstr (activation->oid, ==, good[i].oid);
      g_assert_cmpint (activation->confirmation_required, ==, good[i].confirmation);
      text = activation_to_string (activation);
      g_assert_cmpstr (text, ==, good[i].canonical);
    }
}

static void
test_bad (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (activation_parse (bad[i], &error));
      g_assert_error (error, ESIM_ERROR, ESIM_ERROR_INVALID_ARGUMENT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/activation/good", test_good);
  g_test_add_func ("/activation/bad", test_bad);
  return g_test_run ();
}
