import { expect, test } from "vitest";
import { ARTICLE, podpath } from "./command.ts";

const THREE_NODES = "examples/three-nodes";

test("podpath ipam show tells how full pools and blocks of manifests are", async () => {
  const { code, out, err } = await podpath(["ipam", "show", THREE_NODES, "--show-blocks"]);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toContain("| Block    | 192.168.226.64/26  |");
});

test("podpath ipam show --ip tells who has an address, and of no address that it is none", async () => {
  const one = await podpath(["ipam", "show", THREE_NODES, "--ip", "192.168.226.64"]);
  expect(one.out).toMatch(/^IP 192\.168\.226\.64 is in use\nAttributes:\n/);
  const none = await podpath(["ipam", "show", THREE_NODES, "--ip", "192.168.300.1"]);
  expect([none.code, none.out]).toEqual([2, ""]);
  expect(none.err).toContain("--ip 192.168.300.1 is no IP address");
});

test("podpath ipam show --json lists blocks with whom their addresses are for", async () => {
  const { code, out } = await podpath(["ipam", "show", THREE_NODES, "--json"]);
  expect(code).toBe(0);
  const { pools, blocks, configuration } = JSON.parse(out);
  expect(pools.map(({ cidr }: { readonly cidr: string }) => cidr)).toEqual(["192.168.0.0/16"]);
  expect(blocks.map(({ owner }: { readonly owner: string }) => owner)).toEqual([
    "worker-2",
    "worker-1",
    "control-plane",
  ]);
  expect(blocks[0].allocations[0]).toMatchObject({ planned: true, handle: null });
  expect(configuration).toEqual({ strictAffinity: false, autoAllocateBlocks: true, maxBlocksPerHost: 0 });
});

test("podpath ipam check finds nothing wrong with what podpath gave", async () => {
  const { code, out } = await podpath(["ipam", "check", THREE_NODES]);
  expect(code).toBe(0);
  expect(out).toMatch(/Check complete; found 0 problems\.\n$/);
});

test("podpath ipam says of a snapshot without blocks what to collect", async () => {
  const { code, out, err } = await podpath(["ipam", "show", `${ARTICLE}/healthy`]);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain("[no-ipam-blocks]");
});
