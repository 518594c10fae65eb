# ---- one machine

[ -n "$name" ] || name=$(uname -n 2>/dev/null)
name=$(printf '%s' "$name" | tr -c 'A-Za-z0-9._-' '_')
[ -n "$name" ] || name=unnamed
machine=$folder/$name

is_root=no
[ "$(id -u 2>/dev/null)" = 0 ] && is_root=yes
[ "$is_root" = yes ] || note "not run as root: rules, sets, conntrack and the namespaces of pods are out of reach"

# ---- what must not be told

# Of the sysctls the ones of the network, without keys: tcp_fastopen_key, stable_secret, netdev_rss_key.
redact_sysctl() {
  sed -n -e '/^net[./]/!d' \
    -e 's/^\([^=]*_key[[:space:]]*=\).*/\1 (redacted)/' \
    -e 's/^\([^=]*[./][^./=]*secret[^./=]*=\).*/\1 (redacted)/' \
    -e 's/^\([^=]*[./][^./=]*passw[^./=]*=\).*/\1 (redacted)/' -e p
}

# BIRD: `password "…";`, BIRD 3 `secret "…";`, also unquoted, in comments, and when the value stands on the next line.
redact_bird() {
  sed -e '/\(password\|secret\)[[:space:]]*$/{' -e 'n' -e 's/.*/  # (redacted)/' -e '}' \
    -e 's/password[[:space:]]*"[^"]*"*/password "(redacted)"/g' -e 's/secret[[:space:]]*"[^"]*"*/secret "(redacted)"/g' \
    -e "s/password[[:space:]]*'[^']*'*/password \"(redacted)\"/g" \
    -e 's/password[[:space:]][[:space:]]*[^"[:space:];{][^;{]*/password "(redacted)"/g' \
    -e 's/secret[[:space:]][[:space:]]*[^"[:space:];{][^;{]*/secret "(redacted)"/g'
}

# ---- the files of one network namespace

# Without sysctl(8): every value under /proc/sys/net as sysctl prints it, where dots in a device's name are slashes.
# A program of its own, because a process sees the values of its own network namespace.
cat >"$work/sysctl" <<'END'
find /proc/sys/net -type f 2>/dev/null | while read -r path; do
  value=
  IFS= read -r value <"$path" || [ -n "$value" ] || continue
  printf '%s = %s\n' "${path#/proc/sys/}" "$value"
done 2>/dev/null | sed -e h -e 's/ = .*//' -e 'y|./|/.|' -e x -e 's/^[^ ]* = / = /' -e x -e G -e 's/\n//'
END

# rules FOLDER iptables|ip6tables: both backends, each in a file of its own
rules() {
  ru_names=/proc/net/ip_tables_names
  [ "$2" = iptables ] || ru_names=/proc/net/ip6_tables_names
  ru_nft=$1/$2-nft-save.txt ru_legacy=$1/$2-legacy-save.txt
  ru_plain= # the backend of the command without one in its name
  if have "$2-save"; then
    case $("$2" -V 2>/dev/null </dev/null) in
      *nf_tables*) ru_plain=nft ;;
      *) ru_plain=legacy ;;
    esac
  fi
  if [ "$ru_plain" = nft ]; then
    take "$ru_nft" none "$2-nft-save -c" "$2-save -c"
  else
    take "$ru_nft" none "$2-nft-save -c"
  fi
  if have "$2-legacy-save"; then
    take "$ru_legacy" none "$2-legacy-save -c"
  elif [ "$ru_plain" = legacy ]; then
    take "$ru_legacy" none "$2-save -c"
  elif attempt "cat $ru_names"; then
    if [ -s "$work/out" ]; then
      absent "$ru_legacy" "$2-legacy-save -c" 127 "no such command here, and legacy tables exist" ', "exists": true'
    else
      keep "$ru_legacy" none "${enter:+$enter }cat $ru_names" 0
    fi
  elif [ "$is_root" = yes ] && attempt 'ls /proc/net/dev'; then
    : >"$work/out" # the kernel has no such table: nothing registered them
    keep "$ru_legacy" none "ls $ru_names" 0
  else
    absent "$ru_legacy" "$2-legacy-save -c" 127 "no such command here"
  fi
}

