/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The ladder with modems that need each rung, are busy, slow or gone: all cases at once, for what
 * they do most is wait. */

#include <string.h>

#include "base/error.h"
#include "provision/ladder.h"

#define EID "89049032123451234512345678901235"
#define OLD "8988307000000000023"
#define NEW "8988307000000000015"

/* A modem by what it does; the rest is what happened to it. */
typedef struct
{
  const char *name;
  const char *helps;  /* the rung after which it sees NEW; NULL: none does */
  const char *helped; /* that helped before, as the service remembers */
  guint busy;         /* so many times its first rung finds it changing state */
  guint away_s;       /* after a reset; G_MAXUINT: for good */
  gboolean no_cycle;  /* the channel can't power the card off and on */
  gboolean no_reset;  /* the stack can't reset it, the channel can */
  gboolean cancel;    /* after its first rung */
  QuirksAfterEnable quirk;
  const char *climbed; /* expected: every try, in order */
  const char *rung;    /* expected: that is told; NULL: an error */
  EsimError code;
  Card *card;
  GString *log;
  GCancellable *cancellable;
  gboolean done;
} Case;

static Case cases[] = {
  { .name = "re-probe", .helps = "re-probe", .climbed = "re-probe ", .rung = "re-probe" },
  { .name = "power-cycle",
    .helps = "power-cycle",
    .climbed = "re-probe power-cycle ",
    .rung = "power-cycle" },
  { .name = "reset",
    .helps = "reset",
    .climbed = "re-probe power-cycle re-probe reset ",
    .rung = "reset" },
  { .name = "no-way-to-cycle",
    .helps = "reset",
    .no_cycle = TRUE,
    .climbed = "re-probe reset ",
    .rung = "reset" },
  { .name = "stack-can't-reset",
    .helps = "reset",
    .no_reset = TRUE,
    .climbed = "re-probe power-cycle re-probe reset ",
    .rung = "reset" },
  { .name = "nobody-can-reset",
    .no_cycle = TRUE,
    .no_reset = TRUE,
    .climbed = "re-probe ",
    .code = ESIM_ERROR_MODEM_NOT_BACK },
  { .name = "never",
    .climbed = "re-probe power-cycle re-probe reset ",
    .code = ESIM_ERROR_MODEM_NOT_BACK },
  /* Longer than the time for any other rung. */
  { .name = "slow",
    .helps = "reset",
    .away_s = 5,
    .climbed = "re-probe power-cycle re-probe reset ",
    .rung = "reset" },
  { .name = "gone",
    .helps = "reset",
    .away_s = G_MAXUINT,
    .climbed = "re-probe power-cycle re-probe reset ",
    .code = ESIM_ERROR_MODEM_NOT_BACK },
  { .name = "busy",
    .helps = "re-probe",
    .busy = 2,
    .climbed = "busy busy re-probe ",
    .rung = "re-probe" },
  { .name = "learnt",
    .helped = "reset",
    .helps = "reset",
    .climbed = "re-probe reset ",
    .rung = "reset" },
  /* The modem has seen it after the power-cycle, its stack has not. */
  { .name = "deaf-stack",
    .helps = "power-cycle re-probe",
    .climbed = "re-probe power-cycle re-probe ",
    .rung = "power-cycle" },
  { .name = "learnt-nonsense",
    .helped = "prayer",
    .helps = "re-probe",
    .climbed = "re-probe ",
    .rung = "re-probe" },
  { .name = "quirk",
    .helped = "power-cycle",
    .quirk = QUIRKS_AFTER_ENABLE_RESET,
    .helps = "reset",
    .climbed = "reset ",
    .rung = "reset" },
  { .name = "cancelled", .cancel = TRUE, .climbed = "re-probe ", .code = ESIM_ERROR_CANCELLED },
};

static Case *
find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    if (g_str_equal (cases[i].name, name))
      return &cases[i];
  g_assert_not_reached ();
}

static void plug (Case *self, const char *iccid);

static gboolean
see_new (gpointer data)
{
  plug (data, NEW);
  return G_SOURCE_REMOVE;
}

/* What a rung does to the modem, on the main thread as a stack's news are. */
static gboolean
take_effect (gpointer data)
{
  Case *self = data;
  gboolean reset = g_str_has_suffix (self->log->str, "reset ");
  g_autofree char *helper = g_strdup_printf ("%s ", self->helps ? self->helps : "none");
  gboolean helps = g_str_has_suffix (self->log->str, helper);

  if (self->cancel)
    g_cancellable_cancel (self->cancellable);
  if (reset && self->away_s)
    card_set_modem (self->card, NULL, NULL, NULL);
  if (helps && self->away_s == 0)
    plug (self, NEW);
  else if (helps && self->away_s != G_MAXUINT)
    g_timeout_add_seconds (self->away_s, see_new, self);
  return G_SOURCE_REMOVE;
}

