import type { SignalDiff, WaveDiff } from './diff-waves.js';
import { divergenceText, tailText } from './words.js';

interface Case {
  readonly name: string;
  readonly failure?: { readonly type: string; readonly message: string };
  readonly skipped?: string;
}

/** The comparison as JUnit XML: a test case a signal, and one for the end of the runs; a difference is a failure. */
export function junitXml(diff: WaveDiff): string {
  const cases = [
    ...diff.signals.map((signal) => signalCase(diff, signal)),
    ...(diff.timing === null ? [] : [signalCase(diff, diff.timing, ' (cycles of transfers)')]),
    ...diff.misfits.map(({ name, a, b }) => failed(name, 'shape', `A has ${a}, B has ${b}`)),
    ...diff.onlyA.map((one) => lonelyCase(one, 'A')),
    ...diff.onlyB.map((one) => lonelyCase(one, 'B')),
    ...endCase(diff),
  ];
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const skipped = cases.filter((one) => one.skipped !== undefined).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
  const suite = `marblewave diff ${diff.a} ${diff.b}`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${counts}>
  <testsuite name="${escape(suite)}" ${counts}>
${cases.map(caseXml).join('\n')}
  </testsuite>
</testsuites>
`;
}

function signalCase(diff: WaveDiff, { pair, first, differences, compared }: SignalDiff, suffix = ''): Case {
  const name = `${pair.name}${suffix}`;
  if (first === null) return { name };
  return failed(name, first.what, `${divergenceText(diff, first)}; ${differences} of ${compared} differ`);
}

function lonelyCase({ path, counts }: { path: string; counts: boolean }, run: string): Case {
  return counts
    ? failed(path, 'missing', `only ${run} has this signal`)
    : { name: path, skipped: `only ${run} has this signal` };
}

function endCase(diff: WaveDiff): Case[] {
  const text = tailText(diff);
  if (text === null) return [];
  return [
    diff.tail!.first === null
      ? { name: 'end of the runs', skipped: text }
      : failed('end of the runs', 'end', text),
  ];
}

const failed = (name: string, type: string, message: string): Case => ({ name, failure: { type, message } });

function caseXml({ name, failure, skipped }: Case): string {
  const dot = name.lastIndexOf('.');
  const scope = dot < 0 ? 'signals' : name.slice(0, dot);
  const head = `    <testcase classname="${escape(scope)}" name="${escape(name)}"`;
  if (skipped !== undefined) return `${head}><skipped message="${escape(skipped)}"/></testcase>`;
  if (failure === undefined) return `${head}/>`;
  const { type, message } = failure;
  return `${head}><failure type="${type}" message="${escape(message)}">${escape(message)}</failure></testcase>`;
}

/** Text for XML 1.0, which has no control characters. */
function escape(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"\t\n\r]/g, (character) => ENTITIES[character]!);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};
