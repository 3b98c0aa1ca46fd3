import { textTable, whole } from '../report/table.js';
import type { SignalDiff, WaveDiff } from '../trace/diff/diff-waves.js';
import { pictureOf } from '../trace/diff/picture.js';
import { divergenceText, methodText, placeText, tailText } from '../trace/diff/words.js';
import { textWave } from '../trace/text-wave.js';
import { timeText } from '../trace/time-text.js';

/** Signals listed by name where only one file has them. */
const LISTED = 20;

/** The comparison for people. */
export function diffText(diff: WaveDiff, width: number): string {
  const parts = [headText(diff), verdict(diff)];
  const picture = pictureText(diff, width);
  if (picture !== null) parts.push(picture);
  const differing = [...diff.signals, ...(diff.timing === null ? [] : [diff.timing])].filter(
    (s) => s.differences > 0,
  );
  if (differing.length > 0) parts.push(signalTable(diff, differing));
  const others = otherLines(diff);
  if (others.length > 0) parts.push(others.join('\n'));
  return parts.join('\n\n');
}

/** The surroundings of the first divergence; null when there is none. */
export function pictureText(diff: WaveDiff, width: number): string | null {
  const picture = pictureOf(diff);
  if (picture === null) return null;
  const { rows, heads, headLabel, mark } = picture;
  return textWave(rows, { width, heads, headLabel, mark });
}

function headText({ a, b, spanA, spanB, unitFs }: WaveDiff): string {
  const span = ({ from, to }: WaveDiff['spanA']): string =>
    `${timeText(from, unitFs)} to ${timeText(to, unitFs)}`;
  return `A  ${a}, ${span(spanA)}\nB  ${b}, ${span(spanB)}`;
}

function verdict(diff: WaveDiff): string {
  const method = `${count(diff.signals.length, 'signal')} compared, ${methodText(diff)}`;
  if (diff.same) return `the same: ${method}`;
  const first = diff.first === null ? [] : [`first: ${divergenceText(diff, diff.first)}`];
  return [`different: ${method}; ${reasons(diff)}`, ...first].join('\n');
}

function reasons({ signals, timing, misfits, onlyA, onlyB, tail }: WaveDiff): string {
  const differing = signals.filter(({ differences }) => differences > 0).length;
  const missing = [...onlyA, ...onlyB].filter(({ counts }) => counts).length;
  const parts = [
    ...(differing > 0 ? [`${whole(differing)} differ`] : []),
    ...(timing !== null && timing.differences > 0
      ? [`${count(timing.differences, 'transfer')} too far apart`]
      : []),
    ...(misfits.length > 0 ? [`${whole(misfits.length)} of other shape`] : []),
    ...(missing > 0 ? [`${whole(missing)} in one file only`] : []),
    ...(tail !== null && tail.first !== null ? ['one goes on'] : []),
  ];
  return parts.join(', ');
}

function signalTable(diff: WaveDiff, signals: readonly SignalDiff[]): string {
  return textTable(
    [
      { title: 'signal', align: 'left' },
      { title: 'differences' },
      { title: 'compared' },
      { title: 'first', align: 'left' },
    ],
    signals.map((s) => [
      s === diff.timing ? `${s.pair.name} (cycles)` : s.pair.name,
      whole(s.differences),
      whole(s.compared),
      s.first === null ? '' : placeText(diff, s.first),
    ]),
  );
}

function otherLines(diff: WaveDiff): string[] {
  const tail = tailText(diff);
  const undecided = diff.signals.reduce((sum, s) => sum + s.undecided, 0);
  return [
    ...diff.misfits.map(({ name, a, b }) => `${name} cannot be compared: A has ${a}, B has ${b}`),
    ...lonelyLines('A', diff.onlyA),
    ...lonelyLines('B', diff.onlyB),
    ...(tail === null ? [] : [tail]),
    ...(undecided === 0
      ? []
      : [`${count(undecided, 'value')} at the end undecided: a partner could have come after it`]),
    ...diff.notes,
  ];
}

function lonelyLines(run: string, list: WaveDiff['onlyA']): string[] {
  if (list.length === 0) return [];
  const names = list.slice(0, LISTED).map(({ path }) => path);
  const more = list.length > LISTED ? `, and ${whole(list.length - LISTED)} more` : '';
  const counts = list.some((one) => one.counts) ? '' : ' (not counted)';
  return [`only ${run} has ${count(list.length, 'signal')}${counts}: ${names.join(', ')}${more}`];
}

const count = (n: number, what: string): string => `${whole(n)} ${what}${n === 1 ? '' : 's'}`;
