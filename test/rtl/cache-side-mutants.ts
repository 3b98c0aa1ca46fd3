import { l2CacheTwin } from './l2-cache-twin.js';
import { l2ToSaTwin } from './l2-to-sa-twin.js';
import type { Mutant } from './mutants.js';
import { topControllerTwin } from './top-controller-twin.js';
import type { Twin } from './twin-list.js';

export type CacheSideModule =
  | 'l2_cache'
  | 'l2_row_step'
  | 'l2_to_sa'
  | 'l2_slice_fifo'
  | 'l2_tap_counter'
  | 'l2_column_table'
  | 'top_controller'
  | 'top_nest'
  | 'top_band';

/** The twin that shows the mistakes of a module, and in how many cycles. */
export const cacheSideShownBy = (): Readonly<Record<CacheSideModule, readonly [Twin, number]>> => {
  const cache = [l2CacheTwin({ n: 4, aSlices: 7, bWords: 33 }), 1500] as const;
  const engines = [l2ToSaTwin({ n: 4, aSlices: 40, bWords: 40 }), 4000] as const;
  const top = [topControllerTwin(4), 8000] as const;
  return {
    l2_cache: cache,
    l2_row_step: cache,
    l2_to_sa: engines,
    l2_slice_fifo: engines,
    l2_tap_counter: engines,
    l2_column_table: engines,
    top_controller: top,
    top_nest: top,
    top_band: top,
  };
};

export const isCacheSide = (module: Mutant['module']): module is CacheSideModule =>
  Object.hasOwn(cacheSideShownBy(), module);

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
  {
    name: 'the tag of the last slice is set in every part of a sum',
    module: 'l2_to_sa',
    find: 'wire tag_last = last_slice && closes[ea];',
    replace: 'wire tag_last = last_slice;',
  },
  {
    name: 'A does not await its panel',
    module: 'l2_to_sa',
    find: 'a_has && (a_panel >= ready)',
    replace: 'a_has && (a_panel > ready)',
  },
  {
    name: 'the last tile of A takes the columns of a whole one',
    module: 'l2_to_sa',
    find: '(a_left < N32) ? a_left[CW-1:0] : ALL',
    replace: 'ALL',
  },
  {
    name: 'a third entry is accepted',
    module: 'l2_to_sa',
    find: 'work_ready <= !outstanding_next[1];',
    replace: "work_ready <= (outstanding_next != 2'd3);",
  },
  {
    name: 'a pixel below the image is read',
    module: 'l2_to_sa',
    find: " && !cy[19] && ({1'b0, cy} < {5'd0, cfg_in_h})",
    replace: ' && !cy[19]',
  },
  {
    name: 'the carry of x does not reach the address',
    module: 'l2_to_sa',
    find: " + {{(B_BITS - 1) {1'b0}}, x_sum >= END};",
    replace: ';',
  },
  {
    name: 'the bias slice is read from the banks',
    module: 'l2_to_sa',
    find: 'wire b_reads = b_starts && !is_bias;',
    replace: 'wire b_reads = b_starts;',
  },
  {
    name: 'drained does not see the slices of B',
    module: 'l2_to_sa',
    find: 'drained <= !busy_next && a_idle_next && b_idle_next;',
    replace: 'drained <= !busy_next && a_idle_next;',
  },
  {
    name: 'the FIFO of slices forgets the reads under way',
    module: 'l2_slice_fifo',
    find: 'assign room = !reserved[5];',
    replace: 'assign room = !level[5];',
  },
  {
    name: 'a word is shown a cycle early',
    module: 'l2_slice_fifo',
    find: 'wire push = pipe[3];',
    replace: 'wire push = pipe[2];',
  },
  {
    name: 'the next channel is reached through the bank of the last kernel row',
    module: 'l2_tap_counter',
    find: '                row_bank <= plane_bank_next;\n',
    replace: '',
  },
  {
    name: 'the second column of a step is built beyond the band',
    module: 'l2_column_table',
    find: " && (columns32 + 32'd1 != left)",
    replace: '',
  },
  {
    name: 'an output row begins where the last one began',
    module: 'l2_column_table',
    find: 'n_row_bank = wrapped(n_row_bank, row_bank_step);',
    replace: '',
  },
  {
    name: 'a half of A is freed by each entry',
    module: 'top_controller',
    find: 'retires && (d_parted || retire_last_band)',
    replace: 'retires',
  },
  {
    name: 'a third entry is handed over',
    module: 'top_controller',
    find: 'loaded && !outstanding[1];',
    replace: 'loaded;',
  },
  {
    name: 'work waits a cycle for the fill that completes its band',
    module: 'top_controller',
    find: 'b_all_given_now[1] && (b_done_1 == b_given_1)',
    replace: 'b_all_given_now[1] && (b_done[1] == b_given_1)',
  },
  {
    name: 'the other panels are loaded before the first band',
    module: 'top_controller',
    find: "is_panel <= (panel_next != 10'd1);",
    replace: 'is_panel <= !panels_given;',
  },
  {
    name: 'whole planes are taken channel by channel',
    module: 'top_controller',
    find: '(loader_rows == d_in_h) && (d_hband == d_in_h)',
    replace: "1'b0",
  },
  {
    name: 'the units are seeded from 0 on',
    module: 'top_controller',
    find: "* N32 + unit32 + 32'd1;",
    replace: '* N32 + unit32;',
  },
  {
    name: 'FLUSH does not await pooled rows',
    module: 'top_controller',
    find: 'if (idle && !pooled)',
    replace: 'if (idle)',
  },
  {
    name: 'the last panel of a group is as high as any',
    module: 'top_controller',
    find: "{2'd0, rest} : N32[7:0]",
    replace: 'N32[7:0] : N32[7:0]',
  },
  {
    name: 'a tile that ends in the next row begins a row too high',
    module: 'top_nest',
    find: "y <= y + {10'd0, tile_rows} + {15'd0, row_over};",
    replace: "y <= y + {10'd0, tile_rows};",
  },
  {
    name: 'rows above the image are stored',
    module: 'top_band',
    find: "(start < 35'sd0) ? 35'sd0 : start",
    replace: 'start',
  },
  {
    name: 'each part of a sum has the bias',
    module: 'top_band',
    find: 'first_part && bias',
    replace: 'bias',
  },
];
