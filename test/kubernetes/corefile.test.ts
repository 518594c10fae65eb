import fc from "fast-check";
import { expect, test } from "vitest";
import { readCorefile, serverFor } from "../../src/kubernetes/node-local-dns/corefile.ts";

const COREFILE = `# names of the cluster
(common) {
    errors
    cache {
        success 9984 30
    }
}
cluster.local:53 in-addr.arpa:53, {
    import common
    bind 169.254.20.10
    forward . 10.96.0.11 {
        force_tcp # as upstream has it
    }
}
dns://.:1053 {
    forward . "/etc/resolv.conf"
}
`;

test("a Corefile gives its servers with zones, ports and plugins, snippets put in", () => {
  const [first, second, ...more] = readCorefile(COREFILE);
  expect(more).toEqual([]);
  expect(first?.zones).toEqual([
    { name: "cluster.local", port: 53 },
    { name: "in-addr.arpa", port: 53 },
  ]);
  expect(first?.plugins.map(({ name }) => name)).toEqual(["errors", "cache", "bind", "forward"]);
  expect(first?.plugins[3]).toEqual({
    name: "forward",
    arguments: [".", "10.96.0.11"],
    body: [{ name: "force_tcp", arguments: [], body: [] }],
  });
  expect(second?.zones).toEqual([{ name: "", port: 1053 }]);
  expect(second?.plugins[0]?.arguments).toEqual([".", "/etc/resolv.conf"]);
});

test.each([
  ["web.shop.svc.cluster.local", 0],
  ["cluster.local", 0],
  ["notcluster.local", 1],
  ["example.org", 1],
])("the server of the longest zone is asked for %s", (name, which) => {
  const blocks = readCorefile(COREFILE);
  expect(serverFor(blocks, name)).toBe(blocks[which]);
});

test("a snippet that imports itself ends", () => {
  expect(readCorefile("(a) {\nimport a\nlog\n}\n. {\nimport a\n}")).toHaveLength(1);
});

test("no text makes the reader throw", () => {
  const words = fc.constantFrom("{", "}", "import", "(a)", "a", ".", '"', "#", "\n", "forward", ":53", " ");
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((all) => all.join(" ")),
      ),
      (text) => void readCorefile(text),
    ),
  );
});
