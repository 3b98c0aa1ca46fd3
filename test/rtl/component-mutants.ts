import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A mistake to seed in one TypeScript file: a comparison with the Verilog must see it. */
export interface ComponentMutant {
  readonly name: string;
  /** What to build and compare: the component that the mistake is to show in. */
  readonly shows: 'fifo' | 'lfsr' | 'dsp_macc' | 'dsp_round' | 'ticked' | 'lazy' | 'shallow';
  /** Below `src/`. */
  readonly file: string;
  /** Text that occurs exactly once in the file, and what stands there instead. */
  readonly find: string;
  readonly replace: string;
  /** Cycles of each kind of input that it takes to show; default 2,000. */
  readonly cycles?: number;
}

export const componentMutants: readonly ComponentMutant[] = [
  {
    name: 'a full FIFO takes a push while it pops',
    shows: 'fifo',
    file: 'components/fifo.ts',
    find: 'const push = s.count !== this.depth && ',
    replace: 'const push = (s.count !== this.depth || this.out.ready.value !== 0) && ',
  },
  {
    name: 'reset forgets the FIFO read pointer',
    shows: 'fifo',
    file: 'components/fifo.ts',
    find: 's.count = s.read = s.write = 0;',
    replace: 's.count = s.write = 0;',
  },
  {
    name: 'the sixteen shifts at once feed tap 21 instead of 22',
    shows: 'lfsr',
    file: 'numbers/lfsr.ts',
    find: '(q >>> 16) ^ (q >>> 6)',
    replace: '(q >>> 16) ^ (q >>> 5)',
  },
  {
    name: 'a seed of zero locks the LFSR',
    shows: 'lfsr',
    file: 'components/lfsr.ts',
    find: 'this.q.write(this.seed.value === 0 ? 1 : this.seed.value)',
    replace: 'this.q.write(this.seed.value)',
  },
  {
    name: 'the drain shift beats the capture',
    shows: 'dsp_macc',
    file: 'components/dsp-macc.ts',
    find: 'if (s.capture !== 0) this.lrOut.write(p);\n    else if (this.dIn.value !== 0) this.lrOut.write(this.lrIn.value);',
    replace:
      'if (this.dIn.value !== 0) this.lrOut.write(this.lrIn.value);\n    else if (s.capture !== 0) this.lrOut.write(p);',
  },
  {
    name: 'the tags skip the product register',
    shows: 'dsp_macc',
    file: 'components/dsp-macc.ts',
    find: 's.capture = s.mLast;',
    replace: 's.capture = last;',
  },
  {
    name: 'P does not wrap',
    shows: 'dsp_macc',
    file: 'components/dsp-macc.ts',
    find: 'this.p.write(wrap((s.mFirst !== 0 ? 0 : p) + s.m, this.width));',
    replace: 'this.p.write((s.mFirst !== 0 ? 0 : p) + s.m);',
  },
  {
    name: 'results do not saturate at the top',
    shows: 'dsp_round',
    file: 'numbers/rounding.ts',
    find: 'if (y > INT16_MAX) return INT16_MAX;',
    replace: 'if (y > INT16_MAX) return ((y + 0x8000) % 0x10000) - 0x8000;',
  },
  {
    name: 'one bit too few is dropped',
    shows: 'dsp_round',
    file: 'components/dsp-round.ts',
    find: 'roundResult(s.acc, d, s.r,',
    replace: 'roundResult(s.acc, Math.max(0, d - 1), s.r,',
  },
  {
    name: 'the draw reads the LFSR after its advance',
    shows: 'dsp_round',
    file: 'components/dsp-round.ts',
    find: 'roundingAddend(s.q,',
    replace: 'roundingAddend(stochastic ? advance16(s.q) : 0,',
  },
  {
    name: 'rounding to nearest draws too',
    shows: 'dsp_round',
    file: 'components/dsp-round.ts',
    find: 'if (stochastic && !loading)',
    replace: 'if (!loading)',
  },
  {
    name: 'in_ready does not see a result that leaves',
    shows: 'dsp_round',
    file: 'components/dsp-round.ts',
    find: 'this.out.valid.value === 0 || this.out.ready.value !== 0 ? 1 : 0,',
    replace: 'this.out.valid.value === 0 ? 1 : 0,',
  },
  {
    name: 'a pop does not redeem its promise',
    shows: 'ticked',
    file: 'components/systolic-array/output-columns.ts',
    find: 'promises[j]! -= 1;',
    replace: '',
  },
  {
    name: 'the spacing is one cycle too long',
    shows: 'ticked',
    file: 'components/systolic-array/systolic-array.ts',
    find: 's.spacing = Math.max(0, m - 1);',
    replace: 's.spacing = m;',
  },
  {
    name: 'one row too few drains',
    shows: 'ticked',
    file: 'components/systolic-array/ticked-core.ts',
    find: 'i >= n - set',
    replace: 'i > n - set',
  },
  {
    name: 'the array sleeps through a withdrawn `last`',
    shows: 'shallow',
    cycles: 10_000,
    file: 'components/systolic-array/systolic-array.ts',
    find: '[this.rst, this.in.valid, this.in.ready, ',
    replace: '[this.rst, this.in.valid, ',
  },
  {
    name: 'rows leave top first',
    shows: 'lazy',
    file: 'components/systolic-array/lazy-core.ts',
    find: 'tile.sums[(n - 1 - (age - j)) * n + j]',
    replace: 'tile.sums[(n - tile.m + (age - j)) * n + j]',
  },
  {
    name: 'results leave a cycle early',
    shows: 'lazy',
    file: 'components/systolic-array/lazy-core.ts',
    find: 'const age = cycle - (tile.issued + n + L + 1);',
    replace: 'const age = cycle - (tile.issued + n + L);',
  },
  {
    name: 'the first slice of a tile is left out',
    shows: 'lazy',
    file: 'components/systolic-array/lazy-core.ts',
    find: 'product.accumulate(Math.max(0, s.runFirst), s.count);',
    replace: 'product.accumulate(Math.min(Math.max(0, s.runFirst) + 1, s.count), s.count);',
  },
];

