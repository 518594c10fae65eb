import { gzipSync } from "node:zlib";
import type { ARCHIVE_CODES } from "../../../src/model/codes/archive-codes.ts";
import { fixtureBytes, openBytes } from "../../readers/archive/open-bytes.ts";
import { type TarPart, tarBytes } from "../../readers/archive/tar-bytes.ts";
import { type CommandExample, type ExamplesOf, type LibraryExample, NODE } from "../example.ts";

const NODE_PARTS: readonly TarPart[] = Object.entries(NODE).map(([name, content]) => ({ name, content }));

/** The node in a tar with these entries too, given to `podpath check`. */
function packed(...parts: readonly TarPart[]): CommandExample {
  return bytes("cluster1.tar", tarBytes([...NODE_PARTS, ...parts]));
}

function bytes(name: string, content: Uint8Array): CommandExample {
  return { files: { [name]: content }, run: ["check", name] };
}

const opened = (content: Uint8Array): LibraryExample => ({
  library: async () => (await openBytes(content)).findings,
});

/** A zip whose only file claims a method that nobody uses. */
function oddMethod(): Uint8Array {
  const zip = fixtureBytes("zip30.zip").slice();
  for (let i = 0; i + 4 < zip.length; i++) {
    const isLocal = zip[i] === 0x50 && zip[i + 1] === 0x4b && zip[i + 2] === 3 && zip[i + 3] === 4;
    const isCentral = zip[i] === 0x50 && zip[i + 1] === 0x4b && zip[i + 2] === 1 && zip[i + 3] === 2;
    if (isLocal) zip[i + 8] = 12;
    if (isCentral) zip[i + 10] = 12;
  }
  return zip;
}

function nested(depth: number): Uint8Array {
  const inner = depth === 0 ? tarBytes([{ name: "x.txt", content: "x" }]) : nested(depth - 1);
  return tarBytes([{ name: `${depth}.tar`, content: inner }]);
}

function damaged(): Uint8Array {
  const tar = tarBytes(NODE_PARTS);
  tar[0] = "x".charCodeAt(0);
  return tarBytes([{ name: "cluster1/nodes/n1/sysctl.txt", content: "net.ipv4.ip_forward = 1\n" }], false).length > 0
    ? new Uint8Array([...tarBytes(NODE_PARTS, false), ...tar])
    : tar;
}

export const ARCHIVE_EXAMPLES: ExamplesOf<typeof ARCHIVE_CODES> = {
  "archive-damaged": opened(damaged()),
  "archive-depth": opened(nested(6)),
  "archive-duplicate": packed({ name: "cluster1/nodes/n1/iptables-save.txt", content: "# another\n" }),
  "archive-encrypted": opened(fixtureBytes("encrypted.zip")),
  "archive-format": bytes("diags.7z", new Uint8Array([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4, 0, 0])),
  "archive-limit": {
    files: {
      "cluster1.tar.gz": gzipSync(
        tarBytes([...NODE_PARTS, { name: "zeros", content: new Uint8Array(80 * 1024 * 1024) }]),
      ),
    },
    run: ["check", "cluster1.tar.gz"],
  },
  "archive-link": packed({ name: "cluster1/nodes/n1/sysctl.txt", type: "2", target: "../../../etc/passwd" }),
  "archive-method": opened(oddMethod()),
  "archive-name-encoding": packed({
    name: new Uint8Array([0x63, 0x6c, 0x75, 0x73, 0x74, 0x65, 0x72, 0x31, 0x2f, 0xe4]),
    content: "x\n",
  }),
  "archive-special-file": packed({ name: "cluster1/pipe", type: "6" }),
  "archive-truncated": bytes("cluster1.tar", tarBytes(NODE_PARTS).subarray(0, 2300)),
  "archive-unsafe-path": packed({ name: "../../etc/cron.d/x", content: "x\n" }),
};
