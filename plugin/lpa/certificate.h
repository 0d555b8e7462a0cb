/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What the LPA itself checks of a server's certificate, because a card has no clock and no
 * activation code (SGP.22, 3.1.2). */

#pragma once

#include <gio/gio.h>

/** certificate_check: DER is a certificate that is valid today and, where OID is not "", names it
 * as a registeredID in its subject's alternative names; WHAT names it in errors. SERVER_RUBBISH for
 * no certificate, TLS for a wrong one. */
gboolean certificate_check (GBytes *der, const char *oid, const char *what, GError **error);

/** certificate_has_role: whether DER is a certificate whose policies name ROLE, an OID such as
 * CERTIFICATE_ROLE_DS_AUTH (SGP.22, annex H). */
gboolean certificate_has_role (GBytes *der, const char *role);

#define CERTIFICATE_ROLE_DP_AUTH "2.23.146.1.2.1.4"
#define CERTIFICATE_ROLE_DS_AUTH "2.23.146.1.2.1.7"
