/** What a command line on a person's screen ran, and where. */
export interface PastedCommand {
  /** Name of the file that a snapshot keeps such output in, without extension; null for what no snapshot keeps. */
  readonly stem: string | null;
  /** `kubectl get -o yaml` and the like: objects of the cluster. */
  readonly isObjects: boolean;
  /** Where it ran, if the line says so. */
  readonly where: CommandPlace | null;
}

export type CommandPlace =
  | { readonly kind: "host"; readonly name: string }
  | { readonly kind: "pod"; readonly namespace: string; readonly name: string }
  /** In a network namespace that the line does not tell the owner of. */
  | { readonly kind: "namespace"; readonly text: string };

/** Words before a command that change nothing about its output. */
const BEFORE = /^(?:sudo(?: -\S+)*|doas|time|env|nice|timeout \S+|chroot \/host|\w+=\S*|watch(?: -\S+(?: \d+)?)*) +/;

/** Reads a command line as people type it. */
export function readCommand(line: string): PastedCommand {
  let rest = line.trim();
  let where: CommandPlace | null = null;
  for (let turn = 0; turn < 8; turn++) {
    const before = rest;
    rest = rest.replace(BEFORE, "");
    const inner = remote(rest);
    if (inner !== null) {
      where = inner.where ?? where;
      rest = inner.rest;
    }
    if (rest === before) break;
  }
  // what follows a pipe shows the same, or part of it
  const own = rest.split(/ *[|>;]/)[0]?.replace(/^\S*\/(?=[\w.-]+(?: |$))/, "") ?? "";
  const inside = /^ip (?:.* )?(?:-n|-netns|--netns) (\S+)/.exec(own);
  if (inside !== null) where = { kind: "namespace", text: inside[1] ?? "" };
  const plain = own.replace(/ (?:-n|--?netns) \S+/, "");
  return {
    stem: stemOfCommand(inside === null ? own : plain),
    isObjects: OBJECTS.test(own) || REPORTS.test(own),
    where,
  };
}

/** Reports about the whole cluster, which lie among its objects. */
const REPORTS = /^calicoctl (?:-\S+ )*ipam (?:show|check)\b/;

const OBJECTS = /^(?:kubectl|oc|calicoctl)\b.* get\b.* -o *=?(?:yaml|json)\b/;

