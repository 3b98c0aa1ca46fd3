/** A port as the bench sees it. The clock is not listed. */
export interface RtlPort {
  readonly name: string;
  /** Width, bits, at least 1. */
  readonly width: number;
  /** The component's nets, lane 0 first, where they are neither `name` nor `name[0]`, `name[1]`, … */
  readonly nets?: readonly string[];
  /** Which bits mean something, given all outputs of the cycle; what the others show is nobody's business. Default: all. */
  readonly meaning?: (cycle: RtlOutputs) => bigint;
}

/** Input values of one cycle, by port. A negative number stands for its two's complement. */
export type RtlInputs = Readonly<Record<string, bigint | number>>;

/** Output values of one cycle, by port, unsigned; `UNKNOWN` for a port with an x or z bit. */
export type RtlOutputs = Readonly<Record<string, bigint>>;

/** What a port with an x or z bit reads as: equal to no value that a port can hold. */
export const UNKNOWN = -1n;

/** Where the ports lie in a shell's word: each starts on a hex digit, the first at bit 0. */
export interface WordLayout {
  readonly ports: readonly (RtlPort & { readonly digit: number; readonly digits: number })[];
  /** Total width, bits: a multiple of 32 and at least 96, which Verilator holds as an array of words. */
  readonly bits: number;
}

export function layOut(ports: readonly RtlPort[]): WordLayout {
  let digit = 0;
  const placed = ports.map((port) => {
    if (!Number.isInteger(port.width) || port.width < 1) {
      throw new Error(`${port.name}: width must be an integer >= 1, got ${port.width}`);
    }
    const digits = Math.ceil(port.width / 4);
    const at = { ...port, digit, digits };
    digit += digits;
    return at;
  });
  return { ports: placed, bits: Math.max(96, 32 * Math.ceil(digit / 8)) };
}

/**
 * The Verilog module `shell` around one instance of `top`: all inputs in `in_word`, all outputs in
 * `out_word`, so that a bench needs to know no port names.
 *
 * Several clocks are gated ones: each is an input of that name, high in the cycles that end with an edge of it. Inputs
 * change while the bench's clock is low, so the gates do not glitch.
 */
export function shellSource(
  top: string,
  params: Readonly<Record<string, bigint | number>>,
  clock: string | readonly string[],
  inputs: WordLayout,
  outputs: WordLayout,
): string {
  const settings = Object.entries(params).map(([name, value]) => `.${name}(${literal(name, value)})`);
  const gated = typeof clock === 'string' ? [] : clock;
  const pins = [
    ...(typeof clock === 'string' ? [`.${clock}(clk)`] : []),
    ...inputs.ports.map(
      (p) => `.${p.name}(${gated.includes(p.name) ? 'clk & ' : ''}in_word[${4 * p.digit} +: ${p.width}])`,
    ),
    ...outputs.ports.map((p) => `.${p.name}(out_word[${4 * p.digit} +: ${p.width}])`),
  ];
  const pads = outputs.ports.map((p, k) => {
    const from = 4 * p.digit + p.width;
    const next = outputs.ports[k + 1];
    const to = next === undefined ? outputs.bits : 4 * next.digit;
    return to > from ? `    assign out_word[${to - 1}:${from}] = 0;\n` : '';
  });
  return `module shell (
    input wire clk,
    input wire [${inputs.bits - 1}:0] in_word,
    output wire [${outputs.bits - 1}:0] out_word
);
    ${top} ${settings.length === 0 ? '' : `#(${settings.join(', ')}) `}dut (
        ${pins.join(',\n        ')}
    );
${pads.join('')}endmodule
`;
}

/** Small integers are plain decimals; others are sized hexadecimal, since a bare decimal has 32 bits. */
function literal(name: string, value: bigint | number): string {
  const big = BigInt(value);
  if (big >= -(2n ** 31n) && big < 2n ** 31n) return big.toString();
  if (big < 0n) throw new Error(`parameter ${name}: must be at least -2^31, got ${big}`);
  const hex = big.toString(16);
  return `${4 * hex.length}'h${hex}`;
}

/** One line of hex per cycle. Throws, naming port and cycle, on a port left out, unknown or out of range. */
export function encodeStimulus(layout: WordLayout, stimulus: readonly RtlInputs[]): string {
  const total = layout.bits / 4;
  const lines = stimulus.map((cycle, c) => {
    const digits = layout.ports.map((port) => encodePort(port, cycle[port.name], c));
    for (const name of Object.keys(cycle)) {
      if (!layout.ports.some((port) => port.name === name)) {
        throw new Error(
          `stimulus cycle ${c}: ${name} is not an input; inputs are ${layout.ports.map((p) => p.name).join(', ')}`,
        );
      }
    }
    return digits.toReversed().join('').padStart(total, '0');
  });
  return lines.join('\n') + '\n';
}

function encodePort(
  port: WordLayout['ports'][number],
  value: bigint | number | undefined,
  cycle: number,
): string {
  if (value === undefined) throw new Error(`stimulus cycle ${cycle}: ${port.name} has no value`);
  const big = BigInt(value);
  if (big >= 1n << BigInt(port.width) || big < -(1n << BigInt(port.width - 1))) {
    throw new Error(`stimulus cycle ${cycle}: ${port.name} must fit ${port.width} bits, got ${value}`);
  }
  return BigInt.asUintN(port.width, big).toString(16).padStart(port.digits, '0');
}

/** The inverse for outputs. Throws when the simulator wrote a different number of cycles than it was given. */
export function decodeResponse(layout: WordLayout, text: string, cycles: number): RtlOutputs[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length !== cycles) {
    throw new Error(`response: expected ${cycles} cycles, got ${lines.length}`);
  }
  return lines.map((line) => {
    const outputs: Record<string, bigint> = {};
    for (const port of layout.ports) {
      const end = line.length - port.digit;
      const digits = line.slice(end - port.digits, end);
      outputs[port.name] = /[xz]/i.test(digits) ? UNKNOWN : BigInt(`0x${digits}`);
    }
    return outputs;
  });
}
