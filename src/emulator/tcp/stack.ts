import { type Address, sameAddress } from "../../net/address.ts";
import type { Connection, TcpEvents, TcpOptions } from "./connection.ts";

/** A program that waits for connections. */
export interface Listener {
  /** Null: any address of the family. */
  readonly address: Address | null;
  readonly family: 4 | 6;
  readonly port: number;
  readonly options: TcpOptions;
  /** What segments of this peer must be signed with; null: with nothing. */
  keyOf(peer: Address): string | null;
  /** A connection is complete; null: it is closed at once. */
  accept(connection: Connection): TcpEvents | null;
}

/** The TCP sockets of a World, by host. */
export interface TcpStack {
  readonly listeners: Map<string, Listener[]>;
  readonly connections: Map<string, Map<number, Connection[]>>;
  /** Connections ever made by a host, for ports and ISNs. */
  readonly made: Map<string, number>;
  /** Flows that stand-ins for servers answer (`isServed`). */
  readonly served: Set<string>;
  /** Ports that a program of the World has listened on, by host and family: what dumps say of them holds no more. */
  readonly ported: Set<string>;
}

/** The name under which a port of a host is in `ported`. */
export function portName(host: string, family: 4 | 6, port: number): string {
  return `${host} ${family} ${port}`;
}

export function tcpStack(): TcpStack {
  return { listeners: new Map(), connections: new Map(), made: new Map(), served: new Set(), ported: new Set() };
}

/** Small enough to be found fast; connections may share it. */
function keyOf(remote: Address, remotePort: number): number {
  return remote.a ^ remote.b ^ remote.c ^ remote.d ^ Math.imul(remotePort, 0x9e3779b1);
}

export function findConnection(
  stack: TcpStack,
  host: string,
  local: Address,
  localPort: number,
  remote: Address,
  remotePort: number,
): Connection | null {
  const found = stack.connections.get(host)?.get(keyOf(remote, remotePort));
  if (found === undefined) return null;
  for (let index = 0; index < found.length; index++) {
    const connection = found[index];
    if (
      connection !== undefined &&
      connection.localPort === localPort &&
      connection.remotePort === remotePort &&
      sameAddress(connection.remote, remote) &&
      sameAddress(connection.local, local)
    ) {
      return connection;
    }
  }
  return null;
}

export function addConnection(stack: TcpStack, connection: Connection): void {
  const host = connection.runtime.host.name;
  const ofHost = stack.connections.get(host) ?? new Map<number, Connection[]>();
  stack.connections.set(host, ofHost);
  const key = keyOf(connection.remote, connection.remotePort);
  const same = ofHost.get(key);
  if (same === undefined) ofHost.set(key, [connection]);
  else same.push(connection);
}

export function removeConnection(stack: TcpStack, connection: Connection): void {
  const ofHost = stack.connections.get(connection.runtime.host.name);
  const key = keyOf(connection.remote, connection.remotePort);
  const left = ofHost?.get(key)?.filter((item) => item !== connection) ?? [];
  if (left.length === 0) ofHost?.delete(key);
  else ofHost?.set(key, left);
}

export function findListener(stack: TcpStack, host: string, address: Address, port: number): Listener | null {
  const listeners = stack.listeners.get(host);
  const count = listeners === undefined ? 0 : listeners.length;
  for (let index = 0; index < count; index++) {
    const listener = listeners?.[index];
    if (listener === undefined || listener.port !== port || listener.family !== address.family) continue;
    if (listener.address === null || sameAddress(listener.address, address)) return listener;
  }
  return null;
}
