/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A method call's way: authorized before anything is queued, answered after everything it changed
 * was told. */

#pragma once

#include <gio/gio.h>

/** CallHandler: on the main thread, once the call is authorized; must end in one of the replies
 * below. */
typedef void (*CallHandler) (gpointer object, GDBusMethodInvocation *invocation);

/** call_begin: authorizes INVOCATION by auth's table, then runs HANDLER with OBJECT (a GObject,
 * kept alive meanwhile); refuses it otherwise, or where its sender has too many of them. Returns
 * TRUE, so a skeleton's handler can return it.
 */
gboolean call_begin (GDBusMethodInvocation *invocation, CallHandler handler, gpointer object);

/** call_reply_path: answers with an object path; call_reply: with nothing. CHANGED (may be NULL) is
 * flushed first, or the caller could still read its old properties. */
void call_reply_path (GDBusMethodInvocation *invocation, GDBusInterfaceSkeleton *changed,
                      const char *path);
void call_reply (GDBusMethodInvocation *invocation, GDBusInterfaceSkeleton *changed);

/** call_reply_text: answers with one string, which is for the caller alone. */
void call_reply_text (GDBusMethodInvocation *invocation, const char *text);

/** call_fail: answers with ERROR, foreign ones translated: its D-Bus name, text, and advice on a
 * line of its own. */
void call_fail (GDBusMethodInvocation *invocation, const GError *error);

/** call_option: the options of INVOCATION, the last of its arguments: a{sv}. The caller unrefs. */
GVariant *call_options (GDBusMethodInvocation *invocation);

/** call_check_options: whether OPTIONS holds no other keys than KNOWN (NULL-terminated pairs of
 * name and type); INVALID_ARGUMENT names one that it may not. */
gboolean call_check_options (GVariant *options, const char *const *known, GError **error);

/** call_takes_no_options: FALSE, with INVALID_ARGUMENT answered, where INVOCATION has any: one that
 * is not known is a misunderstanding and must be heard of. */
gboolean call_takes_no_options (GDBusMethodInvocation *invocation);
