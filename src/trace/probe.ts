import { associate } from "../emulator/applications/associate.ts";
import { connect } from "../emulator/applications/connect.ts";
import { lookup } from "../emulator/applications/lookup.ts";
import { ping } from "../emulator/applications/ping.ts";
import { meantBy, type ProgramReport, type ProgramTarget } from "../emulator/applications/program.ts";
import { request } from "../emulator/applications/request.ts";
import { traceroute } from "../emulator/applications/traceroute.ts";
import type { Doubt } from "../emulator/assumption.ts";
import { createWorld, runtimeOf, type World } from "../emulator/world.ts";
import type { Chooser } from "../linux/chooser.ts";
import type { HostRuntime } from "../linux/runtime.ts";
import type { FindingCode } from "../model/codes/finding-codes.ts";
import type { Finding } from "../model/finding.ts";
import type { NameLookup } from "../model/name-lookup.ts";
import { nearest } from "../model/nearest.ts";
import type { Network } from "../model/network.ts";
import type { Address } from "../net/address.ts";
import { formatProtocol, ICMP, ICMPV6, SCTP, TCP, UDP } from "../net/protocol.ts";
import { connectionTables } from "./connection-tables.ts";
import { type Endpoint, resolveEndpoint } from "./endpoint.ts";
import { exploreRuns } from "./explore-runs.ts";
import { recorder } from "./recorder.ts";
import { type Answer, type Run, toAnswer } from "./result.ts";
import { strictly } from "./strict.ts";

export type ProbeKind = "ping" | "connect" | "request" | "traceroute" | "lookup";

/** A question as asked: who sends what to whom. */
export interface Probe {
  readonly from: string;
  readonly to: string;
  readonly kind: ProbeKind | null;
  /** IP protocol number; null: follows from the kind or the Service. */
  readonly protocol: number | null;
  readonly port: number | null;
  readonly sport: number | null;
  /** Payload bytes; null: what the program sends by default. */
  readonly size: number | null;
  readonly df: boolean;
}

/** A question whose ends and protocol are settled. */
export interface PreparedProbe {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly sender: string;
  readonly kind: ProbeKind;
  readonly protocol: number;
  readonly target: ProgramTarget;
  /** What the sender asks a name server for first; null: it has an address. */
  readonly lookup: { readonly name: string; readonly how: NameLookup } | null;
}

export type Prepared = { readonly probe: PreparedProbe } | { readonly findings: readonly Finding[] };

/** Payload of `ping` without options. */
const PING_SIZE = 56;
const REQUEST_SIZE = 32;
const DNS_PORT = 53;

function problem(code: FindingCode, message: string, advice: string): Prepared {
  return { findings: [{ code, severity: "error", message, advice }] };
}

/** Settles a probe against a Network, or says what is wrong with it. */
export function prepareProbe(network: Network, probe: Probe): Prepared {
  const from = resolveEndpoint(network, probe.from);
  const to = resolveEndpoint(network, probe.to);
  if ("finding" in from || "finding" in to) {
    return { findings: [from, to].flatMap((end) => ("finding" in end ? [end.finding] : [])) };
  }
  const sender = from.endpoint.host;
  if (sender === null) {
    return problem(
      "sender-not-modelled",
      `${probe.from} cannot send: ${whyNotModelled(network, probe.from)}`,
      "Choose a pod or host of a node that was dumped.",
    );
  }
  const asked = lookupOf(network, sender, probe, to.endpoint);
  if ("findings" in asked) return asked;
  const port = probe.port ?? to.endpoint.port ?? (probe.kind === "lookup" ? DNS_PORT : null);
  const protocol = probe.protocol ?? to.endpoint.protocol ?? null;
  const kind = probe.kind ?? kindOf(protocol, port);
  if (port === null && (kind === "connect" || kind === "request")) {
    return problem("port-missing", `a ${kind} needs a port`, "Add --port, or service/<namespace>/<name>:port.");
  }
  const ends = pickAddresses(from.endpoint, asked.addresses);
  if (ends === null) {
    return problem(
      "no-common-family",
      `${probe.from} and ${probe.to} have no address family in common`,
      "Give an address.",
    );
  }
  const source = from.endpoint.literal ? ends.source : null;
  const destination = meantBy(ends.destination, source);
  const sent = protocolOf(kind, protocol, port, destination);
  const wanted = probe.kind === null ? protocol : probe.protocol;
  if (wanted !== null && wanted !== sent && !(isIcmp(wanted) && isIcmp(sent))) {
    return problem(
      "protocol-without-program",
      `a ${kind} sends ${formatProtocol(sent)}, not ${formatProtocol(wanted)}`,
      "Ask with --packet, which sends any protocol.",
    );
  }
  return {
    probe: {
      from: from.endpoint,
      to: to.endpoint,
      sender,
      kind,
      protocol: sent,
      target: {
        source,
        destination,
        port: port ?? 0,
        sport: probe.sport,
        size: probe.size ?? (kind === "ping" ? PING_SIZE : REQUEST_SIZE),
        df: probe.df,
      },
      lookup: asked.lookup,
    },
  };
}

type Asked = { readonly lookup: PreparedProbe["lookup"]; readonly addresses: readonly Address[] };

