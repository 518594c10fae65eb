/**
 * Fields of Kubernetes' own kinds, by the types' names (staging/src/k8s.io/api), with what its API server asks of them
 * (pkg/apis/core/validation, pkg/apis/networking/validation, pkg/apis/discovery/validation, apimachinery/pkg/apis/meta/v1/validation). Where
 * a field decides about no packet it is `any`, and what only starts a container (its image) is not asked for.
 */

const LABEL_VALUE = "~^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$";
const NAME = "~^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const LABEL = "~^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
const PROTOCOL = "string TCP|UDP|SCTP";
const PORT = "integer 1..65535";

export const KUBERNETES_BLOCKS = {
  ObjectMeta: `
annotations{} string
creationTimestamp string date-time
deletionGracePeriodSeconds integer
deletionTimestamp string date-time
finalizers[] string
generateName string
generation integer
labels{} string =..63 ${LABEL_VALUE}
managedFields[] any
name string =..253 ${NAME}
namespace string =..63 ${LABEL}
ownerReferences[]
  apiVersion* string
  blockOwnerDeletion boolean
  controller boolean
  kind* string
  name* string
  uid string
resourceVersion string
selfLink string
uid string
`,
  LabelSelector: `
matchExpressions[]
  key* string
  operator* string In|NotIn|Exists|DoesNotExist
  values[] string
matchLabels{} string =..63 ${LABEL_VALUE}
`,
  NodeSelectorTerm: `
matchExpressions[]
  key* string
  operator* string In|NotIn|Exists|DoesNotExist|Gt|Lt
  values[] string
matchFields[]
  key* string
  operator* string In|NotIn|Exists|DoesNotExist|Gt|Lt
  values[] string
`,
  PodAffinityTerm: `
labelSelector LabelSelector
matchLabelKeys[] string
mismatchLabelKeys[] string
namespaceSelector LabelSelector
namespaces[] string
topologyKey* string
`,
  PodAffinity: `
preferredDuringSchedulingIgnoredDuringExecution[]
  podAffinityTerm* PodAffinityTerm
  weight* integer 1..100
requiredDuringSchedulingIgnoredDuringExecution[] PodAffinityTerm
`,
  Affinity: `
nodeAffinity
  preferredDuringSchedulingIgnoredDuringExecution[]
    preference* NodeSelectorTerm
    weight* integer 1..100
  requiredDuringSchedulingIgnoredDuringExecution
    nodeSelectorTerms*[] NodeSelectorTerm #1..
podAffinity PodAffinity
podAntiAffinity PodAffinity
`,
  Probe: `
exec any
failureThreshold integer
grpc any
httpGet
  host string
  httpHeaders[]
    name* string
    value string
  path string
  port* int-or-string
  scheme string HTTP|HTTPS
initialDelaySeconds integer
periodSeconds integer
successThreshold integer
tcpSocket
  host string
  port* int-or-string
terminationGracePeriodSeconds integer
timeoutSeconds integer
`,
  Container: `
args[] string
command[] string
env[]
  name* string
  value string
  valueFrom any
envFrom[] any
image string
imagePullPolicy string
lifecycle any
livenessProbe Probe
name* string =..63 ${LABEL}
ports[]
  containerPort* ${PORT}
  hostIP string
  hostPort integer 0..65535
  name string
  protocol ${PROTOCOL}
readinessProbe Probe
resizePolicy[] any
resources any
restartPolicy string
restartPolicyRules[] any
securityContext any
startupProbe Probe
stdin boolean
stdinOnce boolean
targetContainerName string
terminationMessagePath string
terminationMessagePolicy string
tty boolean
volumeDevices[] any
volumeMounts[] any
workingDir string
`,
  PodSpec: `
activeDeadlineSeconds integer
affinity Affinity
automountServiceAccountToken boolean
containers[] Container
dnsConfig any
dnsPolicy string ClusterFirst|ClusterFirstWithHostNet|Default|None
enableServiceLinks boolean
ephemeralContainers[] Container
hostAliases[]
  hostnames[] string
  ip* string
hostIPC boolean
hostNetwork boolean
hostPID boolean
hostUsers boolean
hostname string
hostnameOverride string
imagePullSecrets[] any
initContainers[] Container
nodeName string
nodeSelector{} string =..63 ${LABEL_VALUE}
os any
overhead{} any
preemptionPolicy string
priority integer
priorityClassName string
readinessGates[] any
resourceClaims[] any
resources any
restartPolicy string Always|OnFailure|Never
runtimeClassName string
schedulerName string
schedulingGates[] any
schedulingGroup any
securityContext any
serviceAccount string
serviceAccountName string
setHostnameAsFQDN boolean
shareProcessNamespace boolean
subdomain string
terminationGracePeriodSeconds integer
tolerations[]
  effect string |NoSchedule|PreferNoSchedule|NoExecute
  key string
  operator string |Equal|Exists|Lt|Gt
  tolerationSeconds integer
  value string
topologySpreadConstraints[]
  labelSelector LabelSelector
  matchLabelKeys[] string
  maxSkew* integer 1..
  minDomains integer 1..
  nodeAffinityPolicy string Honor|Ignore
  nodeTaintsPolicy string Honor|Ignore
  topologyKey* string
  whenUnsatisfiable* string DoNotSchedule|ScheduleAnyway
volumes[] any
`,
  PodTemplateSpec: `
metadata ObjectMeta
spec PodSpec
`,
  JobSpec: `
activeDeadlineSeconds integer
backoffLimit integer 0..
backoffLimitPerIndex integer
completionMode string
completions integer 0..
managedBy string
manualSelector boolean
maxFailedIndexes integer
parallelism integer 0..
podFailurePolicy any
podReplacementPolicy string
selector LabelSelector
successPolicy any
suspend boolean
template* PodTemplateSpec
ttlSecondsAfterFinished integer
`,
  Controller: `
minReadySeconds integer
replicas integer 0..
`,
  EndpointAddress: `
hostname string
ip* string
nodeName string
targetRef any
`,
  NetworkPolicyPort: `
endPort ${PORT}
port int-or-string
protocol ${PROTOCOL}
`,
  NetworkPolicyPeer: `
ipBlock
  cidr* string
  except[] string
namespaceSelector LabelSelector
podSelector LabelSelector
`,
};

