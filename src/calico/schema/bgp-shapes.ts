/** Fields of BGPConfiguration, BGPPeer and BGPFilter (libcalico-go/config/crd). */

/** Two numbers of 16 bits, or three of 32. */
const COMMUNITY = String.raw`~^(([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]):([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])|([0-9]|[1-9][0-9]{1,8}|[1-3][0-9]{9}|4[0-1][0-9]{8}|42[0-8][0-9]{7}|429[0-3][0-9]{6}|4294[0-8][0-9]{5}|42949[0-5][0-9]{4}|429496[0-6][0-9]{3}|4294967[0-1][0-9]{2}|42949672[0-8][0-9]|429496729[0-5]):([0-9]|[1-9][0-9]{1,8}|[1-3][0-9]{9}|4[0-1][0-9]{8}|42[0-8][0-9]{7}|429[0-3][0-9]{6}|4294[0-8][0-9]{5}|42949[0-5][0-9]{4}|429496[0-6][0-9]{3}|4294967[0-1][0-9]{2}|42949672[0-8][0-9]|429496729[0-5]):([0-9]|[1-9][0-9]{1,8}|[1-3][0-9]{9}|4[0-1][0-9]{8}|42[0-8][0-9]{7}|429[0-3][0-9]{6}|4294[0-8][0-9]{5}|42949[0-5][0-9]{4}|429496[0-6][0-9]{3}|4294967[0-1][0-9]{2}|42949672[0-8][0-9]|429496729[0-5]))$`;

const SECRET = `
secretKeyRef
  key* string
  name string
  optional boolean
`;

const FILTER_RULE = String.raw`
action* string +Accept|Reject
+asPathPrefix[] integer
+communities
  values*[] string #1..1 =..32 ${COMMUNITY}
interface string +=..15
matchOperator string +Equal|NotEqual|In|NotIn
+operations[] #1..10 %1..1
  addCommunity
    value* string =..32 ${COMMUNITY}
  prependASPath
    prefix*[] integer #1..10
  setPriority
    value* integer 1..2147483646
+peerType string eBGP|iBGP
+priority integer 1..2147483646
source string +'RemotePeers
`;

const FILTER_RULE_V4 = `
cidr string +=..18 +cidr
prefixLength
  max integer 0..32
  min integer 0..32
`;

const FILTER_RULE_V6 = `
cidr string +=..43 +cidr
prefixLength
  max integer 0..128
  min integer 0..128
`;

const CIDRS = `
cidr string +cidr
`;

export const BGP_BLOCKS = {
  Secret: SECRET,
  FilterRule: FILTER_RULE,
  FilterRuleV4: FILTER_RULE_V4,
  FilterRuleV6: FILTER_RULE_V6,
  CIDR: CIDRS,
};

export const BGP_FILTER = `
spec
  exportV4[] FilterRule FilterRuleV4
  exportV6[] FilterRule FilterRuleV6
  importV4[] FilterRule FilterRuleV4
  importV6[] FilterRule FilterRuleV6
`;

export const BGP_PEER = `
spec
  asNumber integer
  filters[] string
  keepOriginalNextHop boolean
  +keepaliveTime string
  +localASNumber integer
  +localWorkloadSelector string =..1024
  maxRestartTime string
  +nextHopMode string Auto|Self|Keep
  node string +=..253
  nodeSelector string +=..1024
  numAllowedLocalASNumbers integer
  password Secret
  peerIP string +=..64
  peerSelector string +=..1024
  reachableBy string +=..64
  +reversePeering string Auto|Manual
  sourceAddress string +UseNodeIP|None
  ttlSecurity integer
`;

export const BGP_CONFIGURATION = String.raw`
spec
  asNumber integer
  bindMode string +None|NodeIP
  communities[] +#..500
    name string +=..253
    value string +=..40 ~^(\d+):(\d+)$|^(\d+):(\d+):(\d+)$
  ignoredInterfaces[] string
  +ipv4NormalRoutePriority integer 1..2147483646
  +ipv6NormalRoutePriority integer 1..2147483646
  listenPort integer 1..65535
  +localWorkloadPeeringIPV4 string
  +localWorkloadPeeringIPV6 string
  logSeverityScreen string +~^(?i)(Trace|Debug|Info|Warning|Error|Fatal)?$
  nodeMeshMaxRestartTime string
  nodeMeshPassword Secret
  nodeToNodeMeshEnabled boolean
  prefixAdvertisements[] +#..500
    cidr string +cidr
    communities[] string +#..50
  +programClusterRoutes string Enabled|Disabled|EnabledIPIPOnly|EnabledNoEncapOnly
  serviceClusterIPs[] CIDR
  serviceExternalIPs[] CIDR
  +serviceLoadBalancerAggregation string Enabled|Disabled
  serviceLoadBalancerIPs[] CIDR
`;
