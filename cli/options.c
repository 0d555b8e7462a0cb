/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The esimd developers */
/* The command line. */

#include "options.h"

#include <glib/gi18n.h>
#include <string.h>

#include "suggest.h"

/* What a verb acts on. */
typedef enum
{
  ON_NOTHING,
  ON_EUICC,
  ON_PROFILE,
  ON_JOB,
  ON_PROVIDER,
} Subject;

typedef struct
{
  const char *name;
  char letter; /* 0: none */
  VerbRun run;
  Subject subject;
  gboolean is_job; /* starts or follows one: --no-wait, --timeout */
} Verb;

static const Verb verbs[] = {
  { "list-euiccs", 'L', list_euiccs, ON_NOTHING, FALSE },
  { "list-profiles", 'l', list_profiles, ON_EUICC, FALSE },
  { "list-jobs", 0, list_jobs, ON_NOTHING, FALSE },
  { "monitor", 'M', monitor, ON_NOTHING, FALSE },
  { "rescan", 'S', rescan, ON_NOTHING, FALSE },
  { "rescan-slots", 0, rescan, ON_NOTHING, FALSE },
  { "reload", 0, reload, ON_NOTHING, FALSE },
  { "provision", 0, provision, ON_EUICC, TRUE },
  { "download", 0, download, ON_EUICC, TRUE },
  { "download-default", 0, download_default, ON_EUICC, TRUE },
  { "download-qr", 0, download_qr, ON_EUICC, TRUE },
  { "discover", 0, discover, ON_EUICC, TRUE },
  { "download-found", 0, discover, ON_EUICC, TRUE },
  { "set-default-smdp", 0, set_default_smdp, ON_EUICC, TRUE },
  { "reset", 0, reset, ON_EUICC, TRUE },
  { "list-notifications", 0, list_notifications, ON_EUICC, TRUE },
  { "list-rules", 0, list_rules, ON_EUICC, TRUE },
  { "send-notifications", 0, send_notifications, ON_EUICC, TRUE },
  { "send-notification", 0, send_notification, ON_EUICC, TRUE },
  { "refresh", 0, refresh, ON_EUICC, TRUE },
  { "enable", 'e', enable, ON_PROFILE, TRUE },
  { "disable", 'd', disable, ON_PROFILE, TRUE },
  { "delete", 0, delete_profile, ON_PROFILE, TRUE },
  { "set-nickname", 0, set_nickname, ON_PROFILE, TRUE },
  { "reserve", 0, reserve, ON_PROVIDER, TRUE },
  { "activation-code", 0, activation_code, ON_PROVIDER, FALSE },
  { "list-reservations", 0, list_reservations, ON_PROVIDER, FALSE },
  { "list-sims", 0, list_sims, ON_PROVIDER, FALSE },
  { "list-fleets", 0, list_fleets, ON_PROVIDER, FALSE },
  { "show", 0, show_sid, ON_PROVIDER, FALSE },
  { "create-fleet", 0, create_fleet, ON_PROVIDER, FALSE },
  { "follow", 0, job_follow, ON_JOB, TRUE },
  { "cancel", 0, job_cancel, ON_JOB, FALSE },
};

static const char *const summary
    = N_ ("Shows and steers the eSIM profiles that esimd manages, beside mmcli.\n"
          "\n"
          "Examples:\n"
          "  esimcli -L                            which eUICCs there are\n"
          "  esimcli -u any                        the eUICC and its profiles\n"
          "  esimcli --provision                   from a bare eUICC to connected\n"
          "  esimcli --download='LPA:1$HOST$ID'    one more profile, by activation code\n"
          "  esimcli --download-qr=esim.png        the same, by the picture of its QR code\n"
          "  esimcli -l                            which profiles there are\n"
          "  esimcli -p 89883070000000000011 --enable\n"
          "  esimcli --reserve --qr-png=esim.png   a profile for a device that is elsewhere\n"
          "  esimcli --list-notifications          what the card still has to tell its servers\n"
          "  esimcli -M                            every change, as it happens\n"
          "  esimcli -u 0 -K | grep state          for scripts; -J for JSON");

