import { hasName } from "./file-name-parts.ts";
import type { KnownHosts } from "./known-hosts.ts";
import type { LooseDump } from "./loose-dump.ts";

/** Whose a dump is, and what says so. */
export interface Owner {
  /** `<node>`, `host/<name>` or `pod/<namespace>/<name>`; a name that nobody knows yet stands as it is. */
  readonly host: string;
  readonly because: string;
}

/** What the surroundings of a dump tell. */
export interface Surroundings {
  readonly known: KnownHosts;
  readonly hostnames: ReadonlyMap<string, string>;
  /** What the person said, by path. */
  readonly told: (path: string) => string | null;
}

/** Whose a dump is, by itself; null when nothing in it, in its name or around it says so. */
export function ownerOf(dump: LooseDump, around: Surroundings): Owner | null {
  const { known } = around;
  const byName = (name: string, because: string): Owner => ({ host: known.named(name) ?? name, because });
  const told = around.told(dump.file.path);
  if (told !== null) return byName(told, "you said so");
  if (dump.machine !== null) return { host: dump.machine.name, because: "it lies in its folder" };
  if (dump.where?.kind === "namespace") return null;
  if (dump.where?.kind === "host") return byName(dump.where.name, `the prompt says ${dump.where.name}`);
  if (dump.where?.kind === "pod") return ofPod(dump.where.namespace, dump.where.name, known);
  const named = (text: string): readonly [string, string] | undefined =>
    known.names.find(([name]) => hasName(text, name));
  const heading = dump.heading === null ? undefined : named(dump.heading);
  if (heading !== undefined) return { host: heading[1], because: `its heading says ${heading[0]}` };
  const hostname = around.hostnames.get(dump.folder);
  if (hostname !== undefined) return byName(hostname, `the file hostname beside it says ${hostname}`);
  if (dump.hostname !== null) return byName(dump.hostname, `uname says ${dump.hostname}`);
  const inName = named(dump.name);
  if (inName !== undefined) return { host: inName[1], because: `its name holds ${inName[0]}` };
  for (const folder of dump.folder.split("/").reverse()) {
    const host = known.named(folder);
    if (folder !== "" && host !== null) return { host, because: `it lies in the folder ${folder}` };
    const inside = named(folder);
    if (inside !== undefined) return { host: inside[1], because: `it lies in the folder ${folder}` };
  }
  return ofAddress(dump, known.byAddress);
}

/** Whose it is by the addresses in it; null unless they are all those of one host. */
export function ofAddress(dump: LooseDump, byAddress: ReadonlyMap<string, string | null>): Owner | null {
  let owner: Owner | null = null;
  for (const address of dump.addresses) {
    const host = byAddress.get(address);
    if (host === undefined || host === null) continue;
    if (owner !== null && owner.host !== host) return null;
    owner ??= { host, because: `it has the address ${address}` };
  }
  return owner;
}

/** A pod on its node's network is the node. */
function ofPod(namespace: string, name: string, known: KnownHosts): Owner | null {
  const because = `it was printed in the pod ${namespace}/${name}`;
  const pod = known.cluster.pods.get(`${namespace}/${name}`);
  const isOnHost = pod?.hostNetwork ?? /^(?:calico-node|kube-proxy)-/.test(name);
  if (!isOnHost) return { host: `pod/${namespace}/${name}`, because };
  const node = pod?.nodeName ?? null;
  return node === null ? null : { host: known.named(node) ?? node, because };
}
