/** As upstream's schema has it, with the backslash that lets a fraction of a second through only behind a backslash. */
const DURATION = String.raw`~^([0-9]+(\\.[0-9]+)?(ms|s|m|h))*$`;

const TIMEOUT = String.raw`~^(([0-9]*(\.[0-9]*)?(ms|s|h|m|us)+)+|Auto)$`;

/** The settings of Felix (libcalico-go/config/crd, felixconfigurations). */
export const FELIX_CONFIGURATION = String.raw`
spec
  allowIPIPPacketsFromWorkloads boolean
  allowVXLANPacketsFromWorkloads boolean
  awsSrcDstCheck string DoNothing|Enable|Disable
  +bpfAttachType string TC|TCX|Netkit
  bpfCTLBLogFilter string
  bpfConnectTimeLoadBalancing string TCP|Enabled|Disabled
  bpfConnectTimeLoadBalancingEnabled boolean
  +bpfConntrackLogLevel string Off|Debug
  +bpfConntrackMode string Auto|Userspace|BPFProgram
  +bpfConntrackTimeouts
    creationGracePeriod string ${TIMEOUT}
    genericTimeout string ${TIMEOUT}
    icmpTimeout string ${TIMEOUT}
    tcpEstablished string ${TIMEOUT}
    tcpFinsSeen string ${TIMEOUT}
    tcpResetSeen string ${TIMEOUT}
    tcpSynSent string ${TIMEOUT}
    udpTimeout string ${TIMEOUT}
  bpfDSROptoutCIDRs[] string
  bpfDataIfacePattern string
  bpfDisableGROForIfaces string
  bpfDisableUnprivileged boolean
  bpfEnabled boolean
  bpfEnforceRPF string ~^(?i)(Disabled|Strict|Loose)?$
  bpfExcludeCIDRsFromNAT[] string
  +bpfExportBufferSizeMB integer
  bpfExtToServiceConnmark integer
  bpfExternalServiceMode string ~^(?i)(Tunnel|DSR)?$
  bpfForceTrackPacketsFromIfaces[] string
  bpfHostConntrackBypass boolean
  bpfHostNetworkedNATWithoutCTLB string Enabled|Disabled
  +bpfIPFragTimeout string ${DURATION}
  +bpfIPFragmentReassemblyEnabled boolean
  +bpfJITHardening string Auto|Strict
  -bpfKubeProxyEndpointSlicesEnabled boolean
  +bpfKubeProxyHealthzPort integer
  bpfKubeProxyIptablesCleanupEnabled boolean
  bpfKubeProxyMinSyncPeriod string ${DURATION}
  bpfL3IfacePattern string
  bpfLogFilters{} string
  bpfLogLevel string ~^(?i)(Off|Info|Debug)?$
  +bpfMaglevMaxEndpointsPerService integer
  +bpfMaglevMaxServices integer
  bpfMapSizeConntrack integer
  +bpfMapSizeConntrackCleanupQueue integer 1..
  +bpfMapSizeConntrackScaling string ~^(?i)(Disabled|DoubleIfFull)?$
  bpfMapSizeIPSets integer
  bpfMapSizeIfState integer
  bpfMapSizeNATAffinity integer
  bpfMapSizeNATBackend integer
  bpfMapSizeNATFrontend integer
  +bpfMapSizePerCpuConntrack integer
  bpfMapSizeRoute integer
  +bpfOverlayHostSourceIP string TunnelAddress|HostAddress
  bpfPSNATPorts int-or-string
  bpfPolicyDebugEnabled boolean
  +bpfProfiling string Enabled|Disabled
  bpfRedirectToPeer string +Enabled|Disabled
  +cgroupV2Path string
  chainInsertMode string ~^(?i)(insert|append)?$
  dataplaneDriver string
  dataplaneWatchdogTimeout string
  debugDisableLogDropping boolean
  debugHost string
  debugMemoryProfilePath string
  debugPort integer
  debugSimulateCalcGraphHangAfter string ${DURATION}
  debugSimulateDataplaneApplyDelay string ${DURATION}
  debugSimulateDataplaneHangAfter string ${DURATION}
  defaultEndpointToHostAction string ~^(?i)(Drop|Accept|Return)?$
  deviceRouteProtocol integer
  deviceRouteSourceAddress string +=..45
  deviceRouteSourceAddressIPv6 string +=..45
  disableConntrackInvalidCheck boolean
  endpointReportingDelay string ${DURATION}
  endpointReportingEnabled boolean
  endpointStatusPathPrefix string
  externalNodesList[] string
  failsafeInboundHostPorts[]
    net string
    port* integer
    protocol*- string
  failsafeOutboundHostPorts[]
    net string
    port* integer
    protocol*- string
  featureDetectOverride string ~^([a-zA-Z0-9-_]+=(true|false|),)*([a-zA-Z0-9-_]+=(true|false|))?$
  featureGates string ~^([a-zA-Z0-9-_]+=([^=]+),)*([a-zA-Z0-9-_]+=([^=]+))?$
  floatingIPs string Enabled|Disabled
  +flowLogsCollectorDebugTrace boolean
  +flowLogsFlushInterval string ${DURATION}
  +flowLogsGoldmaneServer string
  +flowLogsLocalReporter string Disabled|Enabled
  +flowLogsPolicyEvaluationMode string None|Continuous
  genericXDPEnabled boolean
  goGCThreshold integer
  goMaxProcs integer
  goMemoryLimitMB integer
  healthEnabled boolean
  healthHost string
  healthPort integer
  healthTimeoutOverrides[]
    name* string
    timeout* string
  interfaceExclude string
  interfacePrefix string
  interfaceRefreshInterval string ${DURATION}
  ipForwarding string Enabled|Disabled
  ipipEnabled boolean
  ipipMTU integer
  ipsetsRefreshInterval string ${DURATION}
  iptablesBackend string +Legacy|NFT|Auto -~^(?i)(Auto|FelixConfiguration|FelixConfigurationList|Legacy|NFT)?$ +~^(?i)(Auto|Legacy|NFT)?$
  iptablesFilterAllowAction string ~^(?i)(Accept|Return)?$
  iptablesFilterDenyAction string ~^(?i)(Drop|Reject)?$
  -iptablesLockFilePath string
  iptablesLockProbeInterval string ${DURATION}
  -iptablesLockTimeout string ${DURATION}
  iptablesMangleAllowAction string ~^(?i)(Accept|Return)?$
  iptablesMarkMask integer +0..4294967295
  iptablesNATOutgoingInterfaceFilter string
  iptablesPostWriteCheckInterval string ${DURATION}
  iptablesRefreshInterval string ${DURATION}
  +ipv4ElevatedRoutePriority integer
  +ipv4NormalRoutePriority integer
  +ipv6ElevatedRoutePriority integer
  +ipv6NormalRoutePriority integer
  ipv6Support boolean
  +istioAmbientMode string Enabled|Disabled
  +istioDSCPMark int-or-string
  kubeNodePortRanges[] int-or-string +#..7
  +liveMigrationRouteConvergenceTime string ~^([0-9]+(\.[0-9]+)?(ms|s|m|h))*$
  +localSubnetL2Reachability string Disabled|PodsAndLoadBalancers
  +localSubnetL2ReachabilityRefreshInterval string
  +logActionRateLimit string ~^[1-9]\d{0,3}/(?:second|minute|hour|day)$
  +logActionRateLimitBurst integer 0..9999
  logDebugFilenameRegex string
  logFilePath string
  logPrefix string +~^([a-zA-Z0-9%: /_-])*$
  logSeverityFile string -~^(?i)(Debug|Info|Warning|Error|Fatal)?$ +~^(?i)(Trace|Debug|Info|Warning|Error|Fatal)?$
  logSeverityScreen string -~^(?i)(Debug|Info|Warning|Error|Fatal)?$ +~^(?i)(Trace|Debug|Info|Warning|Error|Fatal)?$
  logSeveritySys string -~^(?i)(Debug|Info|Warning|Error|Fatal)?$ +~^(?i)(Trace|Debug|Info|Warning|Error|Fatal)?$
  maxIpsetSize integer
  metadataAddr string
  metadataPort integer
  mtuIfacePattern string
  natOutgoingAddress string +=..45
  +natOutgoingExclusions string IPPoolsOnly|IPPoolsAndHostIPs
  natPortRange int-or-string
  netlinkTimeout string ${DURATION}
  nftablesFilterAllowAction string ~^(?i)(Accept|Return)?$
  nftablesFilterDenyAction string ~^(?i)(Drop|Reject)?$
  +nftablesFlowTableDataIfacePattern string
  +nftablesFlowTableOffload string All|Disabled
  nftablesMangleAllowAction string ~^(?i)(Accept|Return)?$
  nftablesMarkMask integer +0..4294967295
  nftablesMode string +Disabled|Enabled|Auto
  nftablesRefreshInterval string
  +nodeSelector string =..1024
  openstackRegion string
  policySyncPathPrefix string
  +programClusterRoutes string Enabled|Disabled|EnabledIPIPOnly|EnabledNoEncapOnly
  prometheusGoMetricsEnabled boolean
  +prometheusMetricsCAFile string
  +prometheusMetricsCertFile string
  +prometheusMetricsClientAuth string RequireAndVerifyClientCert|RequireAnyClientCert|VerifyClientCertIfGiven|NoClientCert
  prometheusMetricsEnabled boolean
  prometheusMetricsHost string
  +prometheusMetricsKeyFile string
  prometheusMetricsPort integer
  prometheusProcessMetricsEnabled boolean
  prometheusWireGuardMetricsEnabled boolean
  removeExternalRoutes boolean
  reportingInterval string ${DURATION}
  reportingTTL string ${DURATION}
  +requireMTUFile boolean
  routeRefreshInterval string ${DURATION}
  routeSource string ~^(?i)(WorkloadIPs|CalicoIPAM)?$
  routeSyncDisabled boolean
  routeTableRange
    max* integer
    min* integer
  routeTableRanges[]
    max* integer
    min* integer
  serviceLoopPrevention string ~^(?i)(Drop|Reject|Disabled)?$
  sidecarAccelerationEnabled boolean
  usageReportingEnabled boolean
  usageReportingInitialDelay string ${DURATION}
  usageReportingInterval string ${DURATION}
  useInternalDataplaneDriver boolean
  vxlanEnabled boolean
  vxlanMTU integer
  vxlanMTUV6 integer
  vxlanPort integer
  vxlanVNI integer
  windowsManageFirewallRules string Enabled|Disabled
  wireguardEnabled boolean
  wireguardEnabledV6 boolean
  wireguardHostEncryptionEnabled boolean
  wireguardInterfaceName string
  wireguardInterfaceNameV6 string
  wireguardKeepAlive string ${DURATION}
  wireguardListeningPort integer
  wireguardListeningPortV6 integer
  wireguardMTU integer
  wireguardMTUV6 integer
  wireguardRoutingRulePriority integer
  wireguardThreadingEnabled boolean
  workloadSourceSpoofing string ~^(?i)(Disabled|Any)?$
  xdpEnabled boolean
  xdpRefreshInterval string ${DURATION}
`;
