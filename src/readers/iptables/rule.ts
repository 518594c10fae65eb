import type { Damage } from "../../linux/netfilter/damaged-rule.ts";
import type { RuleContext } from "../../linux/netfilter/extension.ts";
import { isKnownMatch, isKnownTarget, matchNames, targetNames } from "../../linux/netfilter/known-extensions.ts";
import { isModelledTarget } from "../../linux/netfilter/targets/table.ts";
import type { FindingCode } from "../../model/codes/finding-codes.ts";
import { misspelt } from "../../model/nearest.ts";
import type { AddressSelector, Counters, Match, Rule, Target } from "../../model/ruleset.ts";
import { CORE_OPTIONS } from "./core-options.ts";
import { readAddresses, readInterface, readProtocol, type WrongValue } from "./core-values.ts";
import {
  implicitMatch,
  type LoadedExtension,
  loadedMatch,
  loadedTarget,
  matchOf,
  optionMeant,
  optionNamed,
  targetCallOf,
  unreadTarget,
} from "./loaded-extension.ts";
import { MISSING, type RuleProblem, type RuleReading, type RuleScope } from "./rule-reading.ts";
import { chainTarget, type SharedParts, sharedParts, verdictTarget } from "./shared-parts.ts";
import { splitWords, type Word } from "./words.ts";

/**
 * Reads a rule as iptables-save prints it behind `-A CHAIN`: `-s 10.0.0.0/8 -m comment --comment "…" -j DROP`. Throws nothing, and loses
 * nothing: what is not understood is told in `problems` and stays as an unmodelled match or target.
 */
