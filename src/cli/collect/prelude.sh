#!/bin/sh
# Gathers a snapshot for podpath and writes it to standard output as a tar. It reads and changes nothing, asks each
# command for a limited time and a limited size, and writes down in index.json what it could not get.
#
# POSIX sh; uses what is there of cat, sed, tr, ls, wc, head, date, and the tools that are asked. No `tar` is needed.
set -u
umask 077
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin
export LC_ALL PATH

max_bytes=16777216       # of one file
max_total_bytes=209715200
timeout=10               # seconds for one command
max_seconds=300          # for all of it
pods=yes
conntrack=yes
name=
folder=nodes

say() { printf 'podpath collect: %s\n' "$*" >&2; }

number() {
  case $2 in
    '' | *[!0-9]*) say "$1 wants a whole number"; exit 2 ;;
  esac
}

while [ $# -gt 0 ]; do
  # shellcheck disable=SC2034 # some are for the script of a node only
  case $1 in
    --max-bytes | --max-total-bytes | --timeout | --max-seconds | --name)
      [ $# -ge 2 ] || { say "$1 wants a value"; exit 2; }
      [ "$1" = --name ] || number "$1" "$2"
      case $1 in
        --max-bytes) max_bytes=$2 ;;
        --max-total-bytes) max_total_bytes=$2 ;;
        --timeout) timeout=$2 ;;
        --max-seconds) max_seconds=$2 ;;
        --name) name=$2 ;;
      esac
      shift ;;
    --no-pods) pods=no ;;
    --no-conntrack) conntrack=no ;;
    --host) folder=hosts ;;
    *) say "unknown option $1"; exit 2 ;;
  esac
  shift
done
if [ -t 1 ]; then
  say "writes a tar: redirect it, as in  sh $0 > node.tar"
  exit 2
fi

# ---- a place to work in, gone afterwards

work=
cleanup() { [ -z "$work" ] || rm -rf "$work"; }
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
trap 'exit 141' PIPE
for base in "${TMPDIR:-/tmp}" /tmp /run /dev/shm /var/tmp; do
  work=$(mktemp -d "$base/podpath.XXXXXX" 2>/dev/null) && break
  work=$base/podpath.$$
  mkdir "$work" 2>/dev/null && break
  work=
done
[ -n "$work" ] || { say "no folder for temporary files can be written to (set TMPDIR)"; exit 1; }
mkdir "$work/files" || exit 1
: >"$work/list"
: >"$work/index"
: >"$work/missing"
: >"$work/notes"

# ---- limits

started=$(date +%s 2>/dev/null)
case $started in '' | *[!0-9]*) started= ;; esac

# Seconds since the machine started, as `uptime`: read, and not asked of date(1), because this is done before each command.
uptime_now() {
  uptime=
  read -r uptime _ 2>/dev/null </proc/uptime
  uptime=${uptime%%.*}
  case $uptime in '' | *[!0-9]*) uptime=$(date +%s 2>/dev/null) ;; esac
}
uptime_now
begun=$uptime

late() {
  uptime_now
  [ -n "$begun" ] && [ -n "$uptime" ] && [ $((uptime - begun)) -ge "$max_seconds" ]
}

if timeout -k 1 5 true 2>/dev/null; then
  limit="timeout -k 1 $timeout"
elif timeout 5 true 2>/dev/null; then
  limit="timeout $timeout"
elif timeout -t 5 true 2>/dev/null; then
  limit="timeout -t $timeout" # busybox before 1.30
else
  limit=
fi

# Runs a command for a limited time.
limited() {
  if [ -n "$limit" ]; then
    # shellcheck disable=SC2086 # words
    $limit "$@"
    return
  fi
  "$@" &
  li_pid=$!
  (
    sleep "$timeout"
    kill "$li_pid"
    sleep 1
    kill -9 "$li_pid"
  ) >/dev/null 2>&1 </dev/null &
  li_dog=$!
  wait "$li_pid" 2>/dev/null
  li_status=$?
  kill "$li_dog" 2>/dev/null
  return "$li_status"
}

# The unit of `ulimit -f` is 512 bytes in POSIX and 1024 in some shells.
unit=512
(
  ulimit -f 1
  head -c 1000 /dev/zero >"$work/unit"
  true
) 2>/dev/null
[ -s "$work/unit" ] && [ "$(($(wc -c <"$work/unit")))" -gt 512 ] && unit=1024
blocks=$((max_bytes / unit + 2))

# ---- one file of the snapshot

enter=   # how to get into the network namespace that is collected
total=0
kept=0
missed=0

