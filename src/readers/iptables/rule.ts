import type { Damage } from "../../linux/netfilter/damaged-rule.ts";
import type { OptionSpec, Parsed, RuleContext } from "../../linux/netfilter/extension.ts";
import { isKnownMatch, isKnownTarget } from "../../linux/netfilter/known-extensions.ts";
import { isModelledMatch, matchExtension } from "../../linux/netfilter/matches/table.ts";
import { optionName, readOptions } from "../../linux/netfilter/option-words.ts";
import { isModelledTarget, targetExtension } from "../../linux/netfilter/targets/table.ts";
import type { FindingCode } from "../../model/codes/finding-codes.ts";
import type { Finding } from "../../model/finding.ts";
import type { Origin } from "../../model/origin.ts";
import type {
  AddressSelector,
  Counters,
  Match,
  Matches,
  Rule,
  Target,
  TargetCall,
  Targets,
} from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { parseProtocol } from "../../net/protocol.ts";
import { parseSelector, selectsAll } from "./selectors.ts";
import { chainTarget, matchKey, protocolPart, type SharedParts, sharedParts, verdictTarget } from "./shared-parts.ts";
import type { Word } from "./words.ts";

/** What a rule's words mean depends on. */
export interface RuleScope {
  readonly family: Family;
  /** What the rules of a dump have in common; a rule that is read alone shares nothing. */
  readonly shared?: SharedParts;
  /** Whether the table has a user-defined chain of that name. */
  isChain(name: string): boolean;
  /** `[packets:bytes]` before the rule; `-c` in the rule wins. */
  readonly counters: Counters | null;
  readonly origin: Origin;
  /** From 1; 0 when not known. */
  readonly line?: number;
}

/** What is odd about a rule; `column` counts from 1 in its line, 0 when no word is to blame. */
export interface RuleProblem extends Pick<Finding, "code" | "severity" | "message" | "expected" | "advice"> {
  readonly column: number;
}

/** Lists of addresses make several rules; a rule for the other family (`-4`, `-6`) makes none. */
export interface RuleReading {
  readonly rules: readonly Rule[];
  readonly problems: readonly RuleProblem[];
}

/** Stands for words that are missing: at the end of a rule that was cut off, and as a target nobody can know. */
export const MISSING = "…";

/** IFNAMSIZ less the final NUL. */
const INTERFACE_NAME_LENGTH = 15;

const CORE_OPTIONS: ReadonlyMap<string, string> = new Map([
  ["-s", "-s"],
  ["--source", "-s"],
  ["--src", "-s"],
  ["-d", "-d"],
  ["--destination", "-d"],
  ["--dst", "-d"],
  ["-i", "-i"],
  ["--in-interface", "-i"],
  ["-o", "-o"],
  ["--out-interface", "-o"],
  ["-p", "-p"],
  ["--protocol", "-p"],
  ["--proto", "-p"],
  ["-f", "-f"],
  ["--fragment", "-f"],
  ["--fragments", "-f"],
  ["-m", "-m"],
  ["--match", "-m"],
  ["-j", "-j"],
  ["--jump", "-j"],
  ["-g", "-g"],
  ["--goto", "-g"],
  ["-c", "-c"],
  ["--set-counters", "-c"],
  ["-4", "-4"],
  ["--ipv4", "-4"],
  ["-6", "-6"],
  ["--ipv6", "-6"],
]);

/** True for words that iptables itself takes as options, whatever extension stands before them. */
export function isCoreOption(word: string): boolean {
  return CORE_OPTIONS.has(word);
}

/** Matches that `-p` loads when one of their options is used without `-m` (iptables/xshared.c load_proto). */
const IMPLICIT_MATCHES: ReadonlyMap<number, string> = new Map([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [33, "dccp"],
  [50, "esp"],
  [51, "ah"],
  [58, "icmp6"],
  [132, "sctp"],
  [135, "mh"],
]);

/** Other names under which libxtables loads a match. */
const MATCH_ALIASES: ReadonlyMap<string, string> = new Map([["icmpv6", "icmp6"]]);

