import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { valueWritten } from "../../../src/readers/sysctl-value.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

/** They take any number. */
const KEYS = [
  "net.ipv4.ip_forward",
  "net.ipv4.conf.lo.rp_filter",
  "net.ipv6.conf.lo.dad_transmits",
  "net.netfilter.nf_conntrack_tcp_timeout_syn_sent",
];

const piece = fc.constantFrom(
  "0",
  "1",
  "2",
  "7",
  "8",
  "9",
  "a",
  "f",
  "x",
  "X",
  "-",
  "+",
  " ",
  "\t",
  ".",
  "yes",
  "0x1",
  "010",
);
const written = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(""));

/** What it is before. */
const BEFORE = "1";

/** proc_dointvec() */
describe.skipIf(!available)("a value that is written to a setting", () => {
  const oracle = new Oracle();
  beforeAll(() => oracle.build({ hosts: [{ name: "R", interfaces: [] }], links: [] }));
  afterAll(() => oracle.close());

  it.each(KEYS)("is what the kernel then has, or keeps: %s", async (key) => {
    const file = `/proc/sys/${key.replaceAll(".", "/")}`;
    const texts = fc.sample(written, { seed: 3, numRuns: 200 });
    const script = [
      'file=$1; shift; for text do echo "$BEFORE" > "$file"; (printf %s "$text" > "$file") 2> /dev/null; cat "$file"; done',
    ].join("\n");
    const { stdout } = await oracle.exec("R", ["env", `BEFORE=${BEFORE}`, "sh", "-c", script, "sh", file, ...texts]);
    const kernel = stdout.trim().split("\n");
    const podpath = texts.map((text) => valueWritten(key, text.replace(/\s+/g, " ").trim()) ?? BEFORE);
    const differing = texts.flatMap((text, index) =>
      kernel[index] === podpath[index] ? [] : [`“${text}”: ${kernel[index]}, podpath ${podpath[index]}`],
    );
    expect(differing).toEqual([]);
    expect(new Set(kernel).size).toBeGreaterThan(3);
  });
});
