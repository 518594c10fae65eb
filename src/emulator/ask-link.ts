import { sendArpRequest } from "../linux/arp.ts";
import { answersSolicitation } from "../linux/neighbour-discovery.ts";
import { findNeighbour } from "../linux/neighbour-table.ts";
import type { HostRuntime, Resolution } from "../linux/runtime.ts";
import {
  answerSolicitation,
  type Message,
  receiveAdvertisement,
  receiveUnsolicited,
  sendSolicitation,
  sendUnsolicited,
} from "../linux/solicitation.ts";
import type { Interface } from "../model/interface.ts";
import { type Address, formatAddress, sameAddress } from "../net/address.ts";
import { askCrowd } from "./ask-crowd.ts";
import { type EventQueue, eventQueue, moveEvents } from "./event-queue.ts";
import { linkOf, macOf, others } from "./topology.ts";
import { runtimeOf, settle, type World } from "./world.ts";

/**
 * Asks the link for the MAC address of an IP address: by ARP frames, or every member for its answer to NDP. With `mac` only whoever
 * has that MAC address is asked, and what the cache holds of it is no answer.
 */
export function askLink(
  world: World,
  runtime: HostRuntime,
  device: Interface,
  nextHop: Address,
  sender: Address | null,
  mac: string | null,
): Resolution {
  const ports = device.kind === "bridge" ? (runtime.compiled.bridgePorts.get(device.name) ?? []) : [device];
  const asked = nextHop.family === 4 ? byArp : byNdp;
  const { found, open } = asked(world, runtime, device, ports, nextHop, sender, mac);
  if (found !== null) return found;
  if (!open) return { kind: "unresolved", text: `nobody answers for ${formatAddress(nextHop)}` };
  if (ownedOnLink(world, runtime, ports, nextHop)) {
    return { kind: "unresolved", text: `${formatAddress(nextHop)} does not answer` };
  }
  return { kind: "left", text: `${formatAddress(nextHop)} was not dumped` };
}

/** What asking gave; `open`: the question also went to machines that nobody dumped. */
interface Asked {
  readonly found: Resolution | null;
  readonly open: boolean;
}

function byArp(
  world: World,
  runtime: HostRuntime,
  device: Interface,
  _ports: readonly Interface[],
  nextHop: Address,
  sender: Address | null,
  mac: string | null,
): Asked {
  const before = mac === null ? null : findNeighbour(runtime.neighbours, device.name, nextHop);
  const open =
    (mac === null ? askCrowd(world, runtime, device, nextHop, sender) : null) ??
    byFrames(world, runtime, device, nextHop, sender, mac);
  const entry = findNeighbour(runtime.neighbours, device.name, nextHop);
  if (entry === before) return { found: null, open };
  if (entry === null || entry.state !== "resolved" || entry.mac === null) return { found: null, open };
  if (runtime.host.knowledge.get("neighbours") === "assumed") {
    const owner = entry.text.replace(/^(?:answered by|learnt from) /, "");
    world.services.assume(runtime, "neighbour-resolves", `${formatAddress(nextHop)} resolves to ${owner}`);
  }
  return { found: { kind: "mac", mac: entry.mac, text: entry.text }, open };
}

/** True where the question, or the answer, went to machines that nobody dumped. */
function byFrames(
  world: World,
  runtime: HostRuntime,
  device: Interface,
  nextHop: Address,
  sender: Address | null,
  mac: string | null,
): boolean {
  const waiting = putAside(world);
  sendArpRequest(runtime, device, nextHop, sender, mac);
  return goOn(world, waiting);
}

/** What waits while frames without a journey (ARP) do all that they do. */
interface Aside {
  readonly queue: EventQueue;
  readonly escaped: boolean;
}

function putAside(world: World): Aside {
  const { queue, escaped } = world;
  world.queue = eventQueue();
  world.escaped = false;
  return { queue, escaped };
}

/** Runs what they do to its end. True when one of them went to machines that nobody dumped. */
function goOn(world: World, waiting: Aside): boolean {
  settle(world, world.now);
  moveEvents(world.queue, waiting.queue);
  const { escaped } = world;
  world.queue = waiting.queue;
  world.escaped = waiting.escaped;
  return escaped;
}

/** A question for the link-layer address of `target`, once it has left the host that asks. */
interface Question {
  readonly asker: HostRuntime;
  readonly device: Interface;
  readonly target: Address;
  readonly message: Message & { kind: "passed" };
  /** Whoever has this MAC address is asked; null: everybody. */
  readonly mac: string | null;
  /** Why the question or an answer got lost on the way, if one did. */
  lost: string | null;
}

