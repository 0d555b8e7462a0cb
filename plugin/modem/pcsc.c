/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* PC/SC readers with a card in them, as modems without a radio: watched by a thread of their own,
 * since pcscd's waiting blocks. */

#include "modem/modem.h"

#include <gio/gio.h>
#include <string.h>
#include <winscard.h>

#include "base/error.h"

#define READERS_MAX 16
/* Where libpcsclite looks, unless it is told another place. */
#define SOCKET "/run/pcscd/pcscd.comm"
#define SOCKET_VARIABLE "PCSCLITE_CSOCK_NAME"
#define TRIES 5 /* a second apart, at a pcscd that has come or gone: its socket is there first */
#define WAIT_MS 60000 /* a wait ends by itself, for a reader that PnP forgot to tell of */
#define CANCEL_US (50 * G_TIME_SPAN_MILLISECOND)
#define PNP "\\\\?PnP?\\Notification"

extern const ModemDriver modem_pcsc;

typedef struct
{
  gatomicrefcount refs; /* the watch, its thread, and each message on its way */
  ModemChanged changed;
  gpointer data;
  GHashTable *shown; /* reader -> itself; main thread */
  gboolean stopped;  /* main thread */
  char *socket;      /* pcscd's */
  char *folder;      /* what monitor watches: that of the socket, or what there is of its path */
  GFileMonitor *monitor;
  GMutex lock;
  GCond wake;
  gboolean ending, ended; /* under the lock, as is the rest */
  gboolean established;   /* context may be waited on */
  guint tries;            /* left, before it is waited for pcscd without looking */
  SCARDCONTEXT context;
  GThread *thread;
} Watch;

/* What the thread has seen. */
typedef struct
{
  Watch *watch;
  char **readers; /* with a card */
} Sight;

static void
watch_unref (Watch *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_hash_table_unref (self->shown);
  g_free (self->socket);
  g_free (self->folder);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->wake);
  g_free (self);
}

static void
sight_free (gpointer data)
{
  Sight *self = data;

  g_strfreev (self->readers);
  watch_unref (self->watch);
  g_free (self);
}

static void
show (Watch *self, const char *reader)
{
  g_autoptr (ModemSnapshot) snapshot = modem_snapshot_new (modem_pcsc.name);

  g_free (snapshot->device);
  snapshot->device = g_strdup (reader);
  g_free (snapshot->model);
  snapshot->model = g_strdup (reader);
  g_free (snapshot->path);
  snapshot->path = g_strdup ("/"); /* no object on the bus */
  snapshot->state = MODEM_STATE_UNKNOWN;
  modem_snapshot_add_port (snapshot, "pcsc", reader);
  g_hash_table_add (self->shown, g_strdup (reader));
  self->changed (reader, snapshot, self->data);
}

/* Main thread: tells of what has come and gone. */
static gboolean
on_sight (gpointer data)
{
  Sight *sight = data;
  Watch *self = sight->watch;
  g_autofree const char **known = NULL;

  if (self->stopped)
    return G_SOURCE_REMOVE;
  known = (const char **) g_hash_table_get_keys_as_array (self->shown, NULL);
  for (guint i = 0; known[i]; i++)
    if (!g_strv_contains ((const char *const *) sight->readers, known[i]))
      {
        g_autofree char *gone = g_strdup (known[i]);

        g_hash_table_remove (self->shown, gone);
        self->changed (gone, NULL, self->data);
      }
  for (guint i = 0; sight->readers[i]; i++)
    if (!g_hash_table_contains (self->shown, sight->readers[i]))
      show (self, sight->readers[i]);
  return G_SOURCE_REMOVE;
}

static void
tell (Watch *self, GPtrArray *readers)
{
  Sight *sight = g_new0 (Sight, 1);

  g_atomic_ref_count_inc (&self->refs);
  sight->watch = self;
  g_ptr_array_add (readers, NULL);
  sight->readers = g_strdupv ((char **) readers->pdata);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_sight, sight, sight_free);
}

static void
allow_tries (Watch *self)
{
  g_mutex_lock (&self->lock);
  self->tries = TRIES;
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
}

static gboolean
establish (Watch *self)
{
  g_mutex_lock (&self->lock);
  self->established = !self->ending
                      && SCardEstablishContext (SCARD_SCOPE_SYSTEM, NULL, NULL, &self->context)
                             == SCARD_S_SUCCESS;
  g_mutex_unlock (&self->lock);
  return self->established;
}

static void
release (Watch *self)
{
  g_mutex_lock (&self->lock);
  SCardReleaseContext (self->context);
  self->established = FALSE;
  g_mutex_unlock (&self->lock);
}

/* The readers there are: PnP's pseudo-reader first; the count. */
static guint
list_readers (Watch *self, char *names, DWORD size, SCARD_READERSTATE *states)
{
  guint n = 1;

  memset (states, 0, (READERS_MAX + 1) * sizeof *states);
  states[0].szReader = PNP;
  names[0] = '\0';
  if (SCardListReaders (self->context, NULL, names, &size) != SCARD_S_SUCCESS)
    return n;
  for (const char *name = names; *name && n <= READERS_MAX; name += strlen (name) + 1)
    states[n++].szReader = name;
  return n;
}

/* Tells what is there, then waits until that changes; FALSE when pcscd is gone or the end is
 * wanted. */
