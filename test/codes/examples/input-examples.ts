import type { INPUT_CODES } from "../../../src/model/codes/input-codes.ts";
import { checked, type ExamplesOf, filter, NODE, POD, snapshot, snapshotWithout } from "../example.ts";

const scenario = (network: string): string =>
  `apiVersion: podpath/v1\nkind: Scenario\nmetadata: {name: s}\nnetwork: ${network}\nprobes: []\n`;

const deep = `cluster1/${"a/".repeat(40)}x.txt`;

export const INPUT_EXAMPLES: ExamplesOf<typeof INPUT_CODES> = {
  archive: {
    files: { "packets.gz": new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]) },
    beside: NODE,
    run: ["probe", "cluster1", "--packets", "packets.gz"],
  },
  "bad-fact": {
    files: {
      "facts.yaml":
        "facts:\n  - 'node1: router 192.168.0.0/26 via 10.0.0.2'\n  - 'node1: address 10.0.0.1/24 dev eth0'\n",
    },
    run: ["check", "facts.yaml"],
  },
  "binary-file": {
    files: { "image.png": new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13]) },
    run: ["check", "image.png"],
  },
  "binary-input": snapshot({
    "nodes/n1/sysctl.txt": "net.ipv4.ip_forward\u0001\u0002\u0003\u0004\u0005\u0006\u000e\n",
  }),
  "cannot-write": { files: NODE, run: ["check", "cluster1", "-o", "no-such-folder/result.txt"] },
  "empty-file": snapshot({ "nodes/n1/sysctl.txt": "" }),
  "empty-snapshot": { files: { "cluster1/notes.txt": "nothing here\n" }, run: ["check", "cluster1"] },
  "fact-about-nobody": {
    files: {
      "facts.yaml":
        "facts:\n  node1: address 10.0.0.1/24 dev eth0\n  pod/default/a: route default via 169.254.1.1 dev eth0\n",
    },
    run: ["check", "facts.yaml"],
  },
  "fact-contradicts-dump": {
    files: {
      "routes.txt":
        "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n192.168.0.0/26 via 10.0.0.2 dev eth0 proto bird\n",
    },
    run: ["check", "routes.txt", "--fact", "node: route 192.168.0.0/26 via 10.0.0.3 dev eth0"],
  },
  "file-too-large": { files: {}, stdin: "x".repeat(65 * 1024 * 1024), run: ["check", "-"] },
  "folder-of-networks": {
    files: {},
    beside: { ...NODE, "cluster2/nodes/n1/iptables-save.txt": filter() },
    run: ["check", "."],
  },
  "machine-folder": { files: {}, beside: NODE, run: ["check", "cluster1/nodes/n1"] },
  "machine-twice": snapshot({
    "hosts/gw/ip-addr.txt": NODE["cluster1/nodes/n1/ip-addr.txt"] ?? "",
    "snapshot.yaml":
      "apiVersion: podpath/v1\nkind: Snapshot\nfabric:\n  hosts:\n    - {name: gw, interfaces: [{name: eth0, addresses: [172.16.0.1/24]}]}\n",
  }),
  "manifests-alone": { files: { "manifests/web.yaml": POD }, run: ["check", "manifests"] },
  "missing-file": { files: {}, run: ["check", "cluster9"] },
  "missing-folder": { files: { "scenario.yaml": scenario("{snapshot: ./gone}") }, run: ["check", "scenario.yaml"] },
  "not-a-file": { files: {}, run: ["check", "/dev/null"] },
  "not-a-scenario": { files: { "x.txt": filter() }, run: ["run", "x.txt"] },
  "same-dump-twice": snapshot({
    "nodes/n1/ip-addr.json":
      '[{"ifindex":2,"ifname":"eth0","flags":["UP"],"mtu":1500,"operstate":"UP","link_type":"ether","address":"02:00:00:00:00:01","addr_info":[{"family":"inet","local":"172.16.0.11","prefixlen":24,"scope":"global"}]}]\n',
  }),
  "too-deep": { files: { [deep]: "x\n" }, beside: NODE, run: ["check", "cluster1"] },
  "too-much": {
    files: {},
    beside: NODE,
    sparse: Object.fromEntries([1, 2, 3, 4, 5].map((i) => [`cluster1/nodes/n1/big${i}.txt`, 60 * 1024 * 1024])),
    run: ["check", "cluster1"],
  },
  "unknown-code": { files: {}, run: ["explain", "unknwn-line"] },
  "unknown-format": { files: {}, beside: NODE, run: ["render", "cluster1", "-o", "topology.png"] },
  "unknown-file": snapshot({ "nodes/n1/notes.txt": "asked the network team\n" }),
  "unreadable-file": { files: {}, run: ["check", "loop"] },
  "unrecognised-file": checked("notes.txt", "the network is slow since Monday"),
  "wrong-file": snapshotWithout("ip-route.txt", { "nodes/n1/ip-route.txt": filter() }),
};
