// Counters of one walk of TOP through group, filter block and band; where sums are parted, a band is one tile of N pixels and each
// has parts of the channels. Whether a counter is at its last value follows from sums with the sizes, not from divisions.
//
// Ports    restart, advance: to the first entry, and on by one. panel0: first panel of the block; y, col: output row and column of the
//          band's first pixel, pixel0 its number (of a parted sum; 0 otherwise); channel0: first channel of the part. blocks, entries:
//          numbers in two bits. done: past the last entry.
// Timing   All of it follows from registers.
// Source   The machine contract, section 9.
module top_nest #(
    parameter N = 4
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        restart,
    input  wire        advance,
    input  wire        parted,
    input  wire [15:0] groups,
    input  wire [15:0] channels,
    input  wire [15:0] part_channels,
    input  wire [9:0]  panels,
    input  wire [15:0] panels_per_group,
    input  wire [15:0] band_rows,
    input  wire [15:0] out_h,
    input  wire [15:0] out_w,
    input  wire [31:0] out_pixels,
    // Rows and columns that a tile of N pixels goes on by.
    input  wire [5:0]  tile_rows,
    input  wire [5:0]  tile_cols,
    output reg  [15:0] group,
    output reg  [15:0] panel0,
    output reg  [15:0] y,
    output reg  [15:0] col,
    output reg  [31:0] pixel0,
    output reg  [15:0] channel0,
    output reg  [1:0]  blocks,
    output reg  [1:0]  entries,
    output reg         done,
    output wire        first_part,
    output wire        last_part,
    output wire        last_band,
    output wire        last_block
);
    localparam [31:0] N32 = N;
    assign first_part = (channel0 == 16'd0);
    assign last_part = !parted || ({1'b0, channel0} + {1'b0, part_channels} >= {1'b0, channels});
    assign last_band =
        parted ? (pixel0 + N32 >= out_pixels) : ({1'b0, y} + {1'b0, band_rows} >= {1'b0, out_h});
    assign last_block = (panel0 + {6'd0, panels} >= panels_per_group);
    wire [16:0] col_sum = {1'b0, col} + {11'd0, tile_cols};
    wire row_over = (col_sum >= {1'b0, out_w});
    /* verilator lint_off UNUSED */
    wire [16:0] col_next = row_over ? col_sum - {1'b0, out_w} : col_sum;
    /* verilator lint_on UNUSED */

    always @(posedge clk) begin
        if (rst || restart) begin
            group <= 16'd0;
            panel0 <= 16'd0;
            y <= 16'd0;
            col <= 16'd0;
            pixel0 <= 32'd0;
            channel0 <= 16'd0;
            blocks <= 2'd0;
            entries <= 2'd0;
            done <= 1'b0;
        end else if (advance) begin
            entries <= entries + 2'd1;
            channel0 <= last_part ? 16'd0 : channel0 + part_channels;
            if (last_part) begin
                if (last_band) begin
                    y <= 16'd0;
                    col <= 16'd0;
                    pixel0 <= 32'd0;
                    blocks <= blocks + 2'd1;
                    panel0 <= last_block ? 16'd0 : panel0 + {6'd0, panels};
                    if (last_block) group <= group + 16'd1;
                    if (last_block && (group + 16'd1 == groups)) done <= 1'b1;
                end else if (parted) begin
                    y <= y + {10'd0, tile_rows} + {15'd0, row_over};
                    col <= col_next[15:0];
                    pixel0 <= pixel0 + N32;
                end else y <= y + band_rows;
            end
        end
    end
endmodule