# Text of standard input as the inside of a JSON string.
json_text() {
  head -c 2000 | tr '\t' ' ' | tr -c '\n\040-\176' '?' | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' |
    sed -e ':a' -e '$!{' -e 'N' -e 'ba' -e '}' -e 's/\n/\\n/g'
}

# The same of $1, which hardly ever needs it, as `escaped`.
escape() {
  escaped=$1
  case $1 in *[\"\\]* | *[![:print:]]*) escaped=$(printf '%s' "$1" | json_text) ;; esac
}

stderr_text() { json_text <"$work/err"; }

# The same as `stderr`, which hardly ever has a text.
read_stderr() {
  stderr=
  if [ -s "$work/err" ]; then stderr=$(stderr_text); fi
}

note() { printf '%s\n' "$*" >>"$work/notes"; }

# absent FILE COMMAND STATUS REASON [MORE-JSON]
absent() {
  missed=$((missed + 1))
  escape "$2"
  read_stderr
  printf '    {"file": "%s", "command": "%s", "exitStatus": %s, "stderr": "%s", "reason": "%s"%s},\n' \
    "$1" "$escaped" "$3" "$stderr" "$4" "${5:-}" >>"$work/missing"
}

# Runs the commands of $1, separated by ` ; `, one after the other into $work/out and $work/err.
attempt() {
  : >"$work/out"
  : >"$work/err"
  at_status=0
  at_rest=$1
  while [ -n "$at_rest" ]; do
    case $at_rest in
      *' ; '*) at_one=${at_rest%%" ; "*} at_rest=${at_rest#*" ; "} ;;
      *) at_one=$at_rest at_rest= ;;
    esac
    at_tool=${at_one%% *}
    if ! command -v "$at_tool" >/dev/null 2>&1; then
      printf '%s: not found\n' "$at_tool" >>"$work/err"
      at_status=127
      continue
    fi
    (
      ulimit -f "$blocks" 2>/dev/null
      # shellcheck disable=SC2086 # words
      if [ -n "$limit" ]; then exec $limit $enter $at_one </dev/null >>"$work/out" 2>>"$work/err"; fi
      # shellcheck disable=SC2086 # words
      limited $enter $at_one </dev/null >>"$work/out" 2>>"$work/err"
    ) 2>/dev/null || at_status=$?
  done
  return "$at_status"
}

# Keeps $work/out as FILE: keep FILE FILTER COMMAND STATUS
keep() {
  ke_cut=false ke_from=$work/out
  if [ "$2" != none ]; then
    ke_from=$work/kept
    "$2" <"$work/out" >"$ke_from" || ke_cut=true # no space left, perhaps
  fi
  ke_size=$(($(wc -c <"$ke_from")))
  if [ "$ke_size" -gt "$max_bytes" ]; then
    ke_size=0 ke_cut=true
    if head -c "$max_bytes" "$ke_from" >"$work/cut" && mv "$work/cut" "$ke_from"; then
      ke_size=$max_bytes
    else
      : >"$ke_from" # no space left
    fi
  fi
  if [ $((total + ke_size)) -gt "$max_total_bytes" ]; then
    absent "$1" "$3" "$4" "left out: the snapshot has reached $max_total_bytes bytes"
    return 0
  fi
  total=$((total + ke_size))
  kept=$((kept + 1))
  mv "$ke_from" "$work/files/$kept"
  escape "$3"
  read_stderr
  printf '%s %s\n' "$ke_size" "$1" >>"$work/list"
  printf '    {"file": "%s", "command": "%s", "exitStatus": %s, "stderr": "%s", "bytes": %s, "truncated": %s},\n' \
    "$1" "$escaped" "$4" "$stderr" "$ke_size" "$ke_cut" >>"$work/index"
}

# take FILE FILTER COMMAND…: FILE from the first of the commands that succeeds, else from the first that printed something.
take() {
  ta_file=$1 ta_filter=$2
  shift 2
  if late; then
    : >"$work/err"
    absent "$ta_file" "$1" null "not run: $max_seconds seconds are over"
    return 0
  fi
  ta_part='' ta_status=127 ta_command=$1
  : >"$work/errors"
  for ta_try in "$@"; do
    if attempt "$ta_try"; then
      keep "$ta_file" "$ta_filter" "${enter:+$enter }$ta_try" 0
      return 0
    fi
    cat "$work/err" >>"$work/errors"
    if [ -z "$ta_part" ] && [ -s "$work/out" ]; then
      mv "$work/out" "$work/part"
      ta_part=$ta_try ta_status=$at_status
    fi
    if [ "$ta_status" = 127 ]; then ta_status=$at_status ta_command=$ta_try; fi
  done
  mv "$work/errors" "$work/err"
  if [ -n "$ta_part" ]; then
    mv "$work/part" "$work/out"
    keep "$ta_file" "$ta_filter" "${enter:+$enter }$ta_part" "$ta_status"
    return 0
  fi
  case $ta_status in
    124 | 137 | 143) ta_why="no answer within $timeout seconds" ;;
    127) ta_why="no such command here" ;;
    *) ta_why="the command failed" ;;
  esac
  absent "$ta_file" "${enter:+$enter }$ta_command" "$ta_status" "$ta_why"
  return 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# ---- the tar (POSIX ustar; long paths as GNU tar writes them)

