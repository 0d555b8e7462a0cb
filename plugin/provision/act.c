/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The steps that talk to the card, to the modem stack and over the link. */

#include "provision/act.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "lpa/es10c.h"
#include "lpa/switch.h"

#define VERIFY_PORT 443
#define VERIFY_TIMEOUT_S 10

void
act_free (gpointer data)
{
  Act *self = data;

  if (self->session)
    self->provider->close (self->session);
  policy_unref (self->policy);
  journal_unref (self->journal);
  progress_unref (self->progress);
  g_free (self->eid);
  g_free (self->iccid);
  g_free (self->fleet_sid);
  g_free (self->why);
  g_clear_pointer (&self->access, card_access_unref);
  g_clear_pointer (&self->modem, modem_snapshot_unref);
  g_clear_pointer (&self->reservation, reservation_free);
  g_clear_pointer (&self->sim, provider_sim_free);
  g_clear_pointer (&self->link, connect_status_free);
  g_clear_pointer (&self->facts, card_facts_unref);
  g_free (self);
}

/* ---- the card ---- */

static Channel *
open_card (Act *self, GCancellable *cancellable, GError **error)
{
  if (self->access)
    return card_access_open (self->access, self->progress, cancellable, error);
  error_set (error, ESIM_ERROR_DEVICE_GONE, "provision", "the modem is away");
  return NULL;
}

gboolean
act_read_card (gpointer data, GCancellable *cancellable, GError **error)
{
  Act *self = data;
  g_autoptr (Channel) channel = open_card (self, cancellable, error);

  if (channel)
    self->facts = card_facts_read (channel, self->access->eid, cancellable, error);
  return self->facts != NULL;
}

/* Ours is there and disabled, and what it displaces may be displaced. */
static gboolean
check_switch (Act *self, GPtrArray *profiles, GError **error)
{
  const Profile *ours = profiles_find (profiles, self->iccid);
  const Profile *enabled = profiles_find_enabled (profiles);

  if (ours == NULL)
    error_set (error, ESIM_ERROR_NOT_FOUND, "provision", "profile %s is not on the card",
               self->iccid);
  else if (ours == enabled)
    error_set (error, ESIM_ERROR_PROFILE_STATE, "provision", "profile %s is enabled already",
               self->iccid);
  else if (enabled && !self->may_displace && !profile_is_factory_test (enabled))
    error_set (error, ESIM_ERROR_PROFILE_STATE, "provision",
               "profile %s is enabled now and is not switched away from", enabled->iccid);
  else
    return TRUE;
  return FALSE;
}

/* Who brings up data on the modem as it is now: that is found out by asking, so in the job. */
static const ConnectDriver *
connect_driver (Act *self, GCancellable *cancellable, GError **error)
{
  return connect_choose (self->connects, self->policy->connect, self->modem, cancellable, error);
}

/* The APN that what is displaced is connected with now, NULL where it is not. */
static char *
apn_in_use (Act *self, GCancellable *cancellable)
{
  ConnectSettings settings = policy_connect_settings (self->policy, self->iccid);
  const ConnectDriver *driver = NULL;
  g_autoptr (ConnectStatus) link = NULL;

  if (self->modem && self->connects)
    driver = connect_driver (self, cancellable, NULL);
  if (driver)
    link = driver->observe (self->modem, &settings, cancellable, NULL);
  return link && link->level != CONNECT_NONE ? g_strdup (link->apn) : NULL;
}

/* Cancelled in the middle, the card may have done it all the same: what it is now is what everyone
 * is to be told. */