/** A copy of `src/components` and `src/numbers` with one file changed; the kernel is the project's own. */
export interface MutatedComponents {
  load<T>(file: string): Promise<T>;
  dispose(): void;
}

const source = fileURLToPath(new URL('../../src', import.meta.url));

/** @throws Error when `find` does not occur exactly once in the file. */
export function seedComponentMutant(mutant: ComponentMutant): MutatedComponents {
  const dir = mkdtempSync(join(tmpdir(), 'marblewave-component-mutant-'));
  for (const file of [
    'fifo.ts',
    'lfsr.ts',
    'dsp-macc.ts',
    'dsp-round.ts',
    'command-error.ts',
    'systolic-array',
  ])
    cpSync(join(source, 'components', file), join(dir, 'components', file), { recursive: true });
  cpSync(join(source, 'numbers'), join(dir, 'numbers'), { recursive: true });
  const changed = join(dir, mutant.file);
  const parts = readFileSync(changed, 'utf8').split(mutant.find);
  if (parts.length !== 2) {
    rmSync(dir, { recursive: true, force: true });
    throw new Error(
      `mutant "${mutant.name}": expected its text once in ${mutant.file}, got ${parts.length - 1} times`,
    );
  }
  writeFileSync(changed, parts.join(mutant.replace));
  useKernelOf(dir);
  return {
    load: async <T>(file: string) => (await import(pathToFileURL(join(dir, file)).href)) as T,
    dispose: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Points every import of the kernel below `dir` at the project's, so that modules are of the same classes. */
function useKernelOf(dir: string): void {
  for (const entry of readdirSync(dir)) {
    const path = join(dir, entry);
    if (statSync(path).isDirectory()) useKernelOf(path);
    else if (path.endsWith('.ts')) {
      const text = readFileSync(path, 'utf8');
      writeFileSync(path, text.replace(/'(?:\.\.\/)+kernel\/index\.js'/g, `'${source}/kernel/index.js'`));
    }
  }
}
