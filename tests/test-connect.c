/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* connect/connect: whose data a modem's are: by name, by who manages it, and not by guess. */

#include "base/error.h"
#include "connect/connect.h"

typedef enum
{
  MANAGES_NOT,
  MANAGES,
  MANAGES_UNKNOWN, /* it does not answer */
} Manages;

static Manages answer;

static gboolean
manages (G_GNUC_UNUSED const ModemSnapshot *modem, G_GNUC_UNUSED GCancellable *cancellable,
         GError **error)
{
  if (answer == MANAGES_UNKNOWN)
    error_set (error, ESIM_ERROR_TIMED_OUT, "connect", "no answer");
  return answer == MANAGES;
}

static const ConnectDriver manager = { .name = "manager", .stack = "one", .manages = manages };
static const ConnectDriver plain = { .name = "plain", .stack = "one" };
static const ConnectDriver other = { .name = "other", .stack = "two" };
static const ConnectDriver *const drivers[] = { &manager, &plain, &other, NULL };

static void
expect (const char *wanted, const char *stack, Manages manages_it, const ConnectDriver *driver,
        EsimError code)
{
  g_autoptr (ModemSnapshot) modem = modem_snapshot_new (stack);
  g_autoptr (GError) error = NULL;

  answer = manages_it;
  g_assert_true (connect_choose (drivers, wanted, modem, NULL, &error) == driver);
  if (driver)
    g_assert_no_error (error);
  else
    g_assert_error (error, ESIM_ERROR, (int) code);
}

static void
test_auto (void)
{
  expect ("auto", "one", MANAGES, &manager, 0);
  expect ("auto", "one", MANAGES_NOT, &plain, 0);
  expect ("auto", "two", MANAGES, &other, 0);
  expect ("auto", "three", MANAGES, NULL, ESIM_ERROR_UNSUPPORTED);
}

/* Who does not answer may manage it all the same: data by another way would be undone. */
static void
test_no_answer (void)
{
  expect ("auto", "one", MANAGES_UNKNOWN, NULL, ESIM_ERROR_TIMED_OUT);
  expect ("auto", "two", MANAGES_UNKNOWN, &other, 0);
}

static void
test_by_name (void)
{
  expect ("manager", "one", MANAGES_NOT, &manager, 0);
  expect ("plain", "one", MANAGES, &plain, 0);
  expect ("plain", "one", MANAGES_UNKNOWN, &plain, 0);
  expect ("plain", "two", MANAGES, NULL, ESIM_ERROR_UNSUPPORTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/connect/auto", test_auto);
  g_test_add_func ("/connect/no-answer", test_no_answer);
  g_test_add_func ("/connect/by-name", test_by_name);
  return g_test_run ();
}
