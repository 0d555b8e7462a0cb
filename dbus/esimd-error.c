/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The table of errors as a GError domain that GDBus knows. */

#include "esimd-error.h"

#include <gio/gio.h>
#include <libintl.h>

#include "errors.h"

GQuark
esim_error_quark (void)
{
  return g_quark_from_static_string ("esim-error-quark");
}

/* At load: GDBus maps a name only from then on, and a program in Python has no other moment. */
__attribute__ ((constructor)) static void
set_up (void)
{
  const char *elsewhere = g_getenv ("ESIMD_LOCALE_DIR"); /* not installed yet */

  bindtextdomain (GETTEXT_PACKAGE, elsewhere ? elsewhere : ESIMD_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  for (int code = 0; code < ESIM_ERROR_LAST; code++)
    g_dbus_error_register_error (ESIM_ERROR, code, errors_dbus_name (code));
}

/**
 * esim_error_get_dbus_name:
 * @code: an error
 *
 * Returns: its name on D-Bus, such as "org.esimd1.Error.CardBusy"
 */
const char *
esim_error_get_dbus_name (EsimError code)
{
  return errors_dbus_name (code);
}

/**
 * esim_error_from_dbus_name:
 * @name: (nullable): an error's name on D-Bus, such as the first member of a Job's Error
 *
 * Returns: its code, %ESIM_ERROR_FAILED where it is none of esimd's
 */
EsimError
esim_error_from_dbus_name (const char *name)
{
  return errors_from_dbus_name (name);
}

/**
 * esim_error_get_advice:
 * @code: an error
 *
 * Returns: one sentence on what a person can do about it, in the language of the locale
 */
const char *
esim_error_get_advice (EsimError code)
{
  return esim_error_translate_advice (errors_advice (code));
}

/**
 * esim_error_translate_advice:
 * @advice: (nullable): advice that came from the service, which speaks English
 *
 * Returns: (nullable): the same in the language of the locale where it is known there
 */
const char *
esim_error_translate_advice (const char *advice)
{
  /* The translation of "" is the catalogue's head. */
  return advice && *advice ? dgettext (GETTEXT_PACKAGE, advice) : advice;
}
