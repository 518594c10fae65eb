/** Fields of AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy (network-policy-api, config/crd). */

export const ADMIN_BLOCKS = {
  Pods: `
namespaceSelector* LabelSelector
podSelector* LabelSelector
`,
  /** ClusterNetworkPolicy may leave out the namespaces. */
  AnyPods: `
namespaceSelector LabelSelector
podSelector* LabelSelector
`,
  AdminPort: `
namedPort string
portNumber
  port* integer 1..65535
  protocol* string
portRange
  end* integer 1..65535
  protocol string
  start* integer 1..65535
`,
  AdminEgress: `
name string =..100
ports[] AdminPort #..100 %1..1
to*[] #1..100 %1..1
  namespaces LabelSelector
  networks[] string #1..25 =..43
  nodes LabelSelector
  pods Pods
`,
  AdminIngress: `
name string =..100
from*[] #1..100 %1..1
  namespaces LabelSelector
  pods Pods
ports[] AdminPort #..100 %1..1
`,
  AdminSubject: `
namespaces LabelSelector
pods Pods
`,
  DestinationPort: `
number integer 1..65535
range
  end* integer 1..65535
  start* integer 1..65535
`,
  Protocols: `
destinationNamedPort string
sctp %1..
  destinationPort DestinationPort %1..1
tcp %1..
  destinationPort DestinationPort %1..1
udp %1..
  destinationPort DestinationPort %1..1
`,
};

export const ADMIN_NETWORK_POLICY = `
spec*
  egress[] AdminEgress #..100
    action* string Allow|Deny|Pass
  ingress[] AdminIngress #..100
    action* string Allow|Deny|Pass
  priority* integer 0..1000
  subject* AdminSubject %1..1
`;

export const BASELINE_ADMIN_NETWORK_POLICY = `
spec*
  egress[] AdminEgress #..100
    action* string Allow|Deny
  ingress[] AdminIngress #..100
    action* string Allow|Deny
  subject* AdminSubject %1..1
`;

export const CLUSTER_NETWORK_POLICY = `
spec*
  egress[] #..25
    action* string Accept|Deny|Pass
    name string =..100
    protocols[] Protocols #1..25 %1..1
    to*[] #1..25 %1..1
      namespaces LabelSelector
      networks[] string #1..25 =..43
      pods AnyPods
  ingress[] #..25
    action* string Accept|Deny|Pass
    from*[] #1..25 %1..1
      namespaces LabelSelector
      pods AnyPods
    name string =..100
    protocols[] Protocols #1..25 %1..1
  priority* integer 0..1000
  subject* %1..1
    namespaces LabelSelector
    pods AnyPods
  tier* string Admin|Baseline
`;
