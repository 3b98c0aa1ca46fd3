/** A value at a time; `null` for an event. */
export type Change = readonly [time: number, value: bigint | null];

export interface ReadVariable {
  readonly kind: string;
  readonly width: number;
  readonly code: string;
  /** In the order of the file: what `$dumpvars` says first. */
  readonly changes: Change[];
}

/**
 * A small reader of Value Change Dumps, written from IEEE 1364-2005, clause 18, for tests: it shares nothing with the
 * writer. Names are paths with dots; a range like [15:0] is dropped, an index is not.
 */
export function readVcd(text: string): { timescale: string; variables: Map<string, ReadVariable> } {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const variables = new Map<string, ReadVariable>();
  const byCode = new Map<string, ReadVariable>();
  const scopes: string[] = [];
  let timescale = '';
  let time = NaN;
  let at = 0;
  const untilEnd = (): string[] => {
    const from = at;
    while (words[at] !== '$end') {
      if (at >= words.length) throw new Error('no $end');
      at += 1;
    }
    at += 1;
    return words.slice(from, at - 1);
  };
  const change = (code: string, digits: string): void => {
    const variable = byCode.get(code);
    if (variable === undefined) throw new Error(`nothing has the code ${code}`);
    if (Number.isNaN(time)) throw new Error('a change before the first time');
    if (!/^[01]+$/.test(digits) || digits.length > variable.width)
      throw new Error(`${digits} is no value of ${variable.width} bits`);
    variable.changes.push([time, variable.kind === 'event' ? null : BigInt(`0b${digits}`)]);
  };
  while (at < words.length) {
    const word = words[at++]!;
    if (word === '$scope') scopes.push(untilEnd()[1]!);
    else if (word === '$upscope') {
      untilEnd();
      scopes.pop();
    } else if (word === '$timescale') timescale = untilEnd().join(' ');
    else if (word === '$var') {
      const [kind, width, code, ...reference] = untilEnd();
      const name = reference.filter((part) => !/^\[\d+:\d+\]$/.test(part)).join('');
      const path = [...scopes, name].join('.');
      let variable = byCode.get(code!);
      if (variable === undefined)
        byCode.set(code!, (variable = { kind: kind!, width: Number(width), code: code!, changes: [] }));
      if (variable.width !== Number(width)) throw new Error(`${path} has another width than its code`);
      if (variables.has(path)) throw new Error(`${path} is there twice`);
      variables.set(path, variable);
    } else if (word === '$dumpvars' || word === '$end') continue;
    else if (word.startsWith('$')) untilEnd();
    else if (word.startsWith('#')) {
      const next = Number(word.slice(1));
      if (next < time) throw new Error(`time goes back from ${time} to ${next}`);
      time = next;
    } else if (word.startsWith('b')) change(words[at++]!, word.slice(1));
    else change(word.slice(1), word[0]!);
  }
  if (scopes.length > 0) throw new Error('a scope is open');
  return { timescale, variables };
}
