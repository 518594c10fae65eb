import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "../../src/cli/program.ts";
import { ARTICLE, folder, podpath } from "./command.ts";

const PACKET = (id: string): string =>
  JSON.stringify({
    id,
    host: "worker-1",
    interface: "cali0ef24b1bc2b",
    src: "192.168.226.65",
    dst: "10.0.0.9",
    proto: "tcp",
    dport: 80,
  });

test("probe answers a packet before the next one comes, and waits for whoever reads the answers", async () => {
  const events: string[] = [];
  let drain = (): void => {};
  const code = runCommand(["probe", `${ARTICLE}/healthy`, "--packets", "-"], {
    stdout: {
      write: (text: string) => {
        events.push(`answer ${JSON.parse(text).id}`);
        return false;
      },
      once: (_, listener) => {
        drain = listener;
        setTimeout(() => {
          events.push("taken");
          drain();
        }, 20);
      },
    },
    stderr: { write: () => true },
    stdin: (async function* () {
      for (const id of ["a", "b"]) {
        events.push(`packet ${id}`);
        yield new TextEncoder().encode(`${PACKET(id)}\n`);
      }
    })(),
    env: {},
  });
  await code;
  expect(events).toEqual(["packet a", "answer a", "taken", "packet b", "answer b", "taken"]);
});

test("lines that come in pieces, and characters cut in the middle, are put together", async () => {
  const bytes = new TextEncoder().encode(`${PACKET("ä")}\n${PACKET("ö")}`);
  for (const size of [1, 7, 64]) {
    let out = "";
    await runCommand(["probe", `${ARTICLE}/healthy`, "--packets", "-"], {
      stdout: {
        write: (text: string) => {
          out += text;
        },
      },
      stderr: { write: () => true },
      stdin: (async function* () {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      })(),
      env: {},
    });
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).id),
    ).toEqual(["ä", "ö"]);
  }
});

test("packets in UTF-16, as PowerShell writes them, are read; an archive is told", async () => {
  const text = `\ufeff${PACKET("w")}\n`;
  const wide = new Uint8Array(text.length * 2);
  for (let at = 0; at < text.length; at++) new DataView(wide.buffer).setUint16(at * 2, text.charCodeAt(at), true);
  const { out } = await podpath(["probe", `${ARTICLE}/healthy`, "--packets", "-"], wide);
  expect(JSON.parse(out).id).toBe("w");
  const packed = await podpath(["probe", `${ARTICLE}/healthy`, "--packets", "-"], new Uint8Array([0x1f, 0x8b, 8, 0]));
  expect(packed.code).toBe(2);
  expect(packed.err).toContain("gzip");
});

test("packets of a file are answered in order, whatever their number, and JSON comes in pieces", async () => {
  const packets = Array.from({ length: 300 }, (_, index) => PACKET(String(index)));
  const path = join(folder({ "packets.jsonl": packets.join("\n") }), "packets.jsonl");
  const { out } = await podpath(["probe", `${ARTICLE}/healthy`, "--packets", path]);
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).id),
  ).toEqual(packets.map((_, index) => String(index)));

  const writes: string[] = [];
  await runCommand(["run", `${ARTICLE}/healthy`, "--json"], {
    stdout: { write: (text: string) => writes.push(text) },
    stderr: { write: () => true },
    stdin: (async function* () {})(),
    env: {},
  });
  expect(writes.length).toBeGreaterThan(2);
  expect(JSON.parse(writes.join("")).probes.length).toBeGreaterThan(0);
});

test("a file of packets that is none is told before anything else is done", async () => {
  for (const path of ["/nowhere/packets.jsonl", "/dev/null", "."]) {
    const { code, err } = await podpath(["probe", `${ARTICLE}/healthy`, "--packets", path]);
    expect([path, code]).toEqual([path, 2]);
    expect(err).toContain(path);
  }
});