static void
note (Case *self, const char *rung)
{
  g_string_append_printf (self->log, "%s ", rung);
  g_idle_add (take_effect, self);
}

static gboolean
fake_climb (const ModemSnapshot *modem, ModemRung rung, GCancellable *cancellable, GError **error)
{
  Case *self = find (modem->device);

  (void) cancellable;
  if (self->busy > 0)
    {
      self->busy--;
      g_string_append (self->log, "busy ");
      error_set (error, ESIM_ERROR_MODEM, "modem", "the modem is enabling: it is left alone");
      return FALSE;
    }
  if (rung == MODEM_RUNG_RESET && self->no_reset)
    {
      error_set (error, ESIM_ERROR_UNSUPPORTED, "modem", "no reset");
      return FALSE;
    }
  note (self, rung == MODEM_RUNG_RESET ? "reset" : "re-probe");
  return TRUE;
}

static gpointer
fake_open_device (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  (void) cancellable;
  (void) error;
  return find (target->device);
}

static gboolean
fake_power_cycle (gpointer data, GCancellable *cancellable, GError **error)
{
  (void) cancellable;
  (void) error;
  note (data, "power-cycle");
  return TRUE;
}

static gboolean
fake_reset (gpointer data, GCancellable *cancellable, GError **error)
{
  (void) cancellable;
  (void) error;
  note (data, "reset");
  return TRUE;
}

static void
fake_close_device (gpointer data)
{
  g_assert_nonnull (data);
}

static const ModemDriver fake_modem = { .name = "fake", .climb = fake_climb };
static const ChannelDriver fake_channel = { .name = "fake",
                                            .open_device = fake_open_device,
                                            .power_cycle = fake_power_cycle,
                                            .reset = fake_reset,
                                            .close_device = fake_close_device };
static const ChannelDriver poor_channel
    = { .name = "poor", .open_device = fake_open_device, .close_device = fake_close_device };

static void
plug (Case *self, const char *iccid)
{
  Quirks quirks = QUIRKS_DEFAULT;
  g_autoptr (ModemSnapshot) modem = modem_snapshot_new ("fake");
  g_autoptr (CardAccess) access = NULL;

  quirks.after_enable = self->quirk;
  g_free (modem->device);
  modem->device = g_strdup (self->name);
  g_free (modem->iccid);
  modem->iccid = g_strdup (iccid);
  access = card_access_new (self->no_cycle ? &poor_channel : &fake_channel, modem, self->name,
                            &quirks, NULL, EID);
  card_set_modem (self->card, &fake_modem, modem, access);
}

static void
on_done (const char *rung, const GError *error, gpointer data)
{
  Case *self = data;

  g_test_message ("%s: %s, %s", self->name, self->log->str, error ? error->message : rung);
  g_assert_cmpstr (self->log->str, ==, self->climbed);
  g_assert_cmpint (error ? error->code : 0, ==, self->code);
  if (self->rung)
    g_assert_cmpstr (rung, ==, self->rung);
  g_assert_false (self->done);
  self->done = TRUE;
}

static void
start (Case *self)
{
  g_autoptr (Queue) cards = queue_new ("card");
  g_autoptr (Queue) net = queue_new ("net");

  self->log = g_string_new (NULL);
  self->cancellable = g_cancellable_new ();
  self->card = card_new (1, EID, cards, net);
  plug (self, OLD);
  ladder_start (self->card, NEW, self->helped, 1, self->cancellable, on_done, self);
}

static gboolean
all_done (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    if (!cases[i].done)
      return FALSE;
  return TRUE;
}

static void
test_rungs (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    start (&cases[i]);
  while (!all_done ())
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_object_unref (cases[i].card);
      g_object_unref (cases[i].cancellable);
      g_string_free (cases[i].log, TRUE);
    }
}

static void
on_by_itself (const char *rung, const GError *error, gpointer data)
{
  g_assert_no_error (error);
  g_assert_cmpstr (rung, ==, LADDER_BY_ITSELF);
  *(gboolean *) data = TRUE;
}

/* Nothing is done to a modem that sees its profile, nor where none is enabled. */
static void
test_by_itself (void)
{
  static const char *const iccids[] = { NEW, NULL };

  for (guint i = 0; i < G_N_ELEMENTS (iccids); i++)
    {
      Case self = { .name = "re-probe" };
      g_autoptr (Queue) cards = queue_new ("card");
      g_autoptr (Queue) net = queue_new ("net");
      gboolean done = FALSE;

      self.card = card_new (1, EID, cards, net);
      plug (&self, NEW);
      ladder_start (self.card, iccids[i], "reset", 1, NULL, on_by_itself, &done);
      g_assert_false (done);
      while (!done)
        g_main_context_iteration (NULL, TRUE);
      g_object_unref (self.card);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ladder/rungs", test_rungs);
  g_test_add_func ("/ladder/by-itself", test_by_itself);
  return g_test_run ();
}
