# ---- the objects of a cluster

machine=cluster

# What is kept of an object, by the indentation of the YAML that kubectl and calicoctl print. Left out: what containers are
# started with (command, args, env, probes, volumes), annotations but those of the network, entries of a ConfigMap
# that are no settings of the network, and every value whose key says that it is a secret.
cat >"$work/filter" <<'END'
function indentation(line) { match(line, /^ */); return RLENGTH }
{
  line = $0
  sub(/\r$/, "", line)
  if (line ~ /^ *$/) { if (!dropping) print line; next }
  depth = indentation(line)
  body = substr(line, depth + 1)
  inner = depth
  while (body ~ /^- /) { sub(/^- +/, "", body); inner = length(line) - length(body) }
  if (dropping) {
    # deeper lines, and the items of a sequence that stand as far left as its key
    if (depth > dropped || (depth == dropped && sequence && substr(line, depth + 1, 1) == "-")) next
    dropping = 0
  }
  key = body
  if (!match(body, /^("[^"]*"|[^ "'|>][^:]*):( |$)/)) key = ""
  else {
    key = substr(body, 1, RLENGTH)
    sub(/: ?$/, "", key)
    gsub(/"/, "", key)
  }
  if (kept_block && depth <= kept_depth) kept_block = 0
  if (section != "" && inner <= section_depth) section = ""
  if (key ~ /^(args|command|env|envFrom|lifecycle|livenessProbe|readinessProbe|startupProbe|volumes|volumeMounts|imagePullSecrets|managedFields|secrets|binaryData|stringData)$/) {
    drop(1); next
  }
  if (section == "annotations" && inner == section_inner(inner) && key != "" &&
      key !~ /(projectcalico\.org|tigera\.io|cni\.cncf\.io|flannel|metallb|kubernetes\.io\/(service|load-balancer|topology|ingress))/) {
    drop(0); next
  }
  if (key ~ /kubectl\.kubernetes\.io\/last-applied-configuration/) { drop(0); next }
  if (section == "data" && inner == section_inner(inner) && key != "" && key !~ /^(config\.conf|ClusterConfiguration|calico_backend|cni_network_config|veth_mtu|typha_service_name|cluster_type|Corefile|net-conf\.json|cni-conf\.json)$/) {
    drop(0); next
  }
  if (key == "annotations" || key == "data") {
    section = key; section_depth = inner; section_keys = -1
  }
  print redacted(line)
}
function section_inner(inner) { if (section_keys < 0) section_keys = inner; return section_keys }
function drop(is_sequence) {
  dropping = 1; dropped = inner; sequence = is_sequence
  # the first key of an item of a sequence: its dash must stay, or the rest would belong to the item before
  if (inner > depth) print substr(line, 1, inner) "dropped: true"
}
function redacted(text,   low, at) {
  low = tolower(text)
  if (match(low, /(password|passwd|passphrase|token|secret|private_?key|preshared_?key|certificate_?key|credentials?|api_?key|access_?key)"? *[:=] *[^ ]/) &&
      low !~ /(file|path|name|ref|key_?ref)"? *[:=]/) {
    at = RSTART + RLENGTH - 1
    return substr(text, 1, at - 1) "(redacted)"
  }
  return text
}
END

redact_yaml() { awk -f "$work/filter"; }

if ! have awk; then
  say "awk is missing here, and without it secrets cannot be taken out of the objects"
  exit 1
fi

# objects FILE COMMAND…: a file of cluster/
objects() {
  ob_file=cluster/$1.yaml
  shift
  take "$ob_file" redact_yaml "$@"
}

objects nodes 'kubectl get nodes -o yaml'
objects namespaces 'kubectl get namespaces -o yaml'
objects serviceaccounts 'kubectl get serviceaccounts -A -o yaml'
objects pods 'kubectl get pods -A -o yaml'
objects services 'kubectl get services -A -o yaml'
objects endpointslices 'kubectl get endpointslices.discovery.k8s.io -A -o yaml'
objects endpoints 'kubectl get endpoints -A -o yaml'
objects networkpolicies-kubernetes 'kubectl get networkpolicies.networking.k8s.io -A -o yaml'

# The settings of the network, by name; no other ConfigMap and no Secret is asked for.
for map in kube-system/kube-proxy kube-system/kubeadm-config kube-system/calico-config kube-system/coredns \
  kube-system/canal-config kube-flannel/kube-flannel-cfg; do
  objects "configmap-${map#*/}" "kubectl get configmap -n ${map%/*} ${map#*/} -o yaml"
done

# calico KIND [-A]: by calicoctl, else through Calico's API server, else as they are stored
calico() {
  objects "$1" "calicoctl get $1 ${2:-}${2:+ }-o yaml --allow-version-mismatch" "calicoctl get $1 ${2:-}${2:+ }-o yaml" \
    "kubectl get $1.projectcalico.org ${2:-}${2:+ }-o yaml" "kubectl get $1.crd.projectcalico.org ${2:-}${2:+ }-o yaml"
}

# kubectl has Calico's Node and WorkloadEndpoint only where calicoctl or Calico's API server does
objects calico-nodes 'calicoctl get nodes -o yaml --allow-version-mismatch' 'calicoctl get nodes -o yaml'
calico workloadendpoints -A
calico networkpolicies -A
calico networksets -A
for kind in ippools ipreservations bgpconfigurations bgppeers bgpfilters felixconfigurations globalnetworkpolicies \
  globalnetworksets hostendpoints tiers profiles kubecontrollersconfigurations clusterinformations; do
  calico "$kind"
done
objects blockaffinities 'kubectl get blockaffinities.crd.projectcalico.org -o yaml'
objects ipamblocks 'kubectl get ipamblocks.crd.projectcalico.org -o yaml'
objects installations 'kubectl get installations.operator.tigera.io -o yaml'

if [ "$kept" = 0 ]; then
  say "nothing could be asked of the cluster:"
  sed -n 's/.*"command": "\([^"]*\)".*"stderr": "\([^"]*\)".*/  \1: \2/p' "$work/missing" | head -n 3 >&2
  exit 1
fi
write_tar index.json cluster/index.json
say "cluster: $kept files, $total bytes; $missed could not be got (cluster/index.json says why)"
