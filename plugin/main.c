/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* esimd: options, the bus name, and the lists of drivers: the only file that names them all. */

#include <glib-unix.h>
#include <gio/gunixsocketaddress.h>
#include <locale.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "service/service.h"

extern const ModemDriver modem_mm, modem_ofono;
extern const ChannelDriver channel_mbim, channel_qmi, channel_qmi_mbim, channel_at, channel_ofono;
extern const ProviderDriver provider_supersim;
extern const ConnectDriver connect_mm;
extern const ConnectDriver connect_nm;
extern const ConnectDriver connect_ofono;

#if ESIMD_PCSC
extern const ModemDriver modem_pcsc;
extern const ChannelDriver channel_pcsc;
#define MODEM_PCSC &modem_pcsc,
#define CHANNEL_PCSC &channel_pcsc,
#else
#define MODEM_PCSC
#define CHANNEL_PCSC
#endif

#if ESIMD_QRTR
extern const ChannelDriver channel_qrtr;
#define CHANNEL_QRTR &channel_qrtr,
#else
#define CHANNEL_QRTR
#endif

static const ModemDriver *const modems[] = { &modem_mm, &modem_ofono, MODEM_PCSC NULL };
static const ChannelDriver *const channels[]
    = { &channel_mbim,  &channel_qmi, &channel_qmi_mbim,
        &channel_ofono, &channel_at,  CHANNEL_QRTR CHANNEL_PCSC NULL };
static const ProviderDriver *const providers[] = { &provider_supersim, NULL };
/* With connect=auto the first one that manages the modem. */
static const ConnectDriver *const connects[] = { &connect_nm, &connect_mm, &connect_ofono, NULL };

/* What main waits for. */
typedef struct
{
  GMainLoop *loop;
  Service *service;
  gboolean stopping;
  int status;
} Run;

static void
on_stopped (gpointer data)
{
  g_main_loop_quit (((Run *) data)->loop);
}

static void
stop (Run *run)
{
  if (!run->stopping)
    service_stop (run->service, on_stopped, run);
  run->stopping = TRUE;
}

static gboolean
on_signal (gpointer data)
{
  stop (data);
  return G_SOURCE_CONTINUE;
}

static void
on_bus (GDBusConnection *connection, const char *name, gpointer data)
{
  Run *run = data;
  g_autoptr (GError) error = NULL;

  if (service_start (run->service, connection, &error))
    return;
  g_printerr ("esimd: %s\n", error->message);
  run->status = 1;
  g_main_loop_quit (run->loop);
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer data)
{
  Run *run = data;

  if (connection == NULL)
    g_printerr ("esimd: there is no system bus\n");
  else
    g_printerr ("esimd: another esimd has the name %s, or the bus policy does not allow it\n",
                name);
  run->status = 1;
  if (connection)
    stop (run);
  else
    g_main_loop_quit (run->loop);
}

/* Shown by "systemctl status" and read by esimcli, which may be run by somebody who may not read
 * the journal. NotifyAccess= lets systemd listen; without systemd nobody does. */
static void
notify_status (const char *text)
{
  const char *path = g_getenv ("NOTIFY_SOCKET");
  g_autofree char *status = g_strdup_printf ("STATUS=%s", text);
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketAddress) address = NULL;

  if (path == NULL || *path == '\0')
    return;
  address = g_unix_socket_address_new_with_type (*path == '@' ? path + 1 : path, -1,
                                                 *path == '@' ? G_UNIX_SOCKET_ADDRESS_ABSTRACT
                                                              : G_UNIX_SOCKET_ADDRESS_PATH);
  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT,
                         NULL);
  if (socket)
    g_socket_send_to (socket, address, g_strdelimit (status, "\n", ' '), strlen (status), NULL,
                      NULL);
}

static int
run_service (const ServiceSetup *setup)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (Service) service = service_new (setup, &error);
  Run run = { .loop = loop, .service = service };
  guint owner;

  if (service == NULL)
    {
      notify_status (error->message);
      g_printerr ("esimd: %s\n", error->message);
      return EX_CONFIG;
    }
  g_unix_signal_add (SIGTERM, on_signal, &run);
  g_unix_signal_add (SIGINT, on_signal, &run);
  owner = g_bus_own_name (G_BUS_TYPE_SYSTEM, "org.esimd1", G_BUS_NAME_OWNER_FLAGS_NONE, on_bus,
                          NULL, on_name_lost, &run, NULL);
  g_main_loop_run (loop);
  g_bus_unown_name (owner);
  return run.status;
}

int
main (int argc, char **argv)
{
  g_autofree char *config = NULL, *quirks = NULL, *state = NULL;
  gboolean debug = FALSE, version = FALSE;
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &config, "Settings file", "FILE" },
    { "quirks", 'q', 0, G_OPTION_ARG_FILENAME, &quirks, "Known modems", "FILE" },
    { "state-dir", 's', 0, G_OPTION_ARG_FILENAME, &state, "Where journals are kept", "DIR" },
    { "debug", 'd', 0, G_OPTION_ARG_NONE, &debug, "Log what is done, step by step", NULL },
    { "version", 'V', 0, G_OPTION_ARG_NONE, &version, "Print the version", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- eSIM service");
  g_autoptr (GError) error = NULL;
  ServiceSetup setup = { modems, channels, providers, connects, NULL, NULL, NULL, NULL };

  /* Is there an uplink? That is asked of the kernel's routes: NetworkManager, which GLib would ask
   * where it runs, knows of none but its own. */
  g_setenv ("GIO_USE_NETWORK_MONITOR", "netlink", FALSE);
  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc > 1)
    {
      g_printerr ("esimd: %s\n", error ? error->message : "esimd takes options, but no arguments");
      return 2;
    }
  if (version)
    {
      g_print ("esimd %s\n", ESIMD_VERSION);
      return 0;
    }
  if (config && !g_file_test (config, G_FILE_TEST_EXISTS))
    {
      g_printerr ("esimd: there is no settings file %s\n", config);
      return EX_CONFIG;
    }
  log_setup (debug);
  setup.config_file = config ? config : ESIMD_CONFIG_FILE;
  setup.quirks_file = quirks ? quirks : ESIMD_QUIRKS_FILE;
  setup.state_dir = state ? state : ESIMD_STATE_DIR;
  setup.credentials_dir = g_getenv ("CREDENTIALS_DIRECTORY");
  return run_service (&setup);
}
