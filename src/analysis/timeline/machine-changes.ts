import { hostChanged, killSpeaker, startSpeaker } from "../../bgp/speaker/speaker.ts";
import { powerOff, powerOn } from "../../emulator/power.ts";
import { changeHost, runtimeOf } from "../../emulator/world.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import type { Origin } from "../../model/origin.ts";
import type { Change } from "../../readers/scenario/scenario.ts";
import { isNamed, nobody, type Playing, withLearntRoutes } from "./playing.ts";

/**
 * The cable between a machine and its segment is pulled, or put back: the interface loses its carrier, and its routes stay (`linkdown`). The
 * others on the segment, which is a switch, notice nothing.
 */
export function changeLink(
  { host: pattern, interface: device, action }: Extract<Change, { readonly kind: "link" }>,
  playing: Playing,
): readonly Finding[] {
  const { world, speakers } = playing.run;
  const named = [...world.network.hosts.keys()].filter((name) => isNamed(name, pattern));
  if (named.length === 0) return [nobody(pattern, [...world.network.hosts.keys()], "host")];
  return named.flatMap((name) => {
    const host = world.network.hosts.get(name);
    const found = host?.interfaces.get(device);
    if (host === undefined || found === undefined)
      return [nobody(device, [...(host?.interfaces.keys() ?? [])], `interface of ${name}`)];
    const carrier = action === "up";
    const interfaces = new Map(host.interfaces).set(device, { ...found, carrier });
    const routes = withLearntRoutes(playing, name, host).routes.map((route) => ({
      ...route,
      nextHops: route.nextHops.map((hop) => (hop.interface === device ? { ...hop, linkdown: !carrier } : hop)),
    }));
    changeHost(world, name, { ...host, interfaces, routes });
    for (const speaker of speakers.get(name) ?? []) hostChanged(speaker);
    return [];
  });
}

/**
 * A machine goes dark with its pods, and comes back as it boots: with the rules, settings and routes that are declared of it, or that the dumps
 * show. What was typed since is gone, and so are connections, neighbours and the routes of BIRD, which starts at once. Pods keep their addresses.
 */
export function changePower(
  { host: pattern, action }: Extract<Change, { readonly kind: "node" }>,
  playing: Playing,
): readonly Finding[] {
  const machines = [...playing.run.world.network.hosts.values()].flatMap(({ name, kind }) =>
    kind === "pod" ? [] : [name],
  );
  const named = machines.filter((name) => isNamed(name, pattern));
  if (named.length === 0) return [nobody(pattern, machines, "machine")];
  return named.flatMap((name) => {
    if (action !== "up") goDark(playing, name);
    return action === "down" ? [] : boot(playing, name);
  });
}

function withPods({ run }: Playing, name: string): readonly string[] {
  const pods = [...run.world.network.hosts.values()].flatMap((host) => (host.node === name ? [host.name] : []));
  return [name, ...pods];
}

function goDark(playing: Playing, name: string): void {
  const { run, off } = playing;
  if (off.has(name)) return;
  off.add(name);
  for (const one of withPods(playing, name)) powerOff(run.world, one);
  for (const speaker of run.speakers.get(name) ?? []) if (speaker.running) killSpeaker(speaker);
}

function boot(playing: Playing, name: string): readonly Finding[] {
  const { run, off, typed, timeline, declaration, first } = playing;
  if (!off.delete(name)) return [];
  const booted: ReadonlyMap<string, Host> = timeline.declared?.(declaration).network.hosts ?? first.hosts;
  for (const one of withPods(playing, name)) {
    const host = booted.get(one);
    if (host === undefined) continue;
    const routes = run.speakers.has(one) ? host.routes.filter(({ protocol }) => protocol !== "bird") : host.routes;
    powerOn(run.world, one, { ...host, routes });
  }
  const runtime = runtimeOf(run.world, name);
  const speakers = run.speakers.get(name);
  if (runtime !== null && speakers !== undefined) {
    const started = speakers.map(({ configuration }) => startSpeaker(run.world, runtime, configuration));
    run.speakers.set(name, started);
  }
  const forgotten = typed.filter(({ host }) => host === name);
  for (const one of forgotten) typed.splice(typed.indexOf(one), 1);
  return forgotten.map(({ command }) => ({
    code: "forgotten-by-reboot",
    severity: "info",
    message: `${name} has booted without what was typed before: \`${command}\`.`,
  }));
}

/** A link loses a share of its packets; none with 0. */
export function changeLoss(
  { link, share }: Extract<Change, { readonly kind: "loss" }>,
  { run }: Playing,
  origin: Origin,
): readonly Finding[] {
  const { world } = run;
  const names = [...new Set(world.network.links.map(({ name }) => name))];
  const segments = names.filter((name) => !name.startsWith("veth "));
  if (!names.includes(link)) return [nobody(link, segments, "link")];
  const losses = new Map(world.network.losses);
  if (share === 0) losses.delete(link);
  else losses.set(link, { share, origin });
  world.network = { ...world.network, losses };
  // ways of packets that are remembered lead over it
  for (const name of [...world.hosts.keys()]) {
    const host = world.network.hosts.get(name);
    if (host !== undefined) changeHost(world, name, withLearntRoutes({ run }, name, host));
  }
  return [];
}
