/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Data by a connection of NetworkManager's, where that manages the modem: made once for a profile,
 * kept in step, and activated once the modem has the profile's SIM. */

#include "connect/connect.h"

#include <string.h>

#include "base/bus.h"
#include "base/wait.h"
#include "connect/nm-activation.h"
#include "connect/nm-profile.h"

#define NAME "org.freedesktop.NetworkManager"
#define ROOT "/org/freedesktop/NetworkManager"
#define DEVICE NAME ".Device"
#define ACTIVE NAME ".Connection.Active"
#define SETTINGS_PATH ROOT "/Settings"
#define SETTINGS NAME ".Settings"
#define CONNECTION SETTINGS ".Connection"
#define CALL_TIMEOUT_MS (15 * 1000)
/* NetworkManager sees a modem that is new, or back, some moments after ModemManager shows it. */
#define APPEAR_MS 3000
#define LOOK_MS 100
/* AddConnection2's and Update2's flags. Where an activation follows, NetworkManager would connect
 * by itself at once and be stopped by that. */
#define TO_DISK 0x1
#define BLOCK_AUTOCONNECT 0x20

/* NMState, NMDeviceType, NMDeviceStateReason, NMActiveConnectionState */
#define STATE_ASLEEP 10
#define DEVICE_TYPE_MODEM 8
#define REASON_SLEEPING 37
#define ACTIVE_STATE_ACTIVATED 2
#define ACTIVE_STATE_DEACTIVATING 3

static const BusPeer peer = { .name = NAME,
                              .title = "NetworkManager",
                              .layer = "connect",
                              .error_prefix = NAME ".",
                              .otherwise = ESIM_ERROR_DATA_FAILED };

/* A modem as NetworkManager has it. */
typedef struct
{
  char *path;
  GVariant *properties; /* a{sv} of Device */
} Device;

static void
device_free (Device *self)
{
  g_free (self->path);
  g_variant_unref (self->properties);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Device, device_free)

/* ---- the modem's device ---- */

static gboolean
flag_of (GVariant *properties, const char *key)
{
  gboolean flag = FALSE;

  g_variant_lookup (properties, key, "b", &flag);
  return flag;
}

static guint32
number_of (GVariant *properties, const char *key)
{
  guint32 number = 0;

  g_variant_lookup (properties, key, "u", &number);
  return number;
}

/* The device whose Udi is MODEM's path; *ERROR stays unset where there is none. */
static Device *
find_device (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) answer = bus_call (&peer, ROOT, NAME, "GetDevices", NULL, "(ao)",
                                          CALL_TIMEOUT_MS, cancellable, error);
  g_autofree const char **paths = NULL;

  if (answer == NULL)
    return NULL;
  g_variant_get (answer, "(^a&o)", &paths);
  for (guint i = 0; paths[i]; i++)
    {
      g_autoptr (GVariant) properties = bus_get_all (&peer, paths[i], DEVICE, cancellable, NULL);
      Device *device;

      if (properties == NULL || number_of (properties, "DeviceType") != DEVICE_TYPE_MODEM
          || strcmp (bus_text (properties, "Udi"), modem->path) != 0)
        continue;
      device = g_new0 (Device, 1);
      device->path = g_strdup (paths[i]);
      device->properties = g_steal_pointer (&properties);
      return device;
    }
  return NULL;
}

/* A modem without a SIM is no device of NetworkManager's, and none will appear. */
static gboolean
may_appear (const ModemSnapshot *modem)
{
  return modem->state == MODEM_STATE_SEARCHING || modem->state == MODEM_STATE_REGISTERED
         || modem->state == MODEM_STATE_CONNECTED;
}