/** An extension a rule has loaded so far, and the words that are its own. */
interface Loaded {
  readonly kind: "match" | "target";
  readonly name: string;
  /** Null for extensions podpath does not model. */
  readonly specs: Readonly<Record<string, OptionSpec>> | null;
  readonly column: number;
  readonly words: string[];
  /** Names of the options it was given. */
  readonly given: string[];
  /** It got a word that it does not know. */
  broken: boolean;
}

/** Reads the words of a rule after `-A chain`. Nothing is lost: what is not understood stays as an unmodelled match. */
export function readRule(words: readonly Word[], scope: RuleScope): RuleReading {
  return new RuleReader(words, scope).read();
}

const ANYWHERE: readonly null[] = [null];

class RuleReader {
  private at = 0;
  private readonly problems: RuleProblem[] = [];
  /** Words that neither iptables nor an extension of the rule could take. */
  private readonly raw: string[] = [];
  private readonly matches: Loaded[] = [];
  private target: Target | Loaded | null = null;
  /** The extension loaded last, which gets what nobody knows. */
  private latest: Loaded | null = null;
  private sources: readonly (AddressSelector | null)[] = ANYWHERE;
  private destinations: readonly (AddressSelector | null)[] = ANYWHERE;
  private inInterface: Rule["inInterface"] = null;
  private outInterface: Rule["outInterface"] = null;
  private protocol: Rule["protocol"] = null;
  private fragment: Rule["fragment"] = null;
  private counters: Counters | null;
  private otherFamily = false;
  /** Core options seen, since none may stand twice. */
  private seen = "";
  private readonly words: readonly Word[];
  private readonly scope: RuleScope;
  private readonly shared: SharedParts;

  constructor(words: readonly Word[], scope: RuleScope) {
    this.words = words;
    this.scope = scope;
    this.shared = scope.shared ?? sharedParts();
    this.counters = scope.counters;
  }

  read(): RuleReading {
    let negation: Word | null = null;
    while (this.at < this.words.length) {
      const word = this.words[this.at++];
      if (word === undefined) break;
      if (word.text === "!" && !word.quoted) {
        if (negation !== null) this.strange(negation, ["!"], "A ! stands before another one");
        negation = word;
        continue;
      }
      const core = CORE_OPTIONS.get(word.text);
      if (core !== undefined) this.readCore(core, word, negation);
      else if (word.text.startsWith("-") && word.text.length > 1) this.readOption(word, negation);
      else this.readStray(word, negation);
      negation = null;
    }
    if (negation !== null) this.strange(negation, ["!"], "A ! stands at the end");
    return this.finish();
  }

  private readCore(option: string, word: Word, negation: Word | null): void {
    if (option === "-4" || option === "-6") {
      if (negation !== null) this.strange(negation, ["!"], `A ! cannot stand before ${option}`);
      if (Number(option.slice(1)) !== this.scope.family) this.otherFamily = true;
      return;
    }
    if (option === "-f") {
      this.readFragment(word, negation);
      return;
    }
    let invert = negation !== null;
    let value = this.words[this.at];
    // `-s ! address`, as it was written before iptables 1.4.3.
    if (value?.text === "!" && !value.quoted && !invert) {
      invert = true;
      this.at++;
      value = this.words[this.at];
    }
    if (value === undefined) {
      this.missingValue(option, word);
      return;
    }
    this.at++;
    if (invert && (option === "-m" || option === "-j" || option === "-g" || option === "-c")) {
      this.strange(negation ?? word, ["!"], `A ! cannot stand before ${option}`);
      invert = false;
    }
    if (option === "-m") {
      this.loadMatch(value);
      return;
    }
    const slot = option === "-g" ? "-j" : option;
    if (slot === "-j" && this.target !== null) {
      this.secondTarget(this.target, option, value);
      return;
    }
    if (this.seen.includes(slot)) {
      this.strange(word, [...(invert ? ["!"] : []), option, value.text], `${word.text} stands twice`);
      return;
    }
    if (slot === "-j") {
      this.readTarget(option === "-g" ? "-g" : "-j", value);
    } else if (option === "-c") {
      this.readCounters(value);
    } else {
      const wrong = this.readSelector(option, value.text, invert);
      if (wrong === null) {
        this.seen += slot;
        return;
      }
      const raw = [...(invert ? ["!"] : []), option, value.text];
      this.strange(value, raw, wrong.message, wrong.expected, wrong.advice);
    }
  }

