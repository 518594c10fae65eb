import { deriveConnectedRoutes } from "../../linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../../linux/routing/derive-local-routes.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host, HostPart, Knowledge } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";
import type { IpSet } from "../../model/ip-set.ts";
import { NO_ORIGIN, type OriginTable, originTable } from "../../model/origin.ts";
import { defaultPolicyRules, type PolicyRule } from "../../model/policy-rule.ts";
import { type Route, TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN } from "../../model/route.ts";
import type { Ruleset } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { readFdb } from "../bridge/fdb.ts";
import { checkCalicoRules } from "../calico-rules/check-hashes.ts";
import { readConntrack } from "../conntrack.ts";
import { readAddresses } from "../ip/address.ts";
import { devicesOfRoutes } from "../ip/devices-of-routes.ts";
import type { InterfaceDump } from "../ip/interface-build.ts";
import { joinAddresses } from "../ip/join-addresses.ts";
import { mergeInterfaces, readLinks } from "../ip/link.ts";
import { readNeighbours } from "../ip/neigh.ts";
import { readRoutes } from "../ip/route.ts";
import { digestRoutes } from "../ip/route-digest.ts";
import { readPolicyRules } from "../ip/rule.ts";
import { readIpSetList } from "../ipset/list.ts";
import { readIpSetSave } from "../ipset/save.ts";
import { readIptablesSave } from "../iptables/save.ts";
import { readNftBaseChains } from "../nft/base-chains.ts";
import { readNftIptablesRules } from "../nft/iptables-rules.ts";
import { likelyKind, PRINTED_BY } from "../recognise.ts";
import { readSockets } from "../ss.ts";
import { readSysctls } from "../sysctl.ts";
import { assumedSysctls, type CompletedSysctls, completeSysctls } from "./assumed-sysctls.ts";
import { type ChosenFile, chooseFiles } from "./choose-files.ts";
import { type CollectorIndex, knowledgeOfCut } from "./collector-index.ts";
import type { FileRole } from "./files.ts";
import { hostOf, once } from "./host-parts.ts";
import type { KnownTexts } from "./known-texts.ts";
import type { MachineFiles, PlacedFile } from "./layout.ts";
import { mergeRoutes } from "./merge-routes.ts";
import { proxyChains, type ServiceProxy } from "./service-proxy.ts";
import { openSysctls, sysctlLookUp } from "./sysctl-look-up.ts";

/** What a file of the snapshot was taken for. */
export interface RecognisedFile {
  readonly path: string;
  /** `iptables-save`, `ip route`, `API objects`, … */
  readonly as: string;
  /** Items read from it; null where nothing is counted. */
  readonly items: number | null;
}

export interface Machine {
  readonly host: Host;
  /** Routes that are enough to tell who is joined to the machine: all of them, or what `joiningRoutes` finds. */
  readonly joiningRoutes: () => readonly Route[];
  /** `link-netnsid` and the like, by interface. */
  readonly namespaces: InterfaceDump["namespaces"];
  /** Interfaces whose kind was dumped, not taken from the name. */
  readonly detailed: ReadonlySet<string>;
}

/** The files of a part that are read. */
type Chosen = (part: FileRole["part"]) => readonly ChosenFile[];

/** Where what is found goes. */
export interface Reading {
  readonly origins: OriginTable;
  /** What the collectors say about the files they wrote. */
  readonly collectors: Pick<CollectorIndex, "incomplete" | "wanting">;
  /** What kube-proxy does on nodes where no dump of rules shows it; null in mode iptables, whose rules are dumped. */
  readonly serviceProxy: ServiceProxy | null;
  /** What earlier machines told in the same words. */
  readonly known: KnownTexts;
  readonly findings: Finding[];
  readonly recognised: RecognisedFile[];
}

/**
 * Reads the files of one network namespace into a Host; what no file tells is derived, assumed or unknown. In the order of
 * the parts, so that findings stand in it.
 */
