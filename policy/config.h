/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* esimd.conf and conf.d: read, checked and made into an immutable Policy that says what is wanted.
 */

#pragma once

#include <gio/gio.h>

#include "apn.h"
#include "base/quirks.h"
#include "connect/connect.h"
#include "provider/provider.h"

/* Who may start provisioning. */
typedef enum
{
  POLICY_PROVISION_NEVER, /* not even on request */
  POLICY_PROVISION_ON_REQUEST,
  POLICY_PROVISION_AUTOMATIC, /* a card without a working profile is provisioned by itself */
} PolicyProvision;

typedef enum
{
  POLICY_METHOD_EID,
  POLICY_METHOD_MATCHING_ID,
} PolicyMethod;

/* Immutable, ref-counted, readable by any thread. Strings are never NULL unless said. */
typedef struct
{
  gatomicrefcount refs;

  PolicyProvision provision;   /* [provision] mode=never|on-request|automatic */
  PolicyMethod method;         /* [provision] method=eid|matching-id */
  char *provider;              /* [provision] provider=NAME of a [provider NAME] group; "" = none */
  char *fleet;                 /* [provision] fleet= SID or unique name; "" = leave the Sim's own */
  gboolean rollback;           /* [provision] roll-back=yes|no */
  guint reservation_timeout_s; /* [provision] reservation-timeout= seconds */
  guint registration_timeout_s; /* [provision] registration-timeout= seconds, default 300 */
  guint poll_interval_s;        /* [provision] poll-interval= */
  guint
      modem_timeout_s; /* [provision] modem-timeout=: how long the modem has to notice by itself */
  char *callback_listen; /* [provision] callback-listen=ADDRESS:PORT; "" = no receiver */

  char *apn;                  /* [data] apn=super: of Super SIMs */
  char *apns;                 /* [data] apns=PREFIX:APN,…: of other profiles, by ICCID */
  GPtrArray *apn_table;       /* that, for apn_for() */
  char *ip_type;              /* [data] ip-type=ipv4|ipv6|ipv4v6 */
  gboolean roaming;           /* [data] roaming=yes|no */
  char *connect;              /* [data] connect=auto|none|NAME of a connect driver */
  guint metric;               /* [data] route-metric=700 */
  gboolean set_dns;           /* [data] dns=yes|no */
  gboolean delete_connection; /* [data] delete-connection=yes|no */
  char *verify_host; /* [data] verify-host=: reached over the new link; "" = not verified */

  char *at_port; /* [modem] at-port=PORT or MODEM=PORT[,MODEM=PORT]: what oFono leaves alone */
  gboolean switch_slots; /* [modem] switch-slots=yes|no */
  guint switch_back_s;   /* [modem] switch-back= seconds; 0 = never */

  guint consent_timeout_s; /* [lpa] consent-timeout=: how long a person has to answer */
  char *smds;     /* [lpa] smds=HOST[,HOST]: asked in Discover; "" = the card's root, else GSMA's */
  char *ci_file;  /* [lpa] ci-file=PATH: the CI instead of GSMA's; "" = GSMA's */
  GBytes *ci_pem; /* its contents, or GSMA's anchors */

  GPtrArray *providers; /* of PolicyProvider */

  struct _QuirksTable *quirks; /* see policy_quirks() */
} Policy;

typedef struct
{
  char *name;
  ProviderAccess
      access; /* strings owned here; the secret comes from a file or a systemd credential */
  char *credentials_problem; /* NULL when usable, else the text that says why not */
  char *callback_secret;     /* what its callbacks are signed with; NULL: not known */
} PolicyProvider;

/** policy_load: reads PATH and the *.conf files of PATH's neighbour conf.d in order, later ones
 * over earlier ones. A missing PATH means defaults. SETTINGS names file and line of an unknown
 * group or key, or a wrong value, and says what would be right. Credentials files that others than
 * root may read are refused. CREDENTIALS_DIR: systemd's $CREDENTIALS_DIRECTORY or NULL. */
Policy *policy_load (const char *path, const char *credentials_dir, GError **error);
Policy *policy_ref (Policy *self);
void policy_unref (Policy *self);

/** policy_load_quirks: adds the known modems of QUIRKS_FILE (quirks.conf; may be missing) and of
 * the
 * *.conf files in the quirks.d beside PATH, before anybody else has SELF. CHANNELS (ends in NULL):
 * the names of all channel drivers there are. SETTINGS as above. */
gboolean policy_load_quirks (Policy *self, const char *quirks_file, const char *path,
                             const char *const *channels, GError **error);

/** policy_quirks: what is known to be peculiar about MODEM. */
Quirks policy_quirks (const Policy *self, const QuirksModem *modem);

/** policy_find_provider: the provider NAME, NULL when there is none. Owned by SELF. */
const PolicyProvider *policy_find_provider (const Policy *self, const char *name);

/** policy_apn: the APN that the profile ICCID gets; NULL: it has a setting of its own elsewhere,
 * and data is not ours to bring up. Owned by SELF. */
const char *policy_apn (const Policy *self, const char *iccid);

/** policy_connect_settings: what the connect driver is told for the profile ICCID (NULL: not known;
 * apn is "" where policy_apn() has none); strings owned by SELF. */
ConnectSettings policy_connect_settings (const Policy *self, const char *iccid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Policy, policy_unref)
