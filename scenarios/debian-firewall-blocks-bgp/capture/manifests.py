"""The cluster's objects, in the shape that `kubectl get … -o yaml` and `calicoctl get … -o yaml` print them."""

import uuid

import cluster
import felix

CREATED = "2025-02-10T09:12:44Z"
STARTED = "2025-02-10T09:20:31Z"


def uid(*words):
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, "/".join(words)))


def meta(kind, name, namespace=None, **more):
    out = {}
    if "annotations" in more:
        out["annotations"] = more.pop("annotations")
    out["creationTimestamp"] = CREATED
    if "labels" in more:
        out["labels"] = more.pop("labels")
    out["name"] = name
    if namespace:
        out["namespace"] = namespace
    out.update(more)
    out["resourceVersion"] = str(1000 + uuid.uuid5(uuid.NAMESPACE_DNS, kind + name).int % 9000)
    out["uid"] = uid(kind, namespace or "", name)
    return out


def kubernetes_list(items):
    return {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}


def calico_list(kind, items):
    return {"apiVersion": "projectcalico.org/v3", "items": items, "kind": kind + "List",
            "metadata": {"resourceVersion": "9000"}}


def condition(kind, **more):
    return {"lastProbeTime": None, "lastTransitionTime": STARTED, "status": "True", "type": kind, **more}


def node_labels(node):
    labels = {"beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
              "kubernetes.io/hostname": node.name, "kubernetes.io/os": "linux"}
    if "kube-apiserver" in node.processes:
        labels["node-role.kubernetes.io/control-plane"] = ""
        labels["node.kubernetes.io/exclude-from-external-load-balancers"] = ""
    return labels


def k8s_node(index, node):
    pod_cidr = f"192.168.{index}.0/24"  # kube-controller-manager hands these out; Calico's IPAM ignores them
    spec = {"podCIDR": pod_cidr, "podCIDRs": [pod_cidr]}
    if "kube-apiserver" in node.processes:
        spec["taints"] = [{"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"}]
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": meta("Node", node.name, annotations={
            "kubeadm.alpha.kubernetes.io/cri-socket": "unix:///var/run/containerd/containerd.sock",
            "node.alpha.kubernetes.io/ttl": "0",
            "projectcalico.org/IPv4Address": f"{node.ip}/24",
            **({"projectcalico.org/IPv4VXLANTunnelAddr": node.vtep} if cluster.VXLAN else {}),
            "volumes.kubernetes.io/controller-managed-attach-detach": "true",
        }, labels=node_labels(node)),
        "spec": spec,
        "status": {
            "addresses": [{"address": node.ip, "type": "InternalIP"}, {"address": node.name, "type": "Hostname"}],
            "conditions": [{"lastHeartbeatTime": STARTED, "lastTransitionTime": STARTED,
                            "message": "kubelet is posting ready status", "reason": "KubeletReady",
                            "status": "True", "type": "Ready"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {"architecture": "amd64", "kubeProxyVersion": cluster.KUBERNETES_VERSION,
                         "kubeletVersion": cluster.KUBERNETES_VERSION, "operatingSystem": "linux",
                         "osImage": "Debian GNU/Linux 12 (bookworm)"},
        },
    }


def calico_node(node):
    return {"apiVersion": "projectcalico.org/v3", "kind": "Node",
            "metadata": meta("Node", node.name, labels=node_labels(node)),
            "spec": {"addresses": [{"address": f"{node.ip}/24", "type": "CalicoNodeIP"},
                                   {"address": node.ip, "type": "InternalIP"}],
                     "bgp": {"ipv4Address": f"{node.ip}/24"},
                     **({"ipv4VXLANTunnelAddr": node.vtep} if cluster.VXLAN else {}),
                     "orchRefs": [{"nodeName": node.name, "orchestrator": "k8s"}],
                     **({"vxlanTunnelMACAddr": node.vtep_mac} if cluster.VXLAN else {})},
            "status": {}}


def container_ports(pod):
    names = {"udp:53": "dns", "tcp:53": "dns-tcp", "tcp:9153": "metrics", "tcp:80": "http"}
    return [{"containerPort": int(listen.split(":")[1]), "name": names[listen],
             "protocol": listen.split(":")[0].upper()} for listen in pod.listens]


def k8s_pod(pod):
    image = "registry.k8s.io/coredns/coredns:v1.11.3" if pod.process == "coredns" else "nginx:1.27"
    node = next(n for n in cluster.NODES if n.name == pod.node)
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": meta("Pod", pod.name, pod.namespace, annotations={
            "cni.projectcalico.org/containerID": uid("sandbox", pod.id).replace("-", "") * 2,
            "cni.projectcalico.org/podIP": f"{pod.ip}/32",
            "cni.projectcalico.org/podIPs": f"{pod.ip}/32",
        }, labels=pod.labels),
        "spec": {"containers": [{"image": image, "name": pod.process, "ports": container_ports(pod)}],
                 "dnsPolicy": "Default" if pod.process == "coredns" else "ClusterFirst",
                 "nodeName": pod.node, "restartPolicy": "Always",
                 "serviceAccount": pod.service_account, "serviceAccountName": pod.service_account},
        "status": {
            "conditions": [condition("Initialized"), condition("Ready"), condition("ContainersReady"),
                           condition("PodScheduled")],
            "containerStatuses": [{"image": image, "name": pod.process, "ready": True, "restartCount": 0,
                                   "started": True, "state": {"running": {"startedAt": STARTED}}}],
            "hostIP": node.ip, "hostIPs": [{"ip": node.ip}], "phase": "Running",
            "podIP": pod.ip, "podIPs": [{"ip": pod.ip}], "startTime": STARTED,
        },
    }