  /** `-s`, `-d`, `-i`, `-o`, `-p`; returns what is wrong with the value, or null. */
  private readSelector(
    option: string,
    text: string,
    invert: boolean,
  ): { readonly message: string; readonly expected: string; readonly advice?: string } | null {
    switch (option) {
      case "-s":
      case "-d":
        return this.readAddresses(option, text, invert);
      case "-i":
      case "-o": {
        if (text === "" || text.length > INTERFACE_NAME_LENGTH) {
          return {
            message: `"${text}" cannot be an interface name`,
            expected: `1 to ${INTERFACE_NAME_LENGTH} characters`,
          };
        }
        const selector = text === "+" && !invert ? null : { pattern: text, invert };
        if (option === "-i") this.inInterface = selector;
        else this.outInterface = selector;
        return null;
      }
      default: {
        const number = text.toLowerCase() === "all" ? 0 : parseProtocol(text);
        if (number === null) {
          return { message: `Unknown protocol "${text}"`, expected: "a name of /etc/protocols or a number up to 255" };
        }
        if (number === 0 && invert)
          return { message: "A rule for no protocol at all", expected: "a protocol after ! -p" };
        this.protocol = number === 0 ? null : protocolPart(number, invert);
        return null;
      }
    }
  }

  private readAddresses(
    option: string,
    text: string,
    invert: boolean,
  ): { readonly message: string; readonly expected: string; readonly advice?: string } | null {
    const { family } = this.scope;
    const expected = `IPv${family} addresses with an optional /length or /mask`;
    const parts = text.split(",");
    if (invert && parts.length > 1) {
      return { message: `A list of addresses after ! ${option}`, expected: "one address: iptables refuses lists here" };
    }
    const selectors: (AddressSelector | null)[] = [];
    for (const part of parts) {
      const selector = parseSelector(part, family, invert);
      if (selector === null) {
        const name = /^[a-z][\w.-]*$/i.test(part) && !/^[\dx*.]+$/i.test(part);
        return {
          message: name ? `"${part}" is a host name` : `"${part}" is not an IPv${family} address`,
          expected,
          ...(name ? { advice: "Write the address: iptables resolves names once, when the rule is loaded." } : {}),
        };
      }
      selectors.push(selectsAll(selector) ? null : selector);
    }
    if (option === "-s") this.sources = selectors;
    else this.destinations = selectors;
    return null;
  }

  private readFragment(word: Word, negation: Word | null): void {
    const raw = [...(negation === null ? [] : ["!"]), "-f"];
    if (this.scope.family === 6) this.strange(word, raw, "-f does not exist for IPv6", "-m frag");
    else if (this.fragment !== null) this.strange(word, raw, "-f stands twice");
    else this.fragment = { invert: negation !== null };
  }

  /** `-c packets bytes` or `-c packets,bytes`. */
  private readCounters(value: Word): void {
    const [packets, bytes] = value.text.includes(",")
      ? value.text.split(",", 2)
      : [value.text, this.words[this.at++]?.text];
    if (packets === undefined || bytes === undefined || !/^\d+$/.test(packets) || !/^\d+$/.test(bytes)) {
      this.problem("bad-counters", value.column, `"${value.text}" are no counters`, "-c packets bytes");
      return;
    }
    this.counters = { packets: Number(packets), bytes: Number(bytes) };
  }

  private loadMatch(value: Word): void {
    const name = MATCH_ALIASES.get(value.text) ?? value.text;
    this.load("match", name, isModelledMatch(name) ? matchExtension(name).options : null, value.column);
  }

  private load(kind: Loaded["kind"], name: string, specs: Loaded["specs"], column: number): Loaded {
    const loaded: Loaded = { kind, name, specs, column, words: [], given: [], broken: false };
    if (kind === "match") this.matches.push(loaded);
    else this.target = loaded;
    this.latest = loaded;
    return loaded;
  }