function byNdp(
  world: World,
  runtime: HostRuntime,
  device: Interface,
  ports: readonly Interface[],
  nextHop: Address,
  sender: Address | null,
  mac: string | null,
): Asked {
  const message = sendSolicitation(runtime, device, nextHop, sender, mac);
  if (message.kind === "lost") return { found: silent(world, runtime, nextHop, message.text), open: false };
  const question: Question = { asker: runtime, device, target: nextHop, message, mac, lost: null };
  let open = ports.length === 0;
  for (const port of ports) {
    const link = linkOf(world.topology, runtime.host.name, port.name);
    if (link === null || !link.closed) open = true;
    if (link === null) continue;
    for (const member of others(link, runtime.host.name, port.name)) {
      const found = solicit(world, member.host, member.interface, question);
      if (found !== null) return { found, open };
    }
  }
  return { found: question.lost === null ? null : silent(world, runtime, nextHop, question.lost), open };
}

/** Rules keep the answer away, unless the host knew it before. */
function silent(world: World, asker: HostRuntime, target: Address, text: string): Resolution {
  if (asker.host.knowledge.get("neighbours") === "assumed") {
    world.services.assume(asker, "neighbour-absent", `${formatAddress(target)} is not known`);
  }
  return { kind: "unresolved", text };
}

function solicit(world: World, host: string, device: string, question: Question): Resolution | null {
  const runtime = runtimeOf(world, host);
  const port = runtime?.host.interfaces.get(device);
  if (runtime === null || port === undefined) return null;
  const bridge = port.master === null ? undefined : runtime.host.interfaces.get(port.master);
  const receiver = bridge?.kind === "bridge" ? bridge : port;
  const { asker, target } = question;
  const isAsked = question.mac === null || question.mac === macOf(host, receiver);
  if (isAsked && answersSolicitation(runtime, receiver, target)) {
    const sentBy = `${asker.host.name} ${question.device.name}`;
    const answer = answerSolicitation(runtime, receiver, target, question.message, sentBy);
    const lost = answer.kind === "lost" ? answer.text : receiveAdvertisement(asker, question.device, target, answer);
    if (lost !== null) {
      question.lost ??= lost;
      return null;
    }
    if (asker.host.knowledge.get("neighbours") === "assumed") {
      world.services.assume(
        asker,
        "neighbour-resolves",
        `${formatAddress(target)} resolves to ${host} ${receiver.name}`,
      );
    }
    return { kind: "mac", mac: macOf(host, receiver), text: `answered by ${host} ${receiver.name}` };
  }
  if (receiver === port) return null;
  for (const other of runtime.compiled.bridgePorts.get(receiver.name) ?? []) {
    if (other === port) continue;
    const link = linkOf(world.topology, host, other.name);
    if (link === null) continue;
    for (const member of others(link, host, other.name)) {
      const found = solicit(world, member.host, member.interface, question);
      if (found !== null) return found;
    }
  }
  return null;
}

/** An unsolicited advertisement leaves by a device, and everybody on its link hears it, behind bridges too. */
export function advertise(world: World, runtime: HostRuntime, device: Interface, address: Address): void {
  const said = sendUnsolicited(runtime, device, address);
  if (said.kind === "lost") return;
  const sentBy = `${runtime.host.name} ${device.name}`;
  const ports = device.kind === "bridge" ? (runtime.compiled.bridgePorts.get(device.name) ?? []) : [device];
  for (const port of ports)
    hear(world, runtime.host.name, port.name, (one, on) => receiveUnsolicited(one, on, address, said, sentBy));
}

/** Everybody who hears a frame to all that goes out of a port. */
function hear(world: World, host: string, port: string, tell: (runtime: HostRuntime, device: Interface) => void): void {
  const link = linkOf(world.topology, host, port);
  if (link === null) return;
  for (const member of others(link, host, port)) {
    const runtime = runtimeOf(world, member.host);
    const found = runtime?.host.interfaces.get(member.interface);
    if (runtime === null || found === undefined || !found.up) continue;
    const bridge = found.master === null ? undefined : runtime.host.interfaces.get(found.master);
    if (bridge?.kind !== "bridge") {
      tell(runtime, found);
      continue;
    }
    tell(runtime, bridge);
    for (const other of runtime.compiled.bridgePorts.get(bridge.name) ?? []) {
      if (other !== found) hear(world, member.host, other.name, tell);
    }
  }
}

/** Whether a modelled machine on one of these links has the address, though it did not answer. */
function ownedOnLink(world: World, runtime: HostRuntime, ports: readonly Interface[], address: Address): boolean {
  for (const port of ports) {
    const link = linkOf(world.topology, runtime.host.name, port.name);
    if (link === null) continue;
    for (const member of others(link, runtime.host.name, port.name)) {
      const device = world.network.hosts.get(member.host)?.interfaces.get(member.interface);
      if (device?.addresses.some((item) => sameAddress(item.address, address)) === true) return true;
    }
  }
  return false;
}
