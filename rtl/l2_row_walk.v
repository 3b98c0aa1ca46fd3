// Where the words of a B command of the L2 cache belong: from its first row on word by word, past the last row of the band with
// row 0 of the next channel. Bank and address come by addition alone; only a command's start has products, and a remainder by the
// constant BANKS.
//
// Ports    start: a command of `start_rows` rows from row start_row of channel start_div·cfg_u + start_mod on becomes the active
//          one at this edge. waits: words that will be held from the next cycle on, in four beats of 32, oldest first; has_place:
//          beats that are placed already. A beat without a place gets one (`places`) as long as the command has words, if `enable`
//          is high; bank and addr are then those of its words, and mean nothing otherwise.
// Timing   places, bank and addr follow from the inputs in the same cycle, through a chain of 128 steps; `finished` is a
//          register's: all of the command's words have their place. Addresses are modulo 2^AB.
// Source   The machine contract, section 6.
module l2_row_walk #(
    parameter BANKS = 5,
    parameter KB = 3,
    parameter AB = 6
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              start,
    input  wire [15:0]       start_rows,
    input  wire [15:0]       start_row,
    input  wire [15:0]       start_div,
    input  wire [15:0]       start_mod,
    input  wire [15:0]       cfg_w,
    input  wire [KB-1:0]     cfg_q,
    input  wire [KB-1:0]     cfg_u,
    input  wire [15:0]       cfg_wbank,
    input  wire [15:0]       cfg_hband,
    input  wire              enable,
    input  wire [127:0]      waits,
    input  wire [3:0]        has_place,
    output reg  [3:0]        places,
    output reg  [128*KB-1:0] bank,
    output reg  [128*AB-1:0] addr,
    output wire              finished
);
    localparam [31:0] BANKS32 = BANKS;
    localparam [KB:0] END = BANKS32[KB:0];
    localparam [KB-1:0] TOP = END[KB-1:0] - 1'b1;

    // ---- Rows left, words left in the row; the coming word's bank, what its column leaves by BANKS, its address
    reg [15:0]   todo;
    reg [15:0]   left;
    reg [KB-1:0] to;
    reg [KB-1:0] x_mod;
    reg [AB-1:0] at;
    // ---- Row of the band, bank and address of its first word; channel within its row of the banks, and its plane's start
    reg [15:0]   row;
    reg [KB-1:0] row_bank;
    reg [AB-1:0] row_addr;
    reg [KB-1:0] mod;
    reg [KB-1:0] plane_bank;
    reg [AB-1:0] plane_addr;

    // ---- The start of a command. A legal address has AB bits, a channel's bank KB
    /* verilator lint_off UNUSED */
    wire [15:0] plane_step = cfg_hband * cfg_wbank;
    wire [15:0] start_plane_bank = start_mod * cfg_w;
    wire [15:0] start_plane_addr = start_div * plane_step;
    wire [15:0] start_row_addr = start_plane_addr + start_row * cfg_wbank;
    wire [31:0] start_row_bank =
        ({16'd0, start_plane_bank} + {16'd0, start_row} * {{(32 - KB) {1'b0}}, cfg_q}) % BANKS32;
    /* verilator lint_on UNUSED */

    // ---- The coming row's bank: it may go past the last one once
    function [KB-1:0] wrapped(input [KB-1:0] one, input [KB-1:0] other);
        reg [KB:0] sum;
        begin
            sum = {1'b0, one} + {1'b0, other};
            if (sum >= END) sum = sum - END;
            wrapped = sum[KB-1:0];
        end
    endfunction

    reg [15:0]   w_todo;
    reg [15:0]   w_left;
    reg [KB-1:0] w_to;
    reg [KB-1:0] w_x_mod;
    reg [AB-1:0] w_at;
    reg [15:0]   w_row;
    reg [KB-1:0] w_row_bank;
    reg [AB-1:0] w_row_addr;
    reg [KB-1:0] w_mod;
    reg [KB-1:0] w_plane_bank;
    reg [AB-1:0] w_plane_addr;
    integer i;
    integer k;
    always @* begin
        w_todo = start ? start_rows : todo;
        w_left = start ? cfg_w : left;
        w_row = start ? start_row : row;
        w_row_bank = start ? start_row_bank[KB-1:0] : row_bank;
        w_row_addr = start ? start_row_addr[AB-1:0] : row_addr;
        w_to = start ? start_row_bank[KB-1:0] : to;
        w_x_mod = start ? {KB{1'b0}} : x_mod;
        w_at = start ? start_row_addr[AB-1:0] : at;
        w_mod = start ? start_mod[KB-1:0] : mod;
        w_plane_bank = start ? start_plane_bank[KB-1:0] : plane_bank;
        w_plane_addr = start ? start_plane_addr[AB-1:0] : plane_addr;
        bank = {(128 * KB) {1'b0}};
        addr = {(128 * AB) {1'b0}};
        places = 4'd0;
        for (i = 0; i < 4; i = i + 1) begin
            if (enable && (w_todo != 16'd0) && !has_place[i] && (|waits[32*i +: 32])) begin
                places[i] = 1'b1;
                for (k = 32 * i; k < 32 * i + 32; k = k + 1) begin
                    if (waits[k]) begin
                        bank[KB*k +: KB] = w_to;
                        addr[AB*k +: AB] = w_at;
                        if (w_left != 16'd1) begin
                            w_left = w_left - 16'd1;
                            w_to = (w_to == TOP) ? {KB{1'b0}} : w_to + 1'b1;
                            if (w_x_mod == TOP) w_at = w_at + 1'b1;
                            w_x_mod = (w_x_mod == TOP) ? {KB{1'b0}} : w_x_mod + 1'b1;
                        end else begin
                            w_todo = w_todo - 16'd1;
                            if (w_row + 16'd1 != cfg_hband) begin
                                w_row = w_row + 16'd1;
                                w_row_bank = wrapped(w_row_bank, cfg_q);
                                w_row_addr = w_row_addr + cfg_wbank[AB-1:0];
                            end else begin
                                w_row = 16'd0;
                                w_plane_bank = w_plane_bank + cfg_w[KB-1:0];
                                w_mod = w_mod + 1'b1;
                                if (w_mod == cfg_u) begin
                                    w_mod = {KB{1'b0}};
                                    w_plane_bank = {KB{1'b0}};
                                    w_plane_addr = w_plane_addr + plane_step[AB-1:0];
                                end
                                w_row_bank = w_plane_bank;
                                w_row_addr = w_plane_addr;
                            end
                            w_left = cfg_w;
                            w_to = w_row_bank;
                            w_x_mod = {KB{1'b0}};
                            w_at = w_row_addr;
                        end
                    end
                end
            end
        end
    end

    assign finished = (todo == 16'd0);

    always @(posedge clk) begin
        todo <= rst ? 16'd0 : w_todo;
        left <= w_left;
        to <= w_to;
        x_mod <= w_x_mod;
        at <= w_at;
        row <= w_row;
        row_bank <= w_row_bank;
        row_addr <= w_row_addr;
        mod <= w_mod;
        plane_bank <= w_plane_bank;
        plane_addr <= w_plane_addr;
    end
endmodule
