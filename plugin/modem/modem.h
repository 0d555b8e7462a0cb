/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* Which modems are there, what each is and sees now, and how to bring one back: snapshots and the
 * verbs of a modem stack's driver. */

#pragma once

#include <gio/gio.h>

typedef enum
{
  MODEM_STATE_UNKNOWN,
  MODEM_STATE_FAILED,   /* see failure */
  MODEM_STATE_CHANGING, /* initializing, enabling, disabling: leave it alone */
  MODEM_STATE_LOCKED,   /* the SIM wants a PIN */
  MODEM_STATE_DISABLED,
  MODEM_STATE_SEARCHING,  /* enabled, not registered */
  MODEM_STATE_DENIED,     /* registration denied */
  MODEM_STATE_REGISTERED, /* home or roaming */
  MODEM_STATE_CONNECTED,
} ModemState;

typedef enum
{
  MODEM_FAILURE_NONE,
  MODEM_FAILURE_NO_PROFILE, /* esim-without-profiles */
  MODEM_FAILURE_NO_SIM,     /* sim-missing: on QMI also an eUICC without profiles */
  MODEM_FAILURE_OTHER,
} ModemFailure;

/* How the connection that was there ended. */
typedef enum
{
  MODEM_ENDED_NOT, /* one is up, or none has been since the stack found the modem */
  MODEM_ENDED_BY_NETWORK,
  MODEM_ENDED_BY_CLIENT, /* someone here closed it, or switched the modem off */
} ModemEnded;

typedef struct
{
  char *kind;   /* a channel driver's name: "mbim", "qmi", "qrtr", "at" */
  char *device; /* "/dev/cdc-wdm0", "qrtr://0" */
} ModemPort;

/* Immutable; ref-counted; may be read by any thread. Strings are never NULL ("" where not known).
 */
typedef struct
{
  gatomicrefcount refs;
  const char *stack; /* the driver's name, "modemmanager" */
  char *device;      /* what stays the same across re-probes: Modem.Device */
  char *path;        /* the stack's object path now; changes at every re-probe */
  char *manufacturer, *model, *revision, *imei;
  char *usb_id; /* "1199:9091", lower case */
  ModemState state;
  ModemFailure failure;
  ModemEnded ended;
  gboolean roaming;
  char *eid, *iccid, *imsi, *operator_name; /* of the SIM the stack sees now */
  guint slot;                               /* 0-based slot in use */
  guint n_slots;                            /* how many there are to choose from; 0 and 1: none */
  ModemPort *ports;
  guint n_ports;
} ModemSnapshot;

/** modem_snapshot_new: an empty one with one reference, for drivers to fill before they publish it.
 */
ModemSnapshot *modem_snapshot_new (const char *stack);
ModemSnapshot *modem_snapshot_ref (ModemSnapshot *self);
void modem_snapshot_unref (ModemSnapshot *self);
const char *modem_state_name (ModemState state);

/** modem_snapshot_add_port: for drivers, before they publish; both texts are copied.
 * modem_snapshot_equal: whether there is nothing new in B after A. */
void modem_snapshot_add_port (ModemSnapshot *self, const char *kind, const char *device);
gboolean modem_snapshot_equal (const ModemSnapshot *a, const ModemSnapshot *b);

/* The rungs of the ladder that brings back a modem which has not noticed its new profile. */
typedef enum
{
  MODEM_RUNG_REPROBE, /* ModemManager: InhibitDevice on, then off; oFono: Powered off, then on */
  MODEM_RUNG_RESET,   /* Modem.Reset */
} ModemRung;

/** ModemChanged: on the main thread: what DEVICE is now; SNAPSHOT NULL: it is gone. */
typedef void (*ModemChanged) (const char *device, ModemSnapshot *snapshot, gpointer data);

typedef struct
{
  const char *name; /* "modemmanager" */
  /* What it watches are card readers: a profile can be put on the card, and not be used there. */
  gboolean no_radio;
  /* Main thread. Starts watching, waits for the stack to appear however long; CHANGED is called for
   * every modem there is and every change. */
  gpointer (*start) (ModemChanged changed, gpointer data);
  void (*stop) (gpointer self);
  /* Main thread: the setting at-port, "PORT" or "MODEM=PORT,…"; NULL where the stack itself tells
   * its modems' ports. */
  void (*set_at_ports) (gpointer self, const char *setting);
  /* Main thread: asks the stack to look for devices anew. */
  void (*rescan) (gpointer self);
  /* Worker threads, synchronous. Fails with MODEM when the modem is in a state where the rung would
   * do harm, UNSUPPORTED when the stack has no such rung for this modem. */
  gboolean (*climb) (const ModemSnapshot *modem, ModemRung rung, GCancellable *cancellable,
                     GError **error);
  /* Worker threads: powers the radio up (Modem.Enable) where it is disabled, so that it registers.
   */
  gboolean (*enable) (const ModemSnapshot *modem, GCancellable *cancellable, GError **error);
  /* Worker threads: has the modem use SLOT (0-based) from now on; it leaves its stack and comes
   * back for that, later than this returns. BUSY while it is connected, for that would be cut; NULL
   * where the stack has no way. */
  gboolean (*use_slot) (const ModemSnapshot *modem, guint slot, GCancellable *cancellable,
                        GError **error);
} ModemDriver;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ModemSnapshot, modem_snapshot_unref)
