import { mayBind } from "../../linux/routing/bind-address.ts";
import type { HostRuntime } from "../../linux/runtime.ts";
import { type Address, sameAddress } from "../../net/address.ts";
import { TCP } from "../../net/protocol.ts";
import { ephemeralPorts } from "../applications/program.ts";
import type { World } from "../world.ts";
import type { Connection, TcpEvents, TcpOptions } from "./connection.ts";
import { forget, newConnection, sendSyn } from "./send.ts";
import { addConnection, findConnection, findListener, type Listener, portName } from "./stack.ts";

interface Target {
  readonly local: Address;
  readonly remote: Address;
  readonly port: number;
  readonly options: TcpOptions;
  readonly events: TcpEvents;
}

/**
 * connect(): sends a SYN. The errno where the host itself knows better; a SYN that OUTPUT drops is sent again and again
 * (tcp_connect). Source ports are taken one after the other: the kernel draws them.
 */
export function connectTcp(world: World, runtime: HostRuntime, target: Target): Connection | string {
  const { local, remote, port, options, events } = target;
  const host = runtime.host.name;
  if (!mayBind(runtime, local)) return "EADDRNOTAVAIL";
  const range = ephemeralPorts(runtime.host);
  const count = range.last - range.first + 1;
  let made = world.tcp.made.get(host) ?? 0;
  let localPort = range.first + (made % count);
  while (findConnection(world.tcp, host, local, localPort, remote, port) !== null) {
    localPort = range.first + (++made % count);
  }
  world.tcp.made.set(host, made + 1);
  const connection = newConnection(runtime, { local, localPort, remote, remotePort: port, options, state: "syn-sent" });
  connection.events = events;
  addConnection(world.tcp, connection);
  const error = sendSyn(world, connection, true);
  if (error === null || error === "EPERM" || error === "ENOBUFS") return connection;
  forget(world, connection);
  return error;
}

/**
 * listen(): EADDRINUSE where another program has the port, in the World or, by its name, in the dump. A socket that the dump
 * shows of `program` itself is the one that is opened here.
 */
export function listenTcp(world: World, runtime: HostRuntime, listener: Listener, program: string): string | null {
  const host = runtime.host.name;
  const others = runtime.host.sockets.some(
    ({ protocol, port, process, address, family }) =>
      protocol === TCP &&
      port === listener.port &&
      process !== null &&
      process !== program &&
      (family === null || family === listener.family) &&
      (address === null || listener.address === null || sameAddress(address, listener.address)),
  );
  const taken =
    listener.address === null ? false : findListener(world.tcp, host, listener.address, listener.port) !== null;
  const listeners = world.tcp.listeners.get(host) ?? [];
  const same = listeners.some(({ port, family }) => port === listener.port && family === listener.family);
  if (others || taken || (listener.address === null && same)) return "EADDRINUSE";
  world.tcp.listeners.set(host, [...listeners, listener]);
  world.tcp.ported.add(portName(host, listener.family, listener.port));
  return null;
}

/** Nobody listens any more on a port of which dumps show that somebody did. */
export function leavePort(world: World, host: string, family: 4 | 6, port: number): void {
  world.tcp.ported.add(portName(host, family, port));
}

export function stopListening(world: World, runtime: HostRuntime, listener: Listener): void {
  const listeners = world.tcp.listeners.get(runtime.host.name) ?? [];
  world.tcp.listeners.set(
    runtime.host.name,
    listeners.filter((item) => item !== listener),
  );
}
