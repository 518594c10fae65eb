/** What ends a filter with an error, in BIRD's words or podpath's. */
export class FilterError extends Error {}

/** It would never end; a real daemon does not go on, either. */
export class Endless extends FilterError {}

/** A word that BIRD took when it read the configuration, and of which podpath does not know what it does. */
export class Unknown extends FilterError {}

export function fail(text: string): never {
  throw new FilterError(text);
}

export function failUnknown(word: string): never {
  throw new Unknown(`podpath does not know what ${word} gives`);
}