ascii=' !"#$%&'\''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~'
nul_1='\000'
nul_4=$nul_1$nul_1$nul_1$nul_1
nul_16=$nul_4$nul_4$nul_4$nul_4
nul_64=$nul_16$nul_16$nul_16$nul_16

# shellcheck disable=SC2059 # the formats are ours
nuls() {
  nu_left=$1
  while [ "$nu_left" -ge 64 ]; do printf "$nul_64"; nu_left=$((nu_left - 64)); done
  while [ "$nu_left" -ge 4 ]; do printf "$nul_4"; nu_left=$((nu_left - 4)); done
  while [ "$nu_left" -ge 1 ]; do printf "$nul_1"; nu_left=$((nu_left - 1)); done
}

# Adds the values of the bytes of $1 to `sum`.
add_bytes() {
  ad_rest=$1
  while [ -n "$ad_rest" ]; do
    ad_tail=${ad_rest#?}
    ad_byte=${ad_rest%"$ad_tail"}
    ad_before=${ascii%%"$ad_byte"*}
    sum=$((sum + 32 + ${#ad_before}))
    ad_rest=$ad_tail
  done
}

# tar_header PREFIX NAME SIZE TYPE
tar_header() {
  he_size=$(printf '%011o' "$3")
  # spaces in place of the sum itself; mode, uid, gid; magic and version
  sum=256
  add_bytes "$2$1$he_size$mtime$4"
  add_bytes 000064400000000000000ustar00
  printf '%s' "$2"
  nuls $((100 - ${#2}))
  printf '0000644\0000000000\0000000000\000%s\000%s\000%06o\000 %s' "$he_size" "$mtime" "$sum" "$4"
  nuls 100
  printf 'ustar\00000'
  nuls 80
  printf '%s' "$1"
  nuls $((167 - ${#1}))
}

# tar_entry PATH FILE SIZE
tar_entry() {
  en_size=$3
  en_prefix=${1%/*} en_name=${1##*/}
  [ "$en_prefix" != "$1" ] || en_prefix=
  if [ ${#1} -le 100 ]; then
    tar_header '' "$1" "$en_size" 0
  elif [ ${#en_prefix} -le 155 ] && [ ${#en_name} -le 100 ]; then
    tar_header "$en_prefix" "$en_name" "$en_size" 0
  else
    tar_header '' '././@LongLink' $((${#1} + 1)) L
    printf '%s' "$1"
    nuls $((512 - ${#1} % 512))
    tar_header '' "$(printf '%.100s' "$1")" "$en_size" 0
  fi
  cat "$2"
  nuls $(((512 - en_size % 512) % 512))
}

# Writes everything that was kept, with an index at each of the given paths.
write_tar() {
  mtime=$(printf '%011o' "${started:-0}")
  {
    printf '{\n  "apiVersion": "podpath/v1",\n  "kind": "CollectorIndex",\n'
    printf '  "machine": "%s",\n  "collectedAt": "%s",\n' "$machine" "$collected_at"
    printf '  "limits": {"maxBytes": %s, "maxTotalBytes": %s, "timeout": %s, "maxSeconds": %s},\n' \
      "$max_bytes" "$max_total_bytes" "$timeout" "$max_seconds"
    printf '  "notes": [\n'
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/    "&"/' -e '$!s/$/,/' "$work/notes"
    printf '  ],\n  "files": [\n'
    sed -e '$s/,$//' "$work/index"
    printf '  ],\n  "missing": [\n'
    sed -e '$s/,$//' "$work/missing"
    printf '  ]\n}\n'
  } >"$work/index.json"
  wr_number=0
  while read -r wr_size wr_path; do
    wr_number=$((wr_number + 1))
    tar_entry "$wr_path" "$work/files/$wr_number" "$wr_size"
  done <"$work/list"
  wr_size=$(($(wc -c <"$work/index.json")))
  for wr_path in "$@"; do tar_entry "$wr_path" "$work/index.json" "$wr_size"; done
  nuls 1024
}

collected_at=$(date -u +%Y-%m-%dT%H:%M:%SZ 2>/dev/null)