/* As find_device(), but of a modem that ModemManager has just shown. */
static Device *
await_device (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  gint64 end = g_get_monotonic_time () + APPEAR_MS * 1000;
  g_autoptr (GError) problem = NULL;
  Device *device = find_device (modem, cancellable, &problem);

  while (device == NULL && problem == NULL && may_appear (modem) && g_get_monotonic_time () < end
         && wait_sleep (LOOK_MS, cancellable, &problem))
    device = find_device (modem, cancellable, &problem);
  if (problem)
    g_propagate_error (error, g_steal_pointer (&problem));
  return device;
}

/* It lets go of all devices where its networking is switched off, which is no leave for others to
 * switch it on. The device's own reason for that differs between releases, and a device that came
 * meanwhile has none. */
static gboolean
is_asleep (const Device *device, GCancellable *cancellable)
{
  g_autoptr (GVariant) manager = NULL;
  gboolean enabled = TRUE;

  if (flag_of (device->properties, "Managed"))
    return FALSE;
  manager = bus_get_all (&peer, ROOT, NAME, cancellable, NULL);
  if (manager == NULL)
    return FALSE;
  g_variant_lookup (manager, "NetworkingEnabled", "b", &enabled);
  return !enabled || number_of (manager, "State") == STATE_ASLEEP;
}

/* One that has its name but not its objects yet, or does not answer, may manage the modem in a
 * moment: it is asked again then, not passed over. */
static gboolean
manages (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  g_autoptr (Device) device = NULL;

  if (bus_is_there (&peer, cancellable))
    device = await_device (modem, cancellable, error);
  return device && (flag_of (device->properties, "Managed") || is_asleep (device, cancellable));
}

/* ---- connections ---- */

/* a{sa{sv}} of the connection at PATH. */
static GVariant *
read_profile (const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) answer = bus_call (&peer, path, CONNECTION, "GetSettings", NULL,
                                          "(a{sa{sv}})", CALL_TIMEOUT_MS, cancellable, error);

  return answer ? g_variant_get_child_value (answer, 0) : NULL;
}

/* How well PROFILE serves ICCID: 3 it is ours for it, 2 a person's for it, 1 a person's for any SIM
 * on this APN, 0 not at all. */
static guint
worth_of (GVariant *profile, const char *iccid, const char *apn)
{
  g_autofree char *uuid = nm_profile_uuid (iccid);
  const char *sim = nm_profile_text (profile, "gsm", "sim-id");

  if (!nm_profile_is_gsm (profile))
    return 0;
  if (strcmp (nm_profile_text (profile, "connection", "uuid"), uuid) == 0)
    return 3;
  if (nm_profile_is_ours (profile))
    return 0;
  if (*sim)
    return strcmp (sim, iccid) == 0 ? 2 : 0;
  return apn && strcmp (nm_profile_text (profile, "gsm", "apn"), apn) == 0 ? 1 : 0;
}

static GStrv
list_profiles (GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) answer = bus_call (&peer, SETTINGS_PATH, SETTINGS, "ListConnections", NULL,
                                          "(ao)", CALL_TIMEOUT_MS, cancellable, error);
  GStrv paths = NULL;

  if (answer)
    g_variant_get (answer, "(^ao)", &paths);
  return paths;
}

/* Writes OLD anew at PATH where SETTINGS want it otherwise; they are NULL where no activation
 * follows. */
static gboolean
keep_in_step (const char *path, GVariant *old, const ConnectSettings *settings,
              gboolean autoconnect, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) secrets
      = bus_call (&peer, path, CONNECTION, "GetSecrets", g_variant_new ("(s)", "gsm"),
                  "(a{sa{sv}})", CALL_TIMEOUT_MS, cancellable, NULL);
  g_autoptr (GVariant) inner = secrets ? g_variant_get_child_value (secrets, 0) : NULL;
  g_autoptr (GVariant) new = nm_profile_update (old, inner, settings, autoconnect);
  g_autoptr (GVariant) answer = NULL;

  if (new == NULL)
    return TRUE;
  answer = bus_call (&peer, path, CONNECTION, "Update2",
                     g_variant_new ("(@a{sa{sv}}u@a{sv})", new,
                                    TO_DISK | (settings ? BLOCK_AUTOCONNECT : 0),
                                    g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0)),
                     "(a{sv})", CALL_TIMEOUT_MS, cancellable, error);
  return answer != NULL;
}