export function readMachine(machine: MachineFiles, reading: Reading): Machine {
  const { chosen, findings: unread } = chooseFiles(machine, "state");
  reading.findings.push(...unread);
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
    reading.findings.push(...findings);
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
      all(chosen, "routes").map(({ file }) => file),
      interfaces,
      origins,
    );
    for (const device of others) interfaces.set(device.name, device);
    if (others.length > 0) {
      knowledge.set("interfaces", "assumed");
      reading.findings.push(onlyInRoutes(machine.folder, others));
    }
  }

  const sysctls = once(() => {
    const read = readMachineSysctls(machine, chosen, interfaces, reading, mode);
    if (read.knowledge !== "known") knowledge.set("sysctls", read.knowledge);
    return read;
  });
  const routes = once(() => readMachineRoutes(chosen, interfaces, () => sysctls().sysctls, knowledge, reading));
  const policyRules = once(() => readMachinePolicyRules(machine.folder, chosen, routes(), knowledge, reading));
  const rulesets = once(() => {
    const dumped = readRulesets(machine, chosen, knowledge, reading);
    const names = () => ({ sets: sets().keys(), devices: interfaces.keys() });
    const checked = checkCalicoRules(dumped, names, origins, reading.known.chains);
    reading.findings.push(...checked.findings);
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
  };
  const glimpse = once(() => {
    const files = all(chosen, "routes");
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
    sockets,
    knowledge: {
      get(part) {
        tells[part]();
        const told = knowledge.get(part);
        return told === "unknown" ? told : (cuts.get(part) ?? told);
      },
    },
    node: machine.node,
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

/** A dump that its collector cut, or whose command failed, does not hold all there is. */
function noteCuts(
  machine: MachineFiles,
  chosen: readonly ChosenFile[],
  { collectors, findings }: Reading,
  cuts: Map<HostPart, Knowledge>,
): void {
  for (const { role, file, stem } of chosen) {
    const name = [...machine.files].find(([, one]) => one === file)?.[0] ?? stem;
    const why = collectors.incomplete.get(`${machine.folder}/${name}`);
    const part = why === undefined ? null : knowledgeOfCut(role);
    if (why === undefined || part === null) continue;
    if (cuts.get(part[0]) !== "unknown") cuts.set(part[0], part[1]);
    findings.push({
      code: "cut-file",
      severity: "warning",
      message: `The file is not whole: ${why}.`,
      file: file.path,
      advice: "What it would have held besides is unknown. Collect it again, with a larger --max-bytes or --timeout.",
    });
  }
}

function noteOtherBackend(
  machine: MachineFiles,
  { collectors, findings }: Reading,
  cuts: Map<HostPart, Knowledge>,
): void {
  for (const file of collectors.wanting) {
    const name = file.startsWith(`${machine.folder}/`) ? file.slice(machine.folder.length + 1) : "";
    if (!/^ip6?tables-(?:legacy|nft)-save\.txt$/.test(name)) continue;
    cuts.set("otherBackend", "unknown");
    findings.push({
      code: "other-backend-missing",
      severity: "warning",
      message: "The collector saw tables of the other iptables backend and could not print them.",
      file,
      advice: "Collect iptables-legacy-save into iptables-legacy-save.txt.",
    });
  }
}

function withCuts(
  knowledge: ReadonlyMap<HostPart, Knowledge>,
  cuts: ReadonlyMap<HostPart, Knowledge>,
): ReadonlyMap<HostPart, Knowledge> {
  const all = new Map(knowledge);
  for (const [part, cut] of cuts) if (all.get(part) !== "unknown") all.set(part, cut);
  return all;
}

function all(chosen: Chosen, part: FileRole["part"]): readonly ChosenFile[] {
  return chosen(part);
}

function one(chosen: Chosen, part: FileRole["part"]): ChosenFile | null {
  return chosen(part)[0] ?? null;
}

function note(
  reading: Reading,
  file: PlacedFile | null,
  as: string,
  items: number,
  findings: readonly Finding[],
): void {
  if (file !== null) reading.recognised.push({ path: file.path, as, items });
  reading.findings.push(...findings);
}

const NO_INTERFACES: InterfaceDump = { interfaces: [], detailed: new Set(), namespaces: new Map(), findings: [] };

/** One file of all addresses; else those of `ip -4 addr` and `ip -6 addr`. */
function addressFilesOf(chosen: Chosen): readonly ChosenFile[] {
  const files = all(chosen, "addresses");
  const whole = files.find((one) => one.role.family === null);
  return whole === undefined ? files : [whole];
}

/** True where only `ip -4 addr` or `ip -6 addr` tells the interfaces: both leave out those without such addresses. */
function isOfOneFamily(chosen: Chosen): boolean {
  return one(chosen, "links") === null && addressFilesOf(chosen).every(({ role }) => role.family !== null);
}

function onlyInRoutes(folder: string, devices: readonly Interface[]): Finding {
  const names = devices.slice(0, 3).map((device) => device.name);
  return {
    code: "interfaces-from-routes",
    severity: "warning",
    message: `ip -4 addr leaves out interfaces without IPv4 addresses; ${devices.length === 1 ? "one is" : `${devices.length} are`} known from routes alone (${names.join(", ")}${devices.length > names.length ? ", …" : ""}) and taken to be up, with an MTU of 1500.`,
    file: folder,
    advice: "Collect ip -d -s addr into ip-addr.txt.",
  };
}

function readInterfaces(chosen: Chosen, reading: Reading): InterfaceDump {
  const addressFiles = addressFilesOf(chosen);
  const [addressFile = null] = addressFiles;
  const linkFile = one(chosen, "links");
  const addressDumps = addressFiles.map(({ file }) => readAddresses(file.text, file.path, reading.origins));
  const addresses = addressFile && addressDumps.reduce(joinAddresses);
  const links = linkFile && readLinks(linkFile.file.text, linkFile.file.path, reading.origins);
  for (const [i, { file }] of addressFiles.entries()) {
    note(reading, file, "ip addr", addressDumps[i]?.interfaces.length ?? 0, []);
  }
  if (linkFile && links) note(reading, linkFile.file, "ip link", links.interfaces.length, []);
  const dump =
    addresses && links ? mergeInterfaces(addresses, links, reading.origins) : (addresses ?? links ?? NO_INTERFACES);
  reading.findings.push(...dump.findings);
  if (dump.interfaces.length === 0 && (addressFile || linkFile)) {
    reading.findings.push({
      code: "no-interfaces",
      severity: "error",
      message: "No interface could be read.",
      file: (addressFile ?? linkFile)?.file.path ?? "",
      expected: "the output of ip -d -s addr",
    });
  }
  if (addressFile === null && linkFile !== null && dump.interfaces.length > 0) {
    reading.findings.push({
      code: "no-addresses",
      severity: "warning",
      message: "The interfaces of this machine are known, and none of their addresses: there is no ip-addr beside it.",
      file: linkFile.file.path,
      advice: "Add ip-addr.txt: ip -d -s addr.",
    });
  }
  return dump;
}

function readMachineSysctls(
  machine: MachineFiles,
  chosen: Chosen,
  interfaces: ReadonlyMap<string, Interface>,
  reading: Reading,
  mode: "read" | "open",
): CompletedSysctls {
  const assumed = once(() => assumedSysctls(machine.kind, interfaces.values(), machine.kind === "node"));
  const file = one(chosen, "sysctls")?.file;
  if (file === undefined) return completeSysctls(new Map(), assumed());
  const readAll = (): CompletedSysctls => {
    const dump = readSysctls(file.text, file.path, reading.origins);
    note(reading, file, PRINTED_BY.sysctl, dump.values.size, dump.findings);
    return completeSysctls(dump.values, assumed());
  };
  if (mode === "read") return readAll();
  const found = sysctlLookUp(file.text, (lines) => readSysctls(lines, file.path, originTable()).values);
  return found === null ? readAll() : openSysctls(found, assumed, readAll);
}

/** The routes of `digestRoutes`; null where they are not all that the dumps tell about the same questions. */
function glimpseRoutes(files: readonly ChosenFile[]): readonly Route[] | null {
  if (!files.some(({ role }) => role.family !== 6)) return null;
  const routes: Route[] = [];
  for (const { role, file } of files) {
    const digest = digestRoutes(file.text);
    if (digest === null) return null;
    const dump = readRoutes(digest, file.path, originTable(), { family: role.family ?? 4 });
    if (dump.findings.length > 0 || dump.lossy || (role.family !== 6 && dump.routes.length === 0)) return null;
    // the lines of the digest are not those of the dump
    for (const route of dump.routes) routes.push({ ...route, origin: NO_ORIGIN });
  }
  return routes;
}

/** Routes as dumped, without repetitions; table local from the addresses where no dump shows it. */
function readMachineRoutes(
  chosen: Chosen,
  interfaces: ReadonlyMap<string, Interface>,
  sysctls: () => ReadonlyMap<string, string>,
  knowledge: Map<HostPart, Knowledge>,
  reading: Reading,
): readonly Route[] {
  const dumps = all(chosen, "routes").map(({ role, file }) => {
    const family = role.family ?? 4;
    const dump = readRoutes(file.text, file.path, reading.origins, { family, known: reading.known.routes[family] });
    note(
      reading,
      file,
      dump.lossy ? "route -n" : family === 6 ? "ip -6 route" : "ip route",
      dump.routes.length,
      dump.findings,
    );
    return { family, file, routes: dump.routes, isPart: dump.lossy || !dump.complete };
  });
  const dumped = mergeRoutes(dumps.map((dump) => dump.routes));
  const hasLocal = (family: Family): boolean =>
    dumped.some((route) => route.family === family && route.table === TABLE_LOCAL);
  // `table all` shows both families and table local
  const showsAll = dumps.some((dump) => dump.family === 4) && hasLocal(4);
  const forwards6 = (device: string): boolean =>
    sysctls().get(`net.ipv6.conf.${device.replaceAll(".", "/")}.forwarding`) === "1";
  const derived = once(() => deriveLocalRoutes(interfaces.values(), forwards6));
  const routes: Route[] = [...dumped];
  for (const family of [4, 6] as const) {
    const part: HostPart = family === 4 ? "routes" : "routes6";
    const file = dumps.find((dump) => dump.family === family);
    const uses = [...interfaces.values()].some((device) =>
      device.addresses.some((address) => address.address.family === family && device.kind !== "loopback"),
    );
    const known = file !== undefined || (family === 6 && (showsAll || (interfaces.size > 0 && !uses)));
    if (known && file !== undefined && file.routes.length === 0) {
      const missing = deriveConnectedRoutes(interfaces.values()).find((route) => route.family === family);
      if (missing !== undefined) {
        reading.findings.push({
          code: "empty-file",
          severity: "error",
          message: "There is no route, though the addresses of the interfaces bring some with them.",
          file: file.file.path,
          expected: "the output of ip route",
          advice: "Collect it again; until then the routes count as unknown.",
        });
        knowledge.set(part, "unknown");
      }
    } else if (!known) knowledge.set(part, "unknown");
    else if (file?.isPart === true) knowledge.set(part, "assumed");
    if (hasLocal(family)) continue;
    routes.push(...derived().filter((route) => route.family === family));
    if (knowledge.get(part) === undefined) knowledge.set(part, "derived");
  }
  return routes;
}

const KNOWN_TABLES: ReadonlySet<number> = new Set([TABLE_MAIN, TABLE_LOCAL, TABLE_DEFAULT]);

function readMachinePolicyRules(
  folder: string,
  chosen: Chosen,
  routes: readonly Route[],
  knowledge: Map<HostPart, Knowledge>,
  reading: Reading,
): readonly PolicyRule[] {
  const rules: PolicyRule[] = [];
  for (const family of [4, 6] as const) {
    const file = all(chosen, "policy-rules").find((one) => one.role.family === family && one.file.text.trim() !== "");
    const dump = file && readPolicyRules(file.file.text, file.file.path, reading.origins, family);
    if (file && dump) {
      note(reading, file.file, family === 6 ? "ip -6 rule" : "ip rule", dump.rules.length, dump.findings);
      rules.push(...dump.rules);
      continue;
    }
    rules.push(...defaultPolicyRules(family));
    const other = routes.find((route) => route.family === family && !KNOWN_TABLES.has(route.table));
    if (other === undefined) {
      if (knowledge.get("policyRules") === undefined) knowledge.set("policyRules", "derived");
      continue;
    }
    // somebody made a table, and so probably a rule that uses it
    knowledge.set("policyRules", "unknown");
    reading.findings.push({
      code: "rules-for-table-missing",
      severity: "warning",
      message: `There are routes in table ${other.table}, and no dump of the rules that lead there.`,
      file: folder,
      advice: `Collect ${family === 6 ? "ip -6 rule into ip-rule-v6.txt" : "ip rule into ip-rule.txt"}.`,
    });
  }
  return rules;
}

function readRulesets(
  machine: MachineFiles,
  chosen: Chosen,
  knowledge: Map<HostPart, Knowledge>,
  reading: Reading,
): readonly Ruleset[] {
  const versions = one(chosen, "versions")?.file.text ?? "";
  const printed = /^ip6?tables v\S+ \((nf_tables|legacy)\)/m.exec(versions)?.[1];
  const rulesets: Ruleset[] = [];
  const backends = new Set<"legacy" | "nft">();
  const told = new Set<Family>();
  const empty = new Set<Family>();
  let legacyIsMissing = false;
  const files = all(chosen, "rules");
  for (const { role, file } of files) {
    const family = role.family ?? 4;
    if (role.backend === null && files.some((one) => one.role.family === family && one.role.backend !== null)) {
      reading.findings.push({
        code: "same-dump-twice",
        severity: "info",
        message: "The rules of each backend are in files of their own; those are read.",
        file: file.path,
      });
      continue;
    }
    // iptables-save without a name is the backend of `iptables -V`; nft is the default of current distributions
    const backend = role.backend ?? (printed === "legacy" ? "legacy" : "nft");
    const dump = readIptablesSave(
      { text: file.text, file: file.path, family, backend, known: reading.known.rules },
      reading.origins,
    );
    const count = dump.rulesets.reduce((sum, ruleset) => sum + ruleCount(ruleset), 0);
    note(reading, file, `${family === 4 ? "iptables-save" : "ip6tables-save"} (${backend})`, count, dump.findings);
    // a backend without a table prints nothing: that is a fact, but not about the other one
    const isEmpty = file.text.trim() === "";
    if (isEmpty) {
      backends.add(backend);
      empty.add(family);
    }
    if (dump.notes.legacyTablesPresent) legacyIsMissing = true;
    for (const ruleset of dump.rulesets) {
      const part: HostPart = ruleset.family === 4 ? "rules" : "rules6";
      const same = rulesets.findIndex((one) => one.family === ruleset.family && one.backend === ruleset.backend);
      backends.add(ruleset.backend);
      if (!isEmpty) told.add(ruleset.family);
      if (same < 0) rulesets.push(ruleset);
      // several families pasted into one file: what the other file has counts where both have it
      else rulesets[same] = { ...ruleset, tables: new Map([...ruleset.tables, ...(rulesets[same]?.tables ?? [])]) };
      if (dump.notes.partial && knowledge.get(part) === undefined) knowledge.set(part, "assumed");
    }
    for (const cut of dump.notes.incomplete) knowledge.set(cut.family === 4 ? "rules" : "rules6", "unknown");
  }
  for (const ruleset of rulesOfNft(chosen, told, reading)) {
    rulesets.push(ruleset);
    backends.add("nft");
    told.add(ruleset.family);
  }
  for (const family of [4, 6] as const) {
    if (told.has(family) || (empty.has(family) && backends.size >= 2)) continue;
    knowledge.set(family === 4 ? "rules" : "rules6", machine.kind === "node" ? "unknown" : "assumed");
  }
  if (backends.size >= 2) return rulesets;
  legacyIsMissing &&= !backends.has("legacy");
  knowledge.set("otherBackend", legacyIsMissing ? "unknown" : "assumed");
  if (legacyIsMissing) {
    reading.findings.push({
      code: "other-backend-missing",
      severity: "warning",
      message: "iptables warns that there are legacy tables too; they are not in the snapshot.",
      file: machine.folder,
      advice: "Collect iptables-legacy-save into iptables-legacy-save.txt.",
    });
  }
  return rulesets;
}

/** Of families that nobody dumped with iptables-save, what `nft list ruleset` tells of the tables of iptables-nft. */
function rulesOfNft(chosen: Chosen, told: ReadonlySet<Family>, reading: Reading): readonly Ruleset[] {
  const file = told.size === 2 ? null : (one(chosen, "nft")?.file ?? null);
  if (file === null) return [];
  const dump = readNftIptablesRules(file.text, file.path, reading.origins);
  const missing = dump.rulesets.filter(({ family }) => !told.has(family));
  if (missing.length === 0) return [];
  reading.findings.push(...dump.findings);
  return missing;
}

function ruleCount(ruleset: Ruleset): number {
  let count = 0;
  for (const table of ruleset.tables.values()) for (const chain of table.chains.values()) count += chain.rules.length;
  return count;
}

function readSets(chosen: Chosen, reading: Reading): readonly IpSet[] | null {
  const files = all(chosen, "sets");
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
