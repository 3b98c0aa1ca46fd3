import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writePerfetto } from '../../../src/trace/export/perfetto.js';
import { bus, type Plain, plainWaves, transaction } from './plain-waves.js';
import { type Message, one, readMessage, signed, string } from './protobuf-reader.js';

interface Event {
  readonly ns: number;
  readonly type: number;
  readonly track: number;
  readonly name: string;
  readonly category: string;
  readonly notes: Record<string, number | string | boolean>;
  readonly value: number | null;
}

interface Decoded {
  /** By uuid: its name under those of its parents. */
  readonly tracks: Map<number, { path: string; isCounter: boolean }>;
  readonly events: Event[];
}

function exported(plain: Plain, counters: readonly number[] = [], window = {}): Decoded {
  const parts: Uint8Array[] = [];
  const waves = plainWaves(plain);
  writePerfetto(waves, (bytes) => parts.push(Uint8Array.from(bytes)), {
    counters,
    from: waves.begin,
    to: waves.end,
    ...window,
  });
  return decode(Buffer.concat(parts));
}

function decode(bytes: Uint8Array): Decoded {
  const tracks = new Map<number, { path: string; isCounter: boolean }>();
  const events: Event[] = [];
  const file = readMessage(bytes);
  expect([...file.keys()]).toEqual(bytes.length > 0 ? [1] : []);
  for (const packetBytes of file.get(1) ?? []) {
    const packet = readMessage(packetBytes as Uint8Array);
    expect(one(packet, 10)).toBe(1n);
    if (packet.has(60)) {
      const track = readMessage(one(packet, 60) as Uint8Array);
      const parent = Number(one(track, 5) ?? 0n);
      // A parent is announced before what lies in it.
      const above = parent === 0 ? '' : `${tracks.get(parent)!.path}/`;
      tracks.set(Number(one(track, 1)), {
        path: `${above}${string(one(track, 2))}`,
        isCounter: track.has(8),
      });
    } else events.push(eventOf(packet, tracks));
  }
  return { tracks, events };
}

function eventOf(packet: Message, tracks: Decoded['tracks']): Event {
  const event = readMessage(one(packet, 11) as Uint8Array);
  const track = Number(one(event, 11));
  expect(tracks.has(track)).toBe(true);
  const notes: Record<string, number | string | boolean> = {};
  for (const bytes of event.get(4) ?? []) {
    const note = readMessage(bytes as Uint8Array);
    const key = string(one(note, 10));
    expect(key in notes).toBe(false);
    if (note.has(2)) notes[key] = one(note, 2) === 1n;
    else if (note.has(4)) notes[key] = signed(one(note, 4));
    else if (note.has(5)) notes[key] = one(note, 5) as number;
    else notes[key] = string(one(note, 6));
  }
  const value = event.has(30) ? signed(one(event, 30)) : ((one(event, 44) as number | undefined) ?? null);
  return {
    ns: Number(one(packet, 8)),
    type: Number(one(event, 9)),
    track,
    name: string(one(event, 23)),
    category: string(one(event, 22)),
    notes,
    value,
  };
}

const [BEGIN, END, INSTANT, COUNTER] = [1, 2, 3, 4];

