/** Puts more at the end of a list, however many: as arguments of `push` a hundred thousand would not fit the stack. */
export function append<T>(list: T[], more: Iterable<T>): void {
  for (const one of more) list.push(one);
}
