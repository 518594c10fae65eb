import { append } from "../../model/append.ts";
import type { Host, HostPart, Knowledge } from "../../model/host.ts";
import { hostOf } from "../../model/host-parts.ts";
import type { IpSet } from "../../model/ip-set.ts";
import { once } from "../../model/once.ts";
import type { Route } from "../../model/route.ts";
import { readFdb } from "../bridge/fdb.ts";
import { checkCalicoRules, openCalicoRules } from "../calico-rules/check-hashes.ts";
import { readConntrack } from "../conntrack.ts";
import { devicesOfRoutes } from "../ip/devices-of-routes.ts";
import type { InterfaceDump } from "../ip/interface-build.ts";
import { readNeighbours } from "../ip/neigh.ts";
import { readIpSetList } from "../ipset/list.ts";
import { readIpSetSave } from "../ipset/save.ts";
import { readNftBaseChains } from "../nft/base-chains.ts";
import { readRecent } from "../recent.ts";
import { likelyKind, PRINTED_BY } from "../recognise.ts";
import { readSockets } from "../ss.ts";
import { type ChosenFile, chooseFiles } from "./choose-files.ts";
import type { FileRole } from "./files.ts";
import type { MachineFiles } from "./layout.ts";
import { noteCuts, noteOtherBackend, withCuts } from "./machine-cuts.ts";
import { isOfOneFamily, onlyInRoutes, readInterfaces } from "./machine-interfaces.ts";
import { readMachinePolicyRules } from "./machine-policy-rules.ts";
import { glimpseRoutes, readMachineRoutes } from "./machine-routes.ts";
import { readRulesets } from "./machine-rules.ts";
import { readMachineSysctls } from "./machine-sysctls.ts";
import { type Chosen, note, one, type Reading } from "./reading.ts";
import { proxyChains } from "./service-proxy.ts";
import { addWireguard } from "./wireguard-devices.ts";

export interface Machine {
  readonly host: Host;
  /** Routes that are enough to tell who is joined to the machine: all of them, or what `joiningRoutes` finds. */
  readonly joiningRoutes: () => readonly Route[];
  /** `link-netnsid` and the like, by interface. */
  readonly namespaces: InterfaceDump["namespaces"];
  /** Interfaces whose kind was dumped, not taken from the name. */
  readonly detailed: ReadonlySet<string>;
}

/**
 * Reads the files of one network namespace into a Host; what no file tells is derived, assumed or unknown. In the order of
 * the parts, so that findings stand in it.
 */
export function readMachine(machine: MachineFiles, reading: Reading): Machine {
  const { chosen, findings: unread } = chooseFiles(machine, "state");
  append(reading.findings, unread);
  const cuts = new Map<HostPart, Knowledge>();
  const opened = partsOf(machine, (part) => chosen.filter((one) => one.role.part === part), reading, cuts, "read");
  // the copy has the values of the parts, and no longer the dumps
  const host: Host = { ...opened.host };
  noteCuts(machine, chosen, reading, cuts);
  noteOtherBackend(machine, reading, cuts);
  return { ...opened, host: { ...host, knowledge: withCuts(opened.knowledge, cuts) } };
}

/** The same, each part when somebody asks for it; what is found then goes to `reading`. */
export function openMachine(machine: MachineFiles, reading: Reading): Machine {
  const cuts = new Map<HostPart, Knowledge>();
  noteOtherBackend(machine, reading, cuts);
  const parts = new Map<FileRole["part"], readonly ChosenFile[]>();
  const chosen: Chosen = (part) => {
    const known = parts.get(part);
    if (known !== undefined) return known;
    const { chosen: files, findings } = chooseFiles(machine, "state", part);
    parts.set(part, files);
    append(reading.findings, findings);
    noteCuts(machine, files, reading, cuts);
    return files;
  };
  return partsOf(machine, chosen, reading, cuts, "open");
}

