import { describe, expect, it } from "vitest";
import { OUTPUT } from "../../../../src/linux/netfilter/verdict.ts";
import { deriveConnectedRoutes } from "../../../../src/linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../../../../src/linux/routing/derive-local-routes.ts";
import { interfaceAddress, networkInterface } from "../../../../src/model/interface.ts";
import { address, bench, frame, holds } from "./bench-host.ts";

const eth0 = networkInterface({
  name: "eth0",
  index: 2,
  addresses: [
    interfaceAddress({ address: address("10.0.0.2"), prefixLength: 24, broadcast: address("10.0.0.255") }),
    interfaceAddress({ address: address("fd00::2"), prefixLength: 64 }),
  ],
});
const eth1 = networkInterface({
  name: "eth1",
  index: 3,
  addresses: [interfaceAddress({ address: address("192.168.0.1"), prefixLength: 24 })],
});
const devices = [eth0, eth1];
const host = {
  interfaces: new Map(devices.map((device) => [device.name, device])),
  routes: [...deriveLocalRoutes(devices), ...deriveConnectedRoutes(devices)],
};

describe("-m addrtype", () => {
  it.each([
    ["--dst-type LOCAL", true],
    ["! --dst-type LOCAL", false],
    ["--src-type LOCAL", false],
    ["--src-type UNICAST --dst-type LOCAL", true],
    ["--dst-type UNICAST,LOCAL", true],
    ["--dst-type BROADCAST,MULTICAST", false],
    ["--dst-type LOCAL --limit-iface-in", true],
    ["--dst-type LOCAL --limit-iface-out", false],
  ])("%s holds for 10.0.0.1 > 10.0.0.2 from eth0 to eth1: %s", (text, expected) => {
    expect(holds(`-m addrtype ${text}`, frame({}, { input: eth0, output: eth1 }), bench(host))).toBe(expected);
  });

  it.each([
    ["LOCAL", true],
    ["UNICAST", true],
    ["UNICAST,LOCAL", true],
    ["LOCAL,MULTICAST", false],
    ["UNSPEC,LOCAL", false],
    ["LOCAL,UNREACHABLE", true],
    ["UNREACHABLE", false],
    ["UNSPEC", false],
  ])("asks for all kinds of address in IPv6 (observed on Linux 6.18): --dst-type %s %s", (types, expected) => {
    const six = frame({ src: address("fd00::1"), dst: address("fd00::2") });
    expect(holds(`-m addrtype --dst-type ${types}`, six, bench(host))).toBe(expected);
  });
});

describe("-m owner", () => {
  const user = frame({}, { owner: { uid: 1000, gid: 100 } });
  const kernel = frame({}, { fromKernel: true });
  const forwarded = frame({}, { input: eth0, output: eth1 });
  it.each([
    ["--uid-owner 1000", true, false, false],
    ["--uid-owner 0-999", false, false, false],
    ["! --uid-owner 0", true, true, true],
    ["! --uid-owner 1000", false, true, true],
    ["--gid-owner 100", true, false, false],
    ["--socket-exists", true, true, false],
    ["! --socket-exists", false, false, true],
    ["--uid-owner 1000 --gid-owner 7", false, false, false],
    ["--socket-exists ! --uid-owner 0", true, true, false],
  ])("%s: of a user %s, of the kernel %s, forwarded %s", (text, ofUser, ofKernel, ofNobody) => {
    expect(holds(`-m owner ${text}`, user, bench(), OUTPUT)).toBe(ofUser);
    expect(holds(`-m owner ${text}`, kernel, bench(), OUTPUT)).toBe(ofKernel);
    expect(holds(`-m owner ${text}`, forwarded, bench(), OUTPUT)).toBe(ofNobody);
  });

  it("does not know supplementary groups", () => {
    const on = bench();
    holds("-m owner --gid-owner 7 --suppl-groups", user, on, OUTPUT);
    expect(on.asked[0]?.kind).toBe("unknown");
  });

  it("does not know the group of a user of whom only the uid was said", () => {
    const on = bench();
    holds("-m owner --gid-owner 0", frame({}, { owner: { uid: 1500, gid: null } }), on, OUTPUT);
    expect(on.asked[0]?.question).toContain("is the group of the sender, uid 1500, in 0?");
  });
});

describe("-m rpfilter", () => {
  it("holds when the way back leads over the incoming interface", () => {
    const straight = frame({}, { input: eth0 });
    const crossed = frame({}, { input: eth1 });
    expect(holds("-m rpfilter", straight, bench(host))).toBe(true);
    expect(holds("-m rpfilter", crossed, bench(host))).toBe(false);
    expect(holds("-m rpfilter --loose", crossed, bench(host))).toBe(true);
    expect(holds("-m rpfilter --validmark --invert", crossed, bench(host))).toBe(true);
  });
});
