/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* A logical channel to an ISD-R through some modem: the verbs a driver has, and the ISO 7816 logic
 * above them. */

#pragma once

#include <gio/gio.h>

#include "base/progress.h"
#include "base/quirks.h"

/* A modem has restarted a card that switched within so many seconds. */
#define CHANNEL_RESTART_S 5

/* Where a card can be reached; a value, owned by whoever made it. */
typedef struct
{
  const char *device; /* "/dev/cdc-wdm0", "qrtr://0", a pcscd reader's name, … */
  const char *stack;  /* who else uses it: the modem driver's name; NULL: nobody, it is ours */
  const char *modem;  /* the modem's name there that stays across re-probes (Modem.Device) */
  const char *memory; /* a file for the driver's own: what a crash would leave open; may be NULL */
  guint slot;         /* 0-based */
  Quirks quirks;
} ChannelTarget;

/* What is in a slot, as far as the modem tells. */
typedef enum
{
  CHANNEL_SLOT_UNKNOWN, /* not told: a card without power, say */
  CHANNEL_SLOT_EMPTY,
  CHANNEL_SLOT_PLAIN, /* a card that is no eUICC */
  CHANNEL_SLOT_EUICC,
} ChannelSlotKind;

typedef struct
{
  ChannelSlotKind kind;
  char eid[33]; /* "" where not told */
} ChannelSlot;

/* The verbs. All are called on one worker thread at a time; SELF is what open_device() returned. An
 * APDU is passed with its CLA already carrying the channel; the answer ends in SW1 SW2. A vanished
 * device is ESIM_ERROR_DEVICE_GONE, at once. */
typedef struct
{
  const char *name; /* "mbim", also the kind of port it takes (ModemPort.kind) */
  /* Whether the modem may leave its stack while it is used, and come back when it is closed. */
  gboolean borrows;
  /* Whether one APDU without an answer spoils it until the modem is powered off and on: it is not
   * used while the modem restarts the card. */
  gboolean fragile;
  /* The kind of port where that is another; then only the quirk "transports" brings the driver in.
   * NULL: NAME. */
  const char *port;
  gpointer (*open_device) (const ChannelTarget *target, GCancellable *cancellable, GError **error);
  /* Opens a logical channel and selects AID on it; *NUMBER is 1..19; no channel free:
   * ESIM_ERROR_BUSY, no such applet: ESIM_ERROR_NO_EUICC. */
  gboolean (*open_logical) (gpointer self, GBytes *aid, guint *number, GCancellable *cancellable,
                            GError **error);
  /* An APDU that the modem refuses, perhaps as too long, has raw code "apdu-length": the card has
   * not heard of it, and segments become shorter. */
  GBytes *(*transmit) (gpointer self, guint number, GBytes *apdu, GCancellable *cancellable,
                       GError **error);
  gboolean (*close_logical) (gpointer self, guint number, GError **error); /* never cancelled */
  /* Closes what a crashed predecessor left open; called once for a modem before its first
   * open_logical(). NULL where nothing can be left open. */
  gboolean (*recover) (gpointer self, GError **error);
  /* Powers the card off and on; NULL where there is no way. */
  gboolean (*power_cycle) (gpointer self, GCancellable *cancellable, GError **error);
  /* Resets the whole modem; NULL where the driver has no way. */
  gboolean (*reset) (gpointer self, GCancellable *cancellable, GError **error);
  /* Appends a ChannelSlot to SLOTS for each of the modem's slots; NULL where the driver can't ask.
   */
  gboolean (*list_slots) (gpointer self, GArray *slots, GCancellable *cancellable, GError **error);
  void (*close_device) (gpointer self);
} ChannelDriver;

typedef struct _Channel Channel;

/** channel_open: opens TARGET's device and a logical channel to the ISD-R, the known AIDs in turn
 * (GSMA's first). Errors: NO_EUICC, BUSY, CHANNEL, DEVICE_GONE, TIMED_OUT, CANCELLED. PROGRESS may
 * be NULL. */
Channel *channel_open (const ChannelDriver *driver, const ChannelTarget *target, Progress *progress,
                       GCancellable *cancellable, GError **error);

/** channel_close: closes logical channel and device, whatever state they are in, cancelled or not.
 */
void channel_close (Channel *self);

/** ChannelCheck: whether the card behind SELF, which was opened anew, is still the right one. */
typedef gboolean (*ChannelCheck) (gpointer data, Channel *self, GCancellable *cancellable,
                                  GError **error);

/** channel_rest: gives the device back to its stack where the driver took it from there (borrows);
 * the next command opens it again, and asks what channel_on_wake() set, whose DATA outlives SELF.
 */
void channel_rest (Channel *self);
void channel_on_wake (Channel *self, ChannelCheck check, gpointer data);

/** channel_recover: opens the device only to close channels that a crashed predecessor left open.
 */
gboolean channel_recover (const ChannelDriver *driver, const ChannelTarget *target, GError **error);

/** channel_power_cycle: powers the card off and on; UNSUPPORTED where the driver has no way. */
gboolean channel_power_cycle (const ChannelDriver *driver, const ChannelTarget *target,
                              GCancellable *cancellable, GError **error);

/** channel_reset: resets the whole modem, for a stack that can't; UNSUPPORTED as above. */
gboolean channel_reset (const ChannelDriver *driver, const ChannelTarget *target,
                        GCancellable *cancellable, GError **error);

/** channel_list_slots: what is in the modem's slots, in use or not: of ChannelSlot, which the
 * caller owns. UNSUPPORTED as above. */
GArray *channel_list_slots (const ChannelDriver *driver, const ChannelTarget *target,
                            GCancellable *cancellable, GError **error);

/** channel_store_data: sends COMMAND to the ISD-R by STORE DATA (SGP.22, 5.7.2), in as many
 * segments as it takes, follows 61xx and 6Cxx, reopens a channel that answers 6881 before the first
 * segment, and returns the response's data without status word. Errors: besides the above
 * CARD_REFUSED with raw code "sw". */
GBytes *channel_store_data (Channel *self, GBytes *command, GCancellable *cancellable,
                            GError **error);

/** channel_check_selected: for drivers, whose LAYER the error names: whether SW is a SELECT's
 * success and NUMBER (1..19) a logical channel; else NO_EUICC, BUSY or CHANNEL with raw code "sw".
 */
gboolean channel_check_selected (const char *layer, guint16 sw, guint number, GError **error);

/** channel_progress, channel_quirks: what SELF was opened with. Owned by SELF. */
Progress *channel_progress (Channel *self);
const Quirks *channel_quirks (Channel *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Channel, channel_close)
