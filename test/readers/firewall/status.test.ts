import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { readFirewallStatus } from "../../../src/readers/firewall/status.ts";
import { recogniseDump } from "../../../src/readers/recognise.ts";
import { codes, fixture } from "../fixture.ts";

const read = (text: string) => readFirewallStatus(text, "f", originTable());
const recorded = (name: string): string => fixture(`firewall/fixtures/${name}.txt`);
const settings = (text: string, at = 0): readonly string[] =>
  (read(text).firewalls[at]?.settings ?? []).map(({ name, value }) => `${name}: ${value}`);

test("ufw status verbose: state, defaults and rules as it words them", () => {
  const dump = read(recorded("ufw-verbose"));
  expect(dump.firewalls).toMatchObject([{ frontEnd: "ufw", active: true }]);
  expect(settings(recorded("ufw-verbose")).slice(0, 5)).toEqual([
    "logging: on (low)",
    "default: deny (incoming), allow (outgoing), disabled (routed)",
    "new profiles: skip",
    "rule: 22/tcp LIMIT IN from Anywhere",
    "rule: 179/tcp ALLOW IN from 10.0.0.0/8",
  ]);
  expect(settings(recorded("ufw-verbose"))).toContain("rule: Anywhere on eth0 ALLOW FWD from Anywhere on cali+");
});

test.each(["ufw", "ufw-numbered", "ufw-verbose"])(
  "%s: every rule is told, and that only the rules it made decide",
  (name) => {
    const dump = read(recorded(name));
    expect(settings(recorded(name)).filter((text) => text.startsWith("rule: "))).toHaveLength(11);
    expect(codes(dump)).toEqual(["firewall-summary"]);
  },
);

test("a ufw that is off needs no rules of its own", () => {
  const dump = read("Status: inactive\n");
  expect(dump).toMatchObject({ firewalls: [{ frontEnd: "ufw", active: false }], findings: [] });
});

test("firewalld: a zone with an interface or source is active; ports, services and rich rules are told", () => {
  expect(read(recorded("firewalld")).firewalls).toMatchObject([{ frontEnd: "firewalld", active: true }]);
  expect(settings(recorded("firewalld"))).toEqual([
    "zone: public",
    "target: default",
    "icmp-block-inversion: no",
    "interfaces: eth0",
    "services: dhcpv6-client ssh",
    "ports: 179/tcp 4789/udp",
    "forward: yes",
    "masquerade: no",
    "forward-port: port=80:proto=tcp:toport=8080:toaddr=",
    'rich rule: rule family="ipv4" source address="10.0.0.0/8" accept',
    'rich rule: rule protocol value="4" accept',
  ]);
  const zones = read(recorded("firewalld-zones"));
  expect(zones.firewalls.length).toBeGreaterThan(5);
  expect(codes(zones)).toEqual(["firewall-summary"]);
  expect(read("FirewallD is not running\n").firewalls).toMatchObject([{ active: false }]);
});

test("both are recognised by their content", () => {
  for (const name of ["ufw", "ufw-numbered", "ufw-verbose"]) expect(recogniseDump(recorded(name))).toBe("ufw-status");
  for (const name of ["firewalld", "firewalld-zones"]) expect(recogniseDump(recorded(name))).toBe("firewall-cmd");
});
