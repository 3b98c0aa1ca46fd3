import type { LayerDescriptor } from './layer-descriptor.js';

/** Settings that the controller drives for a whole layer: name and width; each is an output `cfg_<name>`. */
export const SETTINGS = {
  bias_exp: 4, kh: 16, kw: 16, stride_y: 16, stride_x: 16, dil_y: 16, dil_x: 16, pad_x: 16, in_h: 16, in_w: 16,
  out_w: 16, q: 16, u: 16, wbank: 16, hband: 16, shift: 5, relu: 1, stochastic: 1, pool_mode: 2, pool_size_y: 4,
  pool_size_x: 4, pool_stride_y: 4, pool_stride_x: 4, pool_in_w: 16, pool_in_h: 16, pool_out_w: 16, pool_out_h: 16,
  pool_filters: 10, plane_words: 32,
} as const; // prettier-ignore
export type Setting = keyof typeof SETTINGS;

/** The settings of a layer on an array of n columns. */
export function settingsOf(d: LayerDescriptor, n: number): Readonly<Record<Setting, number>> {
  return {
    bias_exp: d.biasExp,
    kh: d.kernelH,
    kw: d.kernelW,
    stride_y: d.strideY,
    stride_x: d.strideX,
    dil_y: d.dilY,
    dil_x: d.dilX,
    pad_x: d.padX,
    in_h: d.inH,
    in_w: d.inW,
    out_w: d.outW,
    q: d.q,
    u: d.u,
    wbank: d.wbank,
    hband: d.hband,
    shift: d.shift,
    relu: d.relu,
    stochastic: d.stochastic,
    pool_mode: d.poolMode,
    pool_size_y: d.poolSizeY,
    pool_size_x: d.poolSizeX,
    pool_stride_y: d.poolStrideY,
    pool_stride_x: d.poolStrideX,
    pool_in_w: d.outW,
    pool_in_h: d.outH,
    pool_out_w: d.poolOutW,
    pool_out_h: d.poolOutH,
    pool_filters: Math.min(d.panels * n, d.filters),
    plane_words: d.poolOutH * d.poolOutW,
  };
}
