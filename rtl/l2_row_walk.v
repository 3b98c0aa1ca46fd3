// Where the words of a B command of the L2 cache belong: from its first row on word by word, past the last row of the band with
// row 0 of the next channel. Bank and address come by addition alone.
//
// Ports    start: a command of `start_rows` rows from row start_row on becomes the active one at this edge; its first channel is the
//          start_mod-th of its row of the banks. start_row_bank, start_row_addr: bank and address of its first word, start_plane_…:
//          of its channel's row 0. plane_step: address from one row of channels to the next, cfg_hband·cfg_wbank. waits: words that will be held from the next cycle on, in four beats of 32, oldest first; has_place:
//          beats that are placed already. A beat without a place gets one (`places`) as long as the command has words, if `enable`
//          is high; bank and addr are then those of its words, and mean nothing otherwise.
// Timing   places, bank and addr follow from the inputs in the same cycle, through a chain of 128 steps (l2_row_step.v); `finished` is a
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
    input  wire [KB-1:0]     start_row_bank,
    input  wire [AB-1:0]     start_row_addr,
    input  wire [KB-1:0]     start_mod,
    input  wire [KB-1:0]     start_plane_bank,
    input  wire [AB-1:0]     start_plane_addr,
    input  wire [15:0]       cfg_w,
    input  wire [KB-1:0]     cfg_q,
    input  wire [KB-1:0]     cfg_u,
    input  wire [AB-1:0]     cfg_wbank,
    input  wire [15:0]       cfg_hband,
    input  wire [AB-1:0]     plane_step,
    input  wire              enable,
    input  wire [127:0]      waits,
    input  wire [3:0]        has_place,
    output wire [3:0]        places,
    output wire [128*KB-1:0] bank,
    output wire [128*AB-1:0] addr,
    output wire              finished
);
    // ---- Where the walk stands, as in l2_row_step.v
    reg [15:0]   now_left;
    reg [KB-1:0] now_bank;
    reg [KB-1:0] now_x_mod;
    reg [AB-1:0] now_addr;
    reg [15:0]   now_todo;
    reg [15:0]   now_row;
    reg [KB-1:0] now_row_bank;
    reg [AB-1:0] now_row_addr;
    reg [KB-1:0] now_mod;
    reg [KB-1:0] now_plane_bank;
    reg [AB-1:0] now_plane_addr;
    assign finished = (now_todo == 16'd0);

    // ---- Word by word, of a beat that is placed; what is reached behind the last one
    genvar k;
    generate
        for (k = 0; k < 128; k = k + 1) begin : word
            wire [15:0]   left_in;
            wire [15:0]   left_out;
            wire [KB-1:0] bank_in;
            wire [KB-1:0] bank_out;
            wire [KB-1:0] x_mod_in;
            wire [KB-1:0] x_mod_out;
            wire [AB-1:0] addr_in;
            wire [AB-1:0] addr_out;
            wire [15:0]   todo_in;
            wire [15:0]   todo_out;
            wire [15:0]   row_in;
            wire [15:0]   row_out;
            wire [KB-1:0] row_bank_in;
            wire [KB-1:0] row_bank_out;
            wire [AB-1:0] row_addr_in;
            wire [AB-1:0] row_addr_out;
            wire [KB-1:0] mod_in;
            wire [KB-1:0] mod_out;
            wire [KB-1:0] plane_bank_in;
            wire [KB-1:0] plane_bank_out;
            wire [AB-1:0] plane_addr_in;
            wire [AB-1:0] plane_addr_out;
            if (k == 0) begin : head
                assign left_in = start ? cfg_w : now_left;
                assign bank_in = start ? start_row_bank : now_bank;
                assign x_mod_in = start ? {KB{1'b0}} : now_x_mod;
                assign addr_in = start ? start_row_addr : now_addr;
                assign todo_in = start ? start_rows : now_todo;
                assign row_in = start ? start_row : now_row;
                assign row_bank_in = start ? start_row_bank : now_row_bank;
                assign row_addr_in = start ? start_row_addr : now_row_addr;
                assign mod_in = start ? start_mod : now_mod;
                assign plane_bank_in = start ? start_plane_bank : now_plane_bank;
                assign plane_addr_in = start ? start_plane_addr : now_plane_addr;
            end else begin : chain
                assign left_in = word[k-1].left_out;
                assign bank_in = word[k-1].bank_out;
                assign x_mod_in = word[k-1].x_mod_out;
                assign addr_in = word[k-1].addr_out;
                assign todo_in = word[k-1].todo_out;
                assign row_in = word[k-1].row_out;
                assign row_bank_in = word[k-1].row_bank_out;
                assign row_addr_in = word[k-1].row_addr_out;
                assign mod_in = word[k-1].mod_out;
                assign plane_bank_in = word[k-1].plane_bank_out;
                assign plane_addr_in = word[k-1].plane_addr_out;
            end
            if (k % 32 == 0) begin : beat
                assign places[k/32] = enable && (todo_in != 16'd0) && !has_place[k/32] && (|waits[k +: 32]);
            end
            assign bank[KB*k +: KB] = bank_in;
            assign addr[AB*k +: AB] = addr_in;
            l2_row_step #(
                .BANKS(BANKS),
                .KB(KB),
                .AB(AB)
            ) step (
                .take(places[k/32] && waits[k]),
                .cfg_w(cfg_w),
                .cfg_q(cfg_q),
                .cfg_u(cfg_u),
                .cfg_wbank(cfg_wbank),
                .cfg_hband(cfg_hband),
                .plane_step(plane_step),
                .left(left_in),
                .bank(bank_in),
                .x_mod(x_mod_in),
                .addr(addr_in),
                .todo(todo_in),
                .row(row_in),
                .row_bank(row_bank_in),
                .row_addr(row_addr_in),
                .mod(mod_in),
                .plane_bank(plane_bank_in),
                .plane_addr(plane_addr_in),
                .next_left(left_out),
                .next_bank(bank_out),
                .next_x_mod(x_mod_out),
                .next_addr(addr_out),
                .next_todo(todo_out),
                .next_row(row_out),
                .next_row_bank(row_bank_out),
                .next_row_addr(row_addr_out),
                .next_mod(mod_out),
                .next_plane_bank(plane_bank_out),
                .next_plane_addr(plane_addr_out)
            );
        end
    endgenerate

    always @(posedge clk) begin
        now_left <= word[127].left_out;
        now_bank <= word[127].bank_out;
        now_x_mod <= word[127].x_mod_out;
        now_addr <= word[127].addr_out;
        now_todo <= rst ? 16'd0 : word[127].todo_out;
        now_row <= word[127].row_out;
        now_row_bank <= word[127].row_bank_out;
        now_row_addr <= word[127].row_addr_out;
        now_mod <= word[127].mod_out;
        now_plane_bank <= word[127].plane_bank_out;
        now_plane_addr <= word[127].plane_addr_out;
    end
endmodule
