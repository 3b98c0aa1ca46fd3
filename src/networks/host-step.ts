import type { HostStep } from './quantise.js';

/**
 * What the machine leaves to its host: a ReLU or a pool with no product before it, on 16-bit codes.
 *
 * @returns [channels, height, width] of the step's output. An average is ⌊sum / count + ½⌋.
 */
export function runHostStep(step: HostStep, input: Int16Array): Int16Array {
  const { op } = step;
  if (op.kind === 'relu') return input.map((code) => (code < 0 ? 0 : code));
  const { height, width } = step.input;
  const { channels, height: rows, width: columns } = op.output;
  const [sizeY, sizeX] = op.size;
  const [strideY, strideX] = op.stride;
  const output = new Int16Array(channels * rows * columns);
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++, at++) {
        let largest = -32768;
        let sum = 0;
        for (let dy = 0; dy < sizeY; dy++) {
          const row = (c * height + y * strideY + dy) * width + x * strideX;
          for (let dx = 0; dx < sizeX; dx++) {
            const code = input[row + dx]!;
            sum += code;
            if (code > largest) largest = code;
          }
        }
        output[at] =
          op.mode === 'max' ? largest : Math.floor((2 * sum + sizeY * sizeX) / (2 * sizeY * sizeX));
      }
    }
  }
  return output;
}
