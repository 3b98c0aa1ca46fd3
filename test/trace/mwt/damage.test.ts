import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { TraceFileError, TraceFormatError } from '../../../src/trace/errors.js';
import { openTrace, type TraceFile } from '../../../src/trace/mwt/trace-file.js';
import { type Recording, transactionsOf, valueOf, windowOf, write } from './model.js';
import { smallRecording } from './small.js';

const folder = mkdtempSync(join(tmpdir(), 'mwt-damage-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'small.mwt');

const recording = smallRecording();
const places = recording.head.signals.map((_, place) => place);
const clock = places.length;
const everything = windowOf(recording, places, 0, recording.end);

/** Bytes of the small recording, in chunks of an instant or two. */
function bytesOf(deflate: boolean): Buffer {
  write(file, recording, { chunkBytes: 1, deflate });
  return readFileSync(file);
}

/** The clock is high in the first half of each 4 ns. */
function clockUpTo(end: number): { time: number; signal: number; value: string }[] {
  const changes = [];
  for (let time = 0; time <= end; time += 2000)
    changes.push({ time, signal: clock, value: time % 4000 === 0 ? '1' : '0' });
  return changes;
}

const until = (end: number): Pick<Recording, 'moments'> => ({
  moments: recording.moments.filter(({ time }) => time <= end),
});

/** Everything that a damaged file says is what was recorded, up to the end that it tells. */
function expectPrefix(trace: TraceFile): void {
  // While damage is being found, more of the last instant may come than is known in full in the end.
  const got = [...trace.changes({ signals: places })];
  expect(got).toEqual(everything.slice(0, got.length));
  trace.verify();
  const { end } = trace;
  const isEmpty = trace.counts.chunks === 0;
  const known = isEmpty ? [] : windowOf(recording, places, 0, end);
  expect(got.length).toBeGreaterThanOrEqual(known.length);
  expect([...trace.changes({ signals: places })]).toEqual(known);
  expect([...trace.changes({ signals: [clock] })]).toEqual(isEmpty ? [] : clockUpTo(end));
  expect([...trace.transactions()]).toEqual(isEmpty ? [] : transactionsOf(until(end)));
  for (const place of places) {
    expect(trace.valueAt(place, end)).toBe(isEmpty ? null : valueOf(recording, place, end));
    expect(trace.valueAt(place, end + 1)).toBeNull();
  }
}

/** Opens the file, which must give a prefix that says why, or a clear error. Returns the last time known, −1 for an error. */
function survives(): number {
  let trace: TraceFile;
  try {
    trace = openTrace(file);
  } catch (error) {
    expect(error).toBeInstanceOf(TraceFormatError);
    expect((error as Error).message).toMatch(/small\.mwt: byte \d+: must be .+, got .+/);
    return -1;
  }
  try {
    expectPrefix(trace);
    expect(trace.damage).toMatch(/^byte \d+: .+; (known up to \d+ ps|nothing is known)$/);
    return trace.counts.chunks === 0 ? 0 : trace.end;
  } finally {
    trace.close();
  }
}

describe.each([false, true])('a trace file (deflated: %s)', (deflate) => {
  it('has several chunks, and is whole before anything is done to it', () => {
    bytesOf(deflate);
    const trace = openTrace(file);
    expect(trace.counts.chunks).toBeGreaterThan(3);
    expect(trace.verify()).toBeNull();
    expectPrefix(trace);
    expect(trace.end).toBe(recording.end);
    trace.close();
  });

  it('cut off at any byte opens up to its last whole chunk and says so, or is refused while its header is not whole', () => {
    const bytes = bytesOf(deflate);
    let last = bytes.length;
    const ends: number[] = [];
    for (let length = bytes.length - 1; length >= 0; length--) {
      truncateSync(file, length);
      const end = survives();
      expect(end).toBeLessThanOrEqual(ends.at(-1) ?? recording.end);
      ends.push(end);
      last = length;
    }
    expect(last).toBe(0);
    // All chunks whole, each chunk but the last, and so on down to a header alone and none.
    expect(new Set(ends).size).toBeGreaterThan(5);
    expect(ends[0]).toBe(recording.end);
  });

  it.each([0x01, 0x10, 0x80, 0xff])(
    'with the bits %i of any byte flipped gives the part before it and says so, or is refused',
    (pattern) => {
      const bytes = bytesOf(deflate);
      const descriptor = openSync(file, 'r+');
      try {
        for (let at = 0; at < bytes.length; at++) {
          writeSync(descriptor, Uint8Array.of(bytes[at]! ^ pattern), 0, 1, at);
          survives();
          writeSync(descriptor, bytes, at, 1, at);
        }
      } finally {
        closeSync(descriptor);
      }
      const whole = openTrace(file);
      expect(whole.verify()).toBeNull();
      whole.close();
    },
  );

  it('with bytes forged so that every CRC is right raises nothing but its own errors', () => {
    const bytes = bytesOf(deflate);
    const chunks = chunksIn(bytes);
    const forgery = fc.record({
      chunk: fc.nat(chunks.length - 1),
      edits: fc.array(fc.record({ at: fc.nat(2 ** 20), to: fc.nat(255) }), { minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(forgery, ({ chunk, edits }) => {
        const forged = Buffer.from(bytes);
        const { offset, fixed, stored } = chunks[chunk]!;
        const payload = forged.subarray(offset + fixed, offset + fixed + stored);
        for (const { at, to } of edits) payload[at % stored] = to;
        forged.writeUInt32LE(crc32(payload), offset + 20);
        const head = Buffer.concat([
          forged.subarray(offset, offset + 60),
          forged.subarray(offset + 64, offset + fixed),
        ]);
        forged.writeUInt32LE(crc32(head), offset + 60);
        writeFileSync(file, forged);
        readAll();
      }),
      { numRuns: 1000 },
    );
  });
});

/** Reads all that there is in every way; only a file that is refused may throw. */
function readAll(): void {
  let trace: TraceFile;
  try {
    trace = openTrace(file);
  } catch (error) {
    expect(error).toBeInstanceOf(TraceFormatError);
    return;
  }
  try {
    let last = 0;
    for (const { time, value } of trace.changes()) {
      expect(time).toBeGreaterThanOrEqual(last);
      expect(String(value)).toMatch(/^[01]*$/);
      last = time;
    }
    for (const place of places) {
      trace.valueAt(place, 20_000);
      trace.next(place, 20_000);
      trace.previous(place, 20_000);
      trace.decimate(place, 0, recording.end, 7);
    }
    for (const { begin, end } of trace.transactions())
      expect(begin).toBeLessThanOrEqual(end ?? recording.end);
    trace.verify();
  } finally {
    trace.close();
  }
}

/** Where chunks stand, by docs/trace-format.md. */
function chunksIn(bytes: Buffer): { offset: number; fixed: number; stored: number }[] {
  const chunks = [];
  const fixed = 64 + 1;
  let offset = 24 + bytes.readUInt32LE(12);
  while (bytes.toString('latin1', offset, offset + 4) === 'CHNK') {
    const stored = bytes.readUInt32LE(offset + 12);
    chunks.push({ offset, fixed, stored });
    offset += fixed + stored;
  }
  return chunks;
}

describe('openTrace', () => {
  it('refuses a file of a later version by its number', () => {
    const bytes = bytesOf(false);
    bytes.writeUInt32LE(2, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 20)), 20);
    writeFileSync(file, bytes);
    expect(() => openTrace(file)).toThrow(
      new TraceFormatError(file, 8, 'version 1 of the format, the one that this program reads', 'version 2'),
    );
  });

  it('names what is no trace file, what is not there and what is no file', () => {
    writeFileSync(file, '$date today $end\n');
    expect(() => openTrace(file)).toThrow(
      /small\.mwt: byte 0: must be the first bytes of a trace file, got others/,
    );
    writeFileSync(file, '');
    expect(() => openTrace(file)).toThrow(/got an empty file/);
    expect(() => openTrace(join(folder, 'none.mwt'))).toThrow(TraceFileError);
    expect(() => openTrace(folder)).toThrow(TraceFileError);
  });
});
