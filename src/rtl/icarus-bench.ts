import type { PortLayout } from './port.js';
import type { ReadSource } from './sources.js';

/** Name of the generated module, and scope of the top in dumps. */
export const BENCH = 'marblewave_bench';

/**
 * A Verilog testbench that obeys lines on stdin and answers on descriptor 3:
 *
 *   e INPUTS               settle
 *   s CLOCKS TIME INPUTS   settle, raise the clocks at TIME (ps), settle
 *   c CLOCKS TIME INPUTS   the same, but answers the outputs from before the edge
 *   v                      dump into dump.vcd from now on
 *
 * INPUTS and answers are the image's words as one number; an answer is `h` and hexadecimal digits, or, with x or z in it, `b` and
 * binary ones.
 */
export function icarusBench(
  { top, parameters, negedge }: ReadSource,
  { ports, inputWords, outputWords }: PortLayout,
  clockWords: readonly number[],
  half: number,
): string {
  const settings = parameters.map(([name, literal]) => `.${name}(${literal})`);
  const pins = ports.map(({ name, direction, word, width }) =>
    direction === 'input'
      ? `.${name}(in_word[${32 * word} +: ${width}])`
      : `.${name}(out_word[${32 * (word - inputWords)} +: ${width}])`,
  );
  const pads = ports.flatMap(({ direction, word, words, width }) => {
    const from = 32 * (word - inputWords);
    return direction === 'input' || width % 32 === 0
      ? []
      : [`    assign out_word[${from + 32 * words - 1}:${from + width}] = 0;`];
  });
  const set = (level: 0 | 1): string =>
    clockWords
      .map((word, c) => `            if (clocks[${c}]) in_word[${32 * word}] = 1'b${level};`)
      .join('\n');
  return `\`timescale 1ps / 1ps
module ${BENCH};
    reg [${32 * Math.max(1, inputWords) - 1}:0] in_word;
    wire [${32 * Math.max(1, outputWords) - 1}:0] out_word;
    reg [31:0] clocks;
    reg [63:0] when;
    reg [7:0] what;
    integer answers, got;

    ${top} ${settings.length === 0 ? '' : `#(${settings.join(', ')}) `}${top} (
        ${pins.join(',\n        ')}
    );
${pads.join('\n')}

    task until_time(input [63:0] t);
        if (t > $time) #(t - $time); else #1;
    endtask

    task answer;
        begin
            if ((^out_word) === 1'bx) $fdisplay(answers, "b%b", out_word);
            else $fdisplay(answers, "h%h", out_word);
            $fflush(answers);
        end
    endtask

    task cycle(input before);
        begin
            got = $fscanf(32'h8000_0000, "%h %d", clocks, when);
            until_time(when > ${half} ? when - ${half} : 0);
            got = $fscanf(32'h8000_0000, "%h", in_word);
${set(0)}
            #1 if (before) answer;
            until_time(when);
${set(1)}
            #1 ;
${negedge ? `            until_time(when + ${half});\n` : ''}${negedge ? `${set(0)}\n            #1 ;` : ''}
            if (!before) answer;
        end
    endtask

    initial begin
        answers = $fopen("/dev/fd/3", "w");
        in_word = 0;
        got = $fscanf(32'h8000_0000, "%s", what);
        while (got == 1) begin
            case (what)
                "e": begin
                    got = $fscanf(32'h8000_0000, "%h", in_word);
                    #1 answer;
                end
                "s": cycle(1'b0);
                "c": cycle(1'b1);
                "v": begin
                    $dumpfile("dump.vcd");
                    $dumpvars(0, ${top});
                    answer;
                end
            endcase
            got = $fscanf(32'h8000_0000, "%s", what);
        end
        $finish(0);
    end
endmodule
`;
}
