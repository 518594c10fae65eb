import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { readSockets } from "../../../src/readers/ss.ts";
import { codes, fixture, withoutOrigin } from "../fixture.ts";

const read = (text: string) => readSockets(text, "f", originTable());
const brief = (text: string): readonly string[] =>
  read(text).sockets.map((socket) => {
    const address = socket.address === null ? "*" : formatAddress(socket.address);
    return `${socket.protocol} ${socket.family ?? "any"} ${address} ${socket.port} ${socket.interface ?? "-"} ${socket.process ?? "-"}`;
  });

test("a real output, with and without header, and among connected sockets", () => {
  const text = fixture("ss/fixtures/listening.txt");
  expect(brief(text)).toEqual([
    "17 4 * 53 - python3",
    "17 4 127.0.0.1 67 lo python3",
    "17 4 * 68 eth0 python3",
    "17 4 * 4789 - -",
    "17 any * 69 eth0 python3",
    "17 6 fe80::77 84 br0 python3",
    "6 4 * 22 - python3",
    "6 any * 80 - python3",
    "6 6 * 81 - python3",
    "6 6 ::1 82 - python3",
    "6 4 127.0.0.1 83 - python3",
  ]);
  expect(read(text).findings).toEqual([]);
  expect(brief(fixture("ss/fixtures/listening-header.txt"))).toEqual(brief(text));
  expect(brief(fixture("ss/fixtures/all.txt"))).toEqual(brief(text));
});

test("without netids a listening socket is TCP", () => {
  const tcp = read(fixture("ss/fixtures/listening.txt")).sockets.filter((socket) => socket.protocol === 6);
  const only = read(fixture("ss/fixtures/tcp-only.txt")).sockets;
  expect(withoutOrigin(only)).toEqual(withoutOrigin(tcp.map((socket) => ({ ...socket, process: null }))));
});

test("ss before iproute2 4.15 writes ::: for both families and * for IPv4", () => {
  expect(brief("tcp LISTEN 0 128 *:22 *:*\ntcp LISTEN 0 128 :::80 :::*")).toEqual(["6 4 * 22 - -", "6 any * 80 - -"]);
});

test("zones inside and outside of the brackets, several processes, other protocols", () => {
  expect(
    brief(
      'udp UNCONN 0 0 [fe80::1%eth0]:546 [::]:*\nsctp LISTEN 0 5 10.0.0.1:38412 0.0.0.0:*\ntcp LISTEN 0 5 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=1,fd=6),("nginx",pid=2,fd=6),("sh",pid=3,fd=6))',
    ),
  ).toEqual(["17 6 fe80::1 546 eth0 -", "132 4 10.0.0.1 38412 - -", "6 4 * 80 - nginx,sh"]);
});

test("sockets that receive no TCP, UDP or SCTP are passed over", () => {
  expect(
    read(
      "nl UNCONN 0 0 rtnl:kernel *\nu_str LISTEN 0 128 /run/x.sock 1234 * 0\nraw UNCONN 0 0 0.0.0.0:112 0.0.0.0:*\ntcp ESTAB 0 0 10.0.0.1:22 10.0.0.2:5\nudp UNCONN 0 0 0.0.0.0:* 0.0.0.0:*",
    ),
  ).toMatchObject({ sockets: [], findings: [] });
});

test.each(["hello", "tcp LISTEN 0 128 *:frobnicate *:*", "frob LISTEN 0 128 *:22 *:*", "tcp LISTEN 0 128 *:99999 *:*"])(
  "%s is reported",
  (line) => {
    expect(codes(read(line))).toEqual(["unknown-line"]);
  },
);
