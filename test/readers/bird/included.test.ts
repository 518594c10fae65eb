import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { readBirdConfiguration } from "../../../src/readers/bird/configuration.ts";
import { includesAmong } from "../../../src/readers/bird/included.ts";

/** The folder in which a real BIRD 1.6.8 was asked what it includes. */
const FOLDER = new Map(
  [
    "t.conf",
    "peers/10-x.conf",
    "peers/a.conf",
    "peers/b.conf",
    "peers/.hidden.conf",
    "sub/a.conf",
    "sub/b.conf",
    "filters.conf",
  ].map((name) => [name, { path: `nodes/n1/${name}`, text: "" }]),
);

test.each([
  // measured: each of these makes BIRD know the protocols of just these files, in this order
  ["peers/*.conf", "t.conf", ["peers/10-x.conf", "peers/a.conf", "peers/b.conf"]],
  ["peers/?0-*.conf", "t.conf", ["peers/10-x.conf"]],
  ["pe[a-z]rs/a.conf", "t.conf", ["peers/a.conf"]],
  ["peers/[!a].conf", "t.conf", ["peers/b.conf"]],
  ["b.conf", "sub/a.conf", ["sub/b.conf"]],
  ["./peers/a.conf", "t.conf", ["peers/a.conf"]],
  // and these make it stop
  ["nothing/*.conf", "t.conf", []],
  ["peers/{b,a}.conf", "t.conf", []],
  ["b.conf", "t.conf", []],
  // of an absolute name, what is there of its end
  ["/etc/bird/peers/*.conf", "t.conf", ["peers/10-x.conf", "peers/a.conf", "peers/b.conf"]],
  ["/etc/bird/filters.conf", "t.conf", ["filters.conf"]],
])("include “%s” in %s is %j", (name, from, expected) => {
  const found = includesAmong(FOLDER)(name, `nodes/n1/${from}`);
  expect(found.map(({ path }) => path.replace("nodes/n1/", ""))).toEqual(expected);
});

test("protocols of included files stand where they are included", () => {
  const files = new Map([
    ["peers/a.conf", { path: "peers/a.conf", text: "protocol static a { }\n" }],
    ["peers/b.conf", { path: "peers/b.conf", text: "protocol static b { }\n" }],
  ]);
  const text = 'protocol device { }\ninclude "peers/*.conf";\nprotocol direct { }\n';
  const { configuration, findings } = readBirdConfiguration(text, "bird.conf", originTable(), includesAmong(files));
  expect(findings).toEqual([]);
  expect(configuration.protocols.map(({ name }) => name)).toEqual(["device1", "a", "b", "direct1"]);
});

test("a pattern of many stars takes no more than linear time", () => {
  const name = "a".repeat(200);
  const files = new Map([[name, { path: name, text: "" }]]);
  expect(includesAmong(files)(`${"*a".repeat(90)}b`, "bird.conf")).toEqual([]);
});