static const char *const description = N_ (
    "-u, -p and -j take an INDEX, the number at the end of what the lists show, or the whole "
    "PATH;\n"
    "-m takes what mmcli -L shows. Without -u and -m a verb acts on the only eUICC there is; -p "
    "any\n"
    "is the only profile.\n"
    "\n"
    "Ctrl-C cancels the job that is followed, as soon as that is safe; a second Ctrl-C leaves\n"
    "it running. A job goes on without its follower in any case.\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 no such eUICC, profile or job,\n"
    "4 not authorized, 5 esimd is not running, 130 cancelled or left running by Ctrl-C.\n");

OutputFormat
options_format (const Options *options)
{
  if (options->json)
    return OUTPUT_JSON;
  return options->keyvalue ? OUTPUT_KEYVALUE : OUTPUT_HUMAN;
}

static const Verb *
find_verb (const char *option)
{
  const char *name = option + strspn (option, "-");

  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_str_equal (verbs[i].name, name) || (name[0] == verbs[i].letter && name[1] == '\0'))
      return &verbs[i];
  return NULL;
}

static gboolean
on_verb (const char *option, const char *value, gpointer data, GError **error)
{
  Options *options = data;
  const Verb *verb = find_verb (option);

  if (options->verb)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                   _ ("--%s and --%s at once\nOne verb a call, please."), options->verb,
                   verb->name);
      return FALSE;
    }
  options->verb = verb->name;
  options->run = verb->run;
  options->value = g_strdup (value);
  return TRUE;
}

/* Where the value of the option NAME (without its dashes) is kept. */
static char **
value_of (Options *options, const char *name)
{
  const struct
  {
    const char *name;
    char letter; /* 0: none */
    char **value;
  } values[] = {
    { "euicc", 'u', &options->euicc },
    { "modem", 'm', &options->modem },
    { "profile", 'p', &options->profile },
    { "job", 'j', &options->job },
    { "settle", 0, &options->settle },
    { "confirmation-code", 0, &options->confirmation_code },
    { "provider", 0, &options->provider },
    { "eid", 0, &options->eid },
    { "fleet", 0, &options->fleet },
    { "callback-url", 0, &options->callback_url },
    { "callback-method", 0, &options->callback_method },
    { "network-access-profile", 0, &options->access },
    { "qr-png", 0, &options->qr_png },
    { "qr-svg", 0, &options->qr_svg },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    if (g_str_equal (values[i].name, name) || (name[0] == values[i].letter && name[1] == '\0'))
      return values[i].value;
  return NULL;
}

/* GOption would take the last of two values without a word, and the first was meant as well. */
static gboolean
on_value (const char *option, const char *value, gpointer data, GError **error)
{
  char **kept = value_of (data, option + strspn (option, "-"));

  if (kept == NULL || *kept)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                   _ ("%s is given twice\nGive one value."), option);
      return FALSE;
    }
  /* A variable that a script did not set: --reserve --eid= would order for any device. */
  if (*value == '\0')
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                   _ ("%s is empty\nGive a value, or leave the option out."), option);
      return FALSE;
    }
  *kept = g_strdup (value);
  return TRUE;
}

/* GOption keeps a callback as a data pointer, which POSIX allows and ISO C does not. */
#define CALLBACK __extension__(gpointer) on_verb
#define VERB(name, letter, text)                                                                   \
  {                                                                                                \
    name, letter, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, CALLBACK, text, NULL                \
  }
#define VERB_OF(name, text, value)                                                                 \
  {                                                                                                \
    name, 0, 0, G_OPTION_ARG_CALLBACK, CALLBACK, text, value                                       \
  }

#define VALUE_WITH(flags, name, letter, text, value)                                               \
  {                                                                                                \
    name, letter, flags, G_OPTION_ARG_CALLBACK, __extension__(gpointer) on_value, text, value      \
  }
#define VALUE(name, letter, text, value) VALUE_WITH (0, name, letter, text, value)
#define FILE_VALUE(name, letter, text, value)                                                      \
  VALUE_WITH (G_OPTION_FLAG_FILENAME, name, letter, text, value)

