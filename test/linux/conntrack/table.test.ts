import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Connection, Tuple } from "../../../src/linux/conntrack/connection.ts";
import { newConnection } from "../../../src/linux/conntrack/connection.ts";
import {
  addConnection,
  addReplyOnly,
  addUnlessTaken,
  type ConntrackTable,
  connectionIn,
  connectionsIn,
  conntrackTable,
  findConnection,
  removeConnection,
} from "../../../src/linux/conntrack/table.ts";
import { invertTuple, sameTuple, tuple } from "../../../src/linux/conntrack/tuple.ts";
import { ipv4, ipv6 } from "../../../src/net/address.ts";
import { TCP, UDP } from "../../../src/net/protocol.ts";

// Few distinct values, so that tuples meet, among them flows from an address and port to itself.
const someAddress = fc.constantFrom(ipv4(1), ipv4(0xc0a80001), ipv6(1, 0, 0, 0), ipv6(1, 0, 7, 0));
const someTuple = fc
  .tuple(
    someAddress,
    someAddress,
    fc.constantFrom(TCP, UDP),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
  )
  .map(([src, dst, protocol, sport, dport]) => tuple(src, dst, protocol, sport, dport, 0));

type Action = { readonly kind: "add" | "remove" | "expire"; readonly tuple: Tuple };
const someAction: fc.Arbitrary<Action> = fc.record({
  kind: fc.constantFrom("add" as const, "add" as const, "remove" as const, "expire" as const),
  tuple: someTuple,
});

interface Filed {
  readonly connection: Connection;
  readonly reply: boolean;
}

/** What the kernel's hash chains hold, as one list: the newest first. */
function searched(filed: readonly Filed[], wanted: Tuple): Filed | null {
  return (
    filed.find(({ connection, reply }) => sameTuple(reply ? connection.reply : connection.original, wanted)) ?? null
  );
}

function open(original: Tuple): Connection {
  const connection = newConnection(original, invertTuple(original) ?? original);
  connection.expires = 10;
  return connection;
}

function run(table: ConntrackTable, actions: readonly Action[]): Filed[] {
  let filed: Filed[] = [];
  for (const action of actions) {
    const found = searched(filed, action.tuple);
    if (action.kind === "add") {
      if (found !== null) continue;
      const connection = open(action.tuple);
      addConnection(table, connection);
      filed = [{ connection, reply: true }, { connection, reply: false }, ...filed];
    } else if (found !== null) {
      if (action.kind === "remove") removeConnection(table, found.connection);
      else {
        found.connection.expires = 0;
        expect(findConnection(table, action.tuple, 5)).toBe(null);
      }
      filed = filed.filter(({ connection }) => connection !== found.connection);
    }
  }
  return filed;
}

describe("the table of connections", () => {
  it("finds what a list searched from the newest entry finds, whatever was added, removed and expired before", () => {
    fc.assert(
      fc.property(fc.array(someAction, { maxLength: 120 }), fc.array(someTuple), (actions, wanted) => {
        const table = conntrackTable();
        const filed = run(table, actions);
        for (const one of [...wanted, ...actions.map((action) => action.tuple)]) {
          const expected = searched(filed, one);
          const found = findConnection(table, one, 5);
          expect(found?.connection).toBe(expected?.connection);
          expect(found?.reply).toBe(expected?.reply);
        }
        expect(table.used).toBe(filed.length);
      }),
    );
  });

  it("files a connection unless another has one of its tuples, which it tells", () => {
    fc.assert(
      fc.property(fc.array(someAction, { maxLength: 60 }), someTuple, someTuple, (actions, original, reply) => {
        const table = conntrackTable();
        const filed = run(table, actions);
        const connection = open(original);
        connection.reply = reply;
        const rival = searched(filed, original) ?? searched(filed, reply);
        const slot = addUnlessTaken(table, connection, 5);
        expect(slot < 0 ? null : connectionIn(table, slot)).toBe(rival?.connection ?? null);
        expect(table.used).toBe(filed.length + (rival === null ? 2 : 0));
        if (rival === null) expect([...connectionsIn(table)]).toContain(connection);
      }),
    );
  });

  it("keeps thousands of flows apart", () => {
    const table = conntrackTable();
    const flows = Array.from({ length: 5000 }, (_, index) =>
      open(tuple(ipv4(0x0a000000 + index), ipv4(0x0a600001), TCP, 1024 + (index % 7), 80, 0)),
    );
    for (const flow of flows) addConnection(table, flow);
    for (const flow of flows) {
      expect(findConnection(table, flow.original, 5)?.connection).toBe(flow);
      expect(findConnection(table, flow.reply, 5)?.reply).toBe(true);
    }
  });

  it("still finds the flows that stay after thousands of others have come and gone", () => {
    const table = conntrackTable();
    const flow = (index: number): Connection =>
      open(tuple(ipv4(0x0a000000 + index), ipv4(0x0a600001), UDP, 1024 + (index % 7), 53, 0));
    const staying = Array.from({ length: 40 }, (_, index) => flow(index));
    let last: Connection | null = null;
    for (let index = 0; index < 4000; index++) {
      const stays = staying[index / 100];
      if (stays !== undefined) addConnection(table, stays);
      const passing = flow(1000 + index);
      addConnection(table, passing);
      if (last !== null) removeConnection(table, last);
      last = passing;
    }
    for (const stays of staying) {
      expect(findConnection(table, stays.original, 5)?.connection).toBe(stays);
      expect(findConnection(table, stays.reply, 5)?.connection).toBe(stays);
    }
    expect(new Set(connectionsIn(table))).toEqual(new Set([...staying, last]));
    expect(table.used).toBe(82);
    expect(table.connections.length).toBeLessThan(300);
  });

  it("finds a flow that only its answer finds among others that have come and gone", () => {
    const table = conntrackTable();
    const flow = (index: number): Connection => open(tuple(ipv4(0x0a000000 + index), ipv4(1), UDP, 1024, 53, 0));
    const lost = flow(0);
    addReplyOnly(table, lost);
    for (let index = 1; index < 500; index++) {
      const passing = flow(index);
      addConnection(table, passing);
      removeConnection(table, passing);
    }
    expect(findConnection(table, lost.original, 5)).toBe(null);
    expect(findConnection(table, lost.reply, 5)?.connection).toBe(lost);
    removeConnection(table, lost);
    expect(findConnection(table, lost.reply, 5)).toBe(null);
    expect(table.used).toBe(0);
  });
});
