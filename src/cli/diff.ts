import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { diffDocument } from '../scenario/diff-document.js';
import { diffWaves, type WaveDiff } from '../trace/diff/diff-waves.js';
import { junitXml } from '../trace/diff/junit.js';
import { pictureOf } from '../trace/diff/picture.js';
import { divergenceText } from '../trace/diff/words.js';
import { TraceFileError } from '../trace/errors.js';
import { openWaves } from '../trace/open-waves.js';
import { PartialFile } from '../trace/partial-file.js';
import { waveJson } from '../trace/diff/wave-json.js';
import { waveSvg } from '../trace/wave-svg.js';
import type { WaveFile } from '../trace/waves.js';
import { comparisonOf, diffOptions } from './diff-options.js';
import { diffText, pictureText } from './diff-text.js';
import { optionsHelp, parse, type Parsed } from './options.js';
import { messageOf, UsageError } from './usage-error.js';

export const diffHelp = (): string => `marblewave diff ours.mwt theirs.vcd --strip-b tb.dut. --clock clk
marblewave diff a.vcd b.vcd --clock top.clk --valid top.out_valid --ready top.out_ready --payload 'top.out_*'

Compares two waveforms, each a Value Change Dump or a trace file: the first difference with its surroundings, then
each signal that differs.

usage: marblewave diff A B [options]             paths in options are those of A

${optionsHelp(diffOptions)}

exit code: 0 the same; 1 different; 2 could not be compared
`;

/** Characters of a line where nobody says how wide the terminal is. */
const WIDTH = 120;

/** `marblewave diff`. Returns the exit code: whatever goes wrong is 2, since 1 says that the files differ. */
export function diff(args: readonly string[]): number {
  try {
    return compare(args);
  } catch (error) {
    process.stderr.write(`marblewave: ${messageOf(error)}\n`);
    return 2;
  }
}

function compare(args: readonly string[]): number {
  const options = parse('diff', diffOptions, args);
  const [fileA, fileB, ...more] = options.positionals;
  if (fileA === undefined || fileB === undefined || more.length > 0)
    throw new UsageError(
      `diff: wanted two files, got ${options.positionals.length === 0 ? 'none' : options.positionals.join(' ')}`,
    );
  checkTargets(options, [fileA, fileB]);
  const comparison = comparisonOf(options);
  const opened: WaveFile[] = [];
  try {
    for (const file of [fileA, fileB]) opened.push(openWaves(file));
    const found = diffWaves(opened[0]!, opened[1]!, comparison);
    for (const note of found.notes) process.stderr.write(`marblewave: warning: ${note}\n`);
    writeFiles(found, options);
    const width = process.stdout.columns ?? WIDTH;
    process.stdout.write(
      options.flag('json') ? `${JSON.stringify(diffDocument(found))}\n` : `${diffText(found, width)}\n`,
    );
    return found.same ? 0 : 1;
  } finally {
    for (const waves of opened) waves.close();
  }
}

/** What is compared is never written over. */
function checkTargets(options: Parsed, files: readonly string[]): void {
  const out = options.text('out');
  const targets = [
    ['--junit', options.text('junit')],
    ...(out === undefined ? [] : OUT_FILES.map((name) => ['--out', join(out, name)] as const)),
  ] as const;
  for (const [option, target] of targets)
    if (target !== undefined && files.some((file) => resolve(file) === resolve(target)))
      throw new UsageError(`diff: ${option} must be another file than those compared, got ${target}`);
}

const OUT_FILES = ['diff.json', 'first.txt', 'first.json', 'first.svg'] as const;

function writeFiles(found: WaveDiff, options: Parsed): void {
  const junit = options.text('junit');
  if (junit !== undefined) write(junit, junitXml(found));
  const out = options.text('out');
  if (out === undefined) return;
  try {
    mkdirSync(out, { recursive: true });
  } catch (error) {
    throw new TraceFileError(out, 'a folder that can be written', error);
  }
  // A picture of an earlier comparison would be taken for one of this.
  for (const name of OUT_FILES) rmSync(join(out, name), { force: true });
  write(join(out, 'diff.json'), `${JSON.stringify(diffDocument(found), null, 2)}\n`);
  const picture = pictureOf(found);
  if (picture === null || found.first === null) return;
  const title = divergenceText(found, found.first);
  const drawing = waveJson(picture.rows, { title, heads: picture.heads, foot: `A ${found.a}, B ${found.b}` });
  write(join(out, 'first.txt'), `${title}\n\n${pictureText(found, WIDTH)}\n`);
  write(join(out, 'first.json'), `${JSON.stringify(drawing, null, 2)}\n`);
  write(join(out, 'first.svg'), waveSvg(drawing));
}

function write(path: string, text: string): void {
  const file = new PartialFile(path);
  try {
    file.text(text);
  } catch (error) {
    file.abort();
    throw error;
  }
  file.commit();
}