/* The best connection for ICCID, "" where there is none; ours are brought in step: that of ICCID
 * connects by itself, those of other profiles no longer do, for NetworkManager tries one before it
 * knows which SIM it has. NULL on errors. The caller frees. */
static char *
find_profile (const char *iccid, const ConnectSettings *settings, GCancellable *cancellable,
              GError **error)
{
  g_auto (GStrv) paths = list_profiles (cancellable, error);
  const char *best = "";
  guint best_worth = 0;

  if (paths == NULL)
    return NULL;
  for (guint i = 0; paths[i]; i++)
    {
      g_autoptr (GVariant) profile = read_profile (paths[i], cancellable, NULL);
      guint worth = profile ? worth_of (profile, iccid, settings->apn) : 0;

      if (profile && nm_profile_is_ours (profile)
          && !keep_in_step (paths[i], profile, settings, worth == 3, cancellable, error))
        return NULL;
      if (worth > best_worth)
        best = paths[i];
      best_worth = MAX (worth, best_worth);
    }
  return g_strdup (best);
}

static char *
make_profile (const char *iccid, const ConnectSettings *settings, GCancellable *cancellable,
              GError **error)
{
  g_autoptr (GVariant) answer
      = bus_call (&peer, SETTINGS_PATH, SETTINGS, "AddConnection2",
                  g_variant_new ("(@a{sa{sv}}u@a{sv})", nm_profile_new (iccid, settings),
                                 TO_DISK | BLOCK_AUTOCONNECT,
                                 g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0)),
                  "(oa{sv})", CALL_TIMEOUT_MS, cancellable, error);
  char *path = NULL;

  if (answer)
    g_variant_get (answer, "(oa{sv})", &path, NULL);
  return path;
}

/* ---- what is active ---- */

/* The active connection of DEVICE: its path, "/" where there is none; owned by DEVICE. */
static const char *
active_of (const Device *device)
{
  const char *path = bus_text (device->properties, "ActiveConnection");

  return *path ? path : "/";
}

static gboolean
is_out_of_step (GVariant *profile, const ConnectSettings *settings)
{
  g_autoptr (GVariant) new = nm_profile_update (profile, NULL, settings, TRUE);

  return new != NULL;
}

/* Of whoever: NetworkManager brings it up before it has read which SIM the modem has now. */
static gboolean
is_of_another_sim (GVariant *profile, const char *iccid)
{
  gboolean bound = nm_profile_is_ours (profile) || *nm_profile_text (profile, "gsm", "sim-id");

  return bound && worth_of (profile, iccid, NULL) == 0;
}

/* Ours, or one on our APN that is a person's: nothing to do. One that is for another SIM is a
 * mistake of the moment, and nothing at all. */
static ConnectLevel
level_of (GVariant *profile, guint32 state, const char *iccid, const ConnectSettings *settings)
{
  gboolean mine = worth_of (profile, iccid, settings->apn) > 0
                  || strcmp (nm_profile_text (profile, "gsm", "apn"), settings->apn) == 0;

  if (is_of_another_sim (profile, iccid))
    return CONNECT_NONE;
  if (!mine)
    return CONNECT_OTHER;
  if (nm_profile_is_ours (profile) && is_out_of_step (profile, settings))
    return CONNECT_NONE;
  return state == ACTIVE_STATE_ACTIVATED ? CONNECT_CONFIGURED : CONNECT_UP;
}

