import { closeSync, openSync, readSync } from 'node:fs';
import { WaveReadError } from './errors.js';
import { openTrace } from './mwt/trace-file.js';
import { openVcd } from './vcd/open-vcd.js';
import type { WaveFile } from './waves.js';

/** What a trace file begins with (docs/trace-format.md). */
const MWT = [0x89, 0x4d, 0x57, 0x54];

/**
 * Opens a recorded run, whatever file it lies in: a trace file by its first bytes, anything else as a Value Change Dump.
 *
 * @throws WaveReadError for a file that cannot be read; what the reader throws for one that is not what it should be
 */
export function openWaves(file: string): WaveFile {
  const first = firstBytes(file);
  return MWT.every((byte, i) => first[i] === byte) ? openTrace(file) : openVcd(file);
}

function firstBytes(file: string): Buffer {
  const bytes = Buffer.alloc(MWT.length);
  try {
    const descriptor = openSync(file, 'r');
    try {
      readSync(descriptor, bytes, 0, bytes.length, 0);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw new WaveReadError(
      file,
      'file',
      'a file that can be read',
      (error as NodeJS.ErrnoException).code ?? String(error),
    );
  }
  return bytes;
}
