/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The service on the bus: org.esimd1.Manager, and what its objects share. Main thread only. */

#pragma once

#include "card/registry.h"
#include "config.h"
#include "connect/connect.h"
#include "provider/provider.h"

/* The drivers, and where things are; owned by main.c. */
typedef struct
{
  const ModemDriver *const *modems;
  const ChannelDriver *const *channels;
  const ProviderDriver *const *providers;
  const ConnectDriver *const *connects;
  const char *config_file;
  const char *quirks_file;     /* the known modems; quirks.d is beside config_file */
  const char *credentials_dir; /* may be NULL */
  const char *state_dir;
} ServiceSetup;

#define SERVICE_TYPE (service_get_type ())
G_DECLARE_FINAL_TYPE (Service, service, ESIM, SERVICE, GObject)

/** service_new: reads the settings; SETTINGS when they are wrong. SETUP outlives the service. */
Service *service_new (const ServiceSetup *setup, GError **error);

/** service_start: exports everything on CONNECTION and starts to watch modems. */
gboolean service_start (Service *self, GDBusConnection *connection, GError **error);

/** service_stop: cancels all work and calls STOPPED once it has drained, after 10 s at the latest.
 */
void service_stop (Service *self, void (*stopped) (gpointer data), gpointer data);

const ServiceSetup *service_setup (Service *self);
GDBusObjectManagerServer *service_objects (Service *self);
Policy *service_policy (Service *self);

/** service_next_job, service_next_profile: numbers for object paths, not used again while the
 * service runs. */
guint service_next_job (Service *self);
guint service_next_profile (Service *self);
