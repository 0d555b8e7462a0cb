/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The service as the command sees it: finding cards, profiles and jobs, and calling methods. */

#pragma once

#include <gio/gio.h>

#include "esimd-dbus.h"
#include "report.h"

typedef struct
{
  GDBusObjectManager *objects;
  gboolean verbose;
} Client;

/** client_new: reaches the service on the system bus and loads its objects. Fails with
 * EXIT_NO_SERVICE where it does not run and cannot be started by the bus. */
Client *client_new (gboolean verbose, GError **error);
void client_free (Client *self);

/** client_euiccs, client_profiles, client_jobs: all proxies of one kind (EsimEuicc, EsimProfile,
 * EsimJob), by number. The array owns its elements. */
GPtrArray *client_euiccs (Client *self);
GPtrArray *client_profiles (Client *self);
GPtrArray *client_jobs (Client *self);

/** client_profiles_of: the profiles on the card at the path EUICC. */
GPtrArray *client_profiles_of (Client *self, const char *euicc);

/** client_is_test_aside: whether PROFILE is a test profile that is not in use, such as the factory
 * left on the card: nothing that people mean, as long as they do not name it. */
gboolean client_is_test_aside (EsimProfile *profile);

/** client_find_euicc: the card that EUICC (an index, a path, an EID, "any") and MODEM (an index, a
 * path, "any") name together; where both are NULL, the only card there is. "any" is the only one
 * that fits, or with FIRST, for who only looks, the first one. Fails with EXIT_NOT_FOUND, or with
 * EXIT_USAGE and a list where several fit. */
EsimEuicc *client_find_euicc (Client *self, const char *euicc, const char *modem, gboolean first,
                              GError **error);

/** client_find_profile: the profile named by an index, a path, an ICCID or "any", where there is
 * only one; EUICC and MODEM (may be NULL) narrow the cards down. EXIT_NOT_FOUND, or EXIT_USAGE with
 * a list where several fit. */
EsimProfile *client_find_profile (Client *self, const char *name, const char *euicc,
                                  const char *modem, GError **error);

/** client_find_job: the job named by an index or a path. */
EsimJob *client_find_job (Client *self, const char *name, GError **error);

/** client_job_is_over: whether JOB has ended, well or not. */
gboolean client_job_is_over (EsimJob *job);

/** client_find_provider: the provider NAME; NULL: the only one there is. EXIT_NOT_FOUND, or
 * EXIT_USAGE with their names where there are several. */
EsimProvider *client_find_provider (Client *self, const char *name, GError **error);

/** client_euicc_at: the card at PATH, NULL where there is none. */
EsimEuicc *client_euicc_at (Client *self, const char *path);

/** client_path: the object path of PROXY. client_number: the number at its end. */
const char *client_path (gpointer proxy);
guint client_number (const char *path);

/** client_call: calls METHOD of PROXY with PARAMETERS (floating); polkit may ask the user for a
 * password. */
GVariant *client_call (Client *self, gpointer proxy, const char *method, GVariant *parameters,
                       GError **error);

/** client_call_manager: the same for org.esimd1.Manager; METHOD takes OPTIONS (a{sv}; consumed if
 * floating, NULL: none) alone. */
gboolean client_call_manager (Client *self, const char *method, GVariant *options, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)