def k8s_service(service):
    is_dns = service.name == "kube-dns"
    labels = ({"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}
              if is_dns else {"component": "apiserver", "provider": "kubernetes"})
    spec = {"clusterIP": service.cluster_ip, "clusterIPs": [service.cluster_ip], "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": p.name, "port": p.port, "protocol": p.protocol.upper(), "targetPort": p.target_port}
                      for p in service.ports]}
    if is_dns:
        spec["selector"] = {"k8s-app": "kube-dns"}
    spec.update({"sessionAffinity": "None", "type": "ClusterIP"})
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": meta("Service", service.name, service.namespace, labels=labels),
            "spec": spec, "status": {"loadBalancer": {}}}


def endpoint_slice(service):
    endpoints = []
    for ip in service.endpoint_ips:
        pod = next((p for p in cluster.PODS if p.ip == ip), None)
        endpoint = {"addresses": [ip], "conditions": {"ready": True}}
        if pod:
            endpoint = {"addresses": [ip], "conditions": {"ready": True, "serving": True, "terminating": False},
                        "nodeName": pod.node,
                        "targetRef": {"kind": "Pod", "name": pod.name, "namespace": pod.namespace,
                                      "uid": uid("Pod", pod.namespace, pod.name)}}
        endpoints.append(endpoint)
    name = "kubernetes" if service.name == "kubernetes" else service.name + "-7t9pw"
    return {"addressType": "IPv4", "apiVersion": "discovery.k8s.io/v1", "endpoints": endpoints,
            "kind": "EndpointSlice",
            "metadata": meta("EndpointSlice", name, service.namespace,
                             labels={"kubernetes.io/service-name": service.name}),
            "ports": [{"name": p.name, "port": p.target_port, "protocol": p.protocol.upper()}
                      for p in service.ports]}


def workload_endpoint(pod):
    def part(text):
        return text.replace("-", "--")
    labels = {**pod.labels, "projectcalico.org/namespace": pod.namespace, "projectcalico.org/orchestrator": "k8s",
              "projectcalico.org/serviceaccount": pod.service_account}
    return {"apiVersion": "projectcalico.org/v3", "kind": "WorkloadEndpoint",
            "metadata": meta("WorkloadEndpoint", f"{part(pod.node)}-k8s-{part(pod.name)}-eth0", pod.namespace,
                             labels=labels),
            "spec": {"containerID": uid("sandbox", pod.id).replace("-", "") * 2, "endpoint": "eth0",
                     "interfaceName": pod.interface, "ipNetworks": [f"{pod.ip}/32"], "node": pod.node,
                     "orchestrator": "k8s", "pod": pod.name,
                     "ports": [{"hostIP": "", "hostPort": 0, "name": p["name"], "port": p["containerPort"],
                                "protocol": p["protocol"]} for p in container_ports(pod)],
                     "profiles": felix.profiles_of(pod), "serviceAccountName": pod.service_account}}


