import { bitsFor } from '../../src/kernel/index.js';
import { type Design, lane, rtlSource } from './designs.js';
import type { RtlOutputs, RtlPort } from './shell.js';

const sources = (...names: string[]) => names.map(rtlSource);
const port = (name: string, width = 1): RtlPort => ({ name, width });

/** A port of a channel's payload: it means something while `valid` is high, and of its lanes only the first `count`. */
const payload = (channel: string, field: string, width: number, laneBits?: number): RtlPort => ({
  name: `${channel}_${field}`,
  width,
  meaning: (cycle) => {
    if (cycle[`${channel}_valid`] !== 1n) return 0n;
    if (laneBits === undefined) return -1n;
    return (1n << (BigInt(laneBits) * cycle[`${channel}_count`]!)) - 1n;
  },
});

/** Lanes from `first` on, `count` of them, while valid. */
const beatData = (width: number): RtlPort => ({
  name: 'out_data',
  width,
  meaning: ({ out_valid, out_first, out_count }: RtlOutputs) =>
    out_valid === 1n ? ((1n << (16n * out_count!)) - 1n) << (16n * out_first!) : 0n,
});

/** Bytes with a strobe, while valid. */
const strobed: RtlPort = {
  name: 'w_data',
  width: 256,
  meaning: ({ w_valid, w_strb }) => {
    if (w_valid !== 1n) return 0n;
    let mask = 0n;
    for (let byte = 31; byte >= 0; byte--) mask = (mask << 8n) | (lane(1, w_strb!, byte) * 0xffn);
    return mask;
  },
};

const address = (channel: string): RtlPort[] => [
  payload(channel, 'id', 4),
  payload(channel, 'addr', 33),
  payload(channel, 'len', 8),
  payload(channel, 'size', 3),
  payload(channel, 'burst', 2),
];

const rowOut = (channel: string, n: number): RtlPort[] => [
  port(`${channel}_valid`),
  payload(channel, 'filter', 16),
  payload(channel, 'pixel', 32),
  payload(channel, 'count', 6),
  payload(channel, 'data', 16 * n, 16),
];

const rowIn = (channel: string, n: number): RtlPort[] => [
  port(`${channel}_valid`),
  port(`${channel}_filter`, 16),
  port(`${channel}_pixel`, 32),
  port(`${channel}_count`, 6),
  port(`${channel}_data`, 16 * n),
];

/** `rtl/bram.v`. */
export function bramDesign(words: number, lanes: number, laneBits: number): Design {
  const bits = bitsFor(words - 1);
  return {
    files: sources('bram'),
    top: 'bram',
    params: { WORDS: words, LANES: lanes, LANE_BITS: laneBits },
    inputs: [
      port('we'),
      port('waddr', bits),
      port('wdata', lanes * laneBits),
      port('re'),
      port('raddr', bits),
    ],
    outputs: [port('rdata', lanes * laneBits)],
  };
}

/** `rtl/async_fifo.v`: two clocks, of which each cycle says whether it ends with their edge. */
export function asyncFifoDesign(width: number, depth: number): Design {
  const pointer = bitsFor(2 * depth - 1);
  return {
    files: sources('async_fifo'),
    top: 'async_fifo',
    clock: ['in_clk', 'out_clk'],
    params: { WIDTH: width, DEPTH: depth },
    inputs: [
      port('in_clk'),
      port('in_rst'),
      port('in_valid'),
      port('in_data', width),
      port('out_clk'),
      port('out_rst'),
      port('out_ready'),
    ],
    outputs: [
      port('in_ready'),
      port('write_gray', pointer),
      port('out_valid'),
      payload('out', 'data', width),
      port('read_gray', pointer),
    ],
  };
}

