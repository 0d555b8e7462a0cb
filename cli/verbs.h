/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* What the command can be asked for: one function a verb, each in the file its comment names. */

#pragma once

#include "client.h"
#include "output.h"

typedef struct _Options Options;

/* A verb does what OPTIONS say and returns the status to exit with; what went wrong before a job
 * began is in ERROR. */
typedef ExitStatus (*VerbRun) (Client *client, const Options *options, GError **error);

struct _Options
{
  char *euicc, *modem, *profile, *job; /* which one; NULL: not given */
  const char *verb;                    /* the option's name; NULL: show */
  VerbRun run;
  char *value; /* the verb's own value, such as an activation code */
  char *settle, *confirmation_code;
  gboolean accept_rules, look, yes;
  gboolean no_wait;
  int timeout; /* seconds, 0: none */
  gboolean json, keyvalue, verbose;
  char *provider; /* which one; NULL: not given */
  char *eid, *fleet, *access, *callback_url, *callback_method;
  char *qr_png, *qr_svg; /* files to write */
  gboolean qr;           /* also where standard output is no terminal */
  gboolean all;          /* with what lists leave out for people */
};

/** options_format: the form of output that was asked for (options.c). */
OutputFormat options_format (const Options *options);

/* list.c */
ExitStatus list_euiccs (Client *client, const Options *options, GError **error);
ExitStatus list_profiles (Client *client, const Options *options, GError **error);
ExitStatus list_jobs (Client *client, const Options *options, GError **error);

/* show-euicc.c, show-profile.c, show-job.c */
ExitStatus show_euicc (Client *client, const Options *options, GError **error);
ExitStatus show_profile (Client *client, const Options *options, GError **error);
ExitStatus show_job (Client *client, const Options *options, GError **error);

/** show_job_print: prints JOB as show_job() does. */
void show_job_print (EsimJob *job, OutputFormat format);

/** show_profile_summary: PROFILE in one line: ICCID, state, what it is called. */
char *show_profile_summary (EsimProfile *profile);

/** show_profiles_wanted: those of PROFILES that OPTIONS want to be shown: people do not see test
 * profiles that are not in use without --all, programs see everything. */
GPtrArray *show_profiles_wanted (const Options *options, GPtrArray *profiles);

/* provision.c */
ExitStatus provision (Client *client, const Options *options, GError **error);

/* download.c */
ExitStatus download (Client *client, const Options *options, GError **error);
ExitStatus download_default (Client *client, const Options *options, GError **error);

ExitStatus download_qr (Client *client, const Options *options, GError **error);

/* reserve.c */
ExitStatus reserve (Client *client, const Options *options, GError **error);
ExitStatus activation_code (Client *client, const Options *options, GError **error);

/* account.c */
ExitStatus list_reservations (Client *client, const Options *options, GError **error);
ExitStatus list_sims (Client *client, const Options *options, GError **error);
ExitStatus list_fleets (Client *client, const Options *options, GError **error);
ExitStatus show_sid (Client *client, const Options *options, GError **error);
ExitStatus create_fleet (Client *client, const Options *options, GError **error);

/* card.c */
ExitStatus discover (Client *client, const Options *options, GError **error);
ExitStatus set_default_smdp (Client *client, const Options *options, GError **error);
ExitStatus list_notifications (Client *client, const Options *options, GError **error);
ExitStatus list_rules (Client *client, const Options *options, GError **error);
ExitStatus reset (Client *client, const Options *options, GError **error);

/** card_is_meant: what can't be undone was confirmed: by --yes, or on a terminal by the last digits
 * of NUMBER. */
gboolean card_is_meant (const Options *options, const char *number, GError **error);

/* maintain.c */
ExitStatus send_notifications (Client *client, const Options *options, GError **error);
ExitStatus send_notification (Client *client, const Options *options, GError **error);
ExitStatus refresh (Client *client, const Options *options, GError **error);
ExitStatus rescan (Client *client, const Options *options, GError **error);
ExitStatus reload (Client *client, const Options *options, GError **error);

/* switch.c */
ExitStatus enable (Client *client, const Options *options, GError **error);
ExitStatus disable (Client *client, const Options *options, GError **error);
ExitStatus delete_profile (Client *client, const Options *options, GError **error);
ExitStatus set_nickname (Client *client, const Options *options, GError **error);

/* job.c */
ExitStatus job_cancel (Client *client, const Options *options, GError **error);
ExitStatus job_follow (Client *client, const Options *options, GError **error);

/* monitor.c */
ExitStatus monitor (Client *client, const Options *options, GError **error);
