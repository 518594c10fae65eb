/**
 * Fields of the kinds that Calico keeps in its own datastore only, or in annotations of Kubernetes' objects, and that no CRD describes
 * (libcalico-go/lib/apis/v3/{node,workloadendpoint}.go, api/pkg/apis/projectcalico/v3/profile.go, and their `validate` tags).
 */

export const CALICO_NODE = `
spec
  addresses[]
    address* string
    type string CalicoNodeIP|InternalIP|ExternalIP
  bgp
    asNumber int-or-string
    ipv4Address string
    ipv4IPIPTunnelAddr string
    ipv6Address string
    routeReflectorClusterID string
  interfaces[]
    addresses[] string
    name string
  ipv4VXLANTunnelAddr string
  ipv6VXLANTunnelAddr string
  orchRefs[]
    nodeName string
    orchestrator* string
  vxlanTunnelMACAddr string
  vxlanTunnelMACAddrV6 string
  wireguard
    interfaceIPv4Address string
    interfaceIPv6Address string
`;

export const WORKLOAD_ENDPOINT = `
spec
  allowSpoofedSourcePrefixes[] string
  containerID string
  endpoint string
  interfaceName* string =1..15
  ipNATs[]
    externalIP string
    internalIP string
    source string
  ipNetworks[] string
  ipv4Gateway string
  ipv6Gateway string
  mac string
  node string
  orchestrator string
  pod string
  ports[]
    hostIP string
    hostPort integer 0..65535
    name string
    port* integer 1..65535
    protocol* int-or-string
  profiles[] string
  +qosControls any
  serviceAccountName string
  workload string
`;

export const PROFILE = `
spec
  egress[] Rule +#..1024
  ingress[] Rule +#..1024
  labelsToApply{} string
`;