# namespace_files FOLDER: what is the same on a node and inside a pod
namespace_files() {
  rules "$1" iptables
  rules "$1" ip6tables
  take "$1/nft-ruleset.txt" none 'nft list ruleset'
  take "$1/ipset-save.txt" none 'ipset save'
  take "$1/ip-addr.txt" none 'ip -d -s addr' 'ip -s addr' 'ip addr'
  take "$1/ip-link.txt" none 'ip -d -s link' 'ip -s link' 'ip link'
  take "$1/ip-route.txt" none 'ip -4 route show table all' 'ip -4 route' 'ip route'
  take "$1/ip-route-v6.txt" none 'ip -6 route show table all' 'ip -6 route'
  take "$1/ip-rule.txt" none 'ip -4 rule' 'ip rule'
  take "$1/ip-rule-v6.txt" none 'ip -6 rule'
  take "$1/ip-neigh.txt" none 'ip neigh ; ip neigh show proxy' 'ip neigh'
  take "$1/bridge-fdb.txt" none 'bridge fdb show'
  take "$1/sysctl.txt" redact_sysctl 'sysctl -a' "sh $work/sysctl"
  if [ "$conntrack" = yes ]; then
    take "$1/conntrack.txt" none 'conntrack -L ; conntrack -L -f ipv6' 'cat /proc/net/nf_conntrack'
  else
    : >"$work/err"
    absent "$1/conntrack.txt" 'conntrack -L' null 'not asked for (--no-conntrack)'
  fi
  # Shows no private key, unlike its "dump".
  if have wg; then take "$1/wg-show.txt" none 'env WG_HIDE_KEYS=always wg show'; fi
  if attempt 'ls /proc/net/xt_recent' && [ -s "$work/out" ]; then
    take "$1/xt-recent.txt" none \
      'tail -v -n +1 /proc/net/xt_recent/* ; grep -m2 -e ^now -e ^jiffies /proc/timer_list' 'grep -H . /proc/net/xt_recent/*'
  fi
  take "$1/sockets.txt" none 'ss -H -lntup' 'ss -H -lntu'
  take "$1/nstat.txt" none 'nstat -asz'
}

# ---- BIRD