static void
add_group (GOptionContext *context, Options *options, const char *name, const char *title,
           const GOptionEntry *entries)
{
  GOptionGroup *group = g_option_group_new (name, _ (title), _ (title), options, NULL);

  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);
  g_option_group_add_entries (group, entries);
  g_option_context_add_group (context, group);
}

static void
add_selection (GOptionContext *context, Options *options)
{
  const GOptionEntry entries[] = {
    VERB ("list-euiccs", 'L', N_ ("List eUICCs")),
    VERB ("list-profiles", 'l', N_ ("List profiles (of one eUICC with -u or -m)")),
    VERB ("list-jobs", 0, N_ ("List jobs: what runs, and what ended in the last 10 minutes")),
    { "all", 'a', 0, G_OPTION_ARG_NONE, &options->all,
      N_ ("With the test profiles that -L, -l and -u leave out"), NULL },
    VERB ("monitor", 'M', N_ ("Print every change, until interrupted")),
    VALUE ("euicc", 'u', N_ ("This eUICC; alone: show it"), "INDEX|PATH|EID|any"),
    VALUE ("modem", 'm', N_ ("The eUICC in this modem"), "INDEX|PATH|any"),
    VALUE ("profile", 'p', N_ ("This profile; alone: show it"), "INDEX|PATH|ICCID|any"),
    VALUE ("job", 'j', N_ ("This job; alone: show it"), "INDEX|PATH"),
    { 0 },
  };

  add_group (context, options, "selection", N_ ("What there is, and which one is meant:"), entries);
}

static void
add_euicc (GOptionContext *context, Options *options)
{
  const GOptionEntry entries[] = {
    VERB ("provision", 0, N_ ("Reserve, install, enable, connect: whatever is still to be done")),
    VALUE ("settle", 0,
           N_ ("An order without an answer: the reservation found at the provider, or none"),
           "SID|none"),
    VERB_OF ("download",
             N_ ("Install a profile by its activation code; -: read the code from standard input"),
             "CODE"),
    VERB ("download-default", 0, N_ ("Install what the default SM-DP+ has for this EID")),
    VALUE ("confirmation-code", 0,
           N_ ("The code that the operator sent (-: on stdin); else it is asked for"), "CODE"),
    { "accept-rules", 0, 0, G_OPTION_ARG_NONE, &options->accept_rules,
      N_ ("Agree to the profile's policy rules; else it is asked for"), NULL },
    { "look", 0, 0, G_OPTION_ARG_NONE, &options->look,
      N_ ("Show what is offered, and ask before it is installed"), NULL },
    VERB_OF ("download-qr", N_ ("Install a profile by the QR code in a picture (PNG, JPEG)"),
             "FILE"),
    VERB ("discover", 0, N_ ("Ask the discovery servers what waits for this EID")),
    VERB ("download-found", 0, N_ ("Discover, and install what is found")),
    VERB_OF ("set-default-smdp", N_ ("Set the card's default SM-DP+; none: remove it"),
             "HOST|none"),
    VERB_OF ("reset", N_ ("Remove for good: operational,test,default-smdp"), "WHAT"),
    { "yes", 0, 0, G_OPTION_ARG_NONE, &options->yes,
      N_ ("What can't be undone is meant: do not ask"), NULL },
    VERB ("list-notifications", 0, N_ ("List what waits on the card for its servers")),
    VERB ("list-rules", 0, N_ ("Show who may install profiles with policy rules")),
    VERB ("send-notifications", 0, N_ ("Send what waits on the card to its servers")),
    VERB_OF ("send-notification", N_ ("Send the one that has this number in the list"), "NUMBER"),
    VERB ("refresh", 0, N_ ("Read the card anew")),
    { 0 },
  };

  add_group (context, options, "euicc", N_ ("Verbs for an eUICC:"), entries);
}

