/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What the registry's own files share: the registry, one modem in it, and the calls between them.
 */

#pragma once

#include "card/models.h"
#include "card/reader.h"
#include "card/registry.h"

struct _Registry
{
  GObject parent;
  const ModemDriver *const *modems;
  const ChannelDriver *const *channels;
  char *state_dir;
  Models *models;
  guint gone_after_s;
  Policy *policy;      /* NULL: no modem is known to be peculiar */
  GPtrArray *running;  /* of Watch */
  GHashTable *entries; /* Modem.Device -> Entry */
  GPtrArray *cards;    /* parked ones too */
  guint last_number;   /* numbers are not used again while the service runs */
  gint64 asked_at;     /* when someone last wanted every slot looked into; monotonic, 0: never */
  GCancellable *stop;
};

/* The slots of a modem that has several; slots.c's own. */
typedef struct
{
  GArray *known;      /* of ChannelSlot, as the modem told last; NULL: not yet */
  GPtrArray *parked;  /* of Card: those in slots that are not in use */
  Card *wanted;       /* whose slot is to be used next; NULL: none */
  gboolean asked;     /* someone wants every slot looked into */
  guint looked;       /* a bit for each slot that was switched to for a look */
  gboolean switching; /* to TARGET, since SINCE; until the modem is back */
  guint target;
  gint64 since;
  gboolean away; /* the modem was, since it was here last */
  gint from, to; /* the loan: TO is in use for a moment, FROM was before; -1: there is none */
  gboolean from_nothing; /* FROM has no SIM */
  gint64 idle_since;
  guint timer;
} Slots;

/* One modem, by its device. */
typedef struct
{
  Registry *registry;
  const ModemDriver *driver;
  char *device;
  ModemSnapshot *modem; /* NULL while away */
  ModemSnapshot *left;  /* while away for a moment: as it was; else NULL */
  Queue *card_queue, *net_queue;
  Card *card;            /* in the slot in use; NULL while no eUICC is known there */
  CardAccess *worked;    /* the way that its card was read by last; NULL: none yet */
  const char *recovered; /* as CardReader has it */
  gboolean borrows;      /* reading its card may take the modem from its stack for a moment */
  gboolean fading;       /* it was up until just now, and a job that may take it is on */
  gboolean was_up;       /* when we took it from its stack, which has it disabled since */
  gboolean waking;
  gboolean reading;
  gboolean again; /* something changed while it was read, or a try was due while it was away */
  guint tries;
  guint retry_source, gone_source;
  Slots slots;
} Entry;

/* entry.c. entry_set_modem: it is there, as MODEM says; entry_set_away: it is not. entry_read:
 * reads the card in the slot in use. entry_set_policy: the registry has another one. */
Entry *entry_new (Registry *registry, const ModemDriver *driver, const char *device);
void entry_free (Entry *self);
void entry_set_modem (Entry *self, ModemSnapshot *modem);
void entry_set_away (Entry *self);
void entry_read (Entry *self);
void entry_set_policy (Entry *self);

/* entry.c, for slots.c. entry_new_card: one of this modem's, not published yet; entry_publish_card:
 * takes it over into the list; entry_drop_card: it is gone for good. */
Card *entry_new_card (Entry *self, const char *eid);
void entry_show_card (Entry *self);
void entry_publish_card (Entry *self, Card *card);
void entry_drop_card (Entry *self, Card *card);

/* slots.c: which slot is in use, for whom and for how long. slots_open, slots_close: with the
 * entry. slots_moved: the modem is there, before its cards are shown: parked cards whose slot is in
 * use now are parked no more. slots_show: parked cards are told of the modem, or of its absence.
 * slots_see: what the modem tells of its slots (taken; NULL: nothing). slots_found: there is an
 * eUICC in the one in use; before it is published. slots_look: looks into slots that may hold one,
 * where the one in use has no SIM or someone asked. slots_drop_cards: the modem is gone. */
void slots_open (Entry *self);
void slots_close (Entry *self);
void slots_moved (Entry *self);
void slots_show (Entry *self);
void slots_see (Entry *self, GArray *known);
void slots_found (Entry *self);
void slots_look (Entry *self);
void slots_drop_cards (Entry *self);

/* slots_want: CARD asks for its slot (it is answered by the card); slots_keep: CARD is what the
 * modem is to use from now on. slots_ask: someone wants every slot looked into. slots_give_back: at
 * the end of the service, where nobody needs what is lent. */
void slots_want (Entry *self, Card *card);
void slots_keep (Entry *self, Card *card);
void slots_ask (Entry *self, gboolean everywhere);
void slots_give_back (Entry *self);