/** By kind, without metadata and status. */
export const KUBERNETES_SHAPES = {
  Pod: "spec PodSpec",
  ReplicationController: `
spec
  minReadySeconds integer
  replicas integer 0..
  selector{} string
  template PodTemplateSpec
`,
  Deployment: `
spec Controller
  paused boolean
  progressDeadlineSeconds integer
  revisionHistoryLimit integer
  selector* LabelSelector
  strategy any
  template* PodTemplateSpec
`,
  ReplicaSet: `
spec Controller
  selector* LabelSelector
  template PodTemplateSpec
`,
  DaemonSet: `
spec
  minReadySeconds integer
  revisionHistoryLimit integer
  selector* LabelSelector
  template* PodTemplateSpec
  updateStrategy any
`,
  StatefulSet: `
spec Controller
  ordinals any
  persistentVolumeClaimRetentionPolicy any
  podManagementPolicy string
  revisionHistoryLimit integer
  selector* LabelSelector
  serviceName string
  template* PodTemplateSpec
  updateStrategy any
  volumeClaimTemplates[] any
`,
  Job: "spec JobSpec",
  CronJob: `
spec
  concurrencyPolicy string Allow|Forbid|Replace
  failedJobsHistoryLimit integer
  jobTemplate*
    metadata any
    spec JobSpec
  schedule* string
  startingDeadlineSeconds integer
  successfulJobsHistoryLimit integer
  suspend boolean
  timeZone string
`,
  Service: `
spec
  allocateLoadBalancerNodePorts boolean
  clusterIP string
  clusterIPs[] string
  externalIPs[] string
  externalName string
  externalTrafficPolicy string |Cluster|Local
  healthCheckNodePort integer 0..65535
  internalTrafficPolicy string Cluster|Local
  ipFamilies[] string IPv4|IPv6
  ipFamilyPolicy string SingleStack|PreferDualStack|RequireDualStack
  loadBalancerClass string
  loadBalancerIP string
  loadBalancerSourceRanges[] string
  ports[]
    appProtocol string
    name string
    nodePort integer 0..65535
    port* ${PORT}
    protocol ${PROTOCOL}
    targetPort int-or-string
  publishNotReadyAddresses boolean
  selector{} string
  sessionAffinity string |None|ClientIP
  sessionAffinityConfig
    clientIP
      timeoutSeconds integer 1..86400
  trafficDistribution string
  type string |ClusterIP|NodePort|LoadBalancer|ExternalName
`,
  Endpoints: `
subsets[]
  addresses[] EndpointAddress
  notReadyAddresses[] EndpointAddress
  ports[]
    appProtocol string
    name string
    port* ${PORT}
    protocol ${PROTOCOL}
`,
  EndpointSlice: `
addressType* string IPv4|IPv6|FQDN
endpoints[]
  addresses*[] string #1..100
  conditions
    ready boolean
    serving boolean
    terminating boolean
  deprecatedTopology{} string
  hints
    forNodes[]
      name* string
    forZones[]
      name* string
  hostname string
  nodeName string
  targetRef any
  zone string
ports[]
  appProtocol string
  name string
  port ${PORT}
  protocol ${PROTOCOL}
`,
  Namespace: `
spec
  finalizers[] string
`,
  Node: `
spec
  configSource any
  externalID string
  podCIDR string
  podCIDRs[] string
  providerID string
  taints[]
    effect* string NoSchedule|PreferNoSchedule|NoExecute
    key* string
    timeAdded string date-time
    value string
  unschedulable boolean
`,
  ServiceAccount: `
automountServiceAccountToken boolean
imagePullSecrets[] any
secrets[] any
`,
  ConfigMap: `
binaryData{} string
data{} string
immutable boolean
`,
  Secret: `
data{} string
immutable boolean
stringData{} string
type string
`,
  NetworkPolicy: `
spec
  egress[]
    ports[] NetworkPolicyPort
    to[] NetworkPolicyPeer
  ingress[]
    from[] NetworkPolicyPeer
    ports[] NetworkPolicyPort
  podSelector LabelSelector
  policyTypes[] string Ingress|Egress
`,
};