/** `rtl/beat_packer.v`. */
export function beatPackerDesign(): Design {
  return {
    files: sources('beat_packer'),
    top: 'beat_packer',
    inputs: [
      port('rst'),
      port('in_valid'),
      port('in_data', 256),
      port('in_first', 4),
      port('in_count', 5),
      port('in_last'),
      port('out_ready'),
    ],
    outputs: [
      port('in_ready'),
      port('out_valid'),
      beatData(512),
      payload('out', 'first', 5),
      payload('out', 'count', 6),
      payload('out', 'last', 1),
    ],
  };
}

/** `rtl/read_dma.v`. */
export function readDmaDesign(): Design {
  return {
    files: sources('read_dma', 'fifo'),
    top: 'read_dma',
    inputs: [
      port('rst'),
      port('cmd_valid'),
      port('cmd_addr', 33),
      port('cmd_words', 32),
      port('ar_ready'),
      port('r_valid'),
      port('r_id', 4),
      port('r_data', 256),
      port('r_resp', 2),
      port('r_last'),
      port('out_ready'),
    ],
    outputs: [
      port('cmd_ready'),
      port('ar_valid'),
      ...address('ar'),
      port('r_ready'),
      port('out_valid'),
      { ...port('out_data', 256), meaning: ({ out_valid }) => (out_valid === 1n ? -1n : 0n) },
      payload('out', 'first', 4),
      payload('out', 'count', 5),
      payload('out', 'last', 1),
    ],
  };
}

/** `rtl/row_collector.v`: the C FIFOs' channels `in_0`, `in_1`, … of the component are lanes of `in`. */
export function rowCollectorDesign(n: number): Design {
  const columns = (signal: string, width: number): RtlPort => ({
    ...port(`in_${signal}`, n * width),
    nets: Array.from({ length: n }, (_, j) => `in_${j}_${signal}`),
  });
  return {
    files: sources('row_collector', 'fifo'),
    top: 'row_collector',
    params: { N: n },
    inputs: [
      port('rst'),
      columns('valid', 1),
      columns('data', 16),
      port('work_valid'),
      port('work_panels', 10),
      port('work_last_rows', 6),
      port('work_first_filter', 16),
      port('work_first_pixel', 32),
      port('work_pixels', 32),
      port('row_ready'),
    ],
    outputs: [columns('ready', 1), port('work_ready'), ...rowOut('row', n), port('busy')],
  };
}

export interface PoolSize {
  readonly n: number;
  readonly accumulators: number;
  /** Most windows that lie over each other, in one direction: the twin's limit, not the component's. */
  readonly overlap: number;
}

/** `rtl/pool.v`. */
export function poolDesign({ n, accumulators, overlap }: PoolSize): Design {
  return {
    files: sources('pool', 'fifo'),
    top: 'pool',
    params: { N: n, ACCUMULATORS: accumulators, OVERLAP: overlap },
    inputs: [
      port('rst'),
      ...rowIn('in', n),
      port('out_ready'),
      port('cfg_mode', 2),
      ...['size_y', 'size_x', 'stride_y', 'stride_x'].map((name) => port(`cfg_${name}`, 4)),
      ...['in_w', 'in_h', 'out_w', 'out_h'].map((name) => port(`cfg_${name}`, 16)),
      port('cfg_filters', 10),
    ],
    outputs: [port('in_ready'), ...rowOut('out', n)],
  };
}

/** `rtl/write_dma.v`. */
export function writeDmaDesign(n: number, outstanding: number): Design {
  return {
    files: sources('write_dma', 'fifo'),
    top: 'write_dma',
    params: { N: n, OUTSTANDING: outstanding },
    inputs: [
      port('rst'),
      ...rowIn('row', n),
      port('cfg_base', 33),
      port('cfg_plane_words', 32),
      port('flush'),
      port('aw_ready'),
      port('w_ready'),
      port('b_valid'),
      port('b_id', 4),
      port('b_resp', 2),
    ],
    outputs: [
      port('row_ready'),
      port('idle'),
      port('aw_valid'),
      ...address('aw'),
      port('w_valid'),
      strobed,
      payload('w', 'strb', 32),
      payload('w', 'last', 1),
      port('b_ready'),
    ],
  };
}
