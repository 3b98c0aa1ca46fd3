// One word of the walk along the rows of a B command: where the walk stands before it, and behind it if the word is taken.
//
// Ports    left: words left in the row; bank and addr of the coming word, x_mod its column modulo BANKS; todo: rows left; row: that of the
//          band, row_bank and row_addr its first word's; mod: the channel within its row of the banks, plane_bank and plane_addr its
//          row 0's. The same with next_ behind the word; with `take` low they are as before.
// Timing   Combinational.
// Source   The machine contract, section 6.
module l2_row_step #(
    parameter BANKS = 5,
    parameter KB = 3,
    parameter AB = 6
) (
    input  wire          take,
    input  wire [15:0]   cfg_w,
    input  wire [KB-1:0] cfg_q,
    input  wire [KB-1:0] cfg_u,
    input  wire [AB-1:0] cfg_wbank,
    input  wire [15:0]   cfg_hband,
    input  wire [AB-1:0] plane_step,
    input  wire [15:0]   left,
    input  wire [KB-1:0] bank,
    input  wire [KB-1:0] x_mod,
    input  wire [AB-1:0] addr,
    input  wire [15:0]   todo,
    input  wire [15:0]   row,
    input  wire [KB-1:0] row_bank,
    input  wire [AB-1:0] row_addr,
    input  wire [KB-1:0] mod,
    input  wire [KB-1:0] plane_bank,
    input  wire [AB-1:0] plane_addr,
    output wire [15:0]   next_left,
    output wire [KB-1:0] next_bank,
    output wire [KB-1:0] next_x_mod,
    output wire [AB-1:0] next_addr,
    output wire [15:0]   next_todo,
    output wire [15:0]   next_row,
    output wire [KB-1:0] next_row_bank,
    output wire [AB-1:0] next_row_addr,
    output wire [KB-1:0] next_mod,
    output wire [KB-1:0] next_plane_bank,
    output wire [AB-1:0] next_plane_addr
);
    localparam [31:0] BANKS32 = BANKS;
    localparam [KB:0] END = BANKS32[KB:0];
    localparam [KB-1:0] TOP = END[KB-1:0] - 1'b1;

    // ---- Where the row, the channel, or the row of channels ends with this word
    wire row_ends = take && (left == 16'd1);
    wire plane_ends = row_ends && (row + 16'd1 == cfg_hband);
    wire channels_end = (mod + 1'b1 == cfg_u);

    wire [KB:0] row_sum = {1'b0, row_bank} + {1'b0, cfg_q};
    /* verilator lint_off UNUSED */
    wire [KB:0] row_wrapped = (row_sum >= END) ? row_sum - END : row_sum;
    /* verilator lint_on UNUSED */
    wire x_wraps = (x_mod == TOP);

    assign next_mod = !plane_ends ? mod : channels_end ? {KB{1'b0}} : mod + 1'b1;
    assign next_plane_bank = !plane_ends ? plane_bank : channels_end ? {KB{1'b0}} : plane_bank + cfg_w[KB-1:0];
    assign next_plane_addr = (plane_ends && channels_end) ? plane_addr + plane_step : plane_addr;

    assign next_todo = row_ends ? todo - 16'd1 : todo;
    assign next_row = plane_ends ? 16'd0 : row_ends ? row + 16'd1 : row;
    assign next_row_bank = plane_ends ? next_plane_bank : row_ends ? row_wrapped[KB-1:0] : row_bank;
    assign next_row_addr = plane_ends ? next_plane_addr : row_ends ? row_addr + cfg_wbank : row_addr;

    assign next_left = row_ends ? cfg_w : take ? left - 16'd1 : left;
    assign next_bank = row_ends ? next_row_bank : !take ? bank : (bank == TOP) ? {KB{1'b0}} : bank + 1'b1;
    assign next_x_mod = (row_ends || (take && x_wraps)) ? {KB{1'b0}} : take ? x_mod + 1'b1 : x_mod;
    assign next_addr = row_ends ? next_row_addr : (take && x_wraps) ? addr + 1'b1 : addr;
endmodule
