/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* ES10c: enables, disables and deletes profiles (SGP.22, 5.7.16 to 5.7.18); where the card's answer
 * is lost, by looking whether it is done. */

#include "lpa/es10c.h"

#include <string.h>

#include "base/error.h"
#include "lpa/es10.h"

/* What becomes of a profile. */
typedef enum
{
  SWITCH_ENABLE,
  SWITCH_DISABLE,
  SWITCH_DELETE,
} Switch;

static const struct
{
  const char *function;
  guint32 tag;
  const char *already; /* what result 2 means */
  const char *rule;    /* what result 3 means */
} switches[] = {
  [SWITCH_ENABLE] = { "ES10c.EnableProfile", 0xBF31, "the profile is enabled already",
                      "the enabled profile may not be disabled (PPR1)" },
  [SWITCH_DISABLE] = { "ES10c.DisableProfile", 0xBF32, "the profile is not enabled",
                       "the profile may not be disabled (PPR1)" },
  [SWITCH_DELETE] = { "ES10c.DeleteProfile", 0xBF33, "an enabled profile can't be deleted",
                      "the profile may not be deleted (PPR2)" },
};

static GBytes *
switch_request (Switch what, guint32 id_tag, GBytes *id, gboolean refresh)
{
  TlvBuilder *builder = tlv_builder_new ();

  tlv_open (builder, switches[what].tag);
  if (what == SWITCH_DELETE)
    tlv_add_bytes (builder, id_tag, id);
  else
    {
      tlv_open (builder, 0xA0);
      tlv_add_bytes (builder, id_tag, id);
      tlv_close (builder);
      tlv_add (builder, 0x81, refresh ? "\xFF" : "\0", 1);
    }
  tlv_close (builder);
  return tlv_builder_end (builder);
}

static gboolean
judge (Switch what, guint result, GError **error)
{
  const char *function = switches[what].function;

  switch (result)
    {
    case 0:
      return TRUE;
    case 1:
      return es10_refused (error, ESIM_ERROR_NOT_FOUND, function, result,
                           "the card has no such profile");
    case 2:
      return es10_refused (error, ESIM_ERROR_PROFILE_STATE, function, result,
                           switches[what].already);
    case 3:
      return es10_refused (error, ESIM_ERROR_POLICY_RULES, function, result, switches[what].rule);
    case 4:
      return es10_refused (error, ESIM_ERROR_PROFILE_STATE, function, result,
                           "a test profile is enabled and has to be disabled first");
    case 5:
      return es10_refused (error, ESIM_ERROR_CARD_BUSY, function, result,
                           "the card is busy (CAT): it works with the network or a menu");
    default: /* a number of the card's */
      return es10_refused (error, ESIM_ERROR_CARD_REFUSED, function, result, "the card refused");
    }
}

static gboolean
is_done (Switch what, const Profile *profile)
{
  switch (what)
    {
    case SWITCH_ENABLE:
      return profile && profile->state == PROFILE_ENABLED;
    case SWITCH_DISABLE:
      return profile && profile->state == PROFILE_DISABLED;
    case SWITCH_DELETE:
      return profile == NULL;
    }
  return FALSE;
}

/* Whether PROBLEM may hide that the card did it all the same: the REFRESH that it orders itself
 * cuts the channel, and the answer with it. */
static gboolean
may_hide_success (const GError *problem)
{
  const char *sw = error_get_raw (problem, "sw");

  return error_is_code (problem, ESIM_ERROR_CHANNEL)
         || error_is_code (problem, ESIM_ERROR_TIMED_OUT) || g_strcmp0 (sw, "6F00") == 0
         || g_strcmp0 (sw, "6881") == 0;
}

/* PROBLEM came instead of an answer. The channel may be gone with the card's reset; what then could
 * not be seen is CHANNEL, and the caller looks again over a new one. */
static gboolean
settle (Channel *channel, Switch what, const char *iccid, const GError *problem, GError **error)
{
  g_autoptr (GError) unseen = NULL;
  g_autoptr (GPtrArray) profiles = es10c_get_profiles (channel, FALSE, NULL, &unseen);

  if (profiles && is_done (what, profiles_find (profiles, iccid)))
    return TRUE;
  if (profiles)
    {
      g_propagate_error (error, g_error_copy (problem));
      return FALSE;
    }
  if (error_is_code (unseen, ESIM_ERROR_DEVICE_GONE))
    {
      g_propagate_error (error, g_steal_pointer (&unseen));
      return FALSE;
    }
  error_set (error, ESIM_ERROR_CHANNEL, "es10",
             "%s: the channel went away (%s); the profile list will tell whether it was done",
             switches[what].function, problem->message);
  return FALSE;
}

/* Some cards (ECP) know a profile by its AID only. */
static GBytes *
aid_of (Channel *channel, const char *iccid)
{
  g_autoptr (GPtrArray) profiles = es10c_get_profiles (channel, FALSE, NULL, NULL);
  Profile *profile = profiles ? profiles_find (profiles, iccid) : NULL;

  return profile && profile->aid ? g_bytes_ref (profile->aid) : NULL;
}

/* By ICCID, and by AID where the card does not know it so; where it is known not to, by AID alone.
 */
static gboolean
ask (Channel *channel, Switch what, GBytes *id, const char *iccid, gboolean refresh, guint *result,
     GCancellable *cancellable, GError **error)
{
  const char *function = switches[what].function;
  guint32 tag = switches[what].tag;
  g_autoptr (GBytes) aid = channel_quirks (channel)->by_aid ? aid_of (channel, iccid) : NULL;

  if (aid == NULL)
    {
      if (!es10_result (channel, function, switch_request (what, 0x5A, id, refresh), tag, result,
                        cancellable, error))
        return FALSE;
      if (*result == 1 || *result == 127)
        aid = aid_of (channel, iccid);
    }
  return aid == NULL
         || es10_result (channel, function, switch_request (what, 0x4F, aid, refresh), tag, result,
                         cancellable, error);
}

static gboolean
switch_profile (Channel *channel, Switch what, const char *iccid, gboolean refresh,
                GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) id = iccid_to_bytes (iccid, error);
  g_autoptr (GError) problem = NULL;
  guint result = 0;

  if (id == NULL)
    return FALSE;
  ask (channel, what, id, iccid, refresh, &result, cancellable, &problem);
  if (problem && may_hide_success (problem))
    return settle (channel, what, iccid, problem, error);
  if (problem)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  return judge (what, result, error);
}

gboolean
es10c_enable (Channel *channel, const char *iccid, gboolean refresh, GCancellable *cancellable,
              GError **error)
{
  return switch_profile (channel, SWITCH_ENABLE, iccid, refresh, cancellable, error);
}

gboolean
es10c_disable (Channel *channel, const char *iccid, gboolean refresh, GCancellable *cancellable,
               GError **error)
{
  return switch_profile (channel, SWITCH_DISABLE, iccid, refresh, cancellable, error);
}

gboolean
es10c_delete (Channel *channel, const char *iccid, GCancellable *cancellable, GError **error)
{
  return switch_profile (channel, SWITCH_DELETE, iccid, FALSE, cancellable, error);
}