  private readTarget(option: "-j" | "-g", value: Word): void {
    const name = value.text;
    this.latest = null;
    if (this.scope.isChain(name)) {
      this.target = chainTarget(this.shared, option === "-j" ? "jump" : "goto", name);
      return;
    }
    if (option === "-j" && (name === "ACCEPT" || name === "DROP" || name === "RETURN")) {
      this.target = verdictTarget(name);
      return;
    }
    if (option === "-j" && isModelledTarget(name)) {
      this.load("target", name, targetExtension(name).options, value.column);
      return;
    }
    if (option === "-j" && isKnownTarget(name, this.scope.family)) {
      this.info("unmodelled-target", value.column, `"-j ${name}" is not modelled: what it does to a packet is unknown`);
    } else {
      this.problem(
        "undeclared-chain",
        value.column,
        `"${option} ${name}" leads to a chain that the table does not have`,
        "a target, or a chain that is declared",
        "Collect the whole table again; what this rule does is unknown until then.",
      );
    }
    this.load("target", name, null, value.column);
  }

  /** iptables refuses a second target: what such a rule does is unknown. */
  private secondTarget(first: Target | Loaded, option: string, value: Word): void {
    this.problem("bad-rule", value.column, `${option} stands twice`, "one target");
    const earlier = "specs" in first ? first.words : [];
    const loaded = this.load("target", nameOfTarget(first), null, value.column);
    loaded.words.push(...earlier, option, value.text);
  }

  /** A word that starts with a dash and is no option of iptables itself. */
  private readOption(word: Word, negation: Word | null): void {
    const equals = word.text.indexOf("=");
    const spelling = word.text.startsWith("--") ? word.text.slice(2, equals < 0 ? undefined : equals) : null;
    const found = spelling === null ? null : this.ownerOf(spelling);
    if (found !== null) {
      this.takeOption(found.owner, found.name, word, negation);
      return;
    }
    const { latest } = this;
    if (latest === null) {
      const raw = [...(negation === null ? [] : ["!"]), word.text, ...this.valuesOfUnknown()];
      this.strange(word, raw, `Unknown option "${word.text}"`);
      return;
    }
    if (latest.specs !== null && !latest.broken) {
      latest.broken = true;
      this.info(
        "unmodelled-option",
        word.column,
        `"${latest.kind === "match" ? "-m" : "-j"} ${latest.name}" has an option "${word.text}" that is not modelled`,
      );
    }
    latest.words.push(...(negation === null ? [] : ["!"]), word.text, ...this.valuesOfUnknown());
  }

  /**
   * Which extension takes an option: the one loaded last that knows it and was not given it (as getopt finds it first),
   * then the match that `-p` implies, then abbreviations.
   */
  private ownerOf(spelling: string): { readonly owner: Loaded; readonly name: string } | null {
    const { latest } = this;
    const own = latest === null || latest.specs === null || latest.broken ? null : optionName(latest.specs, spelling);
    if (latest !== null && own !== null && !latest.given.includes(own)) return { owner: latest, name: own };
    const loaded = this.loadedLatestFirst();
    for (const owner of loaded) {
      const name = owner.specs === null || owner.broken ? null : optionName(owner.specs, spelling);
      if (name !== null && !owner.given.includes(name)) return { owner, name };
    }
    const implied = this.impliedMatch();
    const impliedSpecs = implied !== null && isModelledMatch(implied) ? matchExtension(implied).options : null;
    if (implied !== null && impliedSpecs !== null) {
      const name = optionName(impliedSpecs, spelling) ?? abbreviated(impliedSpecs, spelling);
      if (name !== null) return { owner: this.load("match", implied, impliedSpecs, 0), name };
    }
    if (latest?.specs === null || latest?.broken) return null;
    for (const owner of loaded) {
      if (owner.specs === null) continue;
      // Given before: the extension's own reader says that it stands twice.
      const name = optionName(owner.specs, spelling) ?? abbreviated(owner.specs, spelling);
      if (name !== null) return { owner, name };
    }
    // Its words follow it like those of any match that is not modelled.
    if (implied !== null && impliedSpecs === null) this.load("match", implied, null, 0);
    return null;
  }

