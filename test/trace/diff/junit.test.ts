import { describe, expect, it } from 'vitest';
import { diffWaves } from '../../../src/trace/diff/diff-waves.js';
import { junitXml } from '../../../src/trace/diff/junit.js';
import { memoryWaves } from '../../../src/trace/memory-waves.js';
import { parseXml } from './xml.js';

describe('JUnit XML of a comparison', () => {
  const text = (path: string, value: string) => ({
    path,
    kind: 'text' as const,
    changes: [[0, value] as const],
  });
  const bit = (path: string) => ({ path, changes: [[0, 0] as const] });
  const a = memoryWaves({
    name: 'a<&>".vcd',
    signals: [bit('t.same'), text('t.<note>', 'a "quoted" & <tagged>\n\u0001'), bit('only.a')],
  });
  const b = memoryWaves({ name: 'b.vcd', signals: [bit('t.same'), text('t.<note>', '\t')] });
  const suites = parseXml(junitXml(diffWaves(a, b)));
  const suite = suites.children[0]!;

  it('has a test case a signal, and counts them', () => {
    expect([suites.tag, suite.tag, suite.attributes['name']]).toEqual([
      'testsuites',
      'testsuite',
      'marblewave diff a<&>".vcd b.vcd',
    ]);
    for (const { attributes } of [suites, suite])
      expect(attributes).toMatchObject({ tests: '3', failures: '2', errors: '0', skipped: '0' });
    expect(
      suite.children.map(({ tag, attributes }) => [tag, attributes['classname'], attributes['name']]),
    ).toEqual([
      ['testcase', 't', 't.same'],
      ['testcase', 't', 't.<note>'],
      ['testcase', 'only', 'only.a'],
    ]);
  });

  it('says in a failure what differs first, whatever characters are in it', () => {
    const failures = suite.children.map(({ children }) =>
      children.map(({ tag, attributes }) => [tag, attributes['type'], attributes['message']]),
    );
    expect(failures).toEqual([
      [],
      [
        [
          'failure',
          'value',
          't.<note> at 0 ns: A "a \\"quoted\\" & <tagged>\\n\\u0001", B "\\t"; 1 of 1 differ',
        ],
      ],
      [['failure', 'missing', 'only A has this signal']],
    ]);
    expect(suite.children[1]!.children[0]!.text).toBe(failures[1]![0]![2]);
  });

  it('skips what one file lacks where that is no difference', () => {
    const common = parseXml(junitXml(diffWaves(a, a, {}))).children[0]!;
    expect(common.attributes).toMatchObject({ tests: '3', failures: '0', skipped: '0' });
    const one = parseXml(junitXml(diffWaves(a, b, { common: true }))).children[0]!;
    expect(one.attributes).toMatchObject({ tests: '3', failures: '1', skipped: '1' });
  });
});