static void
add_profile (GOptionContext *context, Options *options)
{
  const GOptionEntry entries[] = {
    VERB ("enable", 'e', N_ ("Enable it; the card disables the one that is enabled now")),
    VERB ("disable", 'd', N_ ("Disable it")),
    VERB ("delete", 0, N_ ("Delete it for good: its activation code usually works only once")),
    VERB_OF ("set-nickname", N_ ("Name it; empty: remove the name"), "NAME"),
    { 0 },
  };

  add_group (context, options, "profile", N_ ("Verbs for a profile (-p):"), entries);
}

static void
add_provider (GOptionContext *context, Options *options)
{
  const GOptionEntry entries[] = {
    VALUE ("provider", 0, N_ ("This provider of the settings; else the only one"), "NAME"),
    VERB (
        "reserve", 0,
        N_ ("Order a profile, wait, activate its Sim, print its activation code: it costs money")),
    VALUE ("eid", 0, N_ ("For this card alone, without a code; else for any device, by code"),
           "EID"),
    VALUE ("fleet", 0, N_ ("The Fleet its Sim goes into"), "SID|NAME"),
    VALUE ("callback-url", 0,
           N_ ("The provider calls this address when the reservation's status changes"), "URL"),
    VALUE ("callback-method", 0, N_ ("And how"), "POST|GET"),
    VERB_OF ("activation-code", N_ ("Print a reservation's activation code"), "SID"),
    { "qr", 0, 0, G_OPTION_ARG_NONE, &options->qr, N_ ("With its QR code, on a terminal or not"),
      NULL },
    FILE_VALUE ("qr-png", 0, N_ ("Write its QR code as PNG"), "FILE"),
    FILE_VALUE ("qr-svg", 0, N_ ("Write its QR code as SVG"), "FILE"),
    VERB ("list-reservations", 0, N_ ("List reservations (with --eid: for that card)")),
    VERB ("list-sims", 0, N_ ("List Sims")),
    VERB ("list-fleets", 0, N_ ("List Fleets")),
    VERB_OF ("show", N_ ("Show a reservation (HP...), Sim (HS...) or Fleet (HF...)"), "SID"),
    VERB_OF ("create-fleet", N_ ("Make a Fleet"), "NAME"),
    VALUE ("network-access-profile", 0, N_ ("The networks that the new Fleet's Sims may use"),
           "SID|NAME"),
    { 0 },
  };

  add_group (context, options, "provider", N_ ("The provider's account, no card needed:"), entries);
}

static void
add_jobs (GOptionContext *context, Options *options)
{
  const GOptionEntry entries[] = {
    VERB ("follow", 0, N_ ("Follow it to its end (-j)")),
    VERB ("cancel", 0, N_ ("End it as soon as that is safe (-j)")),
    { "no-wait", 0, 0, G_OPTION_ARG_NONE, &options->no_wait,
      N_ ("Start a job, print its path and return"), NULL },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &options->timeout,
      N_ ("Follow a job for so long; then leave it running"), "SECONDS" },
    { 0 },
  };

  add_group (context, options, "job", N_ ("Jobs:"), entries);
}

static void
add_service (GOptionContext *context, Options *options)
{
  const GOptionEntry entries[] = {
    VERB ("rescan", 'S', N_ ("Look for modems and read every card anew")),
    VERB ("rescan-slots", 0, N_ ("The same, and look into SIM slots that are not in use")),
    VERB ("reload", 0, N_ ("Read esimd's settings again")),
    { 0 },
  };

  add_group (context, options, "service", N_ ("The service:"), entries);
}

static GOptionContext *
make_context (Options *options, gboolean *help, gboolean *version)
{
  GOptionContext *context = g_option_context_new (N_ ("- eSIM profiles, beside mmcli"));
  const GOptionEntry entries[] = {
    { "output-keyvalue", 'K', 0, G_OPTION_ARG_NONE, &options->keyvalue,
      N_ ("Machine-friendly key-value output"), NULL },
    { "output-json", 'J', 0, G_OPTION_ARG_NONE, &options->json, N_ ("Machine-friendly JSON output"),
      NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose,
      N_ ("Also show D-Bus calls and every step's seconds"), NULL },
    { "version", 'V', 0, G_OPTION_ARG_NONE, version, N_ ("Print the version"), NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, help, N_ ("Print this"), NULL },
    /* For who knows mmcli, which shows little with --help alone. */
    { "help-all", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, help, NULL, NULL },
    { 0 },
  };

  /* GLib's own help shows groups only when they are asked for one by one. */
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  add_selection (context, options);
  add_euicc (context, options);
  add_profile (context, options);
  add_provider (context, options);
  add_jobs (context, options);
  add_service (context, options);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  return context;
}

