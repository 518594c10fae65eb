import { complain, type Field, isRecord } from "../field.ts";
import { checkAddress } from "./addresses.ts";
import { checkContainers } from "./containers.ts";
import { checkLabelSelector, checkLabels } from "./labels.ts";
import { checkName, DNS_LABEL, DNS_SUBDOMAIN, LABEL_KEY, LABEL_VALUE } from "./names.ts";
import { isAbsent, peek, peekList, peekText } from "./peek.ts";

const MOST_NAMESERVERS = 3;
const MOST_SEARCHES = 32;
const LONGEST_SEARCH = 2048;

/**
 * What decides about a pod's packets, its names and its place (pkg/apis/core/validation, ValidatePodSpec). A spec that does not mention
 * containers at all stands for one with some container, as an image may be left out.
 *
 * @param isTemplate of a controller
 */
export function checkPodSpec(spec: Field, isTemplate: boolean): void {
  if (!isRecord(spec.value)) return;
  checkContainers(spec, { isUsed: peek(spec, "hostNetwork").value === true, isDefaulted: !isTemplate });
  // most pods have few of the fields that there are
  for (const key of Object.keys(spec.value)) {
    const check = CHECKS.get(key);
    if (check === undefined) continue;
    const field = peek(spec, key);
    if (!isAbsent(field)) check(field, spec);
  }
}

/** By field; each is asked where the field is there. */
const CHECKS: ReadonlyMap<string, (field: Field, spec: Field) => void> = new Map([
  ["containers", checkSomeContainer],
  ["dnsPolicy", checkDnsPolicy],
  ["dnsConfig", checkDnsConfig],
  ["hostAliases", checkHostAliases],
  ["nodeName", (field: Field) => checkUnlessEmpty(field, DNS_SUBDOMAIN)],
  ["serviceAccountName", (field: Field) => checkUnlessEmpty(field, DNS_SUBDOMAIN)],
  ["hostname", (field: Field) => checkUnlessEmpty(field, DNS_LABEL)],
  ["subdomain", (field: Field) => checkUnlessEmpty(field, DNS_LABEL)],
  ["nodeSelector", checkLabels],
  ["affinity", checkAffinity],
  ["tolerations", checkTolerations],
  ["topologySpreadConstraints", checkSpread],
]);

function checkSomeContainer(containers: Field): void {
  if (Array.isArray(containers.value) && containers.value.length === 0) complain(containers, "at least one container");
}

function checkHostAliases(aliases: Field): void {
  for (const alias of peekList(aliases)) {
    checkAddress(peek(alias, "ip"));
    for (const hostname of peekList(peek(alias, "hostnames"))) checkName(hostname, DNS_SUBDOMAIN);
  }
}

function checkTolerations(tolerations: Field): void {
  for (const toleration of peekList(tolerations)) checkToleration(toleration);
}

function checkSpread(constraints: Field): void {
  for (const constraint of peekList(constraints)) checkLabelSelector(peek(constraint, "labelSelector"));
}

function checkUnlessEmpty(field: Field, rule: typeof DNS_LABEL): void {
  if (field.value !== "") checkName(field, rule);
}

function checkDnsPolicy(policy: Field, spec: Field): void {
  if (policy.value !== "None") return;
  const config = peek(spec, "dnsConfig");
  const servers = peek(config, "nameservers");
  if (peekList(servers).length === 0)
    complain(isAbsent(config) ? config : servers, "at least one of nameservers, as dnsPolicy is None");
}

function checkDnsConfig(config: Field): void {
  const field = peek(config, "nameservers");
  const servers = peekList(field);
  if (servers.length > MOST_NAMESERVERS) complain(field, `up to ${MOST_NAMESERVERS} name servers`);
  for (const server of servers) checkAddress(server);
  const searches = peek(config, "searches");
  const domains = peekList(searches);
  const length = domains.reduce((sum, domain) => sum + (peekText(domain)?.length ?? 0) + 1, -1);
  if (domains.length > MOST_SEARCHES || length > LONGEST_SEARCH)
    complain(searches, `up to ${MOST_SEARCHES} domains with up to ${LONGEST_SEARCH} characters in all`);
  for (const domain of domains) {
    const written = peekText(domain);
    if (written !== null && !DNS_SUBDOMAIN.allows(written.replace(/\.$/, ""))) complain(domain, DNS_SUBDOMAIN.expected);
  }
}

/** Selectors of the pods that a pod wants to be near or far from. */
function checkAffinity(affinity: Field): void {
  for (const kind of ["podAffinity", "podAntiAffinity"]) {
    const own = peek(affinity, kind);
    const required = peekList(peek(own, "requiredDuringSchedulingIgnoredDuringExecution"));
    const preferred = peekList(peek(own, "preferredDuringSchedulingIgnoredDuringExecution"));
    for (const term of [...required, ...preferred.map((one) => peek(one, "podAffinityTerm"))]) {
      checkLabelSelector(peek(term, "labelSelector"));
      checkLabelSelector(peek(term, "namespaceSelector"));
    }
  }
}

function checkToleration(toleration: Field): void {
  const key = peek(toleration, "key");
  const operator = peek(toleration, "operator");
  const value = peek(toleration, "value");
  const isAll = isAbsent(key) || key.value === "";
  if (!isAll) checkName(key, LABEL_KEY);
  if (isAll && operator.value !== "Exists") complain(operator, "Exists, as there is no key");
  if (!isAbsent(peek(toleration, "tolerationSeconds")) && peek(toleration, "effect").value !== "NoExecute")
    complain(peek(toleration, "effect"), "NoExecute, as tolerationSeconds is set");
  if (operator.value === "Exists") {
    if (!isAbsent(value) && value.value !== "") complain(value, "no value, as operator is Exists");
  } else checkName(value, LABEL_VALUE);
}
