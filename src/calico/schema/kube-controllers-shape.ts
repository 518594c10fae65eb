/** Fields of KubeControllersConfiguration (libcalico-go/config/crd). */
export const KUBE_CONTROLLERS_CONFIGURATION = `
spec
  controllers*
    +loadBalancer
      assignIPs string AllServices|RequestedServicesOnly
    +migration
      policyNameMigrator string Disabled|Enabled
    namespace
      reconcilerPeriod string
    node
      hostEndpoint
        autoCreate string +Enabled|Disabled
        +createDefaultHostEndpoint string
        +templates[]
          annotations{} string
          generateName string =..253
          interfaceCIDRs[] string
          interfacePattern string
          labels{} string
          nodeSelector string
      leakGracePeriod string
      reconcilerPeriod string
      syncLabels string +Enabled|Disabled
    policy
      reconcilerPeriod string
    serviceAccount
      reconcilerPeriod string
    workloadEndpoint
      reconcilerPeriod string
  debugProfilePort integer +0..65535
  etcdV3CompactionPeriod string
  healthChecks string +Enabled|Disabled
  logSeverityScreen string +None|Debug|Info|Warning|Error|Fatal|Panic
  prometheusMetricsPort integer +0..65535
`;
