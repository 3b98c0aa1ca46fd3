// Fibonacci shift register (XOR form): shifts left, the new bit 0 is the XOR of the tapped bits.
//
// TAPS     Bit t-1 set for tap t: taps 32, 22, 2, 1 are 32'h8020_0003.
// STEPS    Single shifts made in one advance, unrolled into XORs.
// Timing   q is a register. At an edge rst beats load beats advance. rst takes SEED, load takes seed;
//          the all-zero state, which would never leave itself, is replaced by 1 in both.
// Source   The machine contract, section 4.
module lfsr #(
    parameter WIDTH = 32,
    parameter [WIDTH-1:0] TAPS = 32'h8020_0003,
    parameter STEPS = 16,
    parameter [WIDTH-1:0] SEED = 1
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             load,
    input  wire [WIDTH-1:0] seed,
    input  wire             advance,
    output reg  [WIDTH-1:0] q
);
    localparam [WIDTH-1:0] ZERO = 0;
    localparam [WIDTH-1:0] ONE = 1;
    localparam [WIDTH-1:0] RESET_STATE = (SEED == ZERO) ? ONE : SEED;

    function [WIDTH-1:0] advanced(input [WIDTH-1:0] state);
        integer k;
        begin
            advanced = state;
            for (k = 0; k < STEPS; k = k + 1) advanced = {advanced[WIDTH-2:0], ^(advanced & TAPS)};
        end
    endfunction

    always @(posedge clk) begin
        if (rst) q <= RESET_STATE;
        else if (load) q <= (seed == ZERO) ? ONE : seed;
        else if (advance) q <= advanced(q);
    end
endmodule
