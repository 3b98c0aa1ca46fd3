import type { Recording } from './model.js';

const uint = (width: number) => ({ kind: 'uint', width }) as const;
const bits = (path: string, wave: number, type: Recording['head']['signals'][number]['type'], lanes = 1) => ({
  path,
  kind: 'bits' as const,
  type,
  lanes,
  wave,
  clock: 'core',
});

/** A recording of a few chunks with one of everything: kinds, several moments at one time, transactions, a clock of 4 ns. */
export function smallRecording(): Recording {
  const head: Recording['head'] = {
    configuration: { n: 2 },
    seed: 1,
    clocks: [{ name: 'core', hz: { num: 250_000_000, den: 1 }, phasePs: 0 }],
    modules: ['m'],
    signals: [
      bits('m.a', 0, uint(9)),
      bits('m.v', 1, { kind: 'int', width: 4 }, 3),
      { path: 'm.e', kind: 'event', type: null, lanes: 1, wave: 2, clock: null },
      bits('m.w', 3, uint(53)),
      bits('m.b', 0, uint(9)),
    ],
    begin: 0,
  };
  const moments = Array.from({ length: 14 }, (_, i) => ({
    // Every third instant has two moments.
    time: 4000 * (i - Math.floor(i / 3)),
    told: [
      { wave: 0, lanes: [(37 * i) % 512] },
      ...(i % 2 === 0 ? [{ wave: 1, lanes: [-i % 8, i % 7, -8] }] : []),
      ...(i % 4 === 1 ? [{ wave: 2, lanes: [] }] : []),
      ...(i % 5 === 2 ? [{ wave: 3, lanes: [2 ** 53 - 1 - i] }] : []),
    ].map(({ wave, lanes }) => ({ wave, lanes: lanes.map((lane) => lane + 0) })),
    records: recordsAt(i, 4000 * (i - Math.floor(i / 3))),
  }));
  return { head, moments, end: 50_000 };
}

function recordsAt(i: number, time: number): Recording['moments'][number]['records'] {
  const id = 1 + Math.floor(i / 3);
  const begin = {
    type: 'begin',
    id,
    time,
    kind: 'tile',
    path: 'm',
    parent: 0,
    attributes: { row: i },
  } as const;
  if (i % 3 === 0) return [begin];
  if (i % 3 === 1) return [{ type: 'blocked', id, time, why: 'full' }];
  return i === 8 ? [] : [{ type: 'end', id, time, attributes: { ok: true, by: 'm' } }];
}