  private loadedLatestFirst(): readonly Loaded[] {
    const loaded = [...this.matches].reverse();
    const { latest, target } = this;
    if (target === null || !("specs" in target)) return loaded;
    return latest === target ? [target, ...loaded] : [...loaded, target];
  }

  /** The name of the match that `-p` implies, unless the rule has loaded it. */
  private impliedMatch(): string | null {
    if (this.protocol === null || this.protocol.invert) return null;
    const name = IMPLICIT_MATCHES.get(this.protocol.number);
    return name === undefined || this.matches.some((match) => match.name === name) ? null : name;
  }

  private takeOption(owner: Loaded, name: string, word: Word, negation: Word | null): void {
    const spec = owner.specs?.[name];
    owner.given.push(name);
    const equals = word.text.indexOf("=");
    if (negation !== null) owner.words.push("!");
    if (word.text.length === name.length + 2 && word.text.endsWith(name)) owner.words.push(word.text);
    else owner.words.push(equals < 0 ? `--${name}` : `--${name}${word.text.slice(equals)}`);
    if (spec === undefined || equals >= 0) return;
    let wanted = spec.values === "optional" ? 1 : spec.values;
    if (wanted > 0 && spec.negatable && negation === null && this.isNegation(this.at)) {
      owner.words.push("!");
      this.at++;
    }
    if (spec.values === "optional" && this.endsValues(this.at)) return;
    while (wanted-- > 0) {
      const value = this.words[this.at];
      if (value === undefined) return;
      owner.words.push(value.text);
      this.at++;
    }
  }

  private isNegation(at: number): boolean {
    const word = this.words[at];
    return word !== undefined && word.text === "!" && !word.quoted;
  }

  /** Whether no value stands there: the end, a `!`, or another option. */
  private endsValues(at: number): boolean {
    const word = this.words[at];
    if (word === undefined) return true;
    return !word.quoted && (word.text === "!" || (word.text.startsWith("-") && !/^-(?:\d|$)/.test(word.text)));
  }

  private valuesOfUnknown(): readonly string[] {
    const values: string[] = [];
    while (!this.endsValues(this.at)) {
      const word = this.words[this.at++];
      if (word !== undefined) values.push(word.text);
    }
    return values;
  }

  /** A word that is no option. */
  private readStray(word: Word, negation: Word | null): void {
    const { latest } = this;
    const raw = [...(negation === null ? [] : ["!"]), word.text];
    if (latest !== null && (latest.specs === null || latest.broken) && word.text !== MISSING) latest.words.push(...raw);
    else if (word.text === MISSING) {
      this.raw.push(...raw);
      this.problem("cut-rule", word.column, "The rule is cut off here", "the whole rule", "Collect this file again.");
    } else this.strange(word, raw, `"${word.text}" belongs to no option`);
  }

  private missingValue(option: string, word: Word): void {
    this.raw.push(MISSING);
    this.problem("cut-rule", word.column, `Nothing follows ${option}`, "a value", "Collect this file again.");
  }

  private strange(word: Word, raw: readonly string[], message: string, expected?: string, advice?: string): void {
    this.raw.push(...raw);
    this.problem("bad-rule", word.column, message, expected, advice);
  }

  private problem(code: FindingCode, column: number, message: string, expected?: string, advice?: string): void {
    this.problems.push({
      code,
      severity: "warning",
      message: `${message}.`,
      column,
      ...(expected === undefined ? {} : { expected }),
      ...(advice === undefined ? {} : { advice }),
    });
  }

  private info(code: FindingCode, column: number, message: string): void {
    this.problems.push({ code, severity: "info", message: `${message}.`, column });
  }

  private finish(): RuleReading {
    const { problems } = this;
    if (this.otherFamily) return { rules: [], problems };
    const context: RuleContext = {
      family: this.scope.family,
      protocol: this.protocol === null || this.protocol.invert ? null : this.protocol.number,
    };
    const matches: Match[] = this.matches.map((loaded) => this.finishMatch(loaded, context));
    if (this.raw.length > 0) {
      matches.unshift({ name: "unmodelled", options: { extension: "", arguments: this.raw, ...this.damaged } });
    }
    const target = this.finishTarget(context);
    const rules: Rule[] = [];
    for (const source of this.sources) {
      for (const destination of this.destinations) {
        rules.push({
          source,
          destination,
          inInterface: this.inInterface,
          outInterface: this.outInterface,
          protocol: this.protocol,
          fragment: this.fragment,
          matches,
          target,
          counters: this.counters,
          origin: this.scope.origin,
        });
      }
    }
    return { rules, problems };
  }