/* "10.64.1.2/30" and the gateway of the device's IPv4, or else IPv6. */
static void
read_address (const Device *device, ConnectStatus *status, GCancellable *cancellable)
{
  static const char *const families[][2]
      = { { "Ip4Config", NAME ".IP4Config" }, { "Ip6Config", NAME ".IP6Config" } };

  for (guint i = 0; i < G_N_ELEMENTS (families) && *status->address == '\0'; i++)
    {
      const char *path = bus_text (device->properties, families[i][0]);
      g_autoptr (GVariant) config = NULL;
      g_autoptr (GVariant) list = NULL;
      g_autoptr (GVariant) first = NULL;

      if (strlen (path) > 1)
        config = bus_get_all (&peer, path, families[i][1], cancellable, NULL);
      list = config ? g_variant_lookup_value (config, "AddressData", G_VARIANT_TYPE ("aa{sv}"))
                    : NULL;
      if (list == NULL || g_variant_n_children (list) == 0)
        continue;
      first = g_variant_get_child_value (list, 0);
      g_free (status->address);
      status->address
          = g_strdup_printf ("%s/%u", bus_text (first, "address"), number_of (first, "prefix"));
      g_free (status->gateway);
      status->gateway = g_strdup (bus_text (config, "Gateway"));
    }
}

static ConnectStatus *
status_of (const Device *device, const ModemSnapshot *modem, const ConnectSettings *settings,
           GCancellable *cancellable)
{
  const char *path = device ? active_of (device) : "/";
  g_autoptr (GVariant) active = NULL;
  g_autoptr (GVariant) profile = NULL;
  ConnectStatus *status;
  LinkConfig link = { 0 };

  if (strlen (path) > 1)
    active = bus_get_all (&peer, path, ACTIVE, cancellable, NULL);
  if (active && number_of (active, "State") < ACTIVE_STATE_DEACTIVATING)
    profile = read_profile (bus_text (active, "Connection"), cancellable, NULL);
  if (profile == NULL)
    return connect_status_new (CONNECT_NONE, NULL, NULL, NULL);
  link.interface = bus_text (device->properties, "IpInterface");
  status
      = connect_status_new (level_of (profile, number_of (active, "State"), modem->iccid, settings),
                            &link, nm_profile_text (profile, "gsm", "apn"), path);
  read_address (device, status, cancellable);
  return status;
}

static ConnectStatus *
observe (const ModemSnapshot *modem, const ConnectSettings *settings, GCancellable *cancellable,
         GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (Device) device = find_device (modem, cancellable, &problem);

  if (problem)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  return status_of (device, modem, settings, cancellable);
}

/* ---- connecting ---- */

static gboolean
activate (const Device *device, const char *profile, GCancellable *cancellable, GError **error)
{
  g_autoptr (NmActivation) activation
      = nm_activation_listen (&peer, device->path, bus_text (device->properties, "Udi"), error);
  g_autoptr (GVariant) answer = NULL;
  const char *path;

  if (activation == NULL)
    return FALSE;
  answer = bus_call (&peer, ROOT, NAME, "ActivateConnection",
                     g_variant_new ("(ooo)", profile, device->path, "/"), "(o)", CALL_TIMEOUT_MS,
                     cancellable, error);
  if (answer == NULL)
    return FALSE;
  g_variant_get (answer, "(&o)", &path);
  return nm_activation_wait (activation, path, cancellable, error);
}

/* NetworkManager connects by itself what was just made: that one is waited for. */
static gboolean
await_active (const Device *device, const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (NmActivation) activation
      = nm_activation_listen (&peer, device->path, bus_text (device->properties, "Udi"), error);

  return activation && nm_activation_wait (activation, path, cancellable, error);
}

/* The device, where a connection may be brought up on it. */
static Device *
ready_device (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (Device) device = await_device (modem, cancellable, &problem);

  if (problem)
    g_propagate_error (error, g_steal_pointer (&problem));
  else if (device == NULL)
    error_set (error, ESIM_ERROR_MODEM, "connect", "NetworkManager does not have this modem");
  else if (is_asleep (device, cancellable))
    nm_activation_set_reason (REASON_SLEEPING, error);
  else
    return g_steal_pointer (&device);
  return NULL;
}

