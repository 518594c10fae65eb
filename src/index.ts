/**
 * The library: read a snapshot, ask a probe, get every branch of the answer. Everything exported here runs in a browser.
 */
export type { ProgramReport, ProgramResult } from "./emulator/applications/program.ts";
export { inject } from "./emulator/inject.ts";
export { originate } from "./emulator/originate.ts";
export { createWorld, runtimeOf, settle, type World, type WorldOptions } from "./emulator/world.ts";
export type { Choice, Chooser } from "./linux/chooser.ts";
export type { Observer } from "./linux/observer.ts";
export { type Finding, formatFinding } from "./model/finding.ts";
export { type Host, host } from "./model/host.ts";
export { type Interface, interfaceAddress, networkInterface } from "./model/interface.ts";
export type { Link } from "./model/link.ts";
export { type Network, network } from "./model/network.ts";
export { nextHop, type Route, route } from "./model/route.ts";
export { type Chain, type Rule, type Ruleset, rule, type Table } from "./model/ruleset.ts";
export { type Address, formatAddress, parseAddress } from "./net/address.ts";
export { describePacket, type Packet, packet } from "./net/packet.ts";
export { formatPrefix, type Prefix, parsePrefix } from "./net/prefix.ts";
export { resolveEndpoint } from "./trace/endpoint.ts";
export { type PacketQuestion, parsePacketLine } from "./trace/packet-question.ts";
export { createPacketSession, type PacketSession } from "./trace/packet-session.ts";
export { askProbe, type Probe, prepareProbe } from "./trace/probe.ts";
export type { Answer, Branch } from "./trace/result.ts";
export type { TraceStep } from "./trace/step.ts";
