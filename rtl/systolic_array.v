// N x N output-stationary wavefront array for C = A*B: skew triangles, N*N elements, the drain and the
// output FIFOs. Lane 0 is the least significant word of in_a, in_b and out_data.
//
// Input    One slice a cycle: N words of A (one per row), N of B (one per column), tags first and last.
//          in_m (rows to drain) and in_nc (columns to drain), 1..N each, count with a `last` slice only.
//          A slice issues when in_valid && in_ready; in every other cycle a bubble enters (zero operands,
//          no tags), so the array never freezes.
// Timing   A slice issued in cycle t reaches element (i, j) in cycle t+1+i+j. After a `last` issued in
//          cycle t, column j < nc pushes row f of the m lowest rows, bottom row first, in cycle
//          t+N+L+1+j+f; out_valid shows it one later. One full tile of K' slices takes K'+3N+L-1 cycles
//          from first issue to last push, both included.
// Gate     in_ready = !in_last || (spaced && room), the one combinational path (in_last to in_ready).
//          spaced: at least m cycles since the previous `last`, m being that one's. room: every column's
//          promise counter is at most DO-N; a `last` promises m results to each column below nc, and each
//          pop from a column's FIFO redeems one. `room` is also an output: the controller's status.
// DO       Output FIFO depth. The least power of two that is 3N+L+1 or more never stalls an unblocked
//          array; fewer than N would never let a tile out.
// Source   The machine contract, sections 2, 3 and 5.
module systolic_array #(
    parameter N = 4,
    parameter L = 1,
    parameter ACCW = 48,
    parameter DO = 1 << $clog2(3 * N + L + 1)
) (
    input  wire                     clk,
    input  wire                     rst,
    input  wire                     in_valid,
    output wire                     in_ready,
    output wire                     room,
    input  wire                     in_first,
    input  wire                     in_last,
    input  wire [$clog2(N+1)-1:0]   in_m,
    input  wire [$clog2(N+1)-1:0]   in_nc,
    input  wire [16*N-1:0]          in_a,
    input  wire [16*N-1:0]          in_b,
    output wire [N-1:0]             out_valid,
    input  wire [N-1:0]             out_ready,
    output wire [ACCW*N-1:0]        out_data
);
    localparam MW = $clog2(N + 1);
    localparam PW = $clog2(DO + 1);
    // Longest token delay: column N-1 sees the token N+L+(N-1) registers after its issue.
    localparam TD = 2 * N + L - 1;
    localparam TW = 2 * MW + 1;

    // ---- Issue and the two conditions that may hold a `last` slice
    wire issue = in_valid && in_ready;
    wire issue_last = issue && in_last;

    reg [MW-1:0] spacing; // cycles for which the next `last` must still wait
    wire spaced = (spacing == {MW{1'b0}});
    wire [N-1:0] column_room;
    assign room = &column_room;
    assign in_ready = !in_last || (spaced && room);

    always @(posedge clk) begin
        if (rst) spacing <= {MW{1'b0}};
        else if (issue_last) spacing <= (in_m == {MW{1'b0}}) ? {MW{1'b0}} : in_m - 1'b1;
        else if (!spaced) spacing <= spacing - 1'b1;
    end

    // ---- The drain token {last, m, nc}; after k registers it is visible k cycles after its issue
    reg [TW*TD-1:0] token_line;
    wire [TW*(TD+1)-1:0] token_taps = {token_line, issue_last, in_m, in_nc};
    always @(posedge clk) begin
        if (rst) token_line <= {(TW * TD) {1'b0}};
        else token_line <= token_taps[TW*TD-1:0];
    end

    genvar i;
    genvar j;
    generate
        // ---- Skew: row i of A (with the tags) and column j of B are i+1 and j+1 registers deep
        for (i = 0; i < N; i = i + 1) begin : row
            reg [18*(i+1)-1:0] skew;
            wire [18*(i+2)-1:0] taps = {skew, issue ? {in_first, in_last, in_a[16*i +: 16]} : 18'd0};
            wire [15:0] a = skew[18*i +: 16];
            wire last = skew[18*i+16];
            wire first = skew[18*i+17];
            always @(posedge clk) begin
                if (rst) skew <= {(18 * (i + 1)) {1'b0}};
                else skew <= taps[18*(i+1)-1:0];
            end
            /* verilator lint_off UNUSED */
            wire [17:0] fallen = taps[18*(i+2)-1 -: 18];
            /* verilator lint_on UNUSED */
        end

        for (j = 0; j < N; j = j + 1) begin : column
            reg [16*(j+1)-1:0] skew;
            wire [16*(j+2)-1:0] taps = {skew, issue ? in_b[16*j +: 16] : 16'd0};
            wire [15:0] b = skew[16*j +: 16];
            always @(posedge clk) begin
                if (rst) skew <= {(16 * (j + 1)) {1'b0}};
                else skew <= taps[16*(j+1)-1:0];
            end
            /* verilator lint_off UNUSED */
            wire [15:0] fallen = taps[16*(j+2)-1 -: 16];
            /* verilator lint_on UNUSED */

            // The token reaches column j on the edge on which the column's bottom element captures.
            wire [TW-1:0] token = token_taps[TW*(N+L+j) +: TW];
            wire [31:0] token_nc = {{(32 - MW) {1'b0}}, token[MW-1:0]};
            wire [31:0] token_m = {{(32 - MW) {1'b0}}, token[2*MW-1:MW]};
            wire drains = token[TW-1] && (token_nc > j);
        end

        // ---- The elements pe[i][j]; A moves right, B and the result chain move down
        for (i = 0; i < N; i = i + 1) begin : pe
            for (j = 0; j < N; j = j + 1) begin : at
                wire [15:0] a_in;
                wire [15:0] b_in;
                wire first_in;
                wire last_in;
                wire d_in;
                wire [ACCW-1:0] lr_in;
                wire d_out;
                wire [ACCW-1:0] lr_out;
                /* verilator lint_off UNUSED */
                wire [15:0] a_out; // a_out and the tags end at the right edge, b_out at the bottom
                wire [15:0] b_out;
                wire first_out;
                wire last_out;
                wire [ACCW-1:0] p; // seen only inside the element; here for probes
                /* verilator lint_on UNUSED */

                if (j == 0) begin : left_edge
                    assign a_in = row[i].a;
                    assign first_in = row[i].first;
                    assign last_in = row[i].last;
                end else begin : left
                    assign a_in = pe[i].at[j-1].a_out;
                    assign first_in = pe[i].at[j-1].first_out;
                    assign last_in = pe[i].at[j-1].last_out;
                end
                if (i == 0) begin : top_edge
                    assign b_in = column[j].b;
                    assign d_in = 1'b0;
                    assign lr_in = {ACCW{1'b0}};
                end else begin : above
                    assign b_in = pe[i-1].at[j].b_out;
                    assign d_in = pe[i-1].at[j].d_out;
                    assign lr_in = pe[i-1].at[j].lr_out;
                end

                // The m lowest rows drain: i >= N-m, written without a subtraction.
                wire d_set = column[j].drains && (column[j].token_m + i >= N);

                dsp_macc #(
                    .L(L),
                    .ACCW(ACCW)
                ) macc (
                    .clk(clk),
                    .rst(rst),
                    .a(a_in),
                    .b(b_in),
                    .first(first_in),
                    .last(last_in),
                    .a_q(a_out),
                    .b_q(b_out),
                    .first_q(first_out),
                    .last_q(last_out),
                    .p(p),
                    .d_set(d_set),
                    .d_in(d_in),
                    .lr_in(lr_in),
                    .d_out(d_out),
                    .lr_out(lr_out)
                );
            end
        end

        // ---- Output FIFOs and the promises made for them
        for (j = 0; j < N; j = j + 1) begin : drain
            /* verilator lint_off UNUSED */
            wire fifo_ready; // always high: a `last` issues only when its results have room
            wire [$clog2(DO+1)-1:0] level;
            /* verilator lint_on UNUSED */
            fifo #(
                .WIDTH(ACCW),
                .DEPTH(DO)
            ) results (
                .clk(clk),
                .rst(rst),
                .in_valid(pe[N-1].at[j].d_out),
                .in_ready(fifo_ready),
                .in_data(pe[N-1].at[j].lr_out),
                .out_valid(out_valid[j]),
                .out_ready(out_ready[j]),
                .out_data(out_data[ACCW*j +: ACCW]),
                .count(level)
            );

            reg [PW-1:0] promise;
            wire [31:0] promise32 = {{(32 - PW) {1'b0}}, promise};
            wire [31:0] nc32 = {{(32 - MW) {1'b0}}, in_nc};
            wire [31:0] m32 = {{(32 - MW) {1'b0}}, in_m};
            wire promised = issue_last && (nc32 > j);
            wire redeemed = out_valid[j] && out_ready[j];
            wire [31:0] promise_next = promise32 + (promised ? m32 : 32'd0) - {31'd0, redeemed};
            // promise <= DO-N, written without a difference that could go below zero.
            assign column_room[j] = (promise32 + N <= DO);
            always @(posedge clk) begin
                if (rst) promise <= {PW{1'b0}};
                else promise <= promise_next[PW-1:0];
            end
            /* verilator lint_off UNUSED */
            wire [31-PW:0] promise_above = promise_next[31:PW];
            /* verilator lint_on UNUSED */
        end
    endgenerate
endmodule
