/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Notifications from the card to their servers, in three steps so that sending holds no card:
 * collect (card), send (network), remove (card). */

#pragma once

#include "apdu/channel.h"
#include "lpa/download.h"
#include "lpa/es10b.h"
#include "net/http.h"

typedef struct
{
  GBytes *sequence; /* as the card gave it: its name in notify_remove() */
  guint event;      /* 0x80 install, 0x40 enable, 0x20 disable, 0x10 delete */
  char *address;    /* where to send it */
  char *iccid;      /* may be NULL */
  GBytes *payload;  /* the signed notification, to be sent as it is */
} PendingNotification;

void pending_notification_free (PendingNotification *self);

/** pending_notification_from_result: a load's own result, which need not be read from the card.
 * NULL where RESULT has none. */
PendingNotification *pending_notification_from_result (const DownloadResult *result);

/* Sees each notification as it is listed; those not WANTED are not read. */
typedef struct
{
  gboolean (*wanted) (const Notification *listed, gpointer data);
  void (*unreadable) (const Notification *listed, const GError *problem, gpointer data);
  gpointer data;
} NotifyVisitor;

/** notify_collect: what the card holds and VISITOR (NULL: all) wants, oldest first. One that can't
 * be read is left out and told: it blocks no other. The caller owns the array and its
 * PendingNotifications. */
GPtrArray *notify_collect (Channel *channel, const NotifyVisitor *visitor,
                           GCancellable *cancellable, GError **error);

/** notify_send: success only when the server took it; remove it from the card only then. Errors of
 * es9p_handle_notification(). */
gboolean notify_send (Http *http, const PendingNotification *notification,
                      GCancellable *cancellable, GError **error);

/** notify_remove: never cancelled; one that is gone already is success. */
gboolean notify_remove (Channel *channel, GBytes *sequence, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PendingNotification, pending_notification_free)
