import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { VcdError } from '../../../src/trace/vcd/errors.js';
import { openVcd, type VcdFile } from '../../../src/trace/vcd/open-vcd.js';
import { scanVcd } from '../../../src/trace/vcd/scanner.js';

const folder = mkdtempSync(join(tmpdir(), 'vcd-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'hand.vcd');

function opened<T>(text: string | Uint8Array, look: (waves: VcdFile) => T): T {
  writeFileSync(file, text);
  const waves = openVcd(file);
  try {
    return look(waves);
  } finally {
    waves.close();
  }
}

/** `time path value` a change. */
function changes(text: string | Uint8Array): string[] {
  return opened(text, (waves) =>
    [...waves.changes()].map(({ time, signal, value }) => `${time} ${waves.signals[signal]!.path} ${value}`),
  );
}

function paths(definitions: string): string[] {
  return opened(definitions, ({ signals }) => signals.map(({ path }) => path));
}

/** A file of one variable `a` with code `!`. */
const one = (variable: string, body: string): string =>
  `$var ${variable} ! a $end\n$enddefinitions $end\n${body}`;

function failure(text: string | Uint8Array): VcdError {
  try {
    opened(text, () => null);
  } catch (error) {
    expect(error).toBeInstanceOf(VcdError);
    return error as VcdError;
  }
  throw new Error('it was opened');
}

describe('the definitions of a dump', () => {
  it('nest scopes of all kinds, and open one again', () => {
    expect(
      paths(`$scope module top $end $var wire 1 ! a $end
$scope task t $end $scope function f $end $scope begin b $end $scope fork k $end $scope struct s $end
$var wire 1 " x $end $upscope $end $upscope $end $upscope $end $upscope $end $upscope $end $upscope $end
$scope module top $end $var wire 1 # b $end $upscope $end $var wire 1 $ free $end $enddefinitions $end`),
    ).toEqual(['top.a', 'top.t.f.b.k.s.x', 'top.b', 'free']);
  });

  it('leave a scope without a name out of paths', () => {
    expect(
      paths(
        '$scope module $end $scope module top $end $var wire 1 ! a $end $upscope $end $upscope $end $enddefinitions $end',
      ),
    ).toEqual(['top.a']);
  });

  it.each([
    ['data', 'data'],
    ['data [7:0]', 'data'],
    ['data[7:0]', 'data'],
    ['data [7 : 0]', 'data'],
    ['data[0:7]', 'data'],
    ['data [-1:-8]', 'data'],
    ['data[3] [7:0]', 'data[3]'],
    ['data[3][7:0]', 'data[3]'],
    ['data[3:0]', 'data[3:0]'],
    ['data[3]', 'data[3]'],
    ['\\data[3] [7:0]', 'data[3]'],
    ['\\data[7:0]', 'data[7:0]'],
    ['\\data[7:0] [7:0]', 'data[7:0]'],
    ['\\a.b', 'a\\.b'],
    ['a.b', 'a\\.b'],
    ['\\a.b\\[7:0]', 'a\\.b'],
    ['\\a+b\\', 'a+b'],
    ['a\\b', 'a\\\\b'],
    ['$end_of', '$end_of'],
    ['größe', 'größe'],
  ])('with a variable of 8 bits named %s give %s', (reference, path) => {
    expect(paths(`$var wire 8 ! ${reference} $end $enddefinitions $end`)).toEqual([path]);
  });

  it('keep bits and slices of a bus as they are', () => {
    expect(
      paths(`$var wire 1 ! d[0] $end $var wire 1 " d [1] $end $var wire 2 # e[3:2] $end
$var wire 2 $ e [1:0] $end $var wire 1 % f[0:0] $end $enddefinitions $end`),
    ).toEqual(['d[0]', 'd[1]', 'e[3:2]', 'e[1:0]', 'f']);
  });

  it('tell two variables of one name apart, and take one that is there twice as one', () => {
    expect(
      paths('$var wire 1 ! a $end $var wire 1 " a $end $var wire 1 ! a $end $enddefinitions $end'),
    ).toEqual(['a', 'a#2']);
  });

  it.each([
    ['1 s', 1e15],
    ['10s', 1e16],
    ['100\ns', 1e17],
    ['1ms', 1e12],
    ['100us', 1e11],
    ['1ns', 1e6],
    ['10 ps', 1e4],
    ['1 fs', 1],
  ])('with a time scale of %s have a unit of %d fs', (scale, unitFs) => {
    expect(opened(`$timescale ${scale} $end ${one('wire 1', '')}`, (waves) => waves.unitFs)).toBe(unitFs);
  });

  it('are in nanoseconds where they do not say', () => {
    expect(opened(one('wire 1', ''), (waves) => waves.unitFs)).toBe(1e6);
  });

  it('say date, version and comments', () => {
    const text = `$date\n  Mon 1\n$end $version x 1.0 $end $comment one $end $comment two  three $end ${one('wire 1', '')}`;
    expect(opened(text, ({ date, version, comments }) => ({ date, version, comments }))).toEqual({
      date: 'Mon 1',
      version: 'x 1.0',
      comments: ['one', 'two three'],
    });
  });

  it('may lack $enddefinitions, have a byte order mark, and keywords that nobody knows', () => {
    expect(changes('\uFEFF$nonsense 1 2 $end $var wire 1 ! a $end\n#3\n1!\n')).toEqual(['3 a 1']);
    expect(changes('$var wire 1 ! a $end\n$dumpvars\n1!\n$end\n#3\n')).toEqual(['0 a 1']);
    expect(changes('$var wire 1 ! a $end\n1!\n#3\n0!\n')).toEqual(['0 a 1', '3 a 0']);
  });

  it('know integers, parameters, and what a code means under several names', () => {
    const text = `$var integer 32 ! i $end $var parameter 8 " P $end $var wire 8 " q [7:0] $end $enddefinitions $end
#0
b101 "
b1 !
`;
    opened(text, ({ signals }) => {
      expect(signals.map(({ type, declared, wave }) => [type, declared, wave])).toEqual(
        [
          [{ kind: 'int', width: 32 }, 'integer', 0],
          [null, 'parameter', 1],
          [null, 'wire', 2],
        ].map((row, i) => (i === 2 ? [row[0], row[1], 1] : row)),
      );
    });
    expect(changes(text)).toEqual([`0 i ${'1'.padStart(32, '0')}`, '0 P 00000101', '0 q 00000101']);
  });

  it('take codes of any length', () => {
    const codes = ['!', '~', '!!', '~~', '!!!', '~~~', '!!!!', 'a_long_one', '"', '#5', '$end?', 'b1', 'é'];
    const text = `${codes.map((code, i) => `$var wire 8 ${code} v${i} $end`).join('\n')}\n$enddefinitions $end\n#0\n${codes
      .map((code, i) => `b${i.toString(2)} ${code}\n`)
      .join('')}`;
    expect(changes(text)).toEqual(codes.map((_, i) => `0 v${i} ${i.toString(2).padStart(8, '0')}`));
  });
});

describe('the values of a dump', () => {
  it.each([
    ['b1', '00000001'],
    ['b01', '00000001'],
    ['b0', '00000000'],
    ['bx', 'xxxxxxxx'],
    ['bX0', 'xxxxxxx0'],
    ['bz', 'zzzzzzzz'],
    ['bz1', 'zzzzzzz1'],
    ['b0x', '0000000x'],
    ['b1z', '0000001z'],
    ['B10xz10XZ', '10xz10xz'],
    ['b111100001111', '00001111'],
    ['bx00000001', '00000001'],
  ])('extend or cut %s to 8 bits: %s', (digits, value) => {
    expect(changes(one('wire 8', `#0\n${digits} !\n`))).toEqual([`0 a ${value}`]);
  });

  it('extend a single digit on a bus', () => {
    expect(changes(one('reg 3', '#0\n1!\n#1\nx!\n#2\nz!\n'))).toEqual(['0 a 001', '1 a xxx', '2 a zzz']);
    expect(changes(one('reg 1', '#0\nb1 !\n#1\nbX !\n'))).toEqual(['0 a 1', '1 a x']);
  });

  it('take the nine values of std_logic for 0, 1, x and z', () => {
    expect(changes(one('reg 9', '#0\nbUX01ZWLH- !\n'))).toEqual(['0 a xx01zx01x']);
    expect(
      changes(one('reg 1', Array.from('UX01ZWLH-', (digit, i) => `#${i}\n${digit}!\n`).join(''))),
    ).toEqual(['0 a x', '2 a 0', '3 a 1', '4 a z', '5 a x', '6 a 0', '7 a 1', '8 a x']);
  });

  it('are reals as C prints them', () => {
    const written = ['1.5e3', '-0', '.5', '5.', '+1E-3', '1e400', 'inf', '-Infinity', 'NaN', '-nan', '0.1'];
    const text = one('real 64', written.map((value, i) => `#${i}\nr${value} !\n`).join(''));
    expect(opened(text, (waves) => [...waves.changes()].map(({ value }) => value))).toEqual([
      1500,
      -0,
      0.5,
      5,
      0.001,
      Infinity,
      -Infinity,
      NaN,
      0.1,
    ]);
    expect(changes(one('real 1', '#0\nbx !\n#1\nr1 !\n#2\nx!\n#3\nR2 !\n'))).toEqual([
      '0 a NaN',
      '1 a 1',
      '2 a NaN',
      '3 a 2',
    ]);
  });

  it('are texts, wherever one comes, with what C escapes', () => {
    const text = '#0\nsidle !\n#1\ns !\n#2\nstwo\\040w\\x6frds\\n\\\\\\q !\n#3\nsgr\\303\\266ße !\n';
    const wanted = ['0 a idle', '1 a ', '2 a two words\n\\\\q', '3 a größe'];
    expect(changes(one('string 1', text))).toEqual(wanted);
    expect(changes(one('reg 8', `${text}#4\nb101 !\n`))).toEqual([...wanted, '4 a 101']);
  });

  it('make a parameter real that is given as one', () => {
    expect(opened(one('parameter 64', '#0\nr2.5 !\n'), ({ signals }) => signals[0])).toMatchObject({
      kind: 'real',
      width: 64,
    });
    expect(changes(one('parameter 64', '#0\nr2.5 !\n#1\nb101 !\n'))).toEqual(['0 a 2.5', '1 a 5']);
  });

  it('are events, which do not happen in a list of all values', () => {
    const text =
      '#0\n$dumpvars\n1!\n$end\n1!\n#5\n1!\n1!\n#6\n$dumpoff\nx!\n$end\n#7\n$dumpon\n1!\n$end\n#8\n$dumpall 1! $end\n#9\n0!\n';
    expect(changes(one('event 1', text))).toEqual(['0 a ', '5 a ', '5 a ', '9 a ']);
  });

  it('are events that happen after a list that the next time ends, for want of an $end', () => {
    expect(changes(one('event 1', '#0\n$dumpvars\n1!\n#1\n1!\n'))).toEqual(['1 a ']);
  });

  it('go to x with $dumpoff and come back with $dumpon; $dumpall says nothing new', () => {
    const text =
      '#0\n$dumpvars 1! $end\n#4\n$dumpoff\nx!\n$end\n#6\n$dumpon\n0!\n$end\n#7\n$dumpall\n0!\n$end\n';
    expect(changes(one('wire 1', text))).toEqual(['0 a 1', '4 a x', '6 a 0']);
  });

  it('stand apart by any white space, with comments between', () => {
    expect(
      changes(
        one(
          'wire 4',
          '\r\n#0\r\n$dumpvars\r\n\tb1\r\n\t!\r\n$end\r\n\r\n#\u0035 $comment 1! #9\n $endless a$end b111 ! $end b10\f!\v#6 b11 !\r\n',
        ),
      ),
    ).toEqual(['0 a 0001', '5 a 0010', '6 a 0011']);
  });

  it('fold into one at the beginning, and are each of their own later', () => {
    const text = one('wire 1', '#2\n0!\n1!\n#2\nx!\n#3\n0!\n1!\n1!\n#3\n0!\n');
    expect(changes(text)).toEqual(['2 a x', '3 a 0', '3 a 1', '3 a 0']);
    opened(text, (waves) => {
      const at = (from: number, to: number): string =>
        [...waves.changes({ from, to })].map(({ time, value }) => `${time}${value}`).join(' ');
      expect([at(0, 1), at(0, 2), at(2, 2), at(3, 3), at(9, 9), at(3, 2)]).toEqual([
        '',
        '20 21 2x',
        '2x',
        '30',
        '90',
        '',
      ]);
      expect([waves.begin, waves.end]).toEqual([2, 3]);
    });
  });

  it('can be walked through by two at a time, and left half-way', () => {
    opened(one('wire 1', '#0\n0!\n#1\n1!\n#2\n0!\n'), (waves) => {
      const first = waves.changes()[Symbol.iterator]();
      const second = waves.changes({ from: 1 })[Symbol.iterator]();
      expect([first.next().value, second.next().value, first.next().value]).toEqual([
        { time: 0, signal: 0, value: '0' },
        { time: 1, signal: 0, value: '1' },
        { time: 1, signal: 0, value: '1' },
      ]);
      first.return?.();
      expect(second.next().value).toEqual({ time: 2, signal: 0, value: '0' });
    });
  });
});

describe('a window far into a dump', () => {
  it('has the events of its first time, even those a megabyte ahead of the last of that time', () => {
    const text = `$var event 1 ! e $end $var wire 200 " d $end $enddefinitions $end\n#0\n#5\n1!\n${`#5\nb${'10'.repeat(100)} "\n`.repeat(12_000)}#6\n1!\n`;
    opened(text, (waves) => {
      expect([...waves.changes({ from: 5 })]).toEqual([
        { time: 5, signal: 1, value: '10'.repeat(100) },
        { time: 5, signal: 0, value: '' },
        { time: 6, signal: 0, value: '' },
      ]);
    });
  });
});

describe('a dump that is none', () => {
  it.each<[string, string, number, string, string]>([
    ['another kind of file', 'hello world\n', 1, 'a Value Change Dump', '"hello"'],
    ['no width', '\n$var wire w ! a $end\n', 2, 'a width of 1 to 16777216 bits', '"w"'],
    ['no bits', '$var wire 0 ! a $end\n', 1, 'a width of 1 to 16777216 bits', '"0"'],
    ['an enormous width', '$var wire 99999999 ! a $end\n', 1, 'a width of 1 to 16777216 bits', '"99999999"'],
    ['half a variable', '$var wire 1 !\n$end\n', 1, '$var with kind, width, code and name', '"wire 1 !"'],
    ['a scope that was not open', '$upscope $end\n', 1, 'a $scope before it', '"$upscope"'],
    ['a time scale of 2', '$timescale 2 ns $end\n', 1, 'a time scale like 1 ns or 100ps', '"2ns"'],
    [
      'an $end too many',
      '$scope module a $end $end\n',
      1,
      'a keyword like $scope, $var or $enddefinitions',
      '"$end"',
    ],
    [
      'a code that nothing has',
      one('wire 1', '#0\n1"\n'),
      4,
      'an identifier code that $var declares',
      '"\\""',
    ],
    [
      'a longer code that nothing has',
      one('wire 1', '#0\nb1 !!\n'),
      4,
      'an identifier code that $var declares',
      '"!!"',
    ],
    ['a code of other bytes', one('wire 1', '#0\n1é\n'), 4, 'an identifier code that $var declares', '"é"'],
    [
      'a value without a code',
      one('wire 1', '#0\n1 !\n'),
      4,
      'an identifier code that $var declares',
      'byte 32',
    ],
    ['digits of no value', one('wire 8', '#0\nb102 !\n'), 4, 'b and digits 0, 1, x, z', '"b102"'],
    ['no digits', one('wire 8', '#0\nb !\n'), 4, 'b and digits 0, 1, x, z', '"b"'],
    ['a real that is none', one('real 64', '#0\nr1,5 !\n'), 4, 'r and a number', '"r1,5"'],
    ['a real in hexadecimal', one('real 64', '#0\nr0x10 !\n'), 4, 'r and a number', '"r0x10"'],
    [
      'a time with a fraction',
      one('wire 1', '#1.5\n'),
      3,
      `# and a time up to ${Number.MAX_SAFE_INTEGER}`,
      '"#1.5"',
    ],
    [
      'a time beyond numbers',
      one('wire 1', '#9007199254740992\n'),
      3,
      `# and a time up to ${Number.MAX_SAFE_INTEGER}`,
      '"#9007199254740992"',
    ],
    [
      'a time before zero',
      one('wire 1', '#-1\n'),
      3,
      `# and a time up to ${Number.MAX_SAFE_INTEGER}`,
      '"#-1"',
    ],
    ['time that goes back', one('wire 1', '#5\n1!\n#4\n'), 5, '#5 or later', '"#4"'],
    ['ports of an extended dump', one('wire 1', '#0\npD 6 0 !\n'), 4, 'a value, a time or a keyword', '"pD"'],
    [
      'a definition among values',
      one('wire 1', '#0\n$var wire 1 " b $end\n'),
      4,
      'a keyword that stands among values, like $dumpall or $comment',
      '"$var"',
    ],
    ['a control character', one('wire 1', '#0\n\u0007\n'), 4, 'printable characters', 'byte 7'],
  ])('because of %s says so, with the line', (_, text, line, wanted, got) => {
    const error = failure(text);
    expect(error.message).toBe(new VcdError(file, line, wanted, got).message);
    expect(error.code).toBe('E_VCD');
    expect(error.message).toContain(`${file}:${line}: must be ${wanted}, got ${got}`);
  });

  it('because it is not there, or is a folder, says so', () => {
    expect(() => openVcd(join(folder, 'none'))).toThrow(
      `${join(folder, 'none')}: must be a file that can be read, got ENOENT: no such file or directory`,
    );
    expect(() => openVcd(folder)).toThrow(`${folder}: must be a file that can be read, got EISDIR`);
  });
});

const WHOLE = `$date now $end
$version hand $end
$timescale 1 ns $end
$scope module top $end
$var wire 1 ! clk $end
$var reg 12 "" data [11:0] $end
$var real 64 # r $end
$var string 1 $ s $end
$var event 1 % e $end
$upscope $end
$enddefinitions $end
$comment a word or two $end
#10
$dumpvars
0!
b1011 ""
r0.125 #
sidle $
$end
#1000
1!
1%
b110000 ""
#1234
$dumpoff
x!
bx ""
$end
r-1e300 #
srunning $
#20000
$dumpon
0!
b0 ""
$end
`;

describe('a dump that was cut off', () => {
  const full = changes(WHOLE);

  it('at any byte opens up to there, says so, and has no wrong value', () => {
    let silent = 0;
    for (let length = 0; length <= WHOLE.length; length++) {
      const [damage, end, all] = opened(WHOLE.slice(0, length), (waves) => [
        waves.damage,
        waves.end,
        [...waves.changes()].map(
          ({ time, signal, value }) => `${time} ${waves.signals[signal]!.path} ${value}`,
        ),
      ]);
      expect(full).toEqual(expect.arrayContaining(all));
      expect(all).toEqual(full.filter((change) => all.includes(change)));
      expect([0, 10, 1000, 1234, 20000]).toContain(end);
      // Between two whole lines nothing tells that one more should have come.
      if (damage === null) {
        silent += 1;
        expect(WHOLE.slice(0, length)).toMatch(/\n$|\$end$/);
      }
    }
    expect(silent).toBeGreaterThan(10);
    expect(silent).toBeLessThan(30);
  });

  it.each([
    ['', 'it ends within its definitions'],
    ['$date now', 'it ends within its definitions'],
    [one('wire 8', '#0\nb101'), 'it ends within a word in line 4'],
    [one('wire 8', '#0\nb101 '), 'it ends within a value or comment in line 4'],
    [one('wire 8', '#0\n$dumpvars\nb101 !\n'), 'it ends within a section of values, before its $end'],
    [one('wire 8', '#0\n$comment b101 !\n'), 'it ends within a value or comment in line 4'],
    [`${one('wire 8', '#0\nb101 !\n')}\0\0\0\0`, 'it ends in zero bytes in line 5'],
  ])('like %j says where', (text, damage) => {
    expect(opened(text, (waves) => waves.damage)).toBe(damage);
  });

  it('after it was opened gives what is left', () => {
    writeFileSync(file, one('wire 8', '#0\nb101 !\n#1\nb1 !\n'));
    const waves = openVcd(file);
    truncateSync(file, 48);
    expect([...waves.changes()].length).toBeLessThan(2);
    waves.close();
    expect(() => [...waves.changes()]).toThrow(VcdError);
  });

  it('or has any bit changed opens or is a VcdError, and nothing else', () => {
    const bytes = Buffer.from(WHOLE);
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const other = Buffer.from(bytes);
        other[at]! ^= 1 << bit;
        try {
          opened(other, (waves) => [...waves.changes()]);
        } catch (error) {
          expect(error).toBeInstanceOf(VcdError);
          refused += 1;
        }
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});

describe('scanVcd', () => {
  it('tells of everything in order, as it stands in the file', () => {
    writeFileSync(file, WHOLE);
    const told: unknown[] = [];
    const damage = scanVcd(file, (header) => {
      told.push(header.version, header.codes);
      return {
        time: (time) => told.push(`#${time}`),
        scalar: (code, digit) => told.push(`${String.fromCharCode(digit)} ${code}`),
        vector: (code, buffer, from, to) =>
          told.push(`b${Buffer.from(buffer.subarray(from, to)).toString()} ${code}`),
        real: (code, value) => told.push(`r${value} ${code}`),
        text: (code, value) => told.push(`s${value} ${code}`),
        beginSection: (section) => told.push(section),
        endSection: () => told.push('end'),
      };
    });
    expect(damage).toBeNull();
    expect(told.join(', ')).toBe(
      'hand, 5, #10, dumpvars, 0 0, b1011 1, r0.125 2, sidle 3, end, #1000, 1 0, 1 4, b110000 1, ' +
        '#1234, dumpoff, x 0, bx 1, end, r-1e+300 2, srunning 3, #20000, dumpon, 0 0, b0 1, end',
    );
  });

  it('reads values of millions of digits, larger than any block', () => {
    const width = 3_000_000;
    writeFileSync(
      file,
      `$var reg ${width} ! a $end $enddefinitions $end\n#0\nb${'10'.repeat(width / 2)} !\n#1\nb1 !\n`,
    );
    const waves = openVcd(file);
    expect([...waves.changes()].map(({ value }) => value)).toEqual([
      '10'.repeat(width / 2),
      '1'.padStart(width, '0'),
    ]);
    waves.close();
  });
});
