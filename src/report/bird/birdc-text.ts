import type { Speaker } from "../../bgp/speaker/speaker.ts";
import { parseAddress } from "../../net/address.ts";
import { parsePrefix } from "../../net/prefix.ts";
import { bird2Text } from "./bird-2/birdc-text.ts";
import type { BirdClock } from "./clock.ts";
import { interfacesText } from "./interfaces-text.ts";
import { protocolsText } from "./protocols-text.ts";
import { type RoutesQuestion, routesText } from "./routes-text.ts";
import { statusText } from "./status-text.ts";

/** The commands of birdc that podpath answers, as `birdc help` would list them. */
export const BIRDC_COMMANDS =
  'show protocols [all] [NAME | "PATTERN"], show route [for A | PREFIX] [all] [primary] [protocol P], show status, show interfaces [summary]';

/**
 * What a daemon answers in birdc (cli of BIRD 1.6.8, or of 2.0.12); null: podpath does not know the command. `origin`: virtual 0 in seconds since
 * 1970, `halves`: those of a BIRD 2, in order of their families.
 */
export function birdcText(
  speaker: Speaker,
  words: readonly string[],
  clock: BirdClock,
  origin: number,
  halves: readonly Speaker[] = [speaker],
): string | null {
  if (speaker.configuration.release === "2") return textOfBird2(halves, words, clock);
  const [verb, what, ...rest] = words;
  if (verb !== "show") return null;
  const { protocolTimes, routeTimes } = speaker.configuration;
  switch (what) {
    case "protocols": {
      const all = rest[0] === "all";
      const [name, ...more] = all ? rest.slice(1) : rest;
      return more.length > 0 ? null : protocolsText(speaker, (time) => clock(time, protocolTimes), all, name ?? null);
    }
    case "interfaces":
      if (rest.length === 0) return interfacesText(speaker, false);
      return rest.length === 1 && rest[0] === "summary" ? interfacesText(speaker, true) : null;
    case "status":
      return rest.length === 0 ? statusText(speaker, origin) : null;
    case "route": {
      const question = routesQuestion(rest);
      const isUnplayed = speaker.configuration.unplayed.some(({ name }) => name === question?.protocol);
      return question === null || isUnplayed ? null : routesText(speaker, (time) => clock(time, routeTimes), question);
    }
    default:
      return null;
  }
}

/** `show interfaces` is another one there. */
function textOfBird2(halves: readonly Speaker[], words: readonly string[], clock: BirdClock): string | null {
  const [verb, what, ...rest] = words;
  if (verb !== "show") return null;
  if (what === "status") return rest.length === 0 ? bird2Text(halves, { kind: "status" }, clock) : null;
  if (what === "protocols") {
    const all = rest[0] === "all";
    const [name = null, ...more] = all ? rest.slice(1) : rest;
    return more.length > 0 ? null : bird2Text(halves, { kind: "protocols", all, name }, clock);
  }
  if (what !== "route") return null;
  const question = routesQuestion(rest);
  const isUnplayed = halves.some(({ configuration: { unplayed } }) =>
    unplayed.some(({ name }) => name === question?.protocol),
  );
  return question === null || isUnplayed ? null : bird2Text(halves, { kind: "routes", question }, clock);
}

function routesQuestion(words: readonly string[]): RoutesQuestion | null {
  let question: RoutesQuestion = { all: false, for: null, protocol: null };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const prefix = parsePrefix(word);
    if (word === "all") question = { ...question, all: true };
    else if (word === "primary") question = { ...question, primary: true };
    else if (word === "protocol") question = { ...question, protocol: rest.shift() ?? null };
    else if (word === "for") {
      const wanted = rest.shift() ?? "";
      const [address, net] = [parseAddress(wanted), parsePrefix(wanted)];
      if (address !== null) question = { ...question, for: address };
      else if (net !== null) question = { ...question, net };
      else return null;
    } else if (prefix !== null) question = { ...question, net: prefix };
    else return null;
  }
  return question;
}
