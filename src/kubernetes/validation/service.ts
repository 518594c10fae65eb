import { complain, type Field, isRecord } from "../field.ts";
import { asNetwork, checkAddress, checkNotSpecial } from "./addresses.ts";
import { checkLabels } from "./labels.ts";
import { checkName, DNS_SUBDOMAIN, LABEL_KEY } from "./names.ts";
import { isAbsent, peek, peekAt, peekInteger, peekList, peekText } from "./peek.ts";
import { checkPortNumber } from "./ports.ts";
import { checkClusterIPs, isHeadless } from "./service-cluster-ips.ts";
import { checkServicePorts } from "./service-ports.ts";

const TYPES = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"];
const RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges";
const HINTS = "service.kubernetes.io/topology-aware-hints";
const MODE = "service.kubernetes.io/topology-mode";
const LONGEST_AFFINITY = 86_400;
const NETWORK = "a network with its length, such as 10.0.0.0/8";

/**
 * The spec of a v1 Service, as it is after defaulting (pkg/apis/core/validation, ValidateService; pkg/apis/core/v1/defaults.go). What
 * depends on the cluster's ranges and on other Services is not looked at.
 */
export function checkService(resource: Field): void {
  const spec = peek(resource, "spec");
  const type = peekText(peek(spec, "type")) || "ClusterIP";
  const headless = isHeadless(spec);
  checkWord(peek(spec, "type"), TYPES);
  if (headless && (type === "LoadBalancer" || type === "NodePort"))
    complain(noneOf(spec), `an address or nothing, as type is ${type}`);
  checkServicePorts(spec, type, headless);
  checkLabels(peek(spec, "selector"));
  if (type === "ExternalName") checkExternalName(spec);
  else checkClusterIPs(spec);
  for (const field of peekList(peek(spec, "externalIPs"))) {
    const address = checkAddress(field);
    if (address !== null) checkNotSpecial(field, address);
  }
  checkLoadBalancer(spec, type);
  checkSourceRanges(resource, spec, type);
  checkTrafficPolicies(spec, type);
  checkAffinity(spec);
  checkTopology(peekAt(resource, "metadata", "annotations"));
}

/** How long a client keeps its endpoint; nobody asks where it keeps none. */
function checkAffinity(spec: Field): void {
  const affinity = peek(spec, "sessionAffinity");
  checkWord(affinity, ["None", "ClientIP"]);
  const timeout = peekAt(spec, "sessionAffinityConfig", "clientIP", "timeoutSeconds");
  const seconds = peekInteger(timeout);
  if (affinity.value === "ClientIP" && seconds !== null && (seconds < 1 || seconds > LONGEST_AFFINITY))
    complain(timeout, `a number from 1 to ${LONGEST_AFFINITY}`);
}

/** The older annotation and the newer one say the same, where both are there. */
function checkTopology(annotations: Field): void {
  const [older, newer] = [peek(annotations, HINTS), peek(annotations, MODE)];
  if (!isAbsent(older) && !isAbsent(newer) && older.value !== newer.value)
    complain(newer, `what ${HINTS} says, or one of the two alone`);
}

function checkWord(field: Field, words: readonly string[]): void {
  const word = peekText(field) ?? "";
  if (word !== "" && !words.includes(word)) complain(field, words.join(", ").replace(/, ([^,]*)$/, " or $1"));
}

function noneOf(spec: Field): Field {
  const single = peek(spec, "clusterIP");
  return single.value === "None" ? single : peek(spec, "clusterIPs");
}

function checkExternalName(spec: Field): void {
  for (const key of ["clusterIPs", "clusterIP", "ipFamilies", "ipFamilyPolicy"]) {
    const field = peek(spec, key);
    const isEmpty = isAbsent(field) || field.value === "" || (Array.isArray(field.value) && field.value.length === 0);
    if (!isEmpty) complain(field, "no such field, as type is ExternalName");
  }
  const name = peek(spec, "externalName");
  const written = (peekText(name) ?? "").replace(/\.$/, "");
  if (written === "" || !DNS_SUBDOMAIN.allows(written)) complain(name, "a DNS name, such as db.example.com");
}

function checkLoadBalancer(spec: Field, type: string): void {
  const onlyThere = "no such field, unless type is LoadBalancer";
  for (const key of ["allocateLoadBalancerNodePorts", "loadBalancerClass"]) {
    const field = peek(spec, key);
    if (type !== "LoadBalancer" && !isAbsent(field)) complain(field, onlyThere);
  }
  if (type === "LoadBalancer") checkName(peek(spec, "loadBalancerClass"), LABEL_KEY);
}

/** The field, or the annotation that was there before it; blanks around a network are allowed. */
function checkSourceRanges(resource: Field, spec: Field, type: string): void {
  const field = peek(spec, "loadBalancerSourceRanges");
  const ranges = peekList(field);
  const annotations = peekAt(resource, "metadata", "annotations");
  const old = isRecord(annotations.value) ? peek(annotations, RANGES) : null;
  const where = ranges.length > 0 ? field : old;
  if (where === null || isAbsent(where)) return;
  if (type !== "LoadBalancer") complain(where, "no such field, unless type is LoadBalancer");
  for (const range of ranges) {
    const written = peekText(range);
    if (written !== null && asNetwork(written.trim()) === null) complain(range, NETWORK);
  }
  if (ranges.length > 0 || old === null) return;
  const written = (peekText(old) ?? "").trim();
  if (written !== "" && written.split(",").some((one) => asNetwork(one.trim()) === null))
    complain(old, `networks with commas between, each ${NETWORK}`);
}

function checkTrafficPolicies(spec: Field, type: string): void {
  const external = peek(spec, "externalTrafficPolicy");
  const policy = peekText(external) ?? "";
  const isOpen =
    type === "NodePort" ||
    type === "LoadBalancer" ||
    (type === "ClusterIP" && peekList(peek(spec, "externalIPs")).length > 0);
  if (policy !== "" && !isOpen)
    complain(external, "no such field, unless type is NodePort or LoadBalancer, or there are externalIPs");
  checkWord(external, ["Cluster", "Local"]);
  checkWord(peek(spec, "internalTrafficPolicy"), ["Cluster", "Local"]);
  checkWord(peek(spec, "trafficDistribution"), ["PreferClose", "PreferSameZone", "PreferSameNode"]);
  const health = peek(spec, "healthCheckNodePort");
  if ((peekInteger(health) ?? 0) === 0) return;
  if (type !== "LoadBalancer" || policy !== "Local")
    complain(health, "no such field, unless type is LoadBalancer and externalTrafficPolicy is Local");
  checkPortNumber(health);
}
