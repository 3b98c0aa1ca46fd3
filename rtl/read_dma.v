// READ: fetches runs of words over AXI4, 256 bits a beat, in order.
//
// Command  cmd_words words from byte cmd_addr (even) on, cmd_words >= 1, not beyond 8 GiB.
// Does     A command becomes full-width INCR bursts of ID 0 from its first 32-byte-aligned beat to its last, cut
//          at multiples of 512 bytes: 16 beats at most. A beat on `out` carries out_count words from lane
//          out_first on; out_last marks the command's last beat.
// Limits   8 bursts are under way at most, counted from AR valid to the last R beat. An AR is shown only if
//          the output FIFO of 128 beats has room for all its beats, counted from AR valid until each leaves
//          `out`; so r_ready is always 1.
// Timing   Command accepted in cycle c, nothing in its way: AR valid in c+2, then one AR a cycle, a stalled one
//          held; the next command's follow without a gap. cmd_ready = fewer than two commands wait. An R beat of
//          cycle c is visible on `out` in c+1. A burst or beat that ends in c makes room for an AR in c+2.
// Trusts   that R beats come in order, with ID 0, OKAY, and r_last on each burst's last.
// Reset    Empties everything; bursts under way are lost, so the memory is to be reset with it.
// Source   The machine contract, section 8.
module read_dma (
    input  wire         clk,
    input  wire         rst,
    input  wire         cmd_valid,
    output wire         cmd_ready,
    input  wire [32:0]  cmd_addr,
    input  wire [31:0]  cmd_words,
    output reg          ar_valid,
    input  wire         ar_ready,
    output wire [3:0]   ar_id,
    output wire [32:0]  ar_addr,
    output wire [7:0]   ar_len,
    output wire [2:0]   ar_size,
    output wire [1:0]   ar_burst,
    input  wire         r_valid,
    output wire         r_ready,
    /* verilator lint_off UNUSED */
    input  wire [3:0]   r_id,
    input  wire [1:0]   r_resp,
    /* verilator lint_on UNUSED */
    input  wire [255:0] r_data,
    input  wire         r_last,
    output wire         out_valid,
    input  wire         out_ready,
    output wire [255:0] out_data,
    output wire [3:0]   out_first,
    output wire [4:0]   out_count,
    output wire         out_last
);
    // ---- The command whose addresses are being issued
    wire waiting;
    /* verilator lint_off UNUSED */
    wire [32:0] addr; // bit 0 is zero
    wire [1:0] commands;
    wire [32:0] span; // words from the first beat's lane 0 on, rounded up; its low bits are not a beat
    /* verilator lint_on UNUSED */
    wire [31:0] words;
    wire command_done;
    fifo #(
        .WIDTH(65),
        .DEPTH(2)
    ) cmd (
        .clk(clk),
        .rst(rst),
        .in_valid(cmd_valid),
        .in_ready(cmd_ready),
        .in_data({cmd_addr, cmd_words}),
        .out_valid(waiting),
        .out_ready(command_done),
        .out_data({addr, words}),
        .count(commands)
    );

    wire [3:0] first = addr[4:1];
    wire [3:0] last_lane = first + words[3:0] - 4'd1;
    assign span = {1'b0, words} + {29'd0, first} + 33'd15;

    reg started; // an AR of this command was shown: its next beat and what is left are in these registers
    reg [27:0] next_beat;
    reg [28:0] next_left;
    wire [27:0] beat = started ? next_beat : addr[32:5];
    wire [28:0] left = started ? next_left : span[32:4];

    // ---- Bursts: up to the next multiple of 512 bytes
    wire [4:0] to_cut = 5'd16 - {1'b0, beat[3:0]};
    wire closes = (left <= {24'd0, to_cut});
    wire [4:0] length = closes ? left[4:0] : to_cut;
    wire [3:0] len = length[3:0] - 4'd1;

    reg [7:0] reserved; // beats asked for that have not left the output FIFO: 128 at most
    wire burst_room;
    wire beats_room = ({1'b0, reserved} + {4'd0, length} <= 9'd128);
    wire issue = waiting && burst_room && beats_room && (!ar_valid || ar_ready);
    assign command_done = issue && closes;

    reg [27:0] ar_beat;
    reg [3:0] ar_beats;
    assign ar_id = 4'd0;
    assign ar_addr = {ar_beat, 5'd0};
    assign ar_len = {4'd0, ar_beats};
    assign ar_size = 3'd5;
    assign ar_burst = 2'd1;

    always @(posedge clk) begin
        if (issue) begin
            ar_beat <= beat;
            ar_beats <= len;
            next_beat <= beat + {23'd0, length};
            next_left <= left - {24'd0, length};
        end
    end

    // ---- Bursts under way: what cuts off their first and last beat
    wire opened;
    wire closing;
    wire [3:0] edge_first;
    wire [3:0] edge_last;
    /* verilator lint_off UNUSED */
    wire asked; // high whenever a beat comes
    wire [3:0] bursts;
    /* verilator lint_on UNUSED */
    fifo #(
        .WIDTH(10),
        .DEPTH(8)
    ) under_way (
        .clk(clk),
        .rst(rst),
        .in_valid(issue),
        .in_ready(burst_room),
        .in_data({!started, closes, first, last_lane}),
        .out_valid(asked),
        .out_ready(r_valid && r_last),
        .out_data({opened, closing, edge_first, edge_last}),
        .count(bursts)
    );

    // ---- Beats that have come
    reg begun; // the burst's first beat has come
    wire [3:0] from = (opened && !begun) ? edge_first : 4'd0;
    wire ends = closing && r_last;
    wire [3:0] to = ends ? edge_last : 4'd15;
    /* verilator lint_off UNUSED */
    wire beats_ready; // always high: the room was reserved
    wire [7:0] level;
    /* verilator lint_on UNUSED */
    fifo #(
        .WIDTH(266),
        .DEPTH(128)
    ) beats (
        .clk(clk),
        .rst(rst),
        .in_valid(r_valid),
        .in_ready(beats_ready),
        .in_data({ends, {1'b0, to} - {1'b0, from} + 5'd1, from, r_data}),
        .out_valid(out_valid),
        .out_ready(out_ready),
        .out_data({out_last, out_count, out_first, out_data}),
        .count(level)
    );
    assign r_ready = 1'b1;

    wire gone = out_valid && out_ready;
    always @(posedge clk) begin
        if (rst) begin
            ar_valid <= 1'b0;
            started <= 1'b0;
            reserved <= 8'd0;
            begun <= 1'b0;
        end else begin
            if (issue) begin
                ar_valid <= 1'b1;
                started <= !closes;
            end else if (ar_ready) ar_valid <= 1'b0;
            reserved <= reserved + (issue ? {3'd0, length} : 8'd0) - {7'd0, gone};
            if (r_valid) begun <= !r_last;
        end
    end
endmodule