static gboolean
switch_to (Act *self, Channel **channel, const char *iccid, GCancellable *cancellable,
           GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (switch_enable (*channel, iccid, cancellable, &problem))
    return TRUE;
  if (error_is_code (problem, ESIM_ERROR_CANCELLED))
    {
      g_clear_pointer (channel, channel_close);
      *channel = open_card (self, NULL, NULL);
      self->facts = *channel ? card_facts_read (*channel, self->access->eid, NULL, NULL) : NULL;
    }
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* Only the profile ICCID (NULL: it is not known) may still be connected by itself. */
static Channel *
favour_and_open (Act *self, const char *iccid, GCancellable *cancellable, GError **error)
{
  if (iccid)
    connect_favour (self->connects, iccid, cancellable);
  return open_card (self, cancellable, error);
}

gboolean
act_enable (gpointer data, GCancellable *cancellable, GError **error)
{
  Act *self = data;
  /* Before the card is opened: it is not held while D-Bus is waited for. */
  g_autofree char *apn = apn_in_use (self, cancellable);
  g_autoptr (Channel) channel = favour_and_open (self, self->iccid, cancellable, error);
  g_autoptr (GPtrArray) profiles = NULL;
  const Profile *enabled;

  if (channel)
    profiles = es10c_get_profiles (channel, FALSE, cancellable, error);
  if (profiles == NULL || !check_switch (self, profiles, error))
    return FALSE;
  enabled = profiles_find_enabled (profiles);
  return journal_set (self->journal, error, JOURNAL_BEFORE, enabled ? enabled->iccid : NULL,
                      JOURNAL_BEFORE_APN, enabled ? apn : NULL, JOURNAL_ICCID, self->iccid,
                      JOURNAL_ROLLED_BACK, NULL, JOURNAL_FALLEN, NULL, NULL)
         && switch_to (self, &channel, self->iccid, cancellable, error);
}

gboolean
act_roll_back (gpointer data, GCancellable *cancellable, GError **error)
{
  Act *self = data;
  g_autofree char *before = journal_get (self->journal, JOURNAL_BEFORE);
  g_autoptr (Channel) channel = favour_and_open (self, before, cancellable, error);
  g_autofree char *tries = NULL;

  if (channel == NULL)
    return FALSE;
  if (before == NULL)
    {
      error_set (error, ESIM_ERROR_NOT_FOUND, "provision", "no profile was enabled before");
      return FALSE;
    }
  /* Written first: what fails again and again is not tried for ever. */
  tries = g_strdup_printf ("%" G_GINT64_FORMAT,
                           journal_get_number (self->journal, JOURNAL_ROLLED_BACK) + 1);
  return journal_set (self->journal, error, JOURNAL_ROLLED_BACK, tries, JOURNAL_FALLEN, self->why,
                      NULL)
         && switch_to (self, &channel, before, cancellable, error);
}

/* ---- the modem and its link ---- */

static gboolean
check_modem (Act *self, GError **error)
{
  if (self->modem)
    return TRUE;
  error_set (error, ESIM_ERROR_DEVICE_GONE, "provision", "the modem is away");
  return FALSE;
}

gboolean
act_wake_modem (gpointer data, GCancellable *cancellable, GError **error)
{
  Act *self = data;

  return check_modem (self, error) && self->driver->enable (self->modem, cancellable, error);
}

gboolean
act_look_at_link (gpointer data, GCancellable *cancellable, GError **error)
{
  Act *self = data;
  ConnectSettings settings = policy_connect_settings (self->policy, self->iccid);
  const ConnectDriver *driver
      = check_modem (self, error) ? connect_driver (self, cancellable, error) : NULL;

  if (driver)
    self->link = driver->observe (self->modem, &settings, cancellable, error);
  return self->link != NULL;
}

gboolean
act_connect (gpointer data, GCancellable *cancellable, GError **error)
{
  Act *self = data;
  ConnectSettings settings = policy_connect_settings (self->policy, self->iccid);
  const ConnectDriver *driver
      = check_modem (self, error) ? connect_driver (self, cancellable, error) : NULL;

  return driver && driver->up (self->modem, &settings, cancellable, error)
         && act_look_at_link (self, cancellable, error);
}

/* A socket bound to INTERFACE: a test of the link that another uplink can't pass for it. */
static GSocket *
bound_socket (GSocketAddress *address, const char *interface, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (address),
                                             G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

  if (socket == NULL)
    return NULL;
  if (setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_BINDTODEVICE, interface,
                  (socklen_t) strlen (interface))
      != 0)
    {
      error_set (error, ESIM_ERROR_DATA_FAILED, "provision", "%s can't be used: %s", interface,
                 g_strerror (errno));
      return NULL;
    }
  g_socket_set_timeout (socket, VERIFY_TIMEOUT_S);
  return g_steal_pointer (&socket);
}

static gboolean
reach (GSocketAddress *address, const char *interface, GCancellable *cancellable, GError **error)
{
  g_autoptr (GSocket) socket = bound_socket (address, interface, error);
  g_autoptr (GError) problem = NULL;

  if (socket == NULL)
    return FALSE;
  if (g_socket_connect (socket, address, cancellable, &problem)
      || g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return TRUE;
  error_set (error, ESIM_ERROR_DATA_FAILED, "provision",
             "%s does not reach the policy's "
             "verify-host: %s",
             interface, problem->message);
  return FALSE;
}

/* One of HOST's addresses: the link may have only one family, and a host may have a dead one. */
static gboolean
reach_any (GSocketConnectable *host, const char *interface, GCancellable *cancellable,
           GError **error)
{
  g_autoptr (GSocketAddressEnumerator) addresses = g_socket_connectable_enumerate (host);
  g_autoptr (GError) problem = NULL;

  for (;;)
    {
      g_autoptr (GError) end = NULL;
      g_autoptr (GSocketAddress) address
          = g_socket_address_enumerator_next (addresses, cancellable, &end);

      if (address == NULL && problem == NULL)
        problem = g_steal_pointer (&end);
      if (address == NULL)
        break;
      g_clear_error (&problem);
      if (reach (address, interface, cancellable, &problem))
        return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

gboolean
act_verify (gpointer data, GCancellable *cancellable, GError **error)
{
  Act *self = data;
  g_autoptr (GSocketConnectable) host = NULL;

  if (!act_look_at_link (self, cancellable, error))
    return FALSE;
  /* A socket bound to "" is bound to nothing, and any other uplink would pass for this one. */
  if (*self->link->interface == '\0')
    {
      error_set (error, ESIM_ERROR_DATA_FAILED, "provision",
                 "the connection has no network interface that could be tried");
      return FALSE;
    }
  host = g_network_address_parse (self->policy->verify_host, VERIFY_PORT, error);
  return host && reach_any (host, self->link->interface, cancellable, error);
}