  private finishMatch(loaded: Loaded, context: RuleContext): Match {
    const { name, words } = loaded;
    if (loaded.specs !== null && !loaded.broken && isModelledMatch(name)) {
      const { matches } = this.shared;
      const key = matchKey(name, words, context);
      const known = key === null ? undefined : matches.get(key);
      if (known !== undefined) return known;
      const parsed = parseMatch(name, words, context);
      if ("value" in parsed) {
        if (key !== null) matches.set(key, parsed.value);
        return parsed.value;
      }
      this.badOptions(`-m ${name}`, loaded, parsed.problem);
      return { name: "unmodelled", options: { extension: name, arguments: words, ...this.damaged } };
    } else if (loaded.specs === null) {
      const known = isKnownMatch(name, context.family);
      const why = known ? "is not modelled" : "is no extension of iptables 1.8";
      this.info("unmodelled-match", loaded.column, `"-m ${name}" ${why}: whether it matches is unknown`);
    }
    return { name: "unmodelled", options: { extension: name, arguments: words } };
  }

  private finishTarget(context: RuleContext): Target | null {
    const { target } = this;
    if (target === null) {
      // A rule that was cut off may have lost its target too.
      if (!this.raw.includes(MISSING)) return null;
      const options = { extension: MISSING, arguments: [], ...this.damaged };
      return { kind: "extension", call: { name: "unmodelled", options } };
    }
    if (!("specs" in target)) return target;
    const { name, words } = target;
    if (target.specs !== null && !target.broken && isModelledTarget(name)) {
      const parsed = parseTarget(name, words, context);
      if ("value" in parsed) return { kind: "extension", call: parsed.value };
      this.badOptions(`-j ${name}`, target, parsed.problem);
      const options = { extension: name, arguments: words, ...this.damaged };
      return { kind: "extension", call: { name: "unmodelled", options } };
    }
    return { kind: "extension", call: { name: "unmodelled", options: { extension: name, arguments: words } } };
  }

  /** What an unmodelled extension says of itself where the text of the rule is at fault. */
  private get damaged(): { readonly damage: Damage } {
    const lost = this.words.length === 1 && this.words[0]?.text === MISSING;
    return { damage: { line: this.scope.line ?? 0, lost } };
  }

  private badOptions(what: string, loaded: Loaded, problem: string): void {
    this.problem("bad-options", loaded.column, `The options of "${what}" are not understood: ${problem}`);
  }
}

function nameOfTarget(target: Target | Loaded): string {
  if ("specs" in target) return target.name;
  switch (target.kind) {
    case "verdict":
      return target.verdict;
    case "jump":
    case "goto":
      return target.chain;
    case "extension":
      return target.call.name;
  }
}

/** getopt_long takes an abbreviation of a long option when it fits one only. */
function abbreviated(specs: Readonly<Record<string, OptionSpec>>, spelling: string): string | null {
  if (spelling === "") return null;
  const fitting = Object.keys(specs).filter((name) => name.startsWith(spelling));
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}

function parseMatch<K extends keyof Matches>(
  name: K,
  words: readonly string[],
  context: RuleContext,
): Parsed<Match<K>> {
  const extension = matchExtension(name);
  const options = readOptions(extension.options, words);
  if ("problem" in options) return options;
  const parsed = extension.parse(options.given, context);
  return "problem" in parsed ? parsed : { value: { name, options: parsed.value } };
}

function parseTarget<K extends keyof Targets>(
  name: K,
  words: readonly string[],
  context: RuleContext,
): Parsed<TargetCall<K>> {
  const extension = targetExtension(name);
  const options = readOptions(extension.options, words);
  if ("problem" in options) return options;
  const parsed = extension.parse(options.given, context);
  return "problem" in parsed ? parsed : { value: { name, options: parsed.value } };
}
