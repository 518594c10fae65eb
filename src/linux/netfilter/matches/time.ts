import type { Matches } from "../../../model/ruleset.ts";
import type { GivenOption, MatchExtension, Parsed } from "../extension.ts";

import { givenOption, givenValue } from "../option-words.ts";
import { unknownOutcome } from "../unknown-outcome.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly time: {
      /** Seconds since 1970. */
      readonly dateStart: number;
      readonly dateStop: number;
      /** Seconds of the day. */
      readonly dayStart: number;
      readonly dayStop: number;
      /** Bit n for day n: of the month from 1, of the week with Monday as 1. */
      readonly monthDays: number;
      readonly weekDays: number;
      readonly contiguous: boolean;
      readonly kernelTimeZone: boolean;
    };
  }
}

const DATE_MAX = 0x7fffffff;
const DAY_END = 24 * 3600 - 1;
const ALL_MONTH_DAYS = 0xfffffffe;
const ALL_WEEK_DAYS = 0xfe;
const WEEK_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

/** `YYYY[-MM[-DD[Thh[:mm[:ss]]]]]`, UTC; days past the end of a month run into the next, as mktime has it. */
function parseDate(text: string): number | null {
  const parts = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:T(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?)?)?)?$/.exec(text);
  if (parts === null) return null;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)));
  if (year < 1970 || year > 2038 || month < 1 || month > 12 || day < 1 || day > 31) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

function formatDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19);
}

function parseDayTime(text: string): number | null {
  const parts = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?$/.exec(text);
  if (parts === null) return null;
  const [hour, minute, second] = [Number(parts[1]), Number(parts[2]), Number(parts[3] ?? "0")];
  return hour > 23 || minute > 59 || second > 59 ? null : hour * 3600 + minute * 60 + second;
}

function formatDayTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 19);
}

/** The weekday's number from 1; 0 for numbers that are no day, null for what is neither. */
function weekDay(text: string): number | null {
  if (/^\d{1,9}$/.test(text)) return Number(text) === 0 ? null : Number(text) <= 7 ? Number(text) : 0;
  const found = WEEK_DAYS.findIndex((name) => name.slice(0, 2) === text.slice(0, 2));
  return found < 0 || text.length < 2 ? null : found + 1;
}

function monthDay(text: string): number | null {
  const parts = /^(\d{1,2})(?:st|nd|rd|th)?$/.exec(text);
  // One digit takes no suffix: the tool looks for it behind the second character.
  if (parts === null || (text.length > 1 && !/^\d\d/.test(text))) return null;
  return Number(parts[1]) > 31 ? null : Number(parts[1]);
}

/** A list of days as bits; null when one is no day. */
function parseDays(
  option: GivenOption | undefined,
  all: number,
  parse: (text: string) => number | null,
): number | null {
  if (option === undefined) return all;
  let bits = 0;
  for (const word of (option.values[0] ?? "").split(",")) {
    if (word === "") continue;
    const day = parse(word);
    if (day === null) return null;
    bits |= 1 << day;
  }
  return ((option.invert ? ~bits : bits) & all) >>> 0;
}

function parseTimes(given: readonly GivenOption[]): Parsed<Matches["time"]> {
  const dateStart = parseDate(givenValue(given, "datestart") ?? "1970");
  const stop = givenValue(given, "datestop");
  const dateStop = stop === null ? DATE_MAX : parseDate(stop);
  if (dateStart === null || dateStop === null) return { problem: "expected a date YYYY[-MM[-DD[Thh[:mm[:ss]]]]]" };
  const dayStart = parseDayTime(givenValue(given, "timestart") ?? "00:00");
  const dayStop = parseDayTime(givenValue(given, "timestop") ?? "23:59:59");
  if (dayStart === null || dayStop === null) return { problem: "expected a time hh:mm[:ss]" };
  const monthDays = parseDays(givenOption(given, "monthdays"), ALL_MONTH_DAYS, monthDay);
  if (monthDays === null) return { problem: "expected --monthdays 1-31[,…]" };
  const weekDays = parseDays(givenOption(given, "weekdays"), ALL_WEEK_DAYS, weekDay);
  if (weekDays === null) return { problem: "expected --weekdays Mon-Sun or 1-7[,…]" };
  const contiguous = givenOption(given, "contiguous") !== undefined;
  if (contiguous && dayStart <= dayStop) return { problem: "--contiguous only makes sense over midnight" };
  const kernelTimeZone = givenOption(given, "kerneltz") !== undefined;
  if (kernelTimeZone && givenOption(given, "utc") !== undefined)
    return { problem: "--utc and --kerneltz exclude each other" };
  return {
    value: { dateStart, dateStop, dayStart, dayStop, monthDays, weekDays, contiguous, kernelTimeZone },
  };
}

