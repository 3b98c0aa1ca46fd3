// The output pixels of a band, or of a tile of parted sums, the input rows that it stores, and the part of the channels that an
// entry has.
//
// Ports    y, col, pixel0, channel0, first_part: of top_nest.v. pixels; row0: input row of the first one's tap 0, 17 bits, signed;
//          first, rows: the first input row that is stored, and how many. slice: the part's first one of a panel; kprime: how many.
// Timing   Combinational.
// Source   The machine contract, section 9.
module top_band #(
    parameter N = 4
) (
    input  wire        parted,
    input  wire [15:0] y,
    input  wire [15:0] col,
    input  wire [31:0] pixel0,
    input  wire [15:0] channel0,
    input  wire        first_part,
    input  wire [15:0] band_rows,
    input  wire [15:0] out_h,
    input  wire [15:0] out_w,
    input  wire [31:0] out_pixels,
    input  wire [5:0]  tile_rows,
    input  wire [5:0]  tile_cols,
    input  wire [15:0] stride_y,
    input  wire [15:0] pad_y,
    input  wire [15:0] in_h,
    input  wire [15:0] kernel_h,
    input  wire [15:0] dil_y,
    input  wire [15:0] all_channels,
    input  wire [15:0] part_channels,
    input  wire [31:0] taps,
    input  wire        bias,
    output wire [31:0] pixels,
    output wire [16:0] row0,
    output wire [15:0] first,
    output wire [15:0] rows,
    output wire [15:0] channels,
    output wire        part_bias,
    output wire [31:0] slice,
    output wire [31:0] kprime
);
    localparam [31:0] N32 = N;

    // ---- Output rows: of a band; or of a tile, from column col on
    wire [15:0] rows_left = out_h - y;
    wire [16:0] col_sum = {1'b0, col} + {11'd0, tile_cols};
    wire [16:0] tile_height =
        {11'd0, tile_rows} + ((col_sum == 17'd0) ? 17'd0 : (col_sum <= {1'b0, out_w}) ? 17'd1 : 17'd2);
    wire [16:0] height = parted ? tile_height : {1'b0, band_rows};
    wire [16:0] out_rows = (height < {1'b0, rows_left}) ? height : {1'b0, rows_left};
    wire [31:0] left = out_pixels - pixel0;
    assign pixels = !parted ? {15'd0, out_rows} * {16'd0, out_w} : (left < N32) ? left : N32;

    // ---- Input rows, of 34 bits and a sign
    wire signed [34:0] start = $signed({19'd0, y}) * $signed({19'd0, stride_y}) - $signed({19'd0, pad_y});
    wire signed [34:0] stop = start + ($signed({18'd0, out_rows}) - 35'sd1) * $signed({19'd0, stride_y})
        + ($signed({19'd0, kernel_h}) - 35'sd1) * $signed({19'd0, dil_y}) + 35'sd1;
    wire signed [34:0] height_in = $signed({19'd0, in_h});
    wire signed [34:0] bottom = (stop < height_in) ? stop : height_in;
    wire signed [34:0] from = (start < 35'sd0) ? 35'sd0 : start;
    /* verilator lint_off UNUSED */
    wire signed [34:0] stored = bottom - from;
    wire signed [34:0] first_row = (from < height_in) ? from : height_in - 35'sd1;
    /* verilator lint_on UNUSED */
    assign row0 = start[16:0];
    assign first = first_row[15:0];
    assign rows = (stored < 35'sd0) ? 16'd0 : stored[15:0];

    // ---- Channels
    wire [15:0] channels_left = all_channels - channel0;
    assign channels = !parted ? all_channels : (part_channels < channels_left) ? part_channels : channels_left;
    assign part_bias = first_part && bias;
    assign slice = first_part ? 32'd0 : {31'd0, bias} + {16'd0, channel0} * taps;
    assign kprime = {31'd0, part_bias} + {16'd0, channels} * taps;
endmodule
