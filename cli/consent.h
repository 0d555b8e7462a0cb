/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What a download asks before it goes on, and a person's answer. */

#pragma once

#include <glib.h>

/** consent_possible: whether there is somebody to ask. */
gboolean consent_possible (void);

/** consent_show: what QUESTION (org.esimd1.Job.Question) says of the profile, to stderr. */
void consent_show (GVariant *question);

/** consent_ask: shows QUESTION and asks for what it wants, running LOOP
 * meanwhile. The answers (a{sv}, floating) for Job.Answer, NULL where LOOP was quit by somebody
 * else. */
GVariant *consent_ask (GMainLoop *loop, GVariant *question);

/** consent_postpone: the answers (a{sv}, floating) that leave the order for later. */
GVariant *consent_postpone (void);

/** consent_missing: how to ask again so that QUESTION is answered beforehand, for somebody who
 * could not be asked: "with --accept-rules". Free it. */
char *consent_missing (GVariant *question);