/** What the sender has to look up, and the addresses that its packets may be for. */
function lookupOf(
  network: Network,
  sender: string,
  { kind }: Probe,
  to: Endpoint,
): Asked | { readonly findings: readonly Finding[] } {
  const { name } = to;
  if (name === undefined) {
    if (kind !== "lookup") return { lookup: null, addresses: to.addresses };
    return refused("bad-arguments", `${to.text} is no name to look up`, "Give dns/<name>, such as dns/web.shop.");
  }
  const how = network.names(sender, name);
  if (how === null) {
    return refused(
      "resolver-unknown",
      `nothing says which name server ${sender} asks`,
      "Ask from a pod whose dnsPolicy is ClusterFirst, in a cluster with a Service kube-system/kube-dns; or give an address.",
    );
  }
  const known = how.queries.find(({ addresses }) => addresses === null || addresses.length > 0);
  if (known?.addresses === null) {
    const services = [...network.services.values()].map((service) => `${service.name}.${service.namespace}`);
    const [close] = nearest(name, services, 1);
    return refused(
      "name-outside-cluster",
      `${name} is none of the cluster's names, and what servers elsewhere answer is not known`,
      close === undefined ? "Give an address in place of the name." : `Did you mean ${close}? Or give an address.`,
    );
  }
  // a name that nobody has ends at the name server
  const addresses = kind === "lookup" ? [how.server] : (known?.addresses ?? [how.server]);
  return { lookup: { name, how }, addresses };
}

function refused(code: FindingCode, message: string, advice: string): { readonly findings: readonly Finding[] } {
  return { findings: [{ code, severity: "error", message, advice }] };
}

function whyNotModelled(network: Network, name: string): string {
  const node = network.endpoints.get(name)?.host;
  return node === undefined || node === name
    ? "no dump tells its interfaces and routes"
    : `it runs on ${node}, which was not dumped`;
}

function kindOf(protocol: number | null, port: number | null): ProbeKind {
  if (protocol === UDP) return "request";
  if (protocol === TCP || protocol === SCTP) return "connect";
  return port === null ? "ping" : "connect";
}

function isIcmp(protocol: number): boolean {
  return protocol === ICMP || protocol === ICMPV6;
}

function protocolOf(kind: ProbeKind, given: number | null, port: number | null, destination: Address): number {
  const icmp = destination.family === 6 ? ICMPV6 : ICMP;
  switch (kind) {
    case "ping":
      return icmp;
    case "connect":
      return given === SCTP ? SCTP : TCP;
    case "request":
    case "lookup":
      return UDP;
    case "traceroute":
      if (given !== null && isIcmp(given)) return icmp;
      return given ?? (port === null ? UDP : TCP);
  }
}

function pickAddresses(
  from: Endpoint,
  to: readonly Address[],
): { readonly source: Address | null; readonly destination: Address } | null {
  for (const destination of to) {
    const source = from.addresses.find((address) => address.family === destination.family);
    if (source !== undefined) return { source, destination };
  }
  return null;
}

export interface AskOptions {
  /** Keep rules that were tried and did not match. */
  readonly everyRule?: boolean;
  /** Write down steps; without them the answer has outcomes only. */
  readonly steps?: boolean;
  /** Keep what the hosts' connection tables hold in the end (`Run.conntrack`). */
  readonly tables?: boolean;
  /** Ignore dumped runtime state. */
  readonly empty?: boolean;
  /** Every assumption that matters becomes an unknown (`--strict`). */
  readonly strict?: boolean;
}

/** Asks one probe: every branch of it, both directions. */
export function askProbe(network: Network, probe: PreparedProbe, options: AskOptions = {}): Answer {
  const answer = askUnder(network, probe, options, null);
  return options.strict === true ? strictly(answer, doubtProbe(network, probe)) : answer;
}

/** Asks the same probe where an assumption does not hold; without steps. */
export function doubtProbe(network: Network, probe: PreparedProbe): (doubt: Doubt) => Answer {
  return (doubt) => askUnder(network, probe, { steps: false }, doubt);
}

function askUnder(network: Network, probe: PreparedProbe, how: AskOptions, doubt: Doubt | null): Answer {
  return toAnswer(
    network,
    exploreRuns((choose) => runOnce(network, probe, how, choose, doubt)),
  );
}

function runOnce(
  network: Network,
  probe: PreparedProbe,
  options: AskOptions,
  choose: Chooser,
  doubt: Doubt | null,
): Run {
  const recording = options.steps === false ? null : recorder(options.everyRule ?? false);
  const world = createWorld(network, {
    choose,
    observer: recording?.observer ?? null,
    answers: true,
    empty: options.empty ?? false,
    doubt,
  });
  const runtime = runtimeOf(world, probe.sender);
  const report = runtime === null ? null : runProgram(world, runtime, probe);
  return {
    journeys: world.journeys,
    first: 0,
    steps: recording?.steps ?? new Map(),
    report,
    assumptions: [...world.assumptions.values()],
    freeDomains: world.services.freeValues.domains,
    conntrack: options.tables === true ? connectionTables(world) : null,
    limits: null,
  };
}

function runProgram(world: World, runtime: HostRuntime, probe: PreparedProbe): ProgramReport {
  if (probe.lookup === null) return runKind(world, runtime, probe);
  const { address, report } = lookup(world, runtime, probe.lookup.name, probe.lookup.how);
  if (address === null || probe.kind === "lookup") return report;
  const decisive = world.journeys.length;
  const after = runKind(world, runtime, { ...probe, target: { ...probe.target, destination: address } });
  return { ...after, ...(report.lookups === undefined ? {} : { lookups: report.lookups }), decisive };
}

function runKind(world: World, runtime: HostRuntime, probe: PreparedProbe): ProgramReport {
  switch (probe.kind) {
    case "ping":
      return ping(world, runtime, probe.target);
    case "connect":
      return (probe.protocol === SCTP ? associate : connect)(world, runtime, probe.target);
    case "request":
    case "lookup":
      return request(world, runtime, probe.target);
    case "traceroute":
      return traceroute(world, runtime, { ...probe.target, protocol: probe.protocol });
  }
}