function days(bits: number, last: number, name: (day: number) => string): string {
  const names: string[] = [];
  for (let day = 1; day <= last; day++) if ((bits & (1 << day)) !== 0) names.push(name(day));
  return names.join(",");
}

function printTimes(options: Matches["time"]): readonly string[] {
  const { dayStart, dayStop, monthDays, weekDays, dateStart, dateStop } = options;
  return [
    ...(dayStart === 0 && dayStop === DAY_END
      ? []
      : ["--timestart", formatDayTime(dayStart), "--timestop", formatDayTime(dayStop)]),
    ...(monthDays === ALL_MONTH_DAYS ? [] : ["--monthdays", days(monthDays, 31, String)]),
    ...(weekDays === ALL_WEEK_DAYS ? [] : ["--weekdays", days(weekDays, 7, (day) => WEEK_DAYS[day - 1] ?? "")]),
    ...(dateStart === 0 ? [] : ["--datestart", formatDate(dateStart)]),
    ...(dateStop === 0 ? [] : ["--datestop", formatDate(dateStop)]),
    ...(options.contiguous ? ["--contiguous"] : []),
    ...(options.kernelTimeZone ? ["--kerneltz"] : []),
  ];
}

const DAY = 24 * 3600;

/** time_mt(): the date, the hour, then the days; with `--contiguous` the hours after midnight belong to the day before. */
function isWithin(options: Matches["time"], seconds: number): boolean {
  const { dateStart, dateStop, dayStart, dayStop, monthDays, weekDays, contiguous } = options;
  if (seconds < dateStart || seconds > dateStop) return false;
  const hour = seconds % DAY;
  let stamp = seconds;
  if (dayStart < dayStop) {
    if (hour < dayStart || hour > dayStop) return false;
  } else {
    if (hour < dayStart && hour > dayStop) return false;
    if (contiguous && hour <= dayStop) stamp -= DAY;
  }
  const date = new Date(stamp * 1000);
  // Sunday is 7 here.
  const weekDay = date.getUTCDay() === 0 ? 7 : date.getUTCDay();
  return (weekDays & (1 << weekDay)) !== 0 && (monthDays & (1 << date.getUTCDate())) !== 0;
}

/**
 * `-m time` (net/netfilter/xt_time.c). The time is that of the snapshot's `collectedAt` and the virtual seconds since. Without it, a
 * rule that depends on the time is a question, one for each such rule and host however many packets ask. A rule for all
 * days and hours up to 2038 always matches, one for no day never. No dump tells the kernel's own time zone (`--kerneltz`,
 * tz_minuteswest): it is taken to be UTC, as it is unless somebody set it.
 */
export const time: MatchExtension<"time"> = {
  options: {
    datestart: { values: 1, negatable: false },
    datestop: { values: 1, negatable: false },
    timestart: { values: 1, negatable: false },
    timestop: { values: 1, negatable: false },
    monthdays: { values: 1, negatable: true },
    weekdays: { values: 1, negatable: true },
    contiguous: { values: 0, negatable: false },
    kerneltz: { values: 0, negatable: false, aliases: ["localtz"] },
    utc: { values: 0, negatable: false },
  },
  parse: parseTimes,
  print: printTimes,
  compile(options) {
    const { dateStart, dateStop, dayStart, dayStop, monthDays, weekDays } = options;
    if (monthDays === 0 || weekDays === 0 || dateStart > dateStop) return { kind: "never" };
    const everyDay =
      monthDays === ALL_MONTH_DAYS && weekDays === ALL_WEEK_DAYS && dayStart === 0 && dayStop === DAY_END;
    if (everyDay && dateStart === 0 && dateStop >= DATE_MAX) return { kind: "always" };
    const text = printTimes(options).join(" ");
    const zone = `the kernel's time zone is UTC`;
    const unknown = {
      code: "time-of-day" as const,
      item: "time of day",
      fields: text,
      question: `is it within the time that "-m time ${text}" asks for?`,
      no: "it is not",
      yes: "it is",
      command: "date -u",
    };
    return {
      kind: "call",
      test(_skb, runtime) {
        const seconds = runtime.services.wallClock();
        if (seconds === null) return unknownOutcome(runtime, unknown);
        if (options.kernelTimeZone) runtime.services.assume(runtime, "kernel-time-zone", zone);
        return isWithin(options, Math.floor(seconds));
      },
    };
  },
};
