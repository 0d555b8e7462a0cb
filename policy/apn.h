/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Which access point name a profile gets from esimd: a pure function of its ICCID. */

#pragma once

#include <glib.h>

/** apn_is_super_sim: whether the profile ICCID is a Super SIM: by its issuer's prefix, never by
 * IMSI or name, which change. */
gboolean apn_is_super_sim (const char *iccid);

/** apn_table_parse: "PREFIX:APN,PREFIX:APN,…" (PREFIX: digits that ICCIDs begin with) to what
 * apn_for() takes. "" is an empty table. The caller unrefs. */
GPtrArray *apn_table_parse (const char *text);

/** apn_for: the APN of the longest prefix in TABLE that the profile ICCID begins with; else SUPER
 * for a Super SIM; else NULL: the profile keeps whatever setting it has elsewhere. Owned by the
 * arguments. */
const char *apn_for (const GPtrArray *table, const char *super, const char *iccid);
