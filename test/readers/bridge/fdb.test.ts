import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { parseAddress } from "../../../src/net/address.ts";
import { readFdb } from "../../../src/readers/bridge/fdb.ts";
import { codes, fixture, withoutOrigin } from "../fixture.ts";

const read = (text: string) => readFdb(text, "f", originTable());

test("JSON says the same as text", () => {
  const text = read(fixture("bridge/fixtures/fdb.txt"));
  expect(text.entries.length).toBeGreaterThan(20);
  expect(withoutOrigin(text.entries)).toEqual(withoutOrigin(read(fixture("bridge/fixtures/fdb.json.txt")).entries));
});

test("a Calico VTEP and a learned bridge port", () => {
  expect(
    read(
      "66:F9:37:c3:7e:94 dev vxlan.calico dst 10.0.0.2 self permanent\naa:bb:cc:00:11:22 dev veth0 vlan 5 master br0",
    ).entries,
  ).toMatchObject([
    { mac: "66:f9:37:c3:7e:94", interface: "vxlan.calico", destination: parseAddress("10.0.0.2"), permanent: true },
    { vlan: 5, master: "br0", permanent: false, destination: null },
  ]);
});

test("the device that the way to a remote is bound to", () => {
  const [bound, free] = read(
    "66:f9:37:c3:7e:94 dev vx dst 10.0.0.2 via eth0 self\n66:f9:37:c3:7e:95 dev vx dst 10.0.0.2",
  ).entries;
  expect(bound?.via).toBe("eth0");
  expect(free?.via ?? null).toBeNull();
});

test.each([
  ["hello", "unknown-line"],
  ["66:f9:37:c3:7e:94 dev", "unknown-line"],
  ["66:f9:37:c3:7e:94 dev v dst x self", "unreadable-address"],
])("%s is reported", (line, code) => {
  expect(read(line).entries).toEqual([]);
  expect(codes(read(line))).toEqual([code]);
});