self_net=$(ls -l /proc/self/ns/net 2>/dev/null)
self_net=${self_net##* }

# bird_process NAME: the process of that name in this network namespace, as `bird_pid` (empty: none)
bird_process() {
  bird_pid=
  for bi_comm in /proc/[0-9]*/comm; do
    bi_name=
    read -r bi_name 2>/dev/null <"$bi_comm"
    [ "$bi_name" = "$1" ] || continue
    bi_pid=${bi_comm#/proc/}
    bi_pid=${bi_pid%/comm}
    bi_net=$(ls -l "/proc/$bi_pid/ns/net" 2>/dev/null)
    [ "${bi_net##* }" = "$self_net" ] || continue
    bird_pid=$bi_pid
    return 0
  done
  return 1
}

# A file inside a container: no pipe or device, and no link, which would lead out of the container.
plain() { [ -f "$1" ] && [ ! -h "$1" ] && [ -r "$1" ]; }

# The configuration with the files that it includes in their places.
bird_config() {
  while IFS= read -r co_line || [ -n "$co_line" ]; do
    case $co_line in
      include\ \"*\"\;*)
        co_name=${co_line#*\"}
        co_name=${co_name%%\"*}
        case $co_name in /*) ;; *) co_name=${bird_file%/*}/$co_name ;; esac
        # a pattern may name several files
        for co_path in $bird_root$co_name; do
          printf '# ---- %s\n' "$co_line"
          if plain "$co_path"; then
            head -c "$max_bytes" "$co_path"
            printf '\n'
          else
            printf '%s: not read: no plain file\n' "$co_path" >&2
          fi
        done
        printf '# ---- end of the included files\n' ;;
      *) printf '%s\n' "$co_line" ;;
    esac
  done
}

# bird_files bird|bird6 birdc|birdc6 FOLDER
bird_files() {
  : >"$work/err"
  if ! bird_process "$1"; then
    note "no process named $1 is in this network namespace"
    return 0
  fi
  bird_root=/proc/$bird_pid/root
  bird_file='' bird_socket=''
  bf_previous=
  for bf_word in $(tr '\0' ' ' <"/proc/$bird_pid/cmdline" 2>/dev/null); do
    case $bf_previous in
      -c) bird_file=$bf_word ;;
      -s) bird_socket=$bf_word ;;
    esac
    bf_previous=$bf_word
  done
  for bf_path in /etc/calico/confd/config/"$1.cfg" /etc/bird/"$1.conf" "/etc/$1.conf"; do
    [ -n "$bird_file" ] || [ ! -r "$bird_root$bf_path" ] || bird_file=$bf_path
  done
  for bf_path in /var/run/calico/"$1.ctl" /run/calico/"$1.ctl" /run/bird/"$1.ctl" "/run/$1.ctl"; do
    [ -n "$bird_socket" ] || [ ! -S "$bird_root$bf_path" ] || bird_socket=$bf_path
  done
  bf_exe=$(ls -l "/proc/$bird_pid/exe" 2>/dev/null)
  bf_folder=${bf_exe##* -> }
  bf_folder=${bf_folder%/*}
  bf_client=birdcl
  bf_container=
  have crictl && bf_container=$(limited crictl ps -q --name calico-node 2>/dev/null </dev/null | head -n 1)
  for bf_what in protocols route; do
    bf_ask="-s $bird_socket show $bf_what all"
    bf_outside="-s $bird_root$bird_socket show $bf_what all"
    set -- "$1" "$2" "$3" "nsenter -m/proc/$bird_pid/ns/mnt $bf_folder/$bf_client $bf_ask" \
      "nsenter -m/proc/$bird_pid/ns/mnt $bf_folder/birdc $bf_ask" \
      "$bf_client $bf_outside" "$2 $bf_outside" "birdc $bf_outside"
    bf_file=$3/$2-$bf_what.txt
    if [ -n "$bf_container" ]; then
      take "$bf_file" none "$4" "$5" "$6" "$7" "$8" "crictl exec $bf_container $bf_client $bf_ask"
    else
      take "$bf_file" none "$4" "$5" "$6" "$7" "$8"
    fi
    set -- "$1" "$2" "$3"
  done
  if [ -n "$bird_file" ] && plain "$bird_root$bird_file"; then
    : >"$work/err"
    head -c "$max_bytes" "$bird_root$bird_file" | bird_config >"$work/out" 2>"$work/err"
    keep "$3/$1.cfg" redact_bird "cat $bird_root$bird_file" 0
  else
    absent "$3/$1.cfg" "cat ${bird_file:-bird.cfg}" 1 'the configuration was not found, or may not be read'
  fi
}

# ---- the node

versions() {
  uname -a
  sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release 2>/dev/null
  for ve_tool in 'iptables -V' 'ip6tables -V' 'iptables-nft -V' 'iptables-legacy -V' 'ip -V' 'nft -v' 'ipset --version' \
    'conntrack -V' 'ss -V' 'kubelet --version' 'calicoctl version --client' 'crictl --version'; do
    # shellcheck disable=SC2086 # words
    have "${ve_tool%% *}" && limited $ve_tool 2>&1 </dev/null
  done
  if bird_process bird; then
    ve_exe=$(ls -l "/proc/$bird_pid/exe" 2>/dev/null)
    limited nsenter "-m/proc/$bird_pid/ns/mnt" "${ve_exe##* -> }" --version 2>&1 </dev/null
  fi
}

node_files() {
  bird_files bird birdc "$machine"
  bird_files bird6 birdc6 "$machine"
  have calicoctl && take "$machine/calico-node-status.txt" none 'calicoctl node status'
  namespace_files "$machine"
  take "$machine/ipset-list.txt" none 'ipset list'
  take "$machine/conntrack-stats.txt" none 'conntrack -S'
  : >"$work/err"
  versions >"$work/out" 2>"$work/err"
  keep "$machine/versions.txt" none 'uname -a ; iptables -V ; ip -V ; ...' 0
}

# ---- the namespaces of pods

# Names by number of the network namespace, where crictl tells them: "4026532345 default_web"
crictl_names() {
  have crictl || return 0
  for cr_id in $(limited crictl pods -q --state ready 2>/dev/null </dev/null); do
    late && return 0
    limited crictl inspectp "$cr_id" >"$work/sandbox" 2>/dev/null </dev/null || continue
    cr_namespace=$(sed -n 's/.*"io.kubernetes.pod.namespace": "\([^"]*\)".*/\1/p' "$work/sandbox" | head -n 1)
    cr_pod=$(sed -n 's/.*"io.kubernetes.pod.name": "\([^"]*\)".*/\1/p' "$work/sandbox" | head -n 1)
    cr_pid=$(sed -n 's/.*"pid": \([0-9][0-9]*\).*/\1/p' "$work/sandbox" | head -n 1)
    cr_net=$(ls -l "/proc/${cr_pid:-none}/ns/net" 2>/dev/null)
    cr_net=${cr_net##*[}
    [ -z "$cr_net" ] || [ -z "$cr_pod" ] || printf '%s %s_%s\n' "${cr_net%]}" "$cr_namespace" "$cr_pod"
  done
}

# The folder that the kubelet keeps for a pod's logs tells its name: /var/log/pods/<namespace>_<name>_<uid>
log_folders='/var/log/pods /host/var/log/pods'

# only_match PATTERN: the name of the one folder that matches, without the uid, as `matched`
only_match() {
  matched=
  for on_root in $log_folders; do
    for on_path in "$on_root"/$1; do
      [ -d "$on_path" ] || continue
      on_name=${on_path##*/}
      on_name=${on_name%_*}
      [ -z "$matched" ] || [ "$matched" = "$on_name" ] || { matched=; return 1; }
      matched=$on_name
    done
  done
  [ -n "$matched" ]
}

# pod_name PID NUMBER: <namespace>_<name> as `pod`; empty when nobody tells
pod_name() {
  pod=
  if [ "$1" != - ]; then
    po_uid=
    while read -r po_line; do
      case $po_line in *pod[0-9a-f]*) po_uid=${po_line##*pod} ;; esac
    done <"/proc/$1/cgroup" 2>/dev/null
    po_uid=${po_uid%%/*}
    po_uid=${po_uid%.slice}
    po_uid=$(printf '%s' "$po_uid" | tr _ -)
    if [ ${#po_uid} -ge 32 ] && only_match "*_$po_uid"; then pod=$matched; fi
  fi
  if [ -z "$pod" ]; then
    while read -r po_number po_name; do
      [ "$po_number" != "$2" ] || pod=$po_name
    done <"$work/crictl"
  fi
  if [ -z "$pod" ] && [ "$1" != - ] && have nsenter; then
    # a pod has its name as its host name
    po_host=$(nsenter "-u/proc/$1/ns/uts" uname -n 2>/dev/null </dev/null)
    if [ -n "$po_host" ] && [ "$po_host" != "$(uname -n)" ] && only_match "*_${po_host}_*"; then pod=$matched; fi
  fi
  pod=$(printf '%s' "$pod" | tr -c 'A-Za-z0-9._-' '_')
}

# Every network namespace that a process or a name keeps: "NUMBER PID FILE", one line each
network_namespaces() {
  # shellcheck disable=SC2012 # ls prints all links in one process
  ls -l /proc/[0-9]*/ns/net 2>/dev/null |
    sed -n 's|.* \(/proc/\([0-9]*\)/ns/net\) -> net:\[\([0-9]*\)\]$|\3 \2 \1|p'
  # shellcheck disable=SC2012
  ls -Lid /run/netns/* /var/run/netns/* 2>/dev/null | sed -n 's|^ *\([0-9]*\) \(/.*\)$|\1 - \2|p'
}

pod_files() {
  if ! have nsenter; then
    note "nsenter is missing: the namespaces of pods are not in the snapshot"
    return 0
  fi
  crictl_names >"$work/crictl"
  pf_own=${self_net#*[}
  pf_own=${pf_own%]}
  pf_first=$(ls -l /proc/1/ns/net 2>/dev/null)
  pf_first=${pf_first##*[}
  pf_first=${pf_first%]}
  if [ -n "$pf_first" ] && [ "$pf_first" != "$pf_own" ]; then
    note "this network namespace is not that of process 1; is it the node's own?"
  fi
  pf_seen=" $pf_own $pf_first " pf_names=' ' pf_alone=0
  network_namespaces >"$work/namespaces"
  while read -r pf_number pf_pid pf_path; do
    case $pf_seen in *" $pf_number "*) continue ;; esac
    # A file under /run/netns that is no namespace has a smaller number: the kernel gives namespaces those from 0xf0000000 (4026531840) to
    # 0xffffffff, some 70 apart. Compared as text, for some shells count in 32 bits.
    case $pf_number in
      40265[3-9]???? | 4026[6-9]????? | 402[7-9]?????? | 40[3-9]??????? | 4[12]????????) ;;
      *) continue ;;
    esac
    pf_seen="$pf_seen$pf_number "
    enter="nsenter -n$pf_path"
    if late; then
      note "network namespace $pf_number was not collected: $max_seconds seconds are over"
      continue
    fi
    if ! attempt 'cat /proc/net/dev'; then
      note "network namespace $pf_number ($pf_path) could not be entered: $(stderr_text)"
      continue
    fi
    case $(sed -e '1,2d' -e 's/:.*//' -e 's/ //g' "$work/out" | tr '\n' ' ') in
      'lo ' | '') pf_alone=$((pf_alone + 1)); continue ;;
    esac
    pod_name "$pf_pid" "$pf_number"
    if [ -z "$pod" ]; then
      # by address: a reader finds it among the Pod objects
      attempt 'ip -o addr show scope global' || attempt 'ip addr'
      pod=$(sed -n 's/.*inet6\{0,1\} \([0-9a-f.:]*\).*/\1/p' "$work/out" | sed -e '/^127\./d' -e '/^::1$/d' -e '/^fe80/d' |
        head -n 1)
    fi
    case $pod in '') pod=ns-$pf_number ;; esac
    case $pf_names in *" $pod "*) pod=ns-$pf_number ;; esac
    pf_names="$pf_names$pod "
    namespace_files "$machine/netns/$pod"
  done <"$work/namespaces"
  enter=
  [ "$pf_alone" = 0 ] || note "$pf_alone network namespaces with no interface but lo were left out"
}

node_files
[ "$pods" = no ] || pod_files
write_tar index.json "$machine/index.json"
say "$machine: $kept files, $total bytes; $missed could not be got ($machine/index.json says why)"
