import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileExpression, ExpressionError } from '../../src/kernel/index.js';

type Tree =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'unary'; readonly op: string; readonly x: Tree }
  | { readonly kind: 'binary'; readonly op: string; readonly x: Tree; readonly y: Tree }
  | { readonly kind: 'choice'; readonly test: Tree; readonly yes: Tree; readonly no: Tree };

const VALUES: Readonly<Record<string, number>> = { a: 3, 'top.b': 0, 'top.pe[3][4].p': -7, c_1: 12 };
const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '<=': 7,
  '>': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'tree' },
    fc.record({ kind: fc.constant('number' as const), value: fc.nat(20) }),
    fc.record({ kind: fc.constant('path' as const), path: fc.constantFrom(...Object.keys(VALUES)) }),
    fc.record({ kind: fc.constant('unary' as const), op: fc.constantFrom('!', '-', '~'), x: tie('tree') }),
    fc.record({
      kind: fc.constant('binary' as const),
      op: fc.constantFrom(...Object.keys(PRECEDENCE)),
      x: tie('tree'),
      y: tie('tree'),
    }),
    fc.record({ kind: fc.constant('choice' as const), test: tie('tree'), yes: tie('tree'), no: tie('tree') }),
  ),
}));

/** Text with parentheses only where precedence and left association need them. */
function text(t: Tree, outer = 0): string {
  switch (t.kind) {
    case 'number':
      return String(t.value);
    case 'path':
      return t.path;
    case 'unary':
      return `${t.op}${text(t.x, 11)}`;
    case 'binary': {
      const p = PRECEDENCE[t.op]!;
      const inner = `${text(t.x, p)} ${t.op} ${text(t.y, p + 1)}`;
      return p < outer ? `(${inner})` : inner;
    }
    case 'choice': {
      const inner = `${text(t.test, 1)} ? ${text(t.yes)} : ${text(t.no)}`;
      return outer > 0 ? `(${inner})` : inner;
    }
  }
}

function evaluate(t: Tree): number {
  switch (t.kind) {
    case 'number':
      return t.value;
    case 'path':
      return VALUES[t.path]!;
    case 'unary': {
      const x = evaluate(t.x);
      return t.op === '!' ? Number(x === 0) : t.op === '-' ? 0 - x : ~x;
    }
    case 'choice':
      return evaluate(t.test) !== 0 ? evaluate(t.yes) : evaluate(t.no);
    case 'binary': {
      const x = evaluate(t.x);
      const y = evaluate(t.y);
      const table: Record<string, number> = {
        '||': Number(x !== 0 || y !== 0),
        '&&': Number(x !== 0 && y !== 0),
        '|': x | y,
        '^': x ^ y,
        '&': x & y,
        '==': Number(x === y),
        '!=': Number(x !== y),
        '<': Number(x < y),
        '<=': Number(x <= y),
        '>': Number(x > y),
        '>=': Number(x >= y),
        '<<': x << y,
        '>>': x >> y,
        '+': x + y,
        '-': x - y,
        '*': x * y,
        '/': x / y,
        '%': x % y,
      };
      return table[t.op]!;
    }
  }
}

const resolve = (path: string) => () => VALUES[path]!;

describe('expressions', () => {
  it('equal a walk of their tree, with the precedence of C', () => {
    fc.assert(
      fc.property(tree, (t) => {
        expect(compileExpression(text(t), resolve)()).toEqual(evaluate(t));
      }),
      { numRuns: 1000 },
    );
  });

  it('read hexadecimal, binary and paths with indices, whatever the spacing', () => {
    expect(compileExpression('0xff+0b101', resolve)()).toBe(260);
    expect(compileExpression('  top.pe[3][4].p<-6 ', resolve)()).toBe(1);
    expect(compileExpression('1?2:0?3:4', resolve)()).toBe(2);
  });

  it('resolve each path once, at compilation', () => {
    let asked = 0;
    const run = compileExpression('a + a * 2', (path) => {
      asked += 1;
      return resolve(path);
    });
    run();
    run();
    expect(asked).toBe(1);
  });

  it.each([
    ['', 1, 'ends too early'],
    ['a +', 4, 'ends too early'],
    ['a + * b', 5, 'unexpected *'],
    ['(a', 3, 'wanted )'],
    ['a b', 3, 'unexpected b'],
    ['a ? 1', 6, 'wanted :'],
    ['a = 1', 3, 'unexpected ='],
    ['a.', 2, 'unexpected .'],
    ['a @ 1', 3, 'unexpected @'],
    ['3a', 2, 'unexpected a'],
  ])('say in which column %j goes wrong', (source, column, problem) => {
    let caught: unknown;
    try {
      compileExpression(source, resolve);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ExpressionError);
    expect((caught as Error).message).toBe(
      `expression ${JSON.stringify(source)}, column ${column}: ${problem}`,
    );
  });
});
