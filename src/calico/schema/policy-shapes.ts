/** Fields of Calico's policies and of what they refer to (libcalico-go/config/crd). */

const SELECTED = `
namespaceSelector string +=..1024
nets[] string +#..256
notNets[] string +#..256
notPorts[] int-or-string +#..50
notSelector string +=..1024
ports[] int-or-string +#..50
selector string +=..1024
serviceAccounts
  names[] string
  selector string
services
  name string +=..253
  namespace string +=..253
`;

const RULE = `
action* string +Allow|Deny|Log|Pass
destination Entity
http
  methods[] string +#..20
  paths[] +#..20
    exact string +=..1024
    prefix string +=..1024
icmp ICMP
ipVersion integer +4|6
metadata
  annotations{} string
notICMP ICMP
notProtocol int-or-string
protocol int-or-string
source Entity
`;

const ICMP = `
code integer +0..255
type integer +0..254
`;

export const POLICY_BLOCKS = { Entity: SELECTED, Rule: RULE, ICMP };

export const NETWORK_POLICY = `
spec
  egress[] Rule +#..1024
  ingress[] Rule +#..1024
  order number
  performanceHints[] string +'AssumeNeededOnEveryNode
  selector string +=..1024
  serviceAccountSelector string +=..1024
  tier string
  types[] string +#1..2 +Ingress|Egress
`;

export const GLOBAL_NETWORK_POLICY = `
spec
  applyOnForward boolean
  doNotTrack boolean
  egress[] Rule +#..1024
  ingress[] Rule +#..1024
  namespaceSelector string +=..1024
  order number
  performanceHints[] string +'AssumeNeededOnEveryNode
  preDNAT boolean
  selector string +=..1024
  serviceAccountSelector string +=..1024
  tier string
  types[] string +#1..2 +Ingress|Egress
`;

export const STAGED_NETWORK_POLICY = `
spec
  egress[] Rule +#..1024
  ingress[] Rule +#..1024
  order number
  performanceHints[] string 'AssumeNeededOnEveryNode
  selector string =..1024
  serviceAccountSelector string =..1024
  stagedAction string Set|Delete|Learn|Ignore
  tier string
  types[] string #1..2 Ingress|Egress
`;

export const STAGED_GLOBAL_NETWORK_POLICY = `
spec
  applyOnForward boolean
  doNotTrack boolean
  egress[] Rule +#..1024
  ingress[] Rule +#..1024
  namespaceSelector string =..1024
  order number
  performanceHints[] string 'AssumeNeededOnEveryNode
  preDNAT boolean
  selector string =..1024
  serviceAccountSelector string =..1024
  stagedAction string Set|Delete|Learn|Ignore
  tier string
  types[] string #1..2 Ingress|Egress
`;

export const STAGED_KUBERNETES_NETWORK_POLICY = `
spec
  egress[]
    ports[]
      endPort integer
      port int-or-string
      protocol string
    to[]
      ipBlock
        cidr* string
        except[] string
      namespaceSelector LabelSelector
      podSelector LabelSelector
  ingress[]
    from[]
      ipBlock
        cidr* string
        except[] string
      namespaceSelector LabelSelector
      podSelector LabelSelector
    ports[]
      endPort integer
      port int-or-string
      protocol string
  podSelector LabelSelector
  policyTypes[] string #1..2
  stagedAction string Set|Delete|Learn|Ignore
`;

export const TIER = `
spec*+
  defaultAction string -Pass|Deny +Deny|Pass
  order number
`;

export const NETWORK_SET = `
spec
  nets[] string
`;

export const HOST_ENDPOINT = `
spec
  expectedIPs[] string
  interfaceName string +=..15
  node string +=..253
  ports[]
    name* string
    port* integer +1..65535
    protocol* int-or-string
  profiles[] string
`;