describe('a Perfetto trace', () => {
  it('has transactions as slices on tracks by module, with times in ns and all that is known of them', () => {
    const { tracks, events } = exported({
      signals: [],
      changes: [],
      end: 10_000,
      transactions: [
        transaction({
          id: 1,
          path: 'gupta.top',
          begin: 1999,
          end: 9000,
          attributes: { name: 'conv1', rows: -5, whole: true, share: 0.25 },
          endAttributes: { rows: 3, cause: 'done' },
          blocked: [{ time: 2500, why: 'memory' }],
        }),
        transaction({ id: 2, kind: 'dram.RD', path: 'gupta.memory', parent: 1, begin: 4000, end: 4000 }),
        transaction({ id: 3, kind: 'tile', path: 'gupta.top', parent: 1, begin: 5000 }),
      ],
    });
    const shown = events.map(({ track, ...event }) => ({ ...event, path: tracks.get(track)!.path }));
    expect(shown).toEqual([
      {
        path: 'gupta/top/layer',
        ns: 1,
        type: BEGIN,
        name: 'layer conv1',
        category: 'layer',
        value: null,
        notes: {
          id: 1,
          parent: 0,
          begin_ps: 1999,
          end_ps: 9000,
          name: 'conv1',
          rows: -5,
          whole: true,
          share: 0.25,
          'end.rows': 3,
          cause: 'done',
          blocked: '2500 ps: memory',
        },
      },
      { path: 'gupta/top/layer', ns: 9, type: END, name: '', category: '', value: null, notes: {} },
      {
        path: 'gupta/memory/dram.RD',
        ns: 4,
        type: INSTANT,
        name: 'dram.RD',
        category: 'dram.RD',
        value: null,
        notes: { id: 2, parent: 1, begin_ps: 4000, end_ps: 4000 },
      },
      {
        path: 'gupta/top/tile',
        ns: 5,
        type: BEGIN,
        name: 'tile',
        category: 'tile',
        value: null,
        notes: { id: 3, parent: 1, begin_ps: 5000 },
      },
    ]);
    // One track for the module, whatever lies in it.
    expect([...tracks.values()].filter(({ path }) => path === 'gupta')).toHaveLength(1);
  });

  it('puts what overlaps on tracks of its own, so that slices of a track follow one another', () => {
    const spans = fc.array(fc.tuple(fc.nat(30_000), fc.nat(8000), fc.nat(1), fc.constantFrom('m', 'n')), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(spans, fc.boolean(), (raw, byEnd) => {
        const transactions = raw
          .map(([begin, length, kind, path], i) =>
            transaction({
              id: i + 1,
              path,
              kind: ['axi.read', 'axi.write'][kind]!,
              begin,
              end: begin + length,
            }),
          )
          .sort((a, b) => (byEnd ? a.end! - b.end! : a.begin - b.begin));
        const paths = Object.fromEntries(transactions.map(({ id, path }) => [id, path]));
        const { events, tracks } = exported({ signals: [], changes: [], end: 40_000, transactions });
        // As a reader of the trace does: in the order of time, at one time in the order of the file.
        const open = new Map<number, Event>();
        const seen: number[][] = [];
        for (const event of [...events].sort((a, b) => a.ns - b.ns)) {
          if (event.type === BEGIN) {
            expect(open.has(event.track)).toBe(false);
            open.set(event.track, event);
            expect(tracks.get(event.track)!.path).toMatch(
              new RegExp(
                `^${paths[event.notes['id'] as number]}/${event.category.replace('.', '\\.')}( \\d+)?$`,
              ),
            );
          } else if (event.type === END) {
            const begun = open.get(event.track)!;
            open.delete(event.track);
            seen.push([begun.notes['id'] as number, begun.ns, event.ns]);
          } else seen.push([event.notes['id'] as number, event.ns, event.ns]);
        }
        expect(open.size).toBe(0);
        const wanted = transactions.map(({ id, begin, end }) => [
          id,
          Math.trunc(begin / 1000),
          Math.trunc(end! / 1000),
        ]);
        const byId = (a: number[], b: number[]): number => a[0]! - b[0]!;
        expect(seen.sort(byId)).toEqual(wanted.sort(byId));
      }),
    );
  });

  it('has signals as counters, lane by lane, and leaves out what is unknown', () => {
    const { tracks, events } = exported(
      {
        unitFs: 1_000_000,
        signals: [
          bus('m.level', 4, { type: { kind: 'int', width: 4 } }),
          bus('m.lanes', 4, { lanes: 2, type: { kind: 'fixed', width: 2, fraction: 1 } }),
          bus('top', 64, { kind: 'real' }),
          bus('m.unused', 1),
        ],
        changes: [
          [0, 0, '1111'],
          [1, 1, '0110'],
          [2, 0, '1x11'],
          [3, 0, '0111'],
          [3, 2, 0.1],
          [4, 3, '1'],
        ],
      },
      [0, 1, 2],
    );
    expect(events.map(({ ns, type, track, value }) => [ns, type, tracks.get(track)!.path, value])).toEqual([
      [0, COUNTER, 'm/level', -1],
      [1, COUNTER, 'm/lanes[0]', -1],
      [1, COUNTER, 'm/lanes[1]', 0.5],
      [3, COUNTER, 'm/level', 7],
      [3, COUNTER, 'top', 0.1],
    ]);
    expect([...tracks.values()].filter(({ isCounter }) => isCounter).map(({ path }) => path)).toEqual([
      'm/level',
      'm/lanes[0]',
      'm/lanes[1]',
      'top',
    ]);
  });

  it('takes in what lies in the window, and what reaches into it', () => {
    const transactions = [
      transaction({ id: 1, begin: 0, end: 900 }),
      transaction({ id: 2, begin: 0, end: 5000 }),
      transaction({ id: 3, begin: 2000, end: 3000 }),
      transaction({ id: 4, begin: 6000, end: 7000 }),
    ];
    const { events } = exported({ signals: [], changes: [], transactions }, [], { from: 1000, to: 5500 });
    expect(events.filter(({ type }) => type === BEGIN).map(({ notes }) => notes['id'])).toEqual([2, 3]);
  });

  it('refuses a counter that is no number', () => {
    const wide = { signals: [bus('m.wide', 64), bus('m.event', 1, { kind: 'event' as const })], changes: [] };
    expect(() => exported(wide, [0])).toThrow(
      'plain: m.wide must be a number of at most 53 bits a lane, to be a counter, got "64 bits"',
    );
    expect(() => exported(wide, [1])).toThrow('got "event"');
  });
});
