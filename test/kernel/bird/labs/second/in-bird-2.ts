import type { Family } from "../../../../../src/net/address.ts";
import type { Lab } from "../lab.ts";

/** Settings of a BGP session that stand in its channel in BIRD 2. */
const OF_CHANNEL = /^(?:import|export|receive limit|route limit|add paths|next hop|gateway|preference)\b/;

/** The same lab with each daemon, or with those that are chosen, a BIRD 2. */
export function inBird2(lab: Lab, chosen: (node: string) => boolean = () => true): Lab {
  return {
    ...lab,
    name: `${lab.name}, BIRD 2`,
    asked: ["show route all"],
    stages: lab.stages.map((stage) => ({
      ...stage,
      events: stage.events.map((event) => {
        if (event.kind !== "start" || !chosen(event.node)) return event;
        const config = bird2Text(event.config, lab.family);
        return { ...event, config, second: config };
      }),
    })),
  };
}

/**
 * A configuration of BIRD 1.6 for one family in the syntax of BIRD 2, which runs both: what decides about routes stands in the channel of
 * the family. `advertise ipv4` has no counterpart; channels say it.
 */
export function bird2Text(text: string, family: Family): string {
  const [listen = "", port] = /listen bgp port (\d+);/.exec(text) ?? [];
  return text
    .replace(listen, "")
    .replace(
      /\b(protocol|template) (\w+)([^{]*)\{((?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*)\}/g,
      (...found) => {
        const [, kind = "", type = "", name = "", body = ""] = found.map(String);
        const statements = statementsOf(body).filter((statement) => !statement.startsWith("advertise ipv4"));
        return `${kind} ${type}${name}{\n${protocolBody(type, name, statements, family, port ?? null)}}`;
      },
    );
}

function statementsOf(body: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let begun = 0;
  for (let index = 0; index < body.length; index++) {
    const sign = body[index];
    if (sign === "{") depth++;
    else if (sign === "}") depth--;
    else if (sign === ";" && depth === 0) {
      found.push(body.slice(begun, index).trim());
      begun = index + 1;
    }
  }
  return found.filter((statement) => statement !== "");
}

function protocolBody(
  type: string,
  name: string,
  statements: readonly string[],
  family: Family,
  port: string | null,
): string {
  const inner = statements.filter((statement) => OF_CHANNEL.test(statement)).map(channelStatement);
  const channel = `ipv${family} {\n${lines(inner)}};\n`;
  const outer = statements.filter((statement) => !OF_CHANNEL.test(statement));
  switch (type) {
    case "static":
    case "direct":
      return `${channel}${lines(outer)}`;
    case "kernel":
      return `${lines(outer)}${channel}`;
    case "bgp": {
      const own = outer.map((statement) =>
        port === null ? statement : statement.replace(/^local as/, `local port ${port} as`),
      );
      // what a template has in its channel, an instance inherits
      return `${lines(own)}${name.trim() === "" || inner.length > 0 ? channel : ""}`;
    }
    default:
      return lines(outer);
  }
}

/** `route limit` is the older name of a limit of imports that restarts. */
function channelStatement(statement: string): string {
  return statement.replace(/^route limit (\d+)$/, "import limit $1 action restart");
}

function lines(statements: readonly string[]): string {
  return statements.map((statement) => `  ${statement};\n`).join("");
}