static gboolean
look_and_wait (Watch *self)
{
  SCARD_READERSTATE states[READERS_MAX + 1];
  char names[4096];
  guint n = list_readers (self, names, sizeof names, states);
  g_autoptr (GPtrArray) readers = g_ptr_array_new ();
  LONG status = SCardGetStatusChange (self->context, 0, states, n);

  if (status != SCARD_S_SUCCESS && status != (LONG) SCARD_E_TIMEOUT)
    return FALSE;
  for (guint i = 1; i < n; i++)
    if (states[i].dwEventState & SCARD_STATE_PRESENT)
      g_ptr_array_add (readers, (char *) states[i].szReader);
  tell (self, readers);
  for (guint i = 0; i < n; i++)
    states[i].dwCurrentState = states[i].dwEventState & ~(DWORD) SCARD_STATE_CHANGED;
  states[0].dwCurrentState = (n - 1) << 16;
  status = SCardGetStatusChange (self->context, WAIT_MS, states, n);
  return status == SCARD_S_SUCCESS || status == (LONG) SCARD_E_TIMEOUT;
}

static gboolean
is_ending (Watch *self)
{
  gboolean ending;

  g_mutex_lock (&self->lock);
  ending = self->ending;
  g_mutex_unlock (&self->lock);
  return ending;
}

/* One life of pcscd, from its coming to its going. */
static void
follow_service (Watch *self)
{
  g_autoptr (GPtrArray) none = g_ptr_array_new ();

  if (!establish (self))
    return;
  while (!is_ending (self) && look_and_wait (self))
    ;
  release (self);
  tell (self, none);
  allow_tries (self); /* where systemd has its socket, connecting starts it anew */
}

/* Until it is worth another look. */
static void
wait_for_service (Watch *self)
{
  g_mutex_lock (&self->lock);
  if (!self->ending && self->tries == 0)
    g_cond_wait (&self->wake, &self->lock);
  else if (!self->ending)
    {
      self->tries--;
      g_cond_wait_until (&self->wake, &self->lock, g_get_monotonic_time () + G_USEC_PER_SEC);
    }
  g_mutex_unlock (&self->lock);
}

static gpointer
run (gpointer data)
{
  Watch *self = data;

  while (!is_ending (self))
    {
      follow_service (self);
      wait_for_service (self);
    }
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
  watch_unref (self);
  return NULL;
}

static void on_folder (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
                       gpointer data);

/* Without a pcscd nothing is looked at in vain: the kernel tells when its socket comes. What is
 * missing GLib would look for every few seconds, so what is watched is a folder that there is. */
static void
watch_folder (Watch *self)
{
  g_autofree char *folder = g_path_get_dirname (self->socket);
  g_autoptr (GFile) file = NULL;

  while (!g_file_test (folder, G_FILE_TEST_IS_DIR) && strcmp (folder, "/") != 0)
    {
      char *parent = g_path_get_dirname (folder);

      g_free (folder);
      folder = parent;
    }
  if (self->monitor && g_str_equal (folder, self->folder))
    return;
  g_clear_object (&self->monitor);
  g_free (self->folder);
  self->folder = g_steal_pointer (&folder);
  file = g_file_new_for_path (self->folder);
  self->monitor = g_file_monitor_directory (file, G_FILE_MONITOR_NONE, NULL, NULL);
  if (self->monitor == NULL)
    return;
  g_signal_connect (self->monitor, "changed", G_CALLBACK (on_folder), self);
  watch_folder (self); /* what has come before it was watched */
}

static void
on_folder (GFileMonitor *monitor, GFile *file, G_GNUC_UNUSED GFile *other, GFileMonitorEvent event,
           gpointer data)
{
  g_autoptr (GFileMonitor) kept = g_object_ref (monitor);
  Watch *self = data;
  const char *path = g_file_peek_path (file);

  if (path == NULL || !g_str_has_prefix (self->socket, path))
    return;
  watch_folder (self);
  if (event == G_FILE_MONITOR_EVENT_CREATED)
    allow_tries (self);
}

static gpointer
start (ModemChanged changed, gpointer data)
{
  Watch *self = g_new0 (Watch, 1);

  g_atomic_ref_count_init (&self->refs);
  g_atomic_ref_count_inc (&self->refs);
  self->changed = changed;
  self->data = data;
  self->shown = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  self->socket = g_strdup (g_getenv (SOCKET_VARIABLE) ? g_getenv (SOCKET_VARIABLE) : SOCKET);
  self->tries = 1;
  watch_folder (self);
  self->thread = g_thread_new ("pcsc", run, self);
  return self;
}

static void
stop (gpointer data)
{
  Watch *self = data;

  self->stopped = TRUE;
  g_clear_object (&self->monitor);
  g_mutex_lock (&self->lock);
  self->ending = TRUE;
  while (!self->ended)
    {
      /* A wait that begins a moment later has not heard of it. */
      if (self->established)
        SCardCancel (self->context);
      g_cond_broadcast (&self->wake);
      g_cond_wait_until (&self->wake, &self->lock, g_get_monotonic_time () + CANCEL_US);
    }
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);
  watch_unref (self);
}

/* Looks for a pcscd at once, where none was. */
static void
rescan (gpointer data)
{
  allow_tries (data);
}

static gboolean
climb (const ModemSnapshot *modem, ModemRung rung, GCancellable *cancellable, GError **error)
{
  error_set (error, ESIM_ERROR_UNSUPPORTED, "modem", "a card reader has no radio");
  return FALSE;
}

static gboolean
enable (const ModemSnapshot *modem, GCancellable *cancellable, GError **error)
{
  return climb (modem, MODEM_RUNG_RESET, cancellable, error);
}

const ModemDriver modem_pcsc = {
  .name = "pcsc",
  .no_radio = TRUE,
  .start = start,
  .stop = stop,
  .rescan = rescan,
  .climb = climb,
  .enable = enable,
};
