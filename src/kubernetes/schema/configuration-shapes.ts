/**
 * Fields of the configurations that kubeadm and kube-proxy are started with (cmd/kubeadm/app/apis/kubeadm/v1beta3 and v1beta4/types.go;
 * staging/src/k8s.io/kube-proxy/config/v1alpha1/types.go, with the fields of Kubernetes 1.24 to 1.36). What decides about no packet is `any`.
 */

const CLUSTER_CONFIGURATION = `
apiServer
  certSANs[] string
  extraArgs any
  extraEnvs any
  extraVolumes any
  timeoutForControlPlane string
caCertificateValidityPeriod string
certificateValidityPeriod string
certificatesDir string
clusterName string
controlPlaneEndpoint string
controllerManager
  extraArgs any
  extraEnvs any
  extraVolumes any
dns
  disabled boolean
  imageRepository string
  imageTag string
  type string
encryptionAlgorithm string
etcd
  external any
  local any
featureGates{} boolean
imageRepository string
kubernetesVersion string
networking
  dnsDomain string
  podSubnet string
  serviceSubnet string
proxy
  disabled boolean
scheduler
  extraArgs any
  extraEnvs any
  extraVolumes any
`;

const KUBE_PROXY_CONFIGURATION = `
bindAddress string
bindAddressHardFail boolean
clientConnection
  acceptContentTypes string
  burst integer
  contentType string
  kubeconfig string
  qps number
clusterCIDR string
configSyncPeriod string
conntrack
  maxPerCore integer
  min integer
  tcpBeLiberal boolean
  tcpCloseWaitTimeout string
  tcpEstablishedTimeout string
  udpStreamTimeout string
  udpTimeout string
detectLocal
  bridgeInterface string
  interfaceNamePrefix string
detectLocalMode string
enableProfiling boolean
featureGates{} boolean
healthzBindAddress string
hostnameOverride string
iptables
  localhostNodePorts boolean
  masqueradeAll boolean
  masqueradeBit integer
  minSyncPeriod string
  snatNodeInternalIP boolean
  syncPeriod string
ipvs
  excludeCIDRs[] string
  minSyncPeriod string
  scheduler string
  strictARP boolean
  syncPeriod string
  tcpFinTimeout string
  tcpTimeout string
  udpTimeout string
logging any
metricsBindAddress string
mode string
nftables
  masqueradeAll boolean
  masqueradeBit integer
  minSyncPeriod string
  syncPeriod string
nodePortAddresses[] string
oomScoreAdj integer
portRange string
showHiddenMetricsForVersion string
udpIdleTimeout string
windowsRunAsService boolean
winkernel any
`;

/** By API group and kind. */
export const CONFIGURATION_SHAPES: Readonly<Record<string, string>> = {
  "kubeadm.k8s.io/ClusterConfiguration": CLUSTER_CONFIGURATION,
  "kubeproxy.config.k8s.io/KubeProxyConfiguration": KUBE_PROXY_CONFIGURATION,
};