export function readRuleText(text: string, scope: RuleScope): RuleReading {
  return readRule(splitWords(text).words, scope);
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
  private readonly matches: LoadedExtension[] = [];
  private target: Target | LoadedExtension | null = null;
  /** The extension loaded last, which gets what nobody knows. */
  private latest: LoadedExtension | null = null;
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
      this.load(loadedMatch(value.text, value.column));
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
  private readSelector(option: string, text: string, invert: boolean): WrongValue | null {
    switch (option) {
      case "-s":
      case "-d": {
        const key = `${this.scope.family}${invert ? "!" : " "}${text}`;
        let addresses = this.shared.addresses.get(key);
        if (addresses === undefined) {
          const read = readAddresses(option, text, this.scope.family, invert);
          if (!("value" in read)) return read;
          addresses = read.value;
          this.shared.addresses.set(key, addresses);
        }
        if (option === "-s") this.sources = addresses;
        else this.destinations = addresses;
        return null;
      }
      case "-i":
      case "-o": {
        const read = readInterface(text, invert);
        if (!("value" in read)) return read;
        if (option === "-i") this.inInterface = read.value;
        else this.outInterface = read.value;
        return null;
      }
      default: {
        const read = readProtocol(text, invert);
        if (!("value" in read)) return read;
        this.protocol = read.value;
        return null;
      }
    }
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

  private load(extension: LoadedExtension): LoadedExtension {
    if (extension.kind === "match") this.matches.push(extension);
    else this.target = extension;
    this.latest = extension;
    return extension;
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
      this.load(loadedTarget(name, value.column));
      return;
    }
    if (option === "-j" && isKnownTarget(name, this.scope.family)) {
      this.info("unmodelled-target", value.column, `"-j ${name}" is not modelled: what it does to a packet is unknown`);
    } else {
      const targets = option === "-j" ? ["ACCEPT", "DROP", "RETURN", ...targetNames()] : [];
      const like = misspelt(name, targets) ?? this.scope.likeChain?.(name) ?? null;
      const otherwise = "Collect the whole table again; what this rule does is unknown until then.";
      this.problem(
        "undeclared-chain",
        value.column,
        `"${option} ${name}" leads to a chain that the table does not have`,
        "a target, or a chain that is declared",
        like === null ? otherwise : `Did you mean ${like}? ${otherwise}`,
      );
    }
    this.load(unreadTarget(name, value.column));
  }

  /** iptables refuses a second target: what such a rule does is unknown. */
  private secondTarget(first: Target | LoadedExtension, option: string, value: Word): void {
    this.problem("bad-rule", value.column, `${option} stands twice`, "one target");
    const earlier = "specs" in first ? first.words : [];
    const loaded = this.load(unreadTarget(nameOfTarget(first), value.column));
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
        spelling === null ? null : misspelt(spelling, Object.keys(latest.specs)),
        "--",
      );
    }
    latest.words.push(...(negation === null ? [] : ["!"]), word.text, ...this.valuesOfUnknown());
  }

  /**
   * Which extension takes an option: the one loaded last that knows it and was not given it (as getopt finds it first),
   * then the match that `-p` implies, then abbreviations.
   */
  private ownerOf(spelling: string): { readonly owner: LoadedExtension; readonly name: string } | null {
    const { latest } = this;
    const own = latest === null ? null : optionNamed(latest, spelling);
    if (latest !== null && own !== null && !latest.given.includes(own)) return { owner: latest, name: own };
    const loaded = this.loadedLatestFirst();
    for (const owner of loaded) {
      const name = optionNamed(owner, spelling);
      if (name !== null && !owner.given.includes(name)) return { owner, name };
    }
    const implied = this.impliedMatch();
    if (implied !== null) {
      const name = optionMeant(implied, spelling);
      if (name !== null) return { owner: this.load(implied), name };
    }
    if (latest?.specs === null || latest?.broken) return null;
    for (const owner of loaded) {
      // Given before: the extension's own reader says that it stands twice.
      const name = optionMeant(owner, spelling);
      if (name !== null) return { owner, name };
    }
    // Its words follow it like those of any match that is not modelled.
    if (implied?.specs === null) this.load(implied);
    return null;
  }

  private loadedLatestFirst(): readonly LoadedExtension[] {
    const loaded = [...this.matches].reverse();
    const { latest, target } = this;
    if (target === null || !("specs" in target)) return loaded;
    return latest === target ? [target, ...loaded] : [...loaded, target];
  }

  /** The match that `-p` implies, unless the rule has loaded it. */
  private impliedMatch(): LoadedExtension | null {
    if (this.protocol === null || this.protocol.invert) return null;
    const name = implicitMatch(this.protocol.number);
    return name === null || this.matches.some((match) => match.name === name) ? null : loadedMatch(name, 0);
  }

  private takeOption(owner: LoadedExtension, name: string, word: Word, negation: Word | null): void {
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

  private info(code: FindingCode, column: number, message: string, meant: string | null = null, dashes = ""): void {
    const hint = meant === null ? "" : ` Did you mean ${dashes}${meant}?`;
    this.problems.push({ code, severity: "info", message: `${message}.${hint}`, column });
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

  private finishMatch(loaded: LoadedExtension, context: RuleContext): Match {
    const { name, words } = loaded;
    const parsed = matchOf(loaded, context, this.shared);
    if (parsed !== null && "value" in parsed) return parsed.value;
    if (parsed !== null) {
      this.badOptions(`-m ${name}`, loaded, parsed.problem);
      return { name: "unmodelled", options: { extension: name, arguments: words, ...this.damaged } };
    }
    if (loaded.specs === null) {
      const known = isKnownMatch(name, context.family);
      const why = known ? "is not modelled" : "is no extension of iptables 1.8";
      const meant = known ? null : misspelt(name, matchNames());
      this.info("unmodelled-match", loaded.column, `"-m ${name}" ${why}: whether it matches is unknown`, meant);
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
    const parsed = targetCallOf(target, context);
    if (parsed !== null && "value" in parsed) return { kind: "extension", call: parsed.value };
    if (parsed !== null) this.badOptions(`-j ${name}`, target, parsed.problem);
    const options = { extension: name, arguments: words, ...(parsed === null ? {} : this.damaged) };
    return { kind: "extension", call: { name: "unmodelled", options } };
  }

  /** What an unmodelled extension says of itself where the text of the rule is at fault. */
  private get damaged(): { readonly damage: Damage } {
    const lost = this.words.length === 1 && this.words[0]?.text === MISSING;
    return { damage: { line: this.scope.line ?? 0, lost } };
  }

  private badOptions(what: string, loaded: LoadedExtension, problem: string): void {
    this.problem("bad-options", loaded.column, `The options of "${what}" are not understood: ${problem}`);
  }
}

function nameOfTarget(target: Target | LoadedExtension): string {
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