function partsOf(
  machine: MachineFiles,
  chosen: Chosen,
  reading: Reading,
  cuts: ReadonlyMap<HostPart, Knowledge>,
  mode: "read" | "open",
): Machine & { readonly knowledge: ReadonlyMap<HostPart, Knowledge> } {
  const { origins } = reading;
  const knowledge = new Map<HostPart, Knowledge>();
  const isNode = machine.kind === "node";

  const interfaceDump = readInterfaces(chosen, reading);
  const interfaces = new Map(interfaceDump.interfaces.map((device) => [device.name, device]));
  if (interfaces.size === 0) knowledge.set("interfaces", "unknown");
  else if (isOfOneFamily(chosen)) {
    const others = devicesOfRoutes(
      chosen("routes").map(({ file }) => file),
      interfaces,
      origins,
    );
    for (const device of others) interfaces.set(device.name, device);
    if (others.length > 0) {
      knowledge.set("interfaces", "assumed");
      reading.findings.push(onlyInRoutes(machine.folder, others));
    }
  }

  addWireguard(interfaces, chosen, reading);

  const sysctls = once(() => {
    const read = readMachineSysctls(machine, chosen, interfaces, reading, mode);
    if (read.knowledge !== "known") knowledge.set("sysctls", read.knowledge);
    return read;
  });
  const routes = once(() => readMachineRoutes(chosen, interfaces, () => sysctls().sysctls, knowledge, reading));
  const policyRules = once(() => readMachinePolicyRules(machine.folder, chosen, routes(), knowledge, reading));
  const rulesets = once(() => {
    const dumped = readRulesets(machine, chosen, knowledge, reading, mode);
    const names = () => ({ sets: sets().keys(), devices: interfaces.keys() });
    const how = { names, origins, known: reading.known.chains };
    if (mode === "open") return openCalicoRules(dumped, how, (finding) => reading.findings.push(finding));
    const checked = checkCalicoRules(dumped, how);
    append(reading.findings, checked.findings);
    return checked.rulesets;
  });
  const sets = once(() => {
    const read = readSets(chosen, reading);
    // a namespace of a pod, and a machine that is no node, rarely has any; then nobody collects them
    if (read === null) knowledge.set("sets", isNode ? "unknown" : "assumed");
    return new Map((read ?? []).map((set) => [set.name, set]));
  });
  const baseChains = once(() => {
    const file = one(chosen, "nft")?.file ?? null;
    const read = file === null ? null : readNftBaseChains({ text: file.text, file: file.path }, origins);
    if (read === null) knowledge.set("nft", "assumed");
    else note(reading, file, PRINTED_BY.nft, read.baseChains.length, read.findings);
    return [...(read?.baseChains ?? []), ...proxyChains(machine, reading.serviceProxy, read !== null)];
  });
  const neighbours = once(() => {
    const file = one(chosen, "neighbours")?.file ?? null;
    const read = file === null ? null : readNeighbours(file.text, file.path, origins);
    if (read === null) knowledge.set("neighbours", "assumed");
    else note(reading, file, PRINTED_BY["ip-neigh"], read.neighbours.length, read.findings);
    return read?.neighbours ?? [];
  });
  const fdb = once(() => {
    const file = one(chosen, "fdb")?.file ?? null;
    const read = file === null ? null : readFdb(file.text, file.path, origins);
    if (read !== null) note(reading, file, PRINTED_BY["bridge-fdb"], read.entries.length, read.findings);
    return read?.entries ?? [];
  });
  const conntrack = once(() => {
    const file = one(chosen, "conntrack")?.file ?? null;
    const read = file === null ? null : readConntrack(file.text, file.path, origins);
    if (read === null) knowledge.set("conntrack", "assumed");
    else note(reading, file, PRINTED_BY.conntrack, read.records.length, read.findings);
    return read?.records ?? [];
  });
  knowledge.set("matchStates", "assumed");
  const recentLists = once(() => {
    const file = one(chosen, "recent-lists")?.file ?? null;
    const read = file === null ? null : readRecent(file.text, file.path, origins);
    if (read === null) knowledge.set("recentLists", "assumed");
    else note(reading, file, PRINTED_BY["xt-recent"], read.lists.size, read.findings);
    return read?.lists ?? new Map();
  });
  const sockets = once(() => {
    const file = one(chosen, "sockets")?.file ?? null;
    const read = file === null ? null : readSockets(file.text, file.path, origins);
    if (read === null || !read.complete) knowledge.set("sockets", "unknown");
    if (read !== null) note(reading, file, PRINTED_BY.sockets, read.sockets.length, read.findings);
    return read?.sockets ?? [];
  });

  const tells: Readonly<Record<HostPart, () => unknown>> = {
    interfaces: () => interfaces,
    sysctls,
    routes,
    routes6: routes,
    policyRules,
    rules: rulesets,
    rules6: rulesets,
    otherBackend: rulesets,
    sets,
    nft: baseChains,
    neighbours,
    conntrack,
    sockets,
    recentLists,
    matchStates: () => null,
  };
  const glimpse = once(() => {
    const files = chosen("routes");
    return cuts.has("routes") ? null : glimpseRoutes(files);
  });
  const host = hostOf({
    name: machine.name,
    kind: machine.kind,
    interfaces,
    sysctls: () => sysctls().sysctls,
    dumpedSysctls: () => sysctls().dumpedSysctls,
    routes,
    policyRules,
    rulesets,
    ipSets: sets,
    nftBaseChains: baseChains,
    neighbours,
    fdb,
    conntrack,
    recentLists,
    sockets,
    knowledge: {
      get(part) {
        tells[part]();
        const told = knowledge.get(part);
        return told === "unknown" ? told : (cuts.get(part) ?? told);
      },
    },
    node: machine.node,
    kernel: once(() => kernelRelease(chosen)),
    origin: 0,
    ...(mode === "read" ? {} : { localRoutes: () => glimpse()?.filter(({ type }) => type === "local") ?? null }),
  });
  return {
    host,
    joiningRoutes: () => (mode === "read" ? null : glimpse()) ?? host.routes,
    namespaces: interfaceDump.namespaces,
    detailed: interfaceDump.detailed,
    knowledge,
  };
}

/** The release in what `uname -a` printed: `Linux worker-1 6.1.0-28-amd64 #1 SMP …`; or the only word of `uname -r`. */
function kernelRelease(chosen: Chosen): string | null {
  const text = one(chosen, "versions")?.file.text ?? "";
  return /^(?:Linux \S+ )?(\d+\.\d+\.\d\S*)/m.exec(text)?.[1] ?? null;
}

function readSets(chosen: Chosen, reading: Reading): readonly IpSet[] | null {
  const files = chosen("sets");
  if (files.length === 0) return null;
  const sets = new Map<string, IpSet>();
  for (const { file } of files) {
    const isList = likelyKind(file.text) === "ipset-list";
    const dump = isList
      ? readIpSetList(file.text, file.path, reading.origins)
      : readIpSetSave(file.text, file.path, reading.origins);
    note(reading, file, isList ? "ipset list" : "ipset save", dump.sets.size, dump.findings);
    for (const set of dump.sets.values()) if (!sets.has(set.name)) sets.set(set.name, set);
  }
  return [...sets.values()];
}