/** `ssh host …`, `kubectl exec … -- …`, `kubectl debug node/… -- …`, `ip netns exec …`, `nsenter …`. */
function remote(line: string): { readonly where: CommandPlace | null; readonly rest: string } | null {
  const ssh = /^ssh (?:-\S+(?: [^-\s]\S*(?= .*\S+@))? )*(?:[\w.-]+@)?([\w.-]+) +["']?(.+?)["']?$/.exec(line);
  if (ssh !== null) return { where: { kind: "host", name: ssh[1] ?? "" }, rest: ssh[2] ?? "" };
  const netns = /^ip netns exec (\S+) +(.+)$/.exec(line);
  if (netns !== null) return { where: { kind: "namespace", text: netns[1] ?? "" }, rest: netns[2] ?? "" };
  const nsenter = /^nsenter ((?:-\S+(?: \d+| \/\S+)? +)+)(?:-- +)?(.+)$/.exec(line);
  if (nsenter !== null) {
    // into the namespaces of process 1 is the node itself
    const isNode = /(?:-t|--target)[ =]?1(?: |$)/.test(nsenter[1] ?? "");
    return { where: isNode ? null : { kind: "namespace", text: line }, rest: nsenter[2] ?? "" };
  }
  const dashes = line.indexOf(" -- ");
  const kubectl = /^(?:kubectl|oc) /.test(line) ? line.slice(0, dashes < 0 ? line.length : dashes) : null;
  if (kubectl === null) {
    const docker = /^(?:docker|crictl|podman|nerdctl) exec (?:-\S+ +)*(\S+) +(.+)$/.exec(line);
    if (docker === null) return null;
    // the containers people look into for this share the network of their node
    const isCalico = /calico|node/.test(docker[1] ?? "");
    return { where: isCalico ? null : { kind: "namespace", text: docker[1] ?? "" }, rest: docker[2] ?? "" };
  }
  if (dashes < 0) return null;
  const rest = line.slice(dashes + 4);
  const node = / debug (?:.* )?nodes?\/([\w.-]+)/.exec(kubectl);
  if (node !== null) return { where: { kind: "host", name: node[1] ?? "" }, rest };
  const exec = / exec\b/.exec(kubectl);
  if (exec === null) return null;
  const namespace = /(?:^| )(?:-n|--namespace)[ =]?(\S+)/.exec(kubectl)?.[1] ?? "default";
  const words = kubectl
    .slice(exec.index + 6)
    .replace(/(?:^| )(?:-n|--namespace|-c|--container|--context|--kubeconfig)[ =]?\S+/g, " ")
    .split(" ")
    .filter((word) => word !== "" && !word.startsWith("-"));
  const pod = words[0]?.replace(/^pods?\//, "");
  return pod === undefined ? null : { where: { kind: "pod", namespace, name: pod }, rest };
}

const IP_OBJECTS: readonly (readonly [RegExp, string])[] = [
  [/^(?:r|ro|route)$/, "ip-route"],
  [/^(?:a|ad|addr|address)$/, "ip-addr"],
  [/^(?:l|li|link)$/, "ip-link"],
  [/^(?:ru|rule)$/, "ip-rule"],
  [/^(?:n|ne|nei|neigh|neighbor|neighbour)$/, "ip-neigh"],
];

const COMMANDS: readonly (readonly [RegExp, string])[] = [
  [/^bridge (?:-\S+ )*f(?:db)?\b/, "bridge-fdb"],
  [/^ipset (?:-\S+ )*(?:save|-S)/, "ipset-save"],
  [/^ipset (?:-\S+ )*(?:list|-L)|^ipset list/, "ipset-list"],
  [/^sysctl\b/, "sysctl"],
  [/^conntrack .*-S\b(?!.*-L)/, "conntrack-stats"],
  [/^conntrack\b|\/proc\/net\/(?:nf|ip)_conntrack/, "conntrack"],
  [/\/proc\/net\/(?:xt|ipt)_recent\//, "xt-recent"],
  [/^wg\b(?: show\b)?/, "wg-show"],
  [/^ss\b/, "sockets"],
  [/^netstat .*-\w*r|^route (?!.*inet6)|^route$/, "route"],
  [/^route .*inet6/, "route-v6"],
  [/^netstat\b(?!.*-\w*s)/, "netstat"],
  [/^nstat\b/, "nstat"],
  [/^ifconfig\b/, "ifconfig"],
  [/^nft (?:-\S+ )*list ruleset/, "nft-ruleset"],
  [/^birdcl?6 .*\bs\w* +p/, "birdc6-protocols"],
  [/^birdcl?6 .*\bs\w* +r/, "birdc6-route"],
  [/^birdcl? .*\bs\w* +p/, "birdc-protocols"],
  [/^birdcl? .*\bs\w* +r/, "birdc-route"],
  [/^calicoctl (?:-\S+ )*node status/, "calico-node-status"],
  [/^cat \S*bird6?\.cfg/, "bird"],
  [/^(?:uname|ip6?tables(?:-\w+)* (?:-V|--version))/, "versions"],
  [/^hostname\b/, "hostname"],
  [/^tc (?:-\S+ )*q/, "tc-qdisc"],
];

function stemOfCommand(command: string): string | null {
  const save = /^(ip6?tables)(-legacy|-nft)?-save\b/.exec(command);
  if (save !== null) return `${save[1]}${save[2] ?? ""}-save`;
  const listed = /^(ip6?tables)(-legacy|-nft)? .*(?:-[\w]*[LS]|--list)/.exec(command);
  if (listed !== null) return `${listed[1]}${listed[2] ?? ""}-save`;
  const ip = /^ip((?: +-\S+)*) +([a-z]+)(?: +(\S+))?/.exec(command);
  if (ip !== null) {
    const found = IP_OBJECTS.find(([pattern]) => pattern.test(ip[2] ?? ""))?.[1] ?? null;
    // `ip route get` and the like print no table
    if (found === null || /^(?:g|get|add|del|delete|replace|flush|monitor)$/.test(ip[3] ?? "")) return null;
    const family = / -6| -(?:family|f) inet6/.test(ip[1] ?? "") ? 6 : / -4/.test(ip[1] ?? "") ? 4 : null;
    if (found === "ip-addr") return family === null ? found : `ip-addr-v${family}`;
    return family === 6 && (found === "ip-route" || found === "ip-rule") ? `${found}-v6` : found;
  }
  return COMMANDS.find(([pattern]) => pattern.test(command))?.[1] ?? null;
}
