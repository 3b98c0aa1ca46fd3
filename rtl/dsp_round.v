// Rounds a 48-bit accumulator to a 16-bit result: y = clamp16((acc + r) >>> d), then ReLU if asked.
//
// shift       d, 0..31 bits dropped.
// r           stochastic: the low d bits of the LFSR before its advance; nearest: 2^(d-1), or 0 for d = 0.
// Timing      Two elastic stages: stage 1 holds the 49-bit sum s, stage 2 the result y. Accepted in cycle
//             c, valid in cycle c+2. in_ready = !v1 | s2_ready and s2_ready = !v2 | out_ready, so in_ready
//             depends combinationally on out_ready. s and y load only when their stage accepts and are
//             held (stale) otherwise. Reset zeroes s, y and the valid bits and gives the LFSR seed 1.
// Draws       The LFSR (32 bits, taps 32, 22, 2, 1) advances 16 shifts on each result accepted in
//             stochastic mode, even with d = 0 or a result that ReLU zeroes; never otherwise. A load in the
//             same cycle wins, the accepted result still using the state of before.
// Saturation  out_saturated travels with y: high when the 16-bit clamp changed the value. ReLU's zeroing
//             is not a saturation, and a value clamped at -32768 that ReLU then zeroes still is one.
// Settings    shift and relu are used by stage 2 as they are in that cycle: change them only when empty.
// Source      The machine contract, section 4.
module dsp_round (
    input  wire        clk,
    input  wire        rst,
    input  wire        load,
    input  wire [31:0] seed,
    input  wire        stochastic,
    input  wire        relu,
    input  wire [4:0]  shift,
    input  wire        in_valid,
    output wire        in_ready,
    input  wire [47:0] in_data,
    output wire        out_valid,
    input  wire        out_ready,
    output wire [15:0] out_data,
    output wire        out_saturated
);
    reg v1;
    reg v2;
    reg signed [48:0] s;
    reg [15:0] y;
    reg saturated;

    wire s2_ready = !v2 | out_ready;
    assign in_ready = !v1 | s2_ready;
    wire accept = in_valid & in_ready;

    /* verilator lint_off UNUSED */
    wire [31:0] q; // bit 31 is never drawn: at most 31 bits are dropped
    wire [31:0] below;
    /* verilator lint_on UNUSED */
    lfsr #(
        .WIDTH(32),
        .TAPS(32'h8020_0003),
        .STEPS(16),
        .SEED(32'd1)
    ) draw (
        .clk(clk),
        .rst(rst),
        .load(load),
        .seed(seed),
        .advance(accept & stochastic),
        .q(q)
    );

    // unit = 2^d needs 32 bits at d = 31; half of it is the nearest mode's r and one less is the mask of r.
    wire [31:0] unit = 32'd1 << shift;
    assign below = unit - 32'd1;
    wire [30:0] r = stochastic ? (q[30:0] & below[30:0]) : unit[31:1];

    wire signed [48:0] scaled = s >>> shift;
    wire over = !scaled[48] & (|scaled[47:15]);
    wire under = scaled[48] & !(&scaled[47:15]);
    wire [15:0] clamped = over ? 16'h7fff : under ? 16'h8000 : scaled[15:0];

    always @(posedge clk) begin
        if (rst) begin
            v1 <= 1'b0;
            v2 <= 1'b0;
            s <= 49'sd0;
            y <= 16'd0;
            saturated <= 1'b0;
        end else begin
            if (in_ready) v1 <= in_valid;
            if (accept) s <= {in_data[47], in_data} + {18'd0, r};
            if (s2_ready) v2 <= v1;
            if (v1 & s2_ready) begin
                y <= (relu & clamped[15]) ? 16'd0 : clamped;
                saturated <= over | under;
            end
        end
    end

    assign out_valid = v2;
    assign out_data = y;
    assign out_saturated = saturated;
endmodule