/* The first thing about OPTIONS that does not fit VERB, NULL where all fits. */
static const char *
misfit (const Options *options, const Verb *verb)
{
  gboolean is_download = g_str_has_prefix (verb->name, "download");

  if (verb->subject == ON_PROFILE && options->profile == NULL)
    return _ ("needs a profile\nName it: -p ICCID; esimcli -l lists what there is.");
  if (verb->subject == ON_JOB && options->job == NULL)
    return _ ("needs a job\nName it: -j INDEX; esimcli --list-jobs lists what there is.");
  if (verb->subject != ON_PROFILE && options->profile)
    return _ ("does nothing with a profile\nLeave out -p.");
  if (verb->subject != ON_JOB && options->job)
    return _ ("does nothing with a job\nLeave out -j.");
  if ((verb->subject == ON_NOTHING || verb->subject == ON_JOB || verb->subject == ON_PROVIDER)
      && (options->euicc || options->modem))
    return _ ("does nothing with one eUICC\nLeave out -u and -m.");
  if (!is_download && (options->confirmation_code || options->accept_rules || options->look))
    return _ ("asks for no consent\n"
              "--confirmation-code, --accept-rules and --look belong to the downloads.");
  if (!verb->is_job && (options->no_wait || options->timeout))
    return _ ("does not wait\n--no-wait and --timeout belong to verbs that start a job.");
  if (options->all && verb->run != list_euiccs && verb->run != list_profiles)
    return _ ("leaves nothing out\n--all belongs to -L, -l and -u.");
  if (g_str_equal (verb->name, "monitor") && (options->json || options->keyvalue))
    return _ ("prints lines only\nLeave out -J and -K, or ask for objects one by one.");
  return NULL;
}

/* Options that belong to some verbs only: FALSE with the first one that is not VERB's (NULL: none
 * is).
 */
