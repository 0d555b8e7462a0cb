/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What a download asks before it goes on, and a person's answer. */

#pragma once

#include <glib.h>

/** consent_possible: whether there is somebody to ask. */
gboolean consent_possible (void);

/** consent_ask: shows QUESTION (org.esimd1.Job.Question) and asks for what it wants, running LOOP
 * meanwhile. The answers (a{sv}, floating) for Job.Answer, NULL where LOOP was quit by somebody
 * else. */
GVariant *consent_ask (GMainLoop *loop, GVariant *question);

/** consent_postpone: the answers (a{sv}, floating) that leave the order for later. */
GVariant *consent_postpone (void);

/** consent_missing: what QUESTION wants, as options of the command that give it beforehand; for
 * somebody who could not be asked. Free it. */
char *consent_missing (GVariant *question);
