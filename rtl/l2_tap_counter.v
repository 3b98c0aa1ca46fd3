// The tap counters of the B engine: channel, kernel row, kernel column, and what a tap adds to a column of the table.
//
// Ports    `advance` goes one tap on at the edge, and from the last one (`last`, a register's) to the first again. dx, dy: what the tap
//          adds to the coordinates; x_mod: dx modulo BANKS; base: to the address, without the carry of x_mod; bank: to the bank.
//          The steps are constants of the layer: dil_mod and dil_div are dil_x's remainder and quotient by BANKS; row_step, row_bank_step
//          lead to the next kernel row, plane_step to the next row of channels.
// Source   The machine contract, sections 6 and 7.
module l2_tap_counter #(
    parameter BANKS = 5,
    parameter KB = 3,
    parameter AB = 6
) (
    input  wire          clk,
    input  wire          rst,
    input  wire          advance,
    input  wire [15:0]   channels,
    input  wire [15:0]   kernel_h,
    input  wire [15:0]   kernel_w,
    input  wire [15:0]   dil_y,
    input  wire [15:0]   dil_x,
    input  wire [KB-1:0] in_w,
    input  wire [KB-1:0] u,
    input  wire [KB-1:0] dil_mod,
    input  wire [AB-1:0] dil_div,
    input  wire [AB-1:0] row_step,
    input  wire [KB-1:0] row_bank_step,
    input  wire [AB-1:0] plane_step,
    output wire          last,
    output reg  [19:0]   dx,
    output reg  [19:0]   dy,
    output reg  [KB-1:0] x_mod,
    output wire [AB-1:0] base,
    output reg  [KB-1:0] bank
);
    localparam [31:0] BANKS32 = BANKS;
    localparam [KB:0] END = BANKS32[KB:0];

    reg [15:0]   c;
    reg [15:0]   ky;
    reg [15:0]   kx;
    reg [AB-1:0] x_div;
    reg [AB-1:0] row_base;
    reg [KB-1:0] row_bank;
    reg [KB-1:0] mod;
    reg [AB-1:0] plane_base;
    reg [KB-1:0] plane_bank;
    assign base = row_base + x_div;

    wire row_ends = (kx + 16'd1 == kernel_w);
    wire plane_ends = row_ends && (ky + 16'd1 == kernel_h);
    assign last = plane_ends && (c + 16'd1 == channels);

    // Sums of two numbers below BANKS, modulo BANKS.
    wire [KB:0] x_sum = {1'b0, x_mod} + {1'b0, dil_mod};
    wire [KB:0] bank_sum = {1'b0, bank} + {1'b0, dil_mod};
    wire [KB:0] row_sum = {1'b0, row_bank} + {1'b0, row_bank_step};
    wire x_over = (x_sum >= END);
    /* verilator lint_off UNUSED */
    wire [KB:0] x_next = x_over ? x_sum - END : x_sum;
    wire [KB:0] bank_next = (bank_sum >= END) ? bank_sum - END : bank_sum;
    wire [KB:0] row_next = (row_sum >= END) ? row_sum - END : row_sum;
    /* verilator lint_on UNUSED */
    wire channels_end = (mod + 1'b1 == u);
    wire [KB-1:0] plane_bank_next = channels_end ? {KB{1'b0}} : plane_bank + in_w;
    wire [AB-1:0] plane_base_next = channels_end ? plane_base + plane_step : plane_base;

    always @(posedge clk) begin
        if (rst || (advance && last)) begin
            c <= 16'd0;
            ky <= 16'd0;
            kx <= 16'd0;
            dx <= 20'd0;
            dy <= 20'd0;
            x_mod <= {KB{1'b0}};
            x_div <= {AB{1'b0}};
            bank <= {KB{1'b0}};
            row_base <= {AB{1'b0}};
            row_bank <= {KB{1'b0}};
            mod <= {KB{1'b0}};
            plane_base <= {AB{1'b0}};
            plane_bank <= {KB{1'b0}};
        end else if (advance && !row_ends) begin
            kx <= kx + 16'd1;
            dx <= dx + {4'd0, dil_x};
            x_mod <= x_next[KB-1:0];
            x_div <= x_div + dil_div + {{(AB - 1) {1'b0}}, x_over};
            bank <= bank_next[KB-1:0];
        end else if (advance) begin
            kx <= 16'd0;
            dx <= 20'd0;
            x_mod <= {KB{1'b0}};
            x_div <= {AB{1'b0}};
            if (!plane_ends) begin
                ky <= ky + 16'd1;
                dy <= dy + {4'd0, dil_y};
                row_base <= row_base + row_step;
                row_bank <= row_next[KB-1:0];
                bank <= row_next[KB-1:0];
            end else begin
                ky <= 16'd0;
                dy <= 20'd0;
                c <= c + 16'd1;
                mod <= channels_end ? {KB{1'b0}} : mod + 1'b1;
                plane_base <= plane_base_next;
                plane_bank <= plane_bank_next;
                row_base <= plane_base_next;
                row_bank <= plane_bank_next;
                bank <= plane_bank_next;
            end
        end
    end
endmodule