static gboolean
check_belongings (const Options *options, const char *verb, GError **error)
{
  const char *qr = options->qr || options->qr_png || options->qr_svg ? "" : NULL;
  const struct
  {
    const char *given, *name, *verbs;
  } belongings[] = {
    { options->settle, "--settle", "provision reserve" },
    { options->yes ? "" : NULL, "--yes", "delete reset" },
    { options->eid, "--eid", "reserve list-reservations" },
    { options->fleet, "--fleet", "reserve" },
    { options->callback_url, "--callback-url", "reserve" },
    { options->callback_method, "--callback-method", "reserve" },
    { options->access, "--network-access-profile", "create-fleet" },
    { qr, "--qr, --qr-png and --qr-svg", "reserve activation-code" },
    { options->provider, "--provider",
      "reserve activation-code list-reservations list-sims list-fleets show create-fleet" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (belongings); i++)
    {
      g_auto (GStrv) verbs = g_strsplit (belongings[i].verbs, " ", -1);
      g_autofree char *list = g_strjoinv (", --", verbs);

      if (belongings[i].given == NULL
          || (verb && g_strv_contains ((const char *const *) verbs, verb)))
        continue;
      g_set_error (error, REPORT_ERROR, EXIT_USAGE, _ ("%s: not with %s%s\nIt belongs to --%s."),
                   belongings[i].name, verb ? "--" : "", verb ? verb : _ ("no verb"), list);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_verb (const Options *options, GError **error)
{
  const Verb *verb = find_verb (options->verb);
  const char *wrong = misfit (options, verb);

  if (!check_belongings (options, verb->name, error))
    return FALSE;
  if (wrong)
    g_set_error (error, REPORT_ERROR, EXIT_USAGE, "--%s %s", verb->name, wrong);
  return wrong == NULL;
}

/* No verb: shows what was named. */
static gboolean
choose_show (Options *options, GError **error)
{
  if (!check_belongings (options, NULL, error))
    return FALSE;
  if (options->confirmation_code || options->accept_rules || options->look || options->no_wait
      || options->timeout || (options->all && (options->job || options->profile)))
    g_set_error (error, REPORT_ERROR, EXIT_USAGE,
                 _ ("these options belong to a verb\nSee esimcli --help."));
  else if (options->job)
    options->run = show_job;
  else if (options->profile)
    options->run = show_profile;
  else if (options->euicc || options->modem)
    options->run = show_euicc;
  else
    g_set_error (error, REPORT_ERROR, EXIT_USAGE,
                 _ ("nothing was asked for\nTry esimcli -L, or esimcli --help."));
  return options->run != NULL;
}

/* TEXT is a format for WORD; ADVICE is for where nothing in HELP is near to it. */
static void
set_unknown (const char *text, const char *word, const char *advice, const char *help,
             GError **error)
{
  g_autofree char *meant = suggest_option (help, word);
  g_autofree char *guess = meant ? g_strdup_printf (_ ("Did you mean %s?"), meant) : NULL;
  g_auto (GStrv) around = g_strsplit (text, "%s", 2);

  g_set_error (error, REPORT_ERROR, EXIT_USAGE, "%s%s%s\n%s", around[0], word, around[1],
               guess ? guess : advice);
}

static gboolean
check (Options *options, int argc, char **argv, const char *help, GError **error)
{
  const char *wrong = NULL;

  if (argc > 1)
    {
      set_unknown (_ ("what is \"%s\"?"), argv[1], _ ("Verbs begin with --; see esimcli --help."),
                   help, error);
      return FALSE;
    }
  if (options->json && options->keyvalue)
    wrong = _ ("-J and -K at once\nChoose one form of output.");
  else if (options->timeout < 0)
    wrong = _ ("a negative time-out\nGive seconds.");
  if (wrong)
    {
      g_set_error_literal (error, REPORT_ERROR, EXIT_USAGE, wrong);
      return FALSE;
    }
  return options->verb ? check_verb (options, error) : choose_show (options, error);
}

/* GLib's own words have no advice; the option they are about is their last word. */
static void
set_unparsed (const GError *wrong, const char *help, GError **error)
{
  const char *option = strrchr (wrong->message, ' ');

  if (g_error_matches (wrong, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION) && option)
    set_unknown (_ ("there is no option %s"), option + 1, _ ("See esimcli --help."), help, error);
  else
    g_set_error (error, REPORT_ERROR, EXIT_USAGE, "%s%s", wrong->message,
                 strchr (wrong->message, '\n') ? "" : _ ("\nSee esimcli --help."));
}

gboolean
options_parse (Options *options, int *argc, char ***argv, GError **error)
{
  gboolean help = FALSE, version = FALSE;
  g_autoptr (GOptionContext) context = make_context (options, &help, &version);
  g_autoptr (GError) wrong = NULL;
  g_autofree char *text = NULL;

  g_set_prgname ("esimcli");
  text = g_option_context_get_help (context, FALSE, NULL);
  if (!g_option_context_parse (context, argc, argv, &wrong))
    {
      set_unparsed (wrong, text, error);
      return FALSE;
    }
  if (!help && !version)
    return check (options, *argc, *argv, text, error);
  g_print ("%s", help ? text : "esimcli " ESIMD_VERSION "\n");
  options->run = NULL;
  return TRUE;
}

void
options_clear (Options *options)
{
  g_free (options->euicc);
  g_free (options->modem);
  g_free (options->profile);
  g_free (options->job);
  g_free (options->value);
  g_free (options->settle);
  g_free (options->provider);
  g_free (options->eid);
  g_free (options->fleet);
  g_free (options->access);
  g_free (options->callback_url);
  g_free (options->callback_method);
  g_free (options->qr_png);
  g_free (options->qr_svg);
  g_free (options->confirmation_code);
}
