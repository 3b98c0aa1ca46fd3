// Pools rows on their way to WRITE: max or average over windows that lie wholly lies the plane.
//
// Modes    cfg_mode 0: rows go through unchanged. 1: max. 2: average, floor(sum / pixels + 1/2), exactly.
// Does     A filter's pixels come in raster order, from 0, in pieces of 1..N; filters take turns in any way,
//          cfg_filters neighbouring ones half done at most. A window's value leaves with the row that brings its
//          last pixel; the windows that one row completes leave as one row, in raster order; a row that
//          completes none leaves nothing.
// Settings Sizes and strides 1..15, planes of cfg_in_w x cfg_in_h pixels, cfg_out_w x cfg_out_h windows; constant
//          while a plane is half done. ceil(size / stride) <= OVERLAP in both directions, and
//          cfg_filters * ceil(size_y / stride_y) * cfg_out_w <= ACCUMULATORS. What does not fit together is the
//          user's mistake, as are pixels out of order.
// Timing   A row accepted in cycle c shows its row on `out` in c+1; one row a cycle. in_ready = fewer than two
//          rows wait: a full buffer refuses a row even while one leaves.
// How      All within the cycle of the accept. Pixel j lies in window (y div stride - k, x div stride - l) for
//          some of the OVERLAP^2 pairs (k, l). The last pixel of the row in a window gathers all of the row's
//          pixels in it, adds what was there unless the window's first pixel is among them, and writes it back,
//          unless the window is complete: its place may be that of a window which the same row opens. So no two
//          of a row's writes meet. Windows are set by their first pixel, so nothing is ever cleared.
//          Of a plane's rows of windows, row r has place r mod ceil(size_y / stride_y) of the filter's.
// Lanes    Those of out_data from out_count on mean nothing.
// Source   The machine contract, section 8.
module pool #(
    parameter N = 4,
    parameter ACCUMULATORS = 16384,
    parameter OVERLAP = 15
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             in_valid,
    output wire             in_ready,
    input  wire [15:0]      in_filter,
    input  wire [31:0]      in_pixel,
    input  wire [5:0]       in_count,
    input  wire [16*N-1:0]  in_data,
    output wire             out_valid,
    input  wire             out_ready,
    output wire [15:0]      out_filter,
    output wire [31:0]      out_pixel,
    output wire [5:0]       out_count,
    output wire [16*N-1:0]  out_data,
    input  wire [1:0]       cfg_mode,
    input  wire [3:0]       cfg_size_y,
    input  wire [3:0]       cfg_size_x,
    input  wire [3:0]       cfg_stride_y,
    input  wire [3:0]       cfg_stride_x,
    input  wire [15:0]      cfg_in_w,
    /* verilator lint_off UNUSED */
    input  wire [15:0]      cfg_in_h, // only tells where a plane ends, which its pixels do as well
    /* verilator lint_on UNUSED */
    input  wire [15:0]      cfg_out_w,
    input  wire [15:0]      cfg_out_h,
    input  wire [9:0]       cfg_filters
);
    localparam AW = (ACCUMULATORS > 1) ? $clog2(ACCUMULATORS) : 1;
    localparam OO = OVERLAP * OVERLAP;

    wire bypass = (cfg_mode == 2'd0);
    wire is_max = (cfg_mode == 2'd1);
    wire accept = in_valid && in_ready;

    // Rows of windows that are open at a time, and where the filter's begin.
    wire [4:0] rounded_up = {1'b0, cfg_size_y} + {1'b0, cfg_stride_y} - 5'd1;
    wire [4:0] open_rows = rounded_up / {1'b0, cfg_stride_y};
    wire [15:0] line = in_filter % {6'd0, cfg_filters};
    wire [23:0] base = {8'd0, line} * {19'd0, open_rows} * {8'd0, cfg_out_w};
    wire [8:0] weight2 = {({4'd0, cfg_size_y} * {4'd0, cfg_size_x}), 1'b0};

    // Where the row's first pixel lies; the others follow by counting.
    /* verilator lint_off UNUSED */
    wire [31:0] first_y = in_pixel / {16'd0, cfg_in_w};
    wire [15:0] first_slot = pixel[0].last_y % {11'd0, open_rows};
    /* verilator lint_on UNUSED */

    reg [23:0] accumulators [0:ACCUMULATORS-1];
    integer i;
    initial for (i = 0; i < ACCUMULATORS; i = i + 1) accumulators[i] = 24'd0;

    genvar j;
    genvar e;
    genvar k;
    genvar l;
    generate
        for (j = 0; j < N; j = j + 1) begin : pixel
            wire used = (in_count > j);
            wire [23:0] word = {{8{in_data[16*j+15]}}, in_data[16*j +: 16]};
            // The last window, down and right, that begins at or before this pixel; how far in it lies; and the
            // place of that window's row among the open ones.
            wire [15:0] y;
            wire [15:0] x;
            wire [15:0] last_y;
            wire [15:0] last_x;
            wire [3:0] in_y;
            wire [3:0] in_x;
            wire [4:0] slot;
            if (j == 0) begin : begins
                assign y = first_y[15:0];
                assign x = in_pixel[15:0] - y * cfg_in_w;
                assign last_y = y / {12'd0, cfg_stride_y};
                assign last_x = x / {12'd0, cfg_stride_x};
                assign in_y = y[3:0] - last_y[3:0] * cfg_stride_y;
                assign in_x = x[3:0] - last_x[3:0] * cfg_stride_x;
                assign slot = first_slot[4:0];
            end else begin : follows
                wire down = (pixel[j-1].x + 16'd1 == cfg_in_w);
                wire next_x = (pixel[j-1].in_x + 4'd1 == cfg_stride_x);
                wire next_y = down && (pixel[j-1].in_y + 4'd1 == cfg_stride_y);
                assign x = down ? 16'd0 : pixel[j-1].x + 16'd1;
                assign last_x = down ? 16'd0 : next_x ? pixel[j-1].last_x + 16'd1 : pixel[j-1].last_x;
                assign in_x = (down || next_x) ? 4'd0 : pixel[j-1].in_x + 4'd1;
                assign y = down ? pixel[j-1].y + 16'd1 : pixel[j-1].y;
                assign last_y = next_y ? pixel[j-1].last_y + 16'd1 : pixel[j-1].last_y;
                assign in_y = next_y ? 4'd0 : down ? pixel[j-1].in_y + 4'd1 : pixel[j-1].in_y;
                assign slot = !next_y ? pixel[j-1].slot
                    : (pixel[j-1].slot + 5'd1 == open_rows) ? 5'd0 : pixel[j-1].slot + 5'd1;
            end
            wire [OO-1:0] completes;
            wire [24*OO-1:0] values;
            wire [32*OO-1:0] windows;

            for (k = 0; k < OVERLAP; k = k + 1) begin : down
                for (l = 0; l < OVERLAP; l = l + 1) begin : right
                    localparam [31:0] K32 = k;
                    localparam [31:0] L32 = l;
                    wire [15:0] oy = last_y - K32[15:0];
                    wire [15:0] ox = last_x - L32[15:0];
                    wire [7:0] dy = {4'd0, in_y} + K32[7:0] * {4'd0, cfg_stride_y};
                    wire [7:0] dx = {4'd0, in_x} + L32[7:0] * {4'd0, cfg_stride_x};
                    wire lies = used && ({1'b0, last_y} + 17'd1 > K32[16:0]) && ({1'b0, last_x} + 17'd1 > L32[16:0])
                        && (oy < cfg_out_h) && (ox < cfg_out_w)
                        && (dy < {4'd0, cfg_size_y}) && (dx < {4'd0, cfg_size_x});

                    wire [4:0] ring = (slot + 5'd1 <= K32[4:0]) ? slot + open_rows - K32[4:0] : slot - K32[4:0];
                    /* verilator lint_off UNUSED */
                    wire [23:0] at = base + {19'd0, ring} * {8'd0, cfg_out_w} + {8'd0, ox};
                    /* verilator lint_on UNUSED */
                    wire [23:0] kept = accumulators[at[AW-1:0]];

                    // The window's value after each of this row's pixels.
                    wire [N-1:0] shares;
                    for (e = 0; e < N; e = e + 1) begin : after
                        wire [23:0] so_far;
                        if (e == 0) begin : begins
                            assign so_far = kept;
                        end else begin : goes_on
                            assign so_far = after[e-1].value;
                        end
                        // How far in the window pixel e lies; before its edge, very far.
                        wire [16:0] ey = {9'd0, dy} + {1'b0, pixel[e].y} - {1'b0, y};
                        wire [16:0] ex = {9'd0, dx} + {1'b0, pixel[e].x} - {1'b0, x};
                        wire less = ($signed(so_far) < $signed(pixel[e].word));
                        wire [23:0] joined = !is_max ? so_far + pixel[e].word : less ? pixel[e].word : so_far;
                        wire opens = (ey == 17'd0) && (ex == 17'd0);
                        assign shares[e] = pixel[e].used
                            && (ey < {13'd0, cfg_size_y}) && (ex < {13'd0, cfg_size_x});
                        wire [23:0] value = !shares[e] ? so_far : opens ? pixel[e].word : joined;
                    end
                    // Pixels of a window behind this one in the same row write it instead.
                    wire [N:0] behind = {1'b0, shares} >> (j + 1);
                    wire owner = accept && !bypass && lies && (behind == {(N + 1) {1'b0}});
                    wire complete = lies && (dy + 8'd1 == {4'd0, cfg_size_y}) && (dx + 8'd1 == {4'd0, cfg_size_x});
                    always @(posedge clk) begin
                        if (!rst && owner && !complete) accumulators[at[AW-1:0]] <= after[N-1].value;
                    end

                    // Nothing of the window comes behind its last pixel, so the value after the row is its own.
                    localparam W = OVERLAP * k + l;
                    assign completes[W] = complete;
                    assign values[24*W +: 24] = complete ? after[N-1].value : 24'd0;
                    assign windows[32*W +: 32] = complete
                        ? {16'd0, oy} * {16'd0, cfg_out_w} + {16'd0, ox} : 32'd0;
                end
            end

            // A pixel is the last of one window at most.
            wire done = |completes;
            reg [31:0] window;
            reg [23:0] total;
            integer w;
            always @* begin
                window = 32'd0;
                total = 24'd0;
                for (w = 0; w < OO; w = w + 1) begin
                    window = window | windows[32*w +: 32];
                    total = total | values[24*w +: 24];
                end
            end
            // floor((2 sum + weight) / (2 weight)): the sum is made positive by 32768 weights, then the mean is
            // brought back down by 32768, which is the top bit of 16.
            wire [25:0] raised = {total[23], total, 1'b0} + {18'd0, weight2[8:1]}
                + {2'd0, weight2, 15'd0};
            /* verilator lint_off UNUSED */
            wire [25:0] mean = raised / {17'd0, weight2};
            /* verilator lint_on UNUSED */
            wire [15:0] value = is_max ? total[15:0] : mean[15:0] ^ 16'h8000;
        end

        // ---- The completed windows, moved together: lane of each is the number of those before it
        for (j = 0; j < N; j = j + 1) begin : place
            wire [5:0] lane;
            wire [31:0] first;
            wire [16*N-1:0] row;
            if (j == 0) begin : one
                assign lane = 6'd0;
                assign first = pixel[j].window;
                assign row = {{(16 * N - 16) {1'b0}}, pixel[j].value};
            end else begin : more
                assign lane = place[j-1].lane + {5'd0, pixel[j-1].done};
                assign first = (lane == 6'd0) ? pixel[j].window : place[j-1].first;
                assign row = (lane == 6'd0) ? {{(16 * N - 16) {1'b0}}, pixel[j].value}
                    : pixel[j].done ? place[j-1].row | ({{(16 * N - 16) {1'b0}}, pixel[j].value} << {lane, 4'd0})
                    : place[j-1].row;
            end
        end
    endgenerate

    wire [5:0] pooled = place[N-1].lane + {5'd0, pixel[N-1].done};
    /* verilator lint_off UNUSED */
    wire [1:0] rows;
    /* verilator lint_on UNUSED */
    fifo #(
        .WIDTH(54 + 16 * N),
        .DEPTH(2)
    ) buffer (
        .clk(clk),
        .rst(rst),
        .in_valid(in_valid && (bypass || (pooled != 6'd0))),
        .in_ready(in_ready),
        .in_data(
            bypass ? {in_filter, in_pixel, in_count, in_data}
            : {in_filter, place[N-1].first, pooled, place[N-1].row}
        ),
        .out_valid(out_valid),
        .out_ready(out_ready),
        .out_data({out_filter, out_pixel, out_count, out_data}),
        .count(rows)
    );
endmodule
