/**
 * Fields of the operator's Installation (tigera/operator api/v1/installation_types.go, of the operators of Calico v3.24 to v3.33). What only
 * says how the operator's own workloads run is `any`.
 */
const AUTODETECTION = `
canReach string
cidrs[] string
firstFound boolean
interface string
kubernetes string 'NodeInternalIP
skipInterface string
`;

export const INSTALLATION_BLOCKS = { Autodetection: AUTODETECTION };

export const INSTALLATION = `
spec
  azure
    policyMode string Default|Manual
  calicoKubeControllersDeployment any
  calicoNetwork
    bgp string Enabled|Disabled
    +bpfNetworkBootstrap string Disabled|Enabled
    +clusterRoutingMode string BIRD|Felix
    containerIPForwarding string Enabled|Disabled
    hostPorts string Enabled|Disabled
    ipPools[] #..25
      allowedUses[] string
      assignmentMode string
      blockSize integer
      cidr* string
      disableBGPExport boolean
      disableNewAllocations boolean
      encapsulation string IPIPCrossSubnet|IPIP|VXLAN|VXLANCrossSubnet|None
      name string
      natOutgoing string Enabled|Disabled
      nodeSelector string
    +kubeProxyManagement string Disabled|Enabled
    linuxDataplane string Iptables|BPF|VPP|Nftables
    +linuxPodInterfaceType string Veth|Netkit
    linuxPolicySetupTimeoutSeconds integer
    mtu integer
    multiInterfaceMode string None|Multus
    nodeAddressAutodetectionV4 Autodetection
    nodeAddressAutodetectionV6 Autodetection
    sysctl[]
      key* string net.ipv4.tcp_keepalive_intvl|net.ipv4.tcp_keepalive_probes|net.ipv4.tcp_keepalive_time
      value* string
    windowsDataplane string HNS|Disabled
  calicoNodeDaemonSet any
  calicoNodeWindowsDaemonSet any
  calicoWindowsUpgradeDaemonSet any
  certificateManagement any
  cni
    binDir string
    confDir string
    +installMode string All|CalicoOnly
    ipam
      type* string Calico|HostLocal|AmazonVPC|AzureVNET
    +specVersion string Auto|0.3.1|0.4.0|1.0.0
    type* string Calico|GKE|AmazonVPC|AzureVNET
  componentResources any
  controlPlaneNodeSelector{} string
  controlPlaneReplicas integer
  controlPlaneTolerations any
  csiNodeDriverDaemonSet any
  fipsMode string Enabled|Disabled
  flexVolumePath string
  imagePath string
  imagePrefix string
  +imagePullPolicy string Always|IfNotPresent|Never
  imagePullSecrets any
  kubeletVolumePluginPath string
  kubernetesProvider string '|EKS|GKE|AKS|OpenShift|DockerEnterprise|RKE2|TKG|Kind
  logging any
  +networkPolicy any
  nodeMetricsPort integer
  nodeUpdateStrategy any
  nonPrivileged string
  proxy any
  registry string
  serviceCIDRs[] string
  tlsCipherSuites any
  typhaAffinity any
  typhaDeployment any
  typhaMetricsPort integer
  +typhaPodDisruptionBudget any
  variant string Calico|CalicoEnterprise|TigeraSecureEnterprise
  windowsNodes any
`;
