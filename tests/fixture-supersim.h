/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The Super SIM stand-in for tests of its driver: one for each test, and sessions with it. */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "provider/provider.h"

extern const ProviderDriver provider_supersim;

typedef struct
{
  char *dir;
  GSubprocess *process;
  guint twilio_port, kore_port;
} Lab;

typedef struct
{
  ProviderAccess access;
  char *url, *token_url, *user, *secret;
  ProviderSession *session;
} Session;

/* Set-up and tear-down of g_test_add(). */
void lab_start (Lab *lab, gconstpointer data);
void lab_stop (Lab *lab, gconstpointer data);

/** tell: one line to the stand-in's control socket; the answer, which must be ok. */
JsonNode *tell (Lab *lab, const char *request);

/** fault: it fails as MEMBERS of a request say. order: tell() without an answer. */
void fault (Lab *lab, const char *members);
void order (Lab *lab, const char *request);

/** count_of: how often OPERATION ("POST /v1/ESimProfiles") reached it. */
gint64 count_of (Lab *lab, const char *operation);
guint count_profiles (Lab *lab);

/** session_open: SELF for Twilio's kind of credentials, or KORE's. */
void session_open (Session *self, Lab *lab, gboolean kore);
void session_close (Session *self);

/** session_wait_available: *FOUND is the reservation SID once it is available. */
void session_wait_available (Session *self, const char *sid, Reservation **found);

/** session_first_fleet: the SID of the lab's only Fleet. */
char *session_first_fleet (Session *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Session, session_close)
