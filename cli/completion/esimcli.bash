# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The esimd developers
# Completion of esimcli's command line in bash: options as its help lists them, objects as the running service has them.

# _esimcli_objects LIST-OPTION: the numbers of the objects that esimcli lists so; nothing where esimd does not run.
_esimcli_objects() {
  "${_esimcli:-esimcli}" "$1" --output-keyvalue 2>/dev/null | sed -n 's|.*\] *: .*/||p'
}

# _esimcli_values KEY OPTION...: every value of KEY that esimcli shows.
_esimcli_values() {
  local key=$1
  shift
  "${_esimcli:-esimcli}" "$@" --output-keyvalue 2>/dev/null | sed -n "s|^$key *: ||p" | grep -vx -e --
}

_esimcli_euiccs() {
  local number
  echo any
  for number in $(_esimcli_objects --list-euiccs); do
    echo "$number"
    _esimcli_values euicc.generic.eid --euicc="$number"
  done
}

_esimcli_modems() {
  local number
  echo any
  for number in $(_esimcli_objects --list-euiccs); do
    _esimcli_values euicc.generic.modem --euicc="$number" | sed 's|.*/||'
  done
}

_esimcli_profiles() {
  local number
  echo any
  for number in $(_esimcli_objects --list-profiles); do
    echo "$number"
    _esimcli_values profile.generic.iccid --profile="$number"
  done
}

# In any language an option is a word that begins with a hyphen; those with a value end in =.
_esimcli_options() {
  "${_esimcli:-esimcli}" --help 2>/dev/null | sed -nE 's/^  (-., )?(--[a-z-]+=?).*/\2/p'
}

_esimcli_complete() {
  local _esimcli=$1 current=$2 previous=$3 option words

  # bash takes --euicc=0 for three words.
  [ "$current" != = ] || current=
  [ "$previous" != = ] || previous=${COMP_WORDS[COMP_CWORD - 2]}
  case $previous in
    -u | --euicc) words=$(_esimcli_euiccs) ;;
    -m | --modem) words=$(_esimcli_modems) ;;
    -p | --profile) words=$(_esimcli_profiles) ;;
    -j | --job) words=$(_esimcli_objects --list-jobs) ;;
    --settle) words=none ;;
    --reset) words='operational test default-smdp' ;;
    --callback-method) words='GET POST' ;;
    --download-qr | --qr-png | --qr-svg) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    *)
      words=$(_esimcli_options)
      # Any other value is the user's own.
      [[ $'\n'$words$'\n' != *$'\n'$previous=$'\n'* ]] || words=
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  for option in "${COMPREPLY[@]}"; do
    [[ $option != *= ]] || compopt -o nospace 2>/dev/null
  done
}
complete -F _esimcli_complete esimcli
