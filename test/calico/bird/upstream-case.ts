import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { birdContext } from "../../../src/calico/bird/bird-context.ts";
import { type BirdFile, birdFilesOf } from "../../../src/calico/bird/bird-files-of.ts";
import { endpointSlicesOf } from "../../../src/kubernetes/endpoint-slices-of.ts";
import { UPSTREAM_ROOT, upstreamText } from "../upstream-data.ts";
import { clusterOfTexts, declaredNodes, type TextFile } from "./cluster-of-texts.ts";

/** One of upstream's expectations: what confd made of some resources on one node. */
export interface UpstreamCase {
  readonly golden: string;
  readonly mesh?: string;
  readonly files?: readonly string[];
  readonly inline?: { readonly nodename: string };
}

export type UpstreamRelease = "v3.29.2" | "head";

/** Upstream's own index of its cases. */
export function upstreamCases(release: UpstreamRelease): readonly UpstreamCase[] {
  const index: Readonly<Record<string, readonly UpstreamCase[]>> = JSON.parse(
    upstreamText("vectors/confd-golden-index.json"),
  );
  return index[release] ?? [];
}

const NO_MESH = configuration("nodeToNodeMeshEnabled: false");

function configuration(...spec: readonly string[]): string {
  const head = "apiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata: { name: default }\nspec:\n";
  return head + spec.map((line) => `  ${line}\n`).join("");
}

function secret(name: string, data: Readonly<Record<string, string>>): string {
  return `apiVersion: v1\nkind: Secret\nmetadata: { name: ${name}, namespace: kube-system }\nstringData: ${JSON.stringify(data)}\n`;
}

/** The Secrets at each step of upstream's tests of passwords, which it makes with kubectl. */
const PASSWORDS: Readonly<Record<string, readonly string[]>> = {
  "password/step2": [secret("my-secrets-1", { b: "password-b" })],
  "password/step3": [
    secret("my-secrets-1", { a: "password-a", b: "password-b" }),
    secret("my-secrets-2", { c: "password-c" }),
  ],
  "password/step4": [secret("my-secrets-1", { a: "password-a", b: "password-b" })],
  "password/step5": [secret("my-secrets-1", { a: "new-password-a", b: "new-password-b" })],
  "password/step6": [secret("my-secrets-1", { b: "new-password-b" })],
  "password-deadlock": [secret("my-secrets-1", { a: "password-a" })],
  "mesh/password/step2": [secret("my-secrets-1", { a: "password-a" })],
  "mesh/password/step3": [secret("my-secrets-1", { a: "new-password-a" })],
};

/** What upstream's tests of the newer release change in code, as if it were in the files. */
function changed(golden: string, text: string): string {
  const normalPriority = (...lines: readonly string[]): string =>
    text.replace("nodeToNodeMeshEnabled: true", ["nodeToNodeMeshEnabled: true", ...lines].join("\n  "));
  switch (golden) {
    case "bgpfilter/node_mesh/priority2":
      return normalPriority("ipv4NormalRoutePriority: 5000");
    case "bgpfilter/node_mesh/priority3":
      return normalPriority("ipv4NormalRoutePriority: 5000", "ipv6NormalRoutePriority: 80");
    case "bgpfilter/filter_deletion/step2":
      return text.replace(
        /kind: BGPFilter\n(?:(?!\n---)[\s\S])*/,
        "kind: Deleted\nmetadata: { name: x }\napiVersion: v1",
      );
    case "sourceaddr_gracefulrestart/step2":
      return text.replace("asNumber: 64512", "asNumber: 64512\n  sourceAddress: None");
    case "sourceaddr_gracefulrestart/step3":
      return text.replace("asNumber: 64512", "asNumber: 64512\n  sourceAddress: None\n  maxRestartTime: 10s");
    case "mesh/restart-time/pcr-disabled":
      return text.replace("spec:", "spec:\n  programClusterRoutes: Disabled");
    case "mesh/restart-time/pcr-enabled":
      return text.replace("spec:", "spec:\n  programClusterRoutes: Enabled");
    case "mesh/restart-time/pcr-ipip-only":
      return text.replace("spec:", "spec:\n  programClusterRoutes: EnabledIPIPOnly");
    // the two workloads are chosen by different BGPPeers
    case "explicit_peering/local_bgp_peer":
      return text.replace(/calico-bird-0(?=[\s\S]{0,20}node: kube-master)/, "calico-bird-1");
    default:
      return text;
  }
}

