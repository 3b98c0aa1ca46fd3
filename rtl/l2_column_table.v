// The double-buffered column table of the B engine: for each column of a pixel tile, where its tap (0, 0) lies.
//
// Ports    begin_entry: the set-up of an entry, in a cycle in which the table is not `active`: `pixels` of it, the first in output column
//          col0, whose tap 0 is in input row row0 (17 bits, signed); first_row is the first one stored. step: a cycle in which the next two
//          columns are built, or the last one; ends_tile, ends_entry: with it the tile or the entry is complete.
//          buffer: the one to be read; x, y: coordinates of its columns, 20 bits, signed; x_mod: x modulo BANKS; base: address of
//          (x, y) in channel 0; bank: its bank; nc: columns. All are of tap (0, 0), and may lie outside the image.
//          The steps are constants of the layer: stride_mod and stride_div are stride_x's remainder and quotient by BANKS, pad_mod and
//          pad_div those of −pad_x; row_step, row_bank_step lead to the next output row. w: addresses of a row in a bank.
// Timing   built, a tile's number in two bits, and what the buffers hold are registers. One division an entry, by the constant
//          BANKS, in its set-up cycle.
// Source   The machine contract, section 7.
module l2_column_table #(
    parameter N = 4,
    parameter BANKS = 5,
    parameter KB = 3,
    parameter AB = 6,
    parameter CW = $clog2(N + 1)
) (
    input  wire            clk,
    input  wire            rst,
    input  wire            begin_entry,
    input  wire [31:0]     pixels,
    input  wire [15:0]     col0,
    input  wire [16:0]     row0,
    input  wire [15:0]     first_row,
    input  wire            step,
    input  wire [15:0]     out_w,
    input  wire [15:0]     stride_y,
    input  wire [15:0]     stride_x,
    input  wire [15:0]     pad_x,
    input  wire [15:0]     w,
    input  wire [KB-1:0]   q,
    input  wire [KB-1:0]   stride_mod,
    input  wire [AB-1:0]   stride_div,
    input  wire [KB-1:0]   pad_mod,
    input  wire [AB-1:0]   pad_div,
    input  wire [AB-1:0]   row_step,
    input  wire [KB-1:0]   row_bank_step,
    output reg             active,
    output reg  [1:0]      built,
    output wire            ends_entry,
    input  wire            buffer,
    output wire [20*N-1:0] x,
    output wire [20*N-1:0] y,
    output wire [KB*N-1:0] x_mod,
    output wire [AB*N-1:0] base,
    output wire [KB*N-1:0] bank,
    output wire [CW-1:0]   nc
);
    localparam [31:0] BANKS32 = BANKS;
    localparam [KB:0] END = BANKS32[KB:0];
    localparam [31:0] N32 = N;
    localparam [CW-1:0] ALL = N32[CW-1:0];
    // A column of the table: x, y, x_mod, base, bank.
    localparam COLUMN = 40 + 2 * KB + AB;
    // Width of dividends.
    localparam DW = KB + 19;
    localparam [DW-1:0] DIVISOR = BANKS32[DW-1:0];
    localparam [DW-1:0] SHIFT_BANK = DIVISOR << 18;
    localparam [DW-1:0] SHIFT_X = DIVISOR << 16;

    reg [COLUMN*N-1:0] columns_0;
    reg [COLUMN*N-1:0] columns_1;
    reg [CW-1:0] nc_0;
    reg [CW-1:0] nc_1;

    // ---- Counters: pixels not yet in a finished tile, columns of the tile; the coming pixel
    reg [31:0]   left;
    reg [CW-1:0] columns;
    reg [15:0]   ox;
    reg [19:0]   px;
    reg [19:0]   py;
    reg [KB-1:0] px_mod;
    reg [AB-1:0] px_div;
    reg [KB-1:0] p_bank;
    reg [AB-1:0] row_base;
    reg [KB-1:0] row_bank;

    // ---- Set-up. Multiples of BANKS keep the dividends positive; the quotient's, 2^16, is none modulo 2^AB
    wire [31:0] stored_y = {{15{row0[16]}}, row0} - {16'd0, first_row};
    wire [19:0] along = {4'd0, col0} * {4'd0, stride_x};
    wire [19:0] first_x = along - {4'd0, pad_x};
    wire [DW-1:0] shifted_x = {{(DW - 20) {first_x[19]}}, first_x} + SHIFT_X;
    /* verilator lint_off UNUSED */
    wire [31:0] first_base = stored_y * {16'd0, w};
    wire [DW-1:0] first_row_bank =
        (stored_y[DW-1:0] * {{(DW - KB) {1'b0}}, q} - {{(DW - 16) {1'b0}}, pad_x} + SHIFT_BANK) % DIVISOR;
    wire [DW-1:0] first_bank = (first_row_bank + {{(DW - 20) {1'b0}}, along}) % DIVISOR;
    wire [DW-1:0] first_x_mod = shifted_x % DIVISOR;
    wire [DW-1:0] first_x_div = shifted_x / DIVISOR;
    /* verilator lint_on UNUSED */

    function [KB-1:0] wrapped(input [KB-1:0] one, input [KB-1:0] other);
        reg [KB:0] sum;
        begin
            sum = {1'b0, one} + {1'b0, other};
            if (sum >= END) sum = sum - END;
            wrapped = sum[KB-1:0];
        end
    endfunction

    // ---- Two pixels, one after the other; the second only if there is one and the tile has room for it
    wire [31:0] columns32 = {{(32 - CW) {1'b0}}, columns};
    wire second = (columns32 + 32'd1 != N32) && (columns32 + 32'd1 != left);
    wire [31:0] built_columns32 = columns32 + 32'd1 + {31'd0, second};
    wire [CW-1:0] built_columns = built_columns32[CW-1:0];
    wire ends_tile = (built_columns == ALL) || (built_columns32 == left);
    assign ends_entry = step && (built_columns32 == left);

    reg [15:0]   n_ox;
    reg [19:0]   n_px;
    reg [19:0]   n_py;
    reg [KB-1:0] n_px_mod;
    reg [AB-1:0] n_px_div;
    reg [KB-1:0] n_p_bank;
    reg [AB-1:0] n_row_base;
    reg [KB-1:0] n_row_bank;
    reg [COLUMN-1:0] first_column;
    reg [COLUMN-1:0] second_column;
    integer i;
    always @* begin
        n_ox = ox;
        n_px = px;
        n_py = py;
        n_px_mod = px_mod;
        n_px_div = px_div;
        n_p_bank = p_bank;
        n_row_base = row_base;
        n_row_bank = row_bank;
        first_column = {COLUMN{1'b0}};
        second_column = {COLUMN{1'b0}};
        for (i = 0; i < 2; i = i + 1) begin
            if (i == 0 || second) begin
                second_column = {n_px, n_py, n_px_mod, n_row_base + n_px_div, n_p_bank};
                if (i == 0) first_column = second_column;
                if (n_ox + 16'd1 == out_w) begin
                    n_ox = 16'd0;
                    n_py = n_py + {4'd0, stride_y};
                    n_row_base = n_row_base + row_step;
                    n_row_bank = wrapped(n_row_bank, row_bank_step);
                    n_px = 20'd0 - {4'd0, pad_x};
                    n_px_mod = pad_mod;
                    n_px_div = pad_div;
                    n_p_bank = n_row_bank;
                end else begin
                    n_ox = n_ox + 16'd1;
                    n_px = n_px + {4'd0, stride_x};
                    // A remainder that wraps is smaller than what was added.
                    n_px_mod = wrapped(n_px_mod, stride_mod);
                    n_px_div = n_px_div + stride_div + {{(AB - 1) {1'b0}}, n_px_mod < stride_mod};
                    n_p_bank = wrapped(n_p_bank, stride_mod);
                end
            end
        end
    end

    integer j;
    always @(posedge clk) begin
        for (j = 0; j < N; j = j + 1) begin
            if (step && !built[0] && (columns32 == j)) columns_0[COLUMN*j +: COLUMN] <= first_column;
            if (step && !built[0] && second && (columns32 + 32'd1 == j)) columns_0[COLUMN*j +: COLUMN] <= second_column;
            if (step && built[0] && (columns32 == j)) columns_1[COLUMN*j +: COLUMN] <= first_column;
            if (step && built[0] && second && (columns32 + 32'd1 == j)) columns_1[COLUMN*j +: COLUMN] <= second_column;
        end
        if (step && ends_tile && !built[0]) nc_0 <= built_columns;
        if (step && ends_tile && built[0]) nc_1 <= built_columns;
    end

    always @(posedge clk) begin
        if (rst) begin
            active <= 1'b0;
            built <= 2'd0;
            columns <= {CW{1'b0}};
        end else if (begin_entry) begin
            active <= 1'b1;
            columns <= {CW{1'b0}};
        end else if (step) begin
            columns <= ends_tile ? {CW{1'b0}} : built_columns;
            if (ends_tile) built <= built + 2'd1;
            if (ends_entry) active <= 1'b0;
        end
        if (begin_entry) begin
            left <= pixels;
            ox <= col0;
            py <= {{3{row0[16]}}, row0};
            row_base <= first_base[AB-1:0];
            row_bank <= first_row_bank[KB-1:0];
            px <= first_x[19:0];
            px_mod <= first_x_mod[KB-1:0];
            px_div <= first_x_div[AB-1:0];
            p_bank <= first_bank[KB-1:0];
        end else if (step) begin
            if (ends_tile) left <= left - built_columns32;
            ox <= n_ox;
            px <= n_px;
            py <= n_py;
            px_mod <= n_px_mod;
            px_div <= n_px_div;
            p_bank <= n_p_bank;
            row_base <= n_row_base;
            row_bank <= n_row_bank;
        end
    end

    assign nc = buffer ? nc_1 : nc_0;
    genvar m;
    generate
        for (m = 0; m < N; m = m + 1) begin : column
            wire [COLUMN-1:0] shown = buffer ? columns_1[COLUMN*m +: COLUMN] : columns_0[COLUMN*m +: COLUMN];
            assign x[20*m +: 20] = shown[COLUMN-1 -: 20];
            assign y[20*m +: 20] = shown[COLUMN-21 -: 20];
            assign x_mod[KB*m +: KB] = shown[KB+AB +: KB];
            assign base[AB*m +: AB] = shown[KB +: AB];
            assign bank[KB*m +: KB] = shown[KB-1:0];
        end
    endgenerate
endmodule
