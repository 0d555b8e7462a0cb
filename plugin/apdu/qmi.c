/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The channels to a Qualcomm modem with a port of its own, beside ModemManager: QMI through the
 * qmi-proxy, or carried by MBIM through the mbim-proxy. */

#include "apdu/proxy.h"
#include "apdu/uim.h"
#include "base/wait.h"

#define LAYER "qmi"

extern const ChannelDriver channel_qmi;
extern const ChannelDriver channel_qmi_mbim;

static QmiDevice *
new_device (const char *proxy, const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFile) file = proxy_find (LAYER, proxy, path, error);
  g_autoptr (Wait) wait = NULL;
  QmiDevice *device;

  if (file == NULL)
    return NULL;
  wait = wait_new (cancellable, NULL);
  qmi_device_new (file, wait_inner (wait), wait_ready, wait);
  device = qmi_device_new_finish (wait_result (wait), error);
  if (device == NULL)
    uim_translate (error);
  return device;
}

static gpointer
qmi_open_device (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  QmiDevice *device = new_device (QMI_PROXY_SOCKET_PATH, target->device, cancellable, error);

  return device ? uim_open (device, target, QMI_DEVICE_OPEN_FLAGS_PROXY, cancellable, error) : NULL;
}

static gpointer
qmi_mbim_open_device (const ChannelTarget *target, GCancellable *cancellable, GError **error)
{
  QmiDevice *device = new_device ("mbim-proxy", target->device, cancellable, error);

  return device
             ? uim_open (device, target, QMI_DEVICE_OPEN_FLAGS_PROXY | QMI_DEVICE_OPEN_FLAGS_MBIM,
                         cancellable, error)
             : NULL;
}

const ChannelDriver channel_qmi = {
  .name = "qmi",
  .open_device = qmi_open_device,
  UIM_VERBS,
  .recover = uim_recover,
  .close_device = uim_close,
};

const ChannelDriver channel_qmi_mbim = {
  .name = "qmi-mbim",
  .port = "mbim",
  .open_device = qmi_mbim_open_device,
  UIM_VERBS,
  .recover = uim_recover,
  .close_device = uim_close,
};