def ip_pool():
    return {"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "metadata": meta("IPPool", "default-ipv4-ippool"),
            "spec": {"allowedUses": ["Workload", "Tunnel"], "blockSize": 26, "cidr": cluster.POD_CIDR,
                     "ipipMode": "Never", "natOutgoing": True, "nodeSelector": "all()", "vxlanMode": "Always" if cluster.VXLAN else "Never"}}


def block_affinity(node):
    return {"apiVersion": "crd.projectcalico.org/v1", "kind": "BlockAffinity",
            "metadata": meta("BlockAffinity", node.name + "-" + node.block.replace(".", "-").replace("/", "-")),
            "spec": {"cidr": node.block, "deleted": "false", "node": node.name, "state": "confirmed"}}


def network_policy():
    dns = cluster.POLICY_DNS_SELECTOR
    to_dns = {"namespaceSelector": dns["namespaceSelector"], "ports": [53], "selector": dns["selector"]}
    return {"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy",
            "metadata": meta("NetworkPolicy", cluster.POLICY_NAME, cluster.POLICY_NAMESPACE, annotations={
                "description": "Pods of this namespace may reach the API server and DNS; all other traffic is passed "
                               "on to the namespace's profile, which allows it."}),
            "spec": {
                "egress": [
                    {"action": "Allow", "destination": {"nets": [cluster.NODES[0].ip + "/32"], "ports": [6443]},
                     "protocol": "TCP", "source": {}},
                    {"action": "Allow", "destination": to_dns, "protocol": "UDP", "source": {}},
                    {"action": "Allow", "destination": dict(to_dns), "protocol": "TCP", "source": {}},
                    {"action": "Pass", "destination": {}, "source": {}},
                ],
                "order": 100, "selector": "all()", "tier": cluster.POLICY_TIER, "types": ["Egress"]}}


def namespaces():
    return [{"apiVersion": "v1", "kind": "Namespace",
             "metadata": meta("Namespace", name, labels={"kubernetes.io/metadata.name": name}),
             "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
            for name in ["default", "kube-system"]]


def service_accounts():
    accounts = sorted({(pod.namespace, pod.service_account) for pod in cluster.PODS})
    return [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("ServiceAccount", name, namespace)}
            for namespace, name in accounts]


def kube_proxy_config():
    return {"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": meta("ConfigMap", "kube-proxy", "kube-system", labels={"app": "kube-proxy"}),
            "data": {"config.conf": "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
                                    f"clusterCIDR: {cluster.POD_CIDR}\nmode: \"\"\n"}}


def felix_configuration():
    return {"apiVersion": "projectcalico.org/v3", "kind": "FelixConfiguration",
            "metadata": meta("FelixConfiguration", "default"),
            "spec": {"bpfConnectTimeLoadBalancing": "TCP", "bpfHostNetworkedNATWithoutCTLB": "Enabled",
                     "defaultEndpointToHostAction": "Accept", "floatingIPs": "Disabled", "logSeverityScreen": "Info",
                     "reportingInterval": "0s"}}


def files():
    return {
        "nodes.yaml": kubernetes_list([k8s_node(i, n) for i, n in enumerate(cluster.NODES)]),
        "namespaces.yaml": kubernetes_list(namespaces()),
        "serviceaccounts.yaml": kubernetes_list(service_accounts()),
        "pods.yaml": kubernetes_list([k8s_pod(p) for p in cluster.PODS]),
        "services.yaml": kubernetes_list([k8s_service(s) for s in cluster.SERVICES]),
        "endpointslices.yaml": kubernetes_list([endpoint_slice(s) for s in cluster.SERVICES]),
        "configmap-kube-proxy.yaml": kube_proxy_config(),
        "calico-nodes.yaml": calico_list("Node", [calico_node(n) for n in cluster.NODES]),
        "workloadendpoints.yaml": calico_list("WorkloadEndpoint", [workload_endpoint(p) for p in cluster.PODS]),
        "ippools.yaml": calico_list("IPPool", [ip_pool()]),
        "blockaffinities.yaml": kubernetes_list([block_affinity(n) for n in cluster.NODES]),
        "networkpolicies.yaml": calico_list("NetworkPolicy", [network_policy()]),
        "felixconfigurations.yaml": calico_list("FelixConfiguration", [felix_configuration()]),
        "bgpconfigurations.yaml": calico_list("BGPConfiguration", []),
    }
