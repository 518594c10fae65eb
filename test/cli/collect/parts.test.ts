import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ARTICLE, podpath } from "../command.ts";
import { scratch } from "./collector.ts";

const SNAPSHOT = `${ARTICLE}/healthy/snapshot`;

function tar(file: string, ...parts: readonly string[]): void {
  const done = spawnSync("tar", ["-cf", file, "-C", SNAPSHOT, ...parts], { encoding: "utf8" });
  expect(done.stderr).toBe("");
}

const QUESTION = ["--from", "pod/default/a", "--to", "pod/default/c", "--quiet"];

describe("tars of collectors", () => {
  it("of each node and of the cluster, in one folder, give the same trace as the snapshot", async () => {
    const folder = scratch();
    for (const node of ["control-plane", "worker-1", "worker-2"]) tar(join(folder, `${node}.tar`), `nodes/${node}`);
    tar(join(folder, "gw.tar"), "hosts/gw");
    tar(join(folder, "internet.tar"), "hosts/internet");
    tar(join(folder, "cluster.tar"), "cluster");
    const whole = await podpath(["trace", SNAPSHOT, ...QUESTION]);
    const parts = await podpath(["trace", folder, ...QUESTION]);
    expect(parts.code).toBe(0);
    expect(parts.out.replace(/^\s+[\w.-]+\.tar\//gm, (found) => found.replace(/[\w.-]+\.tar\//, ""))).toBe(whole.out);
    // and so does an archive of them
    const all = join(scratch(), "all.tar");
    expect(spawnSync("tar", ["-cf", all, "-C", folder, "."]).status).toBe(0);
    expect((await podpath(["trace", all, ...QUESTION])).code).toBe(0);
  });

  it("of two times are not mixed", async () => {
    const folder = scratch();
    for (const time of ["before", "after"]) tar(join(folder, `${time}.tar`), "nodes", "hosts", "cluster");
    const { code, err } = await podpath(["check", folder]);
    expect(code).toBe(2);
    expect(err).toContain("holds several snapshots with the same machines: after.tar, before.tar");
  });
});
