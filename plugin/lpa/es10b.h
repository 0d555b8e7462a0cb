/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* ES10b: authentication, download, notifications and information (SGP.22, 5.7.5 to 5.7.14), one
 * function a call. */

#pragma once

#include "apdu/channel.h"

/* Results are whole TLVs as the card gave them: signed data passes byte for byte. */
GBytes *es10b_get_info1 (Channel *channel, GCancellable *cancellable, GError **error);
GBytes *es10b_get_info2 (Channel *channel, GCancellable *cancellable, GError **error);
GBytes *es10b_get_rat (Channel *channel, GCancellable *cancellable, GError **error);

/** es10b_get_challenge: the 16 bare bytes; drops an older session on the card. */
GBytes *es10b_get_challenge (Channel *channel, GCancellable *cancellable, GError **error);

/** es10b_authenticate_server, es10b_prepare_download, es10b_cancel_session: REQUEST is the whole
 * TLV; the answer too. An error response (A1) is an error with raw "result" and, for the first two,
 * the response itself is also worth sending to the server: *RESPONSE is set in both cases. */
gboolean es10b_authenticate_server (Channel *channel, GBytes *request, GBytes **response,
                                    GCancellable *cancellable, GError **error);
gboolean es10b_prepare_download (Channel *channel, GBytes *request, GBytes **response,
                                 GCancellable *cancellable, GError **error);
GBytes *es10b_cancel_session (Channel *channel, GBytes *transaction_id, guint reason,
                              GError **error);

/* Info2 in parts. */
typedef struct
{
  char *svn;           /* "2.2.2" */
  guint64 free_memory; /* bytes of non-volatile memory */
  char **ci_ids;       /* key ids to verify by, upper-case hex; NULL-terminated */
  /* What only people read; "" or empty where the card does not say, or not in a way that is known.
   */
  char *profile_version;  /* of the profile package specification */
  char *firmware;         /* the maker's */
  char *accreditation;    /* SAS accreditation number */
  const char *category;   /* "basic", "medium", "contactless"; literal */
  char **capabilities;    /* UICCCapability and RspCapability by SGP.22's names, with hyphens */
  char **forbidden_rules; /* "no-disable", "no-delete": profiles with them are not taken */
} Es10bInfo;

Es10bInfo *es10b_parse_info (GBytes *info2, GError **error);
void es10b_info_free (Es10bInfo *self);

/* A pending notification's metadata (BF2F). */
typedef struct
{
  GBytes *sequence; /* its bytes as the card gave them */
  guint event;      /* 0x80 install, 0x40 enable, 0x20 disable, 0x10 delete */
  char *address;    /* host, blanks stripped, lower case */
  char *iccid;      /* may be NULL */
} Notification;

void notification_free (Notification *self);

/** es10b_list_notifications: oldest first. The caller owns the array and its Notifications. */
GPtrArray *es10b_list_notifications (Channel *channel, GCancellable *cancellable, GError **error);

/** es10b_retrieve_notification: the one signed PendingNotification of SEQUENCE, to be sent raw;
 * NOT_FOUND where it is gone. */
GBytes *es10b_retrieve_notification (Channel *channel, GBytes *sequence, GCancellable *cancellable,
                                     GError **error);

/** es10b_remove_notification: never cancelled; one that is already gone is success. */
gboolean es10b_remove_notification (Channel *channel, GBytes *sequence, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Es10bInfo, es10b_info_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Notification, notification_free)
