import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { memoryMutants } from './memory-mutants.js';
import type { MemoryModule } from './memory-twins.js';
import { type CacheSideModule, cacheSideMutants } from './cache-side-mutants.js';

/** A mistake to seed in one Verilog file: a comparison that cannot see it is not worth much. */
export interface Mutant {
  readonly name: string;
  /** Module, and so file in `rtl/` without `.v`, that holds the mistake. */
  readonly module:
    'fifo' | 'lfsr' | 'dsp_macc' | 'dsp_round' | 'systolic_array' | MemoryModule | CacheSideModule;
  /** Text that occurs exactly once in the file, and what stands there instead. */
  readonly find: string;
  readonly replace: string;
}

export const mutants: readonly Mutant[] = [
  {
    name: 'a full FIFO accepts a push while it pops',
    module: 'fifo',
    find: 'assign in_ready = (count != FULL);',
    replace: 'assign in_ready = (count != FULL) || out_ready;',
  },
  {
    name: 'the FIFO never uses its last place',
    module: 'fifo',
    find: 'assign in_ready = (count != FULL);',
    replace: "assign in_ready = (count + 1'b1 < FULL);",
  },
  {
    name: 'the FIFO shows a word in the cycle of its push',
    module: 'fifo',
    find: "assign out_valid = (count != {CW{1'b0}});",
    replace: "assign out_valid = (count != {CW{1'b0}}) || in_valid;",
  },
  {
    name: 'the FIFO write pointer does not wrap at a depth that is no power of two',
    module: 'fifo',
    find: "(wr == TOP) ? {PW{1'b0}} : wr + 1'b1",
    replace: "wr + 1'b1",
  },
  {
    name: 'reset forgets the FIFO read pointer',
    module: 'fifo',
    find: "            rd <= {PW{1'b0}};\n",
    replace: '',
  },
  {
    name: 'a seed of zero locks the LFSR',
    module: 'lfsr',
    find: '(seed == ZERO) ? ONE : seed',
    replace: 'seed',
  },
  {
    name: 'an advance beats a load',
    module: 'lfsr',
    find: 'else if (load) q',
    replace: 'else if (load && !advance) q',
  },
  {
    name: 'the LFSR makes one shift fewer an advance',
    module: 'lfsr',
    find: 'k < STEPS; k',
    replace: 'k < STEPS - 1; k',
  },
  {
    name: 'the drain shift beats the capture',
    module: 'dsp_macc',
    find: 'if (capture) lr <= p;\n            else if (d_in) lr <= lr_in;',
    replace: 'if (d_in) lr <= lr_in;\n            else if (capture) lr <= p;',
  },
  {
    name: 'a concatenation makes the product unsigned',
    module: 'dsp_macc',
    find: 'mul_a * mul_b',
    replace: '{mul_a} * mul_b',
  },
  {
    name: 'the product is extended with zeros',
    module: 'dsp_macc',
    find: '{{32{addend[31]}}, addend}',
    replace: "{32'd0, addend}",
  },
  {
    name: '`first` does not clear the sum',
    module: 'dsp_macc',
    find: "add_first ? {ACCW{1'b0}} : p",
    replace: 'p',
  },
  { name: 'reset forgets P', module: 'dsp_macc', find: "            p <= {ACCW{1'b0}};\n", replace: '' },
  {
    name: 'the drain flag does not travel',
    module: 'dsp_macc',
    find: '            d <= d_set | d_in;\n            if',
    replace: '            d <= d_set;\n            if',
  },
  { name: 'tap 3 instead of 2', module: 'dsp_round', find: "32'h8020_0003", replace: "32'h8020_0005" },
  { name: 'no clamp at the top', module: 'dsp_round', find: "over ? 16'h7fff : under", replace: 'under' },
  {
    name: 'the 49th bit of the sum is not the sign',
    module: 'dsp_round',
    find: '{in_data[47], in_data}',
    replace: "{1'b0, in_data}",
  },
  { name: 'a logical shift', module: 'dsp_round', find: 's >>> shift', replace: 's >> shift' },
  {
    name: 'nearest adds one less than an LSB instead of half',
    module: 'dsp_round',
    find: ': unit[31:1];',
    replace: ': below[30:0];',
  },
  {
    name: 'nearest draws too',
    module: 'dsp_round',
    find: '.advance(accept & stochastic)',
    replace: '.advance(accept)',
  },
  {
    name: 'a refused datum draws',
    module: 'dsp_round',
    find: '.advance(accept & stochastic)',
    replace: '.advance(in_valid & stochastic)',
  },
  {
    name: 'stage 2 ignores back-pressure',
    module: 'dsp_round',
    find: 'wire s2_ready = !v2 | out_ready;',
    replace: "wire s2_ready = 1'b1;",
  },
  {
    name: 'zeroing by ReLU counts as a saturation',
    module: 'dsp_round',
    find: 'saturated <= over | under;',
    replace: 'saturated <= over | under | (relu & clamped[15]);',
  },
  {
    name: 'a pop does not redeem its promise',
    module: 'systolic_array',
    find: " - {31'd0, redeemed};",
    replace: ';',
  },
  {
    name: 'columns that do not drain are promised results',
    module: 'systolic_array',
    find: 'issue_last && (nc32 > j)',
    replace: 'issue_last',
  },
  {
    name: 'room is one place too strict',
    module: 'systolic_array',
    find: 'promise32 + N <= DO',
    replace: 'promise32 + N < DO',
  },
  {
    name: 'the spacing is one cycle too long',
    module: 'systolic_array',
    find: "in_m - 1'b1;",
    replace: 'in_m;',
  },
  {
    name: 'reset forgets the spacing',
    module: 'systolic_array',
    find: "if (rst) spacing <= {MW{1'b0}};\n        else if (issue_last)",
    replace: 'if (issue_last)',
  },
  {
    name: 'the drain token arrives a cycle early',
    module: 'systolic_array',
    find: 'token_taps[TW*(N+L+j) +: TW]',
    replace: 'token_taps[TW*(N+L+j-1) +: TW]',
  },
  {
    name: 'one row too few drains',
    module: 'systolic_array',
    find: 'column[j].token_m + i >= N',
    replace: 'column[j].token_m + i > N',
  },
  {
    name: 'a refused slice enters the rows all the same',
    module: 'systolic_array',
    find: 'issue ? {in_first, in_last',
    replace: 'in_valid ? {in_first, in_last',
  },
  {
    name: 'column 1 of B is not skewed enough',
    module: 'systolic_array',
    find: 'wire [15:0] b = skew[16*j +: 16];',
    replace: 'wire [15:0] b = skew[16*(j == 1 ? 0 : j) +: 16];',
  },
  {
    name: 'the result chain is one bit too narrow',
    module: 'systolic_array',
    find: 'wire [ACCW-1:0] lr_out;',
    replace: 'wire [ACCW-2:0] lr_out;',
  },
  ...memoryMutants,
  ...cacheSideMutants,
];

/** A design's files with one of them changed. */
export interface MutatedFiles {
  readonly files: readonly string[];
  dispose(): Promise<void>;
}

/**
 * Writes the mutated file to a temporary directory and puts it in the original's place in `files`.
 * Rejects when `files` lacks the mutant's file or `find` does not occur exactly once in it.
 */
export async function applyMutant(mutant: Mutant, files: readonly string[]): Promise<MutatedFiles> {
  const name = `${mutant.module}.v`;
  const original = files.find((file) => basename(file) === name);
  if (original === undefined)
    throw new Error(`mutant "${mutant.name}": ${name} is not among ${files.join(', ')}`);
  const parts = (await readFile(original, 'utf8')).split(mutant.find);
  if (parts.length !== 2) {
    throw new Error(
      `mutant "${mutant.name}": expected its text once in ${name}, got ${parts.length - 1} times`,
    );
  }
  const dir = await mkdtemp(join(tmpdir(), 'marblewave-mutant-'));
  const changed = join(dir, name);
  await writeFile(changed, parts.join(mutant.replace));
  return {
    files: files.map((file) => (file === original ? changed : file)),
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
}
