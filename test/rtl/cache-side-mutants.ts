import type { Mutant } from './mutants.js';

/** Mistakes to seed in the twins of the L2 cache, of the address generators and of TOP. */
export const cacheSideMutants: readonly Mutant[] = [
  {
    name: 'a beat that moves up keeps the place of another one',
    module: 'l2_cache',
    find: 'holds && stayed[0]',
    replace: 'holds && mine[0]',
  },
  {
    name: 'a row follows the last one of its channel',
    module: 'l2_row_step',
    find: "row + 16'd1 == cfg_hband",
    replace: 'row == cfg_hband',
  },
  {
    name: 'channels share a row of the banks without end',
    module: 'l2_row_step',
    find: "mod + 1'b1 == cfg_u",
    replace: 'mod == cfg_u',
  },
  {
    name: 'the bank of a row does not wrap',
    module: 'l2_row_step',
    find: '(row_sum >= END) ? row_sum - END : row_sum',
    replace: 'row_sum',
  },
  {
    name: 'the fourth beat is not accepted',
    module: 'l2_cache',
    find: "assign beat_ready = (full != 4'hf);",
    replace: "assign beat_ready = (full[2:0] != 3'h7);",
  },
  {
    name: "beat_ready does not see what this cycle's writes empty",
    module: 'l2_cache',
    find: "assign beat_ready = (full != 4'hf);",
    replace:
      'assign beat_ready = !((|held_waits[127:96]) && (|held_waits[95:64]) && (|held_waits[63:32]) && (|held_waits[31:0]));',
  },
  {
    name: 'a command is prepared only when none is active',
    module: 'l2_cache',
    find: 'assign fill_ready = !next_have || !active || ends;',
    replace: 'assign fill_ready = !next_have;',
  },
  {
    name: 'a slice goes on beyond its padding',
    module: 'l2_cache',
    find: "low && high && (part + 5'd1 != PARTS5)",
    replace: 'low && high',
  },
  {
    name: 'a bank that is not enabled is read',
    module: 'l2_cache',
    find: 'if (b_re && b_en[n])',
    replace: 'if (b_re)',
  },
  {
    name: 'A shows a cycle early',
    module: 'l2_cache',
    find: 'assign a_data[256*g +: 16*LANES] = shown;',
    replace: 'assign a_data[256*g +: 16*LANES] = latch;',
  },
  {
    name: 'reciprocals are rounded down',
    module: 'l2_cache',
    find: '(33554432 + entry - 1) / entry',
    replace: '33554432 / entry',
  },
];
