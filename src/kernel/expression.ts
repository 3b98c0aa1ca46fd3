import { ExpressionError } from './errors.js';

/**
 * Compiles the expression of a breakpoint, trigger or probe: paths of scalar signals and probes, decimal, hexadecimal
 * and binary integers, `! - ~ * / % + - << >> < <= > >= == != & ^ | && ||`, `?:`, and parentheses, with C's precedence.
 * Values are numbers; comparisons give 0 or 1. Bit operators work on 32 bits.
 *
 * @param resolve gives a reader for a path; it is called once a path, at compilation.
 * @throws ExpressionError with the column where the text stops making sense.
 */
export function compileExpression(text: string, resolve: (path: string) => () => number): () => number {
  const tokens = tokenise(text);
  const readers = new Map<string, () => number>();
  let at = 0;
  const peek = (): Token => tokens[at]!;
  const fail = (problem: string): never => {
    throw new ExpressionError(text, peek().at, problem);
  };
  const accept = (symbol: string): boolean => {
    if (peek().kind === 'symbol' && peek().text === symbol) {
      at += 1;
      return true;
    }
    return false;
  };

  const primary = (): (() => number) => {
    const token = peek();
    if (token.kind === 'number') {
      at += 1;
      const value = Number(token.text);
      return () => value;
    }
    if (token.kind === 'path') {
      at += 1;
      const reader = readers.get(token.text) ?? resolve(token.text);
      readers.set(token.text, reader);
      return reader;
    }
    if (accept('(')) {
      const inner = conditional();
      if (!accept(')')) fail('wanted )');
      return inner;
    }
    return fail(token.kind === 'end' ? 'ends too early' : `unexpected ${token.text}`);
  };

  const unary = (): (() => number) => {
    if (accept('!')) {
      const x = unary();
      return () => (x() === 0 ? 1 : 0);
    }
    if (accept('-')) {
      const x = unary();
      return () => 0 - x();
    }
    if (accept('~')) {
      const x = unary();
      return () => ~x();
    }
    return primary();
  };

  const binary = (level: number): (() => number) => {
    if (level === LEVELS.length) return unary();
    let left = binary(level + 1);
    for (;;) {
      const operator = LEVELS[level]!.find((op) => accept(op.symbol));
      if (operator === undefined) return left;
      left = operator.make(left, binary(level + 1));
    }
  };

  const conditional = (): (() => number) => {
    const test = binary(0);
    if (!accept('?')) return test;
    const yes = conditional();
    if (!accept(':')) fail('wanted :');
    const no = conditional();
    return () => (test() === 0 ? no() : yes());
  };

  const result = conditional();
  if (peek().kind !== 'end') fail(`unexpected ${peek().text}`);
  return result;
}

interface Token {
  readonly kind: 'number' | 'path' | 'symbol' | 'end';
  readonly text: string;
  readonly at: number;
}

const PATTERN =
  /\s+|(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+(?:\.\d+)?)|([A-Za-z_]\w*(?:\[\d+\])*(?:\.[A-Za-z_]\w*(?:\[\d+\])*)*)|(<<|>>|<=|>=|==|!=|&&|\|\||[-!~*/%+<>&^|?:()])/y;

function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    PATTERN.lastIndex = at;
    const match = PATTERN.exec(text);
    if (match === null) throw new ExpressionError(text, at, `unexpected ${text[at]}`);
    if (match[1] !== undefined) tokens.push({ kind: 'number', text: match[1], at });
    else if (match[2] !== undefined) tokens.push({ kind: 'path', text: match[2], at });
    else if (match[3] !== undefined) tokens.push({ kind: 'symbol', text: match[3], at });
    at = PATTERN.lastIndex;
  }
  tokens.push({ kind: 'end', text: '', at });
  return tokens;
}

type Reader = () => number;
interface Operator {
  readonly symbol: string;
  readonly make: (a: Reader, b: Reader) => Reader;
}

const op = (symbol: string, apply: (a: number, b: number) => number): Operator => ({
  symbol,
  make: (a, b) => () => apply(a(), b()),
});
const flag = (value: boolean): number => (value ? 1 : 0);

/** Loosest first. */
const LEVELS: readonly (readonly Operator[])[] = [
  [{ symbol: '||', make: (a, b) => () => flag(a() !== 0 || b() !== 0) }],
  [{ symbol: '&&', make: (a, b) => () => flag(a() !== 0 && b() !== 0) }],
  [op('|', (a, b) => a | b)],
  [op('^', (a, b) => a ^ b)],
  [op('&', (a, b) => a & b)],
  [op('==', (a, b) => flag(a === b)), op('!=', (a, b) => flag(a !== b))],
  [
    op('<=', (a, b) => flag(a <= b)),
    op('>=', (a, b) => flag(a >= b)),
    op('<', (a, b) => flag(a < b)),
    op('>', (a, b) => flag(a > b)),
  ],
  [op('<<', (a, b) => a << b), op('>>', (a, b) => a >> b)],
  [op('+', (a, b) => a + b), op('-', (a, b) => a - b)],
  [op('*', (a, b) => a * b), op('/', (a, b) => a / b), op('%', (a, b) => a % b)],
];
