/**
 * Paths of a dump's variables. A dot parts scopes and name; a dot or backslash that belongs to a name has a backslash before it, so
 * `\odd.name` in scope top is `top.odd\.name`, and a path says for certain where its names begin.
 */
export function joinPath(names: readonly string[]): string {
  return names.map((name) => name.replace(/[\\.]/g, '\\$&')).join('.');
}

/** The names of a path, as {@link joinPath} took them. */
export function splitPath(path: string): string[] {
  if (!path.includes('\\')) return path.split('.');
  const names: string[] = [];
  let name = '';
  for (let i = 0; i < path.length; i++) {
    const at = path[i]!;
    if (at === '\\' && i + 1 < path.length) name += path[++i]!;
    else if (at === '.') {
      names.push(name);
      name = '';
    } else name += at;
  }
  names.push(name);
  return names;
}

/** The name that an escaped word means: `\a+b` is `a+b`. */
export function unescaped(word: string): string {
  if (!word.startsWith('\\') || word.length < 2) return word;
  return word.slice(1);
}

/** The word for a name: itself where it is a plain identifier, indices and all, else escaped. */
export function escaped(name: string): string {
  return /^[A-Za-z_][\w$]*(\[\d+\])*$/.test(name) ? name : `\\${name}`;
}

/** Bits of a bus by their numbers: `[7:0]` is left 7, right 0. */
export interface BitRange {
  readonly left: number;
  readonly right: number;
}

export function rangeWidth({ left, right }: BitRange): number {
  return Math.abs(left - right) + 1;
}

/** Parts `data[7:0]` into `data` and its range; `data[3]` has the range [3:3]. No range: null. */
export function splitRange(name: string): { readonly name: string; readonly range: BitRange | null } {
  const found = /^(.+)\[(-?\d+)(?::(-?\d+))?\]$/.exec(name);
  if (found === null) return { name, range: null };
  const left = Number(found[2]);
  return { name: found[1]!, range: { left, right: found[3] === undefined ? left : Number(found[3]) } };
}
