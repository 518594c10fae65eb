import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeMessage } from "../../../src/bgp/messages/decode.ts";
import { encodeMessage } from "../../../src/bgp/messages/encode.ts";
import { type Message, PLAIN_FORM, type WireForm } from "../../../src/bgp/messages/message.ts";
import { speakerOf } from "../../../src/bgp/speaker/from-bird.ts";
import { openMessage } from "../../../src/bgp/speaker/open.ts";
import { originTable } from "../../../src/model/origin.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { readBirdConfiguration } from "../../../src/readers/bird/configuration.ts";

interface Recorded {
  readonly streams: readonly { readonly from: string; readonly octets: string }[];
}

const recorded: Recorded = JSON.parse(readFileSync(new URL("fixtures/bird-session.json", import.meta.url), "utf8"));

/** Both ends of the recorded session agreed on these. */
const AGREED: WireForm = { as4: true, addPath4: true, addPath6: false };

/** The messages of a stream, each with its octets. */
function messagesOf(
  hex: string,
): readonly { readonly message: Message; readonly octets: Uint8Array; readonly form: WireForm }[] {
  const octets = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const found = [];
  for (let at = 0; at < octets.length; ) {
    const form: WireForm = found.length === 0 ? PLAIN_FORM : AGREED;
    const decoded = decodeMessage(octets, at, form);
    if (decoded.kind !== "message") throw new Error(`at ${at}: ${JSON.stringify(decoded)}`);
    found.push({ message: decoded.message, octets: octets.slice(at, at + decoded.length), form });
    at += decoded.length;
  }
  return found;
}

test.each(recorded.streams)(
  "what a real BIRD sent from $from is read, and written again to the octet",
  ({ octets }) => {
    const messages = messagesOf(octets);
    expect(messages.length).toBeGreaterThan(4);
    for (const { message, octets: real, form } of messages) {
      expect(Buffer.from(encodeMessage(message, form)).toString("hex")).toBe(Buffer.from(real).toString("hex"));
    }
  },
);

test("the recorded session tells what the two BIRDs were configured to tell", () => {
  const [first, second] = recorded.streams.map(({ octets }) => messagesOf(octets).map(({ message }) => message));
  const dialling = first?.[0]?.kind === "open" && first[0].as === 23456 ? first : second;
  const kinds = (dialling ?? []).map(({ kind }) => kind);
  expect(kinds.slice(0, 2)).toEqual(["open", "keepalive"]);
  expect(kinds).toContain("route-refresh");
  expect(dialling?.at(-1)).toMatchObject({ kind: "notification", code: 6, subcode: 2 });
  expect(dialling?.[0]).toMatchObject({ kind: "open", as: 23456, holdTime: 9 });
  const updates = (dialling ?? []).flatMap((message) => (message.kind === "update" ? [message] : []));
  expect(updates.flatMap(({ nlri }) => nlri.map(({ prefix }) => formatPrefix(prefix))).sort()).toEqual([
    "192.168.2.0/26",
    "192.168.2.64/26",
  ]);
  expect(updates[0]?.attributes).toMatchObject({
    origin: 0,
    asPath: [{ kind: "sequence", numbers: [4200000001] }],
    med: 7,
    communities: [(64512 << 16) + 2 + 2 ** 32],
    largeCommunities: [[64512, 1, 2]],
  });
});

test("the OPEN that podpath makes of a configuration is the one that BIRD makes of it, to the octet", () => {
  const text = `router id 10.9.0.1;
protocol bgp p { local as 64512; neighbor 10.9.0.2 as 4200000001; source address 10.9.0.1; add paths on; graceful restart; hold time 9; }
`;
  const { speaker } = speakerOf(readBirdConfiguration(text, "bird.cfg", originTable()).configuration, 4, null);
  const [peer] = speaker?.protocols ?? [];
  if (speaker === null || peer?.type !== "bgp") throw new Error("no session");
  const made = Buffer.from(
    encodeMessage(openMessage(speaker, peer, { plain: false, recovers: false }), PLAIN_FORM),
  ).toString("hex");
  const real = recorded.streams.find(({ from }) => from === "10.9.0.1")?.octets ?? "";
  expect(real.slice(0, made.length)).toBe(made);
});