/** Pods that upstream tells confd by files of Felix. */
const WORKLOADS = [
  ["0", "192.168.162.134", "fd00:10:244:0:586d:4461:e980:a284"],
  ["1", "192.168.162.136", "fd00:10:244:0:586d:4461:e980:a286"],
]
  .map(
    ([n, ipv4, ipv6]) =>
      `apiVersion: v1\nkind: Pod\nmetadata: { name: bird-${n}, namespace: default, labels: { app: calico-bird-${n} } }\n` +
      `spec: { nodeName: kube-master }\nstatus: { podIPs: [ { ip: ${ipv4} }, { ip: "${ipv6}" } ] }\n`,
  )
  .join("---\n");

/** Files under mock_data whose place does not follow from the case's name. */
const ELSEWHERE: readonly (readonly [RegExp, string])[] = [
  [/^bgpfilter\/filter_deletion\/step\d$/, "bgpfilter/filter_deletion"],
  [/^bgpfilter\/node_mesh\/priority\d$/, "bgpfilter/node_mesh"],
  [/^explicit_peering\/local_bgp_peer$/, "local_bgp_peer"],
  [/^mesh\/password\/step\d$/, "mesh_password"],
  [/^mesh\/restart-time\/pcr-.*$/, "mesh/restart-time"],
  [/^password\/step\d$/, "password"],
  [/^sourceaddr_gracefulrestart\/step\d$/, "sourceaddr_gracefulrestart"],
];

/** The loop of upstream's shell script around this file. */
const DEADLOCK = "v3.29.2/confd/tests/mock_data/inline/password-deadlock/apply-1.yaml";

function inputFiles(release: UpstreamRelease, golden: string): readonly TextFile[] {
  const data = `${release}/confd/tests/mock_data`;
  const read = (name: string): readonly TextFile[] =>
    existsSync(join(UPSTREAM_ROOT, data, name)) ? [{ name, text: upstreamText(`${data}/${name}`) }] : [];
  if (golden === "password-deadlock") {
    const nodes = ["1", "2", "3", "4", "5"].map((ii) => upstreamText(DEADLOCK).replaceAll("$ii", ii));
    return [{ name: "loop", text: [NO_MESH, ...nodes].join("---\n") }];
  }
  const inline = `inline/${golden}`;
  if (existsSync(join(UPSTREAM_ROOT, data, inline))) {
    return readdirSync(join(UPSTREAM_ROOT, data, inline))
      .sort()
      .flatMap((name) => read(`${inline}/${name}`));
  }
  const place = ELSEWHERE.find(([pattern]) => pattern.test(golden))?.[1] ?? golden;
  const first = place.replace(/\/step\d$/, "");
  return [...new Set([first, place])].flatMap((folder) => [
    ...read(`calicoctl/${folder}/input.yaml`),
    ...read(`calicoctl/${folder}/kubectl-input.yaml`),
  ]);
}

/** An object that a step of upstream's tests deletes: `# step: delete bgpfilter test-filter`. */
const DELETION = /^# step: delete (\S+) (\S+)/;

/** Renders what upstream expects of a case, from upstream's own input. */
export function renderCase(release: UpstreamRelease, one: UpstreamCase): ReadonlyMap<BirdFile, string> | null {
  const { golden } = one;
  const inputs = inputFiles(release, golden);
  if (inputs.length === 0) throw new Error(`upstream's input of ${golden} is not there`);
  const deleted = inputs.flatMap(({ text }) => DELETION.exec(text)?.[2] ?? []);
  const hasBlocks = !/priority\d$/.test(golden);
  const whole = clusterOfTexts([
    ...(one.mesh === "disabled" ? [{ name: "mesh", text: NO_MESH }] : []),
    ...(hasBlocks ? [{ name: "ipam.yaml", text: upstreamText("v3.29.2/confd/tests/mock_data/kdd/ipam.yaml") }] : []),
    ...inputs.map(({ name, text }) => ({
      name,
      // YAML 1.1, which calicoctl reads, has more words for true
      text: (release === "head" ? changed(golden, text) : text).replace(/: yes$/gm, ": true"),
    })),
    ...(PASSWORDS[golden] ?? []).map((text, i) => ({ name: `secret-${i}`, text })),
    ...(golden === "explicit_peering/local_bgp_peer" ? [{ name: "workloads", text: WORKLOADS }] : []),
  ]);
  const cluster = {
    ...whole,
    bgpFilters: new Map([...whole.bgpFilters].filter(([name]) => !deleted.includes(name))),
  };
  const context = birdContext(cluster, declaredNodes(cluster), {
    calico: release === "head" ? "v3.33.0" : release,
    slices: endpointSlicesOf(cluster),
    blocks: null,
    routerId: golden === "mesh/hash" ? "hash" : golden === "mesh/static-routes-no-ipv4-address" ? "10.10.10.10" : "",
  });
  return birdFilesOf(/^(?:password|sourceaddr_gracefulrestart)/.test(golden) ? "node1" : "kube-master", context);
}

/** As upstream compares: without blank lines, and without blanks at the end of a line. */
export function comparable(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
}
