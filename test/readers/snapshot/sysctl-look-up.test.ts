import fc from "fast-check";
import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { sysctlLookUp } from "../../../src/readers/snapshot/sysctl-look-up.ts";
import { readSysctls } from "../../../src/readers/sysctl.ts";

const read = (text: string): ReadonlyMap<string, string> => readSysctls(text, "f", originTable()).values;

const NAMES = ["forwarding", "mc_forwarding", "proxy_arp", "proxy_arp_pvlan", "rp_filter"];
const DEVICES = ["all", "default", "eth0", "eth0/100", "cali1", "proxy_arp"];
const key = fc
  .tuple(fc.constantFrom("ipv4", "ipv6"), fc.constantFrom(...DEVICES), fc.constantFrom(...NAMES))
  .map(([family, device, name]) => `net.${family}.conf.${device}.${name}`);
const assignment = fc
  .tuple(
    key,
    fc.constantFrom(" = ", "=", "\t=\t", " =", ": "),
    fc.constantFrom("0", "1", "2", "", "1 2", "rp_filter = 7"),
  )
  .map((parts) => parts.join(""));
const slashes = key.map((written) => `${written.replaceAll(/[./]/g, (c) => (c === "." ? "/" : "."))} = 3`);
const file = key.map((written) => `/proc/sys/${written.replaceAll(".", "/")}:5`);
const line = fc.oneof(
  { weight: 8, arbitrary: assignment },
  slashes,
  file,
  fc.constantFrom(
    "sysctl: permission denied on key 'net.ipv4.conf.all.rp_filter'",
    "# net.ipv4.conf.all.rp_filter = 9",
  ),
  fc.string({ maxLength: 30 }),
  assignment.map((text) => `$ sysctl ${text}`),
  assignment.map((text) => `  ${text}  `),
);

test("a key that is looked up has the value that reading the whole dump gives it", () => {
  let looked = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 25 }), fc.array(key, { minLength: 1, maxLength: 8 }), (lines, keys) => {
      const text = lines.join("\n");
      const whole = read(text);
      const found = sysctlLookUp(text, read);
      if (found === null) return;
      looked++;
      for (const one of keys) expect(found.get(one)).toBe(whole.get(one));
    }),
    { numRuns: 600 },
  );
  expect(looked).toBeGreaterThan(300);
});

test("a dump with carriage returns, colours or other writing is read whole", () => {
  for (const odd of ["\r", "\u001b[1m", "\u00a0", "\0", "ü"]) {
    expect(sysctlLookUp(`net.ipv4.ip_forward = 1${odd}\n`, read)).toBe(null);
  }
});

test("only the lines of the wanted name are read", () => {
  const texts: string[] = [];
  const found = sysctlLookUp("net.a.x = 1\nnet.a.y = 2\nnet.b.x=3", (lines) => {
    texts.push(lines);
    return read(lines);
  });
  expect([found?.get("net.b.x"), found?.get("net.a.x"), found?.get("net.c.x")]).toEqual(["3", "1", undefined]);
  expect(texts).toEqual(["net.a.x = 1\nnet.b.x=3"]);
});
