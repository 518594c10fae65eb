import { workloadInterfaceName } from "../../calico/workload-interface-name.ts";
import { type Evidence, evidence } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import { networkInterface } from "../../model/interface.ts";
import { type Origin, type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { nextHop, route } from "../../model/route.ts";
import { parseAddress } from "../../net/address.ts";
import { hostPrefix } from "../../net/prefix.ts";
import { findingAt, placeOf } from "../snapshot/finding-at.ts";
import { finished } from "./finished-host.ts";
import { draftOf, type FactContext, type HostDraft } from "./host-draft.ts";
import {
  type ApplyFact,
  addressFact,
  linkFact,
  neighbourFact,
  policyRuleFact,
  routeFact,
  sysctlFact,
} from "./network-facts.ts";
import { ruleFact } from "./rule-facts.ts";
import { readSessionFact } from "./session-fact.ts";
import { setFact } from "./set-fact.ts";
import { socketFact } from "./socket-fact.ts";
import { badFact, EXAMPLES, type FactKind, type FactText, readStatement, type Statement } from "./statement.ts";

type HostStatement = Extract<Statement, { readonly about: "host" }>;
type PodStatement = Extract<Statement, { readonly about: "pod" }>;

/** Facts that were read, ready to be put into hosts. */
export interface Facts {
  /** Names of hosts that facts tell of. */
  readonly hosts: ReadonlySet<string>;
  /** Each Pod as a file with one API object. */
  readonly pods: readonly { readonly path: string; readonly text: string }[];
  /** The host with what the facts say of it. */
  applyTo(host: Host): Host;
  /** What facts say that decides about no packet, by host. */
  readonly evidence: ReadonlyMap<string, Evidence>;
  readonly findings: readonly Finding[];
}

const APPLY: Readonly<Record<Exclude<FactKind, "session">, ApplyFact>> = {
  link: linkFact,
  address: addressFact,
  route: routeFact,
  "policy-rule": policyRuleFact,
  neighbour: neighbourFact,
  set: setFact,
  rule: ruleFact(4),
  rule6: ruleFact(6),
  socket: socketFact,
  sysctl: sysctlFact,
};

/** Kinds that others build on come first, whatever the order of the facts. */
const ORDER = Object.keys(APPLY);

/**
 * Reads facts typed by hand (`--fact`, `facts.yaml`). A fact counts more than a dump; where they disagree, both stand in a finding. What is
 * no fact is a finding with its column, and left out.
 */
export function readFacts(texts: readonly FactText[], origins: OriginTable, findings: Finding[]): Facts {
  const files = new Map<string, number>();
  const originOf = ({ file, line }: { readonly file: string; readonly line: number }): Origin => {
    const number = files.get(file) ?? originFile(origins, file);
    files.set(file, number);
    return originAt(origins, number, line);
  };
  const byHost = new Map<string, HostStatement[]>();
  const sessions = new Map<string, Evidence>();
  const pods: PodStatement[] = [];
  for (const text of texts) {
    const read = readStatement(text);
    if ("finding" in read) {
      findings.push(read.finding);
      continue;
    }
    const { statement } = read;
    if (statement.about === "pod") {
      pods.push(statement);
    } else if (statement.kind === "session") {
      const session = readSessionFact(statement.words, originOf(statement.place));
      if (session === null)
        findings.push(badFact(statement.place, statement.column, "This is no BGP session.", EXAMPLES.session));
      else {
        const known = sessions.get(statement.host) ?? evidence({});
        sessions.set(statement.host, { ...known, bgpSessions: [...known.bgpSessions, session] });
      }
    } else {
      byHost.set(statement.host, [...(byHost.get(statement.host) ?? []), statement]);
    }
  }
  return {
    hosts: new Set([...byHost.keys(), ...sessions.keys(), ...pods.flatMap(({ node }) => node ?? [])]),
    pods: pods.map((pod) => ({ path: placeName(pod), text: podObject(pod) })),
    applyTo: (host) => {
      const statements = byHost.get(host.name) ?? [];
      const own = pods.filter(({ node }) => node === host.name);
      if (statements.length === 0 && own.length === 0) return host;
      const draft = draftOf(host);
      // where no dump shows the devices of a node, its pods are behind those that Calico would make
      if (host.interfaces.size === 0) for (const pod of own) addVeth(pod, draft, originOf(pod.place));
      const sorted = [...statements].sort((x, y) => ORDER.indexOf(x.kind) - ORDER.indexOf(y.kind));
      applyAll(sorted, host, draft, { originOf, origins, findings });
      return finished(host, draft);
    },
    evidence: sessions,
    findings,
  };
}

function placeName({ place }: PodStatement): string {
  return place.line > 0 ? `${place.file}:${place.line}` : place.file;
}

function podObject({ namespace, name, addresses, node }: PodStatement): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name },
    spec: node === null ? {} : { nodeName: node },
    status: { phase: "Running", podIP: addresses[0], podIPs: addresses.map((ip) => ({ ip })) },
  });
}

/** The node's end of a pod's veth pair and the route to it (felix/dataplane/linux/endpoint_mgr.go). */
function addVeth({ namespace, name, addresses }: PodStatement, draft: HostDraft, origin: Origin): void {
  const device = workloadInterfaceName(namespace, name);
  draft.interfaces.set(
    device,
    networkInterface({ name: device, kind: "veth", index: 20_000 + draft.interfaces.size, origin }),
  );
  draft.touched.add(device);
  for (const text of addresses) {
    const address = parseAddress(text);
    if (address === null) continue;
    const nextHops = [nextHop({ interface: device })];
    draft.routes.push(route({ destination: hostPrefix(address), nextHops, scope: "link", origin }));
  }
}

function applyAll(
  statements: readonly HostStatement[],
  host: Host,
  draft: HostDraft,
  {
    originOf,
    origins,
    findings,
  }: { originOf(place: HostStatement["place"]): Origin; readonly origins: OriginTable; readonly findings: Finding[] },
): void {
  for (const statement of statements) {
    const { kind, words, column, place } = statement;
    if (kind === "session") continue;
    const origin = originOf(place);
    const refuse: FactContext["refuse"] = (at, message, expected = EXAMPLES[kind]) => {
      findings.push(badFact(place, at === 0 ? 0 : column + at - 1, message, expected));
    };
    APPLY[kind](words, draft, host, {
      origins,
      origin,
      file: place.file,
      refuse,
      contradicts: (dumped, message) => {
        findings.push(
          findingAt(origins, origin, {
            code: "fact-contradicts-dump",
            severity: "warning",
            message: `${host.name}: ${message}${dumped === 0 ? "" : ` (${placeOf(origins, dumped)})`}`,
            advice: "The fact counts. One of the two is older than the other, or mistyped.",
          }),
        );
      },
      understood: (found) => {
        const wrong = found.find((one) => one.severity !== "info");
        if (wrong !== undefined) refuse(wrong.column ?? 1, wrong.message, wrong.expected);
        return wrong === undefined;
      },
    });
  }
}
