import { type Address, parseAddress } from "../../net/address.ts";
import { at, complain, elements, type Field, flag, member, text } from "../field.ts";

/** What the container of NodeLocal DNSCache is told (kubernetes/dns, cmd/node-cache/main.go). */
export interface NodeCacheOptions {
  /** `-localip`: where it answers; all of one family. Empty: it ends at once. */
  readonly addresses: readonly Address[];
  /** `-interfacename`; null with `-setupinterface=false`. */
  readonly device: string | null;
  /** `-setupiptables` */
  readonly setsUpRules: boolean;
  /** `-dns.port` */
  readonly port: number;
  /** `-health-port` */
  readonly healthPort: number;
  /** `-upstreamsvc`: the Service in its namespace that knows the cluster's names. */
  readonly upstreamService: string;
  /** Whence its Corefile; null where no volume brings one. */
  readonly configMap: { readonly name: string; readonly key: string } | null;
  /** It may make devices and rules. */
  readonly isAdmin: boolean;
  /** The field that holds `-localip`, in the pod's spec. */
  readonly field: "spec.containers.args" | "spec.containers.command";
}

const PORT = 53;
const HEALTH_PORT = 8080;
const DEVICE = "nodelocaldns";
const BASE_COREFILE = "/etc/coredns/Corefile.base";
const COREFILE = "/etc/Corefile";

/** Null where the container is no NodeLocal DNSCache: it has no `-localip`. */
export function nodeCacheOptions(container: Field, spec: Field): NodeCacheOptions | null {
  const command = elements(member(container, "command"));
  const words = [...command, ...elements(member(container, "args"))];
  if (!words.some(({ value }) => typeof value === "string" && value.includes("localip"))) return null;
  const options = optionsOf(words);
  const local = options.get("localip");
  if (local === undefined) return null;
  const given = (name: string): string | null => options.get(name)?.value ?? null;
  const port = (name: string, otherwise: number): number => {
    const written = given(name);
    return written !== null && /^\d{1,5}$/.test(written) ? Number(written) : otherwise;
  };
  const isOn = (name: string): boolean => !/^(?:0|f|false)$/i.test(given(name) ?? "true");
  const context = member(container, "securityContext");
  const added = elements(at(context, "capabilities", "add")).map(text);
  return {
    addresses: localAddresses(local),
    device: isOn("setupinterface") ? (given("interfacename") ?? DEVICE) : null,
    setsUpRules: isOn("setupiptables"),
    port: port("dns.port", port("p", PORT)),
    healthPort: port("health-port", HEALTH_PORT),
    upstreamService: given("upstreamsvc") ?? "kube-dns",
    configMap:
      configMapOf(given("basecorefile") ?? BASE_COREFILE, container, spec) ??
      configMapOf(given("conf") ?? given("corefile") ?? COREFILE, container, spec),
    isAdmin: flag(member(context, "privileged")) === true || added.includes("NET_ADMIN") || added.includes("ALL"),
    field: command.some(({ value }) => value === local.field.value)
      ? "spec.containers.command"
      : "spec.containers.args",
  };
}

interface Option {
  readonly value: string;
  readonly field: Field;
}

const FLAGS = new Set(["setupinterface", "setupiptables", "setupebtables", "skipteardown"]);

/** Options as Go's package flag takes them: `-name=value`, `--name value`; those that are true or false take no word after them. */
function optionsOf(words: readonly Field[]): ReadonlyMap<string, Option> {
  const options = new Map<string, Option>();
  for (const [index, field] of words.entries()) {
    const found = /^--?([\w.-]+?)(?:=(.*))?$/.exec(text(field) ?? "");
    const [, name, value] = found ?? [];
    if (name === undefined) continue;
    const next = words[index + 1];
    const follows = next === undefined ? null : text(next);
    if (value !== undefined) options.set(name, { value, field });
    else if (FLAGS.has(name)) options.set(name, { value: "true", field });
    else if (next !== undefined && follows !== null) options.set(name, { value: follows, field: next });
  }
  return options;
}

function localAddresses({ value, field }: Option): readonly Address[] {
  const read = value.split(",").map(parseAddress);
  const addresses = read.filter((address) => address !== null);
  if (addresses.length < read.length) {
    complain(field, "addresses separated by commas, in place of __PILLAR__…");
    return [];
  }
  if (new Set(addresses.map(({ family }) => family)).size > 1) {
    complain(field, "addresses of one family: node-cache takes no others beside them");
    return [];
  }
  return addresses;
}

/** The ConfigMap whose key is mounted at a path. */
function configMapOf(path: string, container: Field, spec: Field): NodeCacheOptions["configMap"] {
  const [, folder, file = ""] = /^(.*)\/([^/]*)$/.exec(path) ?? [];
  const mount = elements(member(container, "volumeMounts")).find(
    (one) => text(member(one, "mountPath"))?.replace(/\/$/, "") === folder,
  );
  if (mount === undefined) return null;
  const name = text(member(mount, "name"));
  const volume = elements(member(spec, "volumes")).find((one) => text(member(one, "name")) === name);
  if (volume === undefined) return null;
  const configMap = member(volume, "configMap");
  const items = elements(member(configMap, "items"));
  const item = items.find((one) => text(member(one, "path")) === file);
  const key = items.length === 0 ? file : item === undefined ? null : text(member(item, "key"));
  const map = text(member(configMap, "name"));
  return map === null || key === null ? null : { name: map, key };
}
