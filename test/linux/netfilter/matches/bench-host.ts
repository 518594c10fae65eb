import { createWorld, runtimeOf, type World } from "../../../../src/emulator/world.ts";
import type { Choice } from "../../../../src/linux/chooser.ts";
import { programOf, RULE_WORDS } from "../../../../src/linux/netfilter/program.ts";
import { ruleMatches } from "../../../../src/linux/netfilter/traverse.ts";
import { FORWARD, type Hook } from "../../../../src/linux/netfilter/verdict.ts";
import type { HostRuntime } from "../../../../src/linux/runtime.ts";
import { type Skb, skb } from "../../../../src/linux/skb.ts";
import { type Host, host } from "../../../../src/model/host.ts";
import { network } from "../../../../src/model/network.ts";
import { type Address, parseAddress } from "../../../../src/net/address.ts";
import { type Packet, packet } from "../../../../src/net/packet.ts";
import { TCP } from "../../../../src/net/protocol.ts";
import { chainOf } from "./rule-text.ts";

/** A host to try matches on, with every question it asked. */
export interface Bench {
  readonly world: World;
  readonly runtime: HostRuntime;
  readonly asked: Choice[];
  /** Index of the alternative given to the next questions. */
  answer: number;
}

export function bench(fields: Partial<Host> = {}): Bench {
  const asked: Choice[] = [];
  const world = createWorld(network({ hosts: new Map([["n", host({ name: "n", ...fields })]]) }), {
    choose: (choice) => {
      asked.push(choice);
      return result.answer;
    },
  });
  const runtime = runtimeOf(world, "n");
  if (runtime === null) throw new Error("the host is missing");
  const result: Bench = { world, runtime, asked, answer: 0 };
  return result;
}

/** The rules of a chain, ready to be tried one at a time. */
export function matcher(texts: readonly string[], family: 4 | 6 = 4) {
  const program = programOf(chainOf(texts, family), family, "nft");
  return (on: Bench, frame: Skb, rule = 0, hook: Hook = FORWARD): boolean =>
    ruleMatches(program, program.code[rule * RULE_WORDS] ?? 0, frame, on.runtime, hook);
}

/** Whether one match holds for a packet on a fresh host. */
export function holds(text: string, frame: Skb, on: Bench = bench(), hook: Hook = FORWARD): boolean {
  return matcher([text], frame.packet.src.family)(on, frame, 0, hook);
}

export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`${text} is no address`);
  return parsed;
}

/** A TCP SYN from 10.0.0.1:40000 to 10.0.0.2:80; give what differs. */
export function frame(fields: Partial<Packet> = {}, rest: Partial<Skb> = {}): Skb {
  const p = packet({
    src: address("10.0.0.1"),
    dst: address("10.0.0.2"),
    protocol: TCP,
    sport: 40000,
    dport: 80,
    flags: 2,
    ...fields,
  });
  return Object.assign(skb(p, 0), rest);
}