static gboolean
check_free (const ConnectStatus *status, GError **error)
{
  if (status->level != CONNECT_OTHER)
    return TRUE;
  connect_refuse_other (error, status->apn);
  return FALSE;
}

static gboolean
up (const ModemSnapshot *modem, const ConnectSettings *settings, GCancellable *cancellable,
    GError **error)
{
  g_autoptr (Device) device = ready_device (modem, cancellable, error);
  g_autoptr (ConnectStatus) status = NULL;
  g_autofree char *profile = NULL;

  if (device == NULL)
    return FALSE;
  status = status_of (device, modem, settings, cancellable);
  if (!check_free (status, error))
    return FALSE;
  profile = find_profile (modem->iccid, settings, cancellable, error);
  if (profile && *profile == '\0' && status->level == CONNECT_NONE)
    {
      g_free (profile);
      profile = make_profile (modem->iccid, settings, cancellable, error);
    }
  if (profile == NULL)
    return FALSE;
  if (status->level == CONNECT_CONFIGURED)
    return TRUE;
  if (status->level == CONNECT_UP)
    return await_active (device, status->bearer, cancellable, error);
  return activate (device, profile, cancellable, error);
}

static gboolean
down (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (Device) device = find_device (modem, cancellable, &problem);
  g_autoptr (GVariant) active = NULL;
  g_autoptr (GVariant) profile = NULL;
  g_autoptr (GVariant) answer = NULL;

  if (problem)
    g_propagate_error (error, g_steal_pointer (&problem));
  else if (device && strlen (active_of (device)) > 1)
    active = bus_get_all (&peer, active_of (device), ACTIVE, cancellable, NULL);
  profile = active ? read_profile (bus_text (active, "Connection"), cancellable, NULL) : NULL;
  if (profile == NULL || !nm_profile_is_ours (profile))
    return device != NULL || error == NULL || *error == NULL;
  answer = bus_call (&peer, ROOT, NAME, "DeactivateConnection",
                     g_variant_new ("(o)", active_of (device)), "()", CALL_TIMEOUT_MS, cancellable,
                     error);
  return answer != NULL;
}

/* ---- profiles come and go ---- */

/* NetworkManager connects by itself before it knows which SIM the modem has now, so that only the
 * connection of the profile that is about to be enabled may. */
static gboolean
favour (const char *iccid, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) paths = NULL;

  if (!bus_is_there (&peer, cancellable))
    return TRUE;
  paths = list_profiles (cancellable, error);
  if (paths == NULL)
    return FALSE;
  for (guint i = 0; paths[i]; i++)
    {
      g_autoptr (GVariant) profile = read_profile (paths[i], cancellable, NULL);

      if (profile && nm_profile_is_ours (profile)
          && !keep_in_step (paths[i], profile, NULL,
                            strcmp (nm_profile_text (profile, "gsm", "sim-id"), iccid) == 0,
                            cancellable, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
forget (const char *iccid, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) paths = NULL;

  if (!bus_is_there (&peer, cancellable))
    return TRUE;
  paths = list_profiles (cancellable, error);
  if (paths == NULL)
    return FALSE;
  for (guint i = 0; paths[i]; i++)
    {
      g_autoptr (GVariant) profile = read_profile (paths[i], cancellable, NULL);
      g_autoptr (GVariant) answer = NULL;

      if (profile == NULL || !nm_profile_is_ours (profile)
          || strcmp (nm_profile_text (profile, "gsm", "sim-id"), iccid) != 0)
        continue;
      answer = bus_call (&peer, paths[i], CONNECTION, "Delete", NULL, "()", CALL_TIMEOUT_MS,
                         cancellable, error);
      if (answer == NULL)
        return FALSE;
    }
  return TRUE;
}

const ConnectDriver connect_nm = {
  .name = "networkmanager",
  .stack = "modemmanager",
  .manages = manages,
  .observe = observe,
  .up = up,
  .down = down,
  .favour = favour,
  .forget = forget,
};
