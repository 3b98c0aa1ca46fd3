// Takes the array's rounded results, one row jointly from the N C FIFOs, and says which they are.
//
// Work     work_panels panels of N filters, the last one of work_last_rows (1..N), from work_first_filter on;
//          work_pixels places of the plane from work_first_pixel on, in tiles of N, the last one partial. No
//          filter or pixel beyond its field.
// Does     For each tile, for each panel, for each filter of the panel: one row of nc values, nc = N or what the
//          last tile has. Columns from nc on are not popped.
// Timing   Work accepted in cycle c: rows can be popped from c+1 on. A row is popped in a cycle in which columns
//          0..nc-1 are all valid and fewer than two rows wait; in_ready of these columns is high then and of no
//          other ever: the joint pop, combinational from in_valid to in_ready. Popped in c, a row is visible
//          in c+1; one row a cycle; a full buffer refuses a row even while one leaves. work_ready is high while
//          there is no work, in c+1 of the last row's pop in c. busy: work, or a row that has not left.
// Lanes    in_valid[j], in_ready[j] and in_data[16*j +: 16] are column j's. Lanes of row_data from row_count on
//          mean nothing.
// Source   The machine contract, sections 1, 3, 8 and 9.
module row_collector #(
    parameter N = 4
) (
    input  wire             clk,
    input  wire             rst,
    input  wire [N-1:0]     in_valid,
    output wire [N-1:0]     in_ready,
    input  wire [16*N-1:0]  in_data,
    input  wire             work_valid,
    output wire             work_ready,
    input  wire [9:0]       work_panels,
    input  wire [5:0]       work_last_rows,
    input  wire [15:0]      work_first_filter,
    input  wire [31:0]      work_first_pixel,
    input  wire [31:0]      work_pixels,
    output wire             row_valid,
    input  wire             row_ready,
    output wire [15:0]      row_filter,
    output wire [31:0]      row_pixel,
    output wire [5:0]       row_count,
    output wire [16*N-1:0]  row_data,
    output wire             busy
);
    localparam [31:0] N32 = N;
    localparam [5:0] WIDE = N32[5:0];

    reg active;
    reg [9:0] panels;
    reg [5:0] last_rows;
    reg [15:0] first_filter;
    reg [31:0] pixel; // the tile's first
    reg [31:0] left;  // pixels from there to the end
    reg [9:0] panels_left; // of this tile, the present one included
    reg [5:0] rows_left;   // of this panel, the present one included
    reg [15:0] filter;

    wire room;
    wire partial = (left < N32);
    wire [5:0] nc = partial ? left[5:0] : WIDE;
    wire [N-1:0] columns;
    genvar j;
    generate
        for (j = 0; j < N; j = j + 1) begin : column
            assign columns[j] = (nc > j);
        end
    endgenerate
    wire pop = active && room && ((in_valid & columns) == columns);
    assign in_ready = pop ? columns : {N{1'b0}};

    wire last_panel = (panels_left == 10'd1);
    wire panel_ends = (rows_left == 6'd1);
    wire tile_ends = panel_ends && last_panel;
    wire all_done = tile_ends && (left <= N32);
    // Rows of the panel that comes after `panels_ahead - 1` others of its tile.
    wire [9:0] panels_ahead = last_panel ? panels : panels_left - 10'd1;

    assign work_ready = !active;
    wire accept = work_valid && !active;

    always @(posedge clk) begin
        if (rst) active <= 1'b0;
        else if (accept) active <= 1'b1;
        else if (pop && all_done) active <= 1'b0;
    end

    always @(posedge clk) begin
        if (accept) begin
            panels <= work_panels;
            last_rows <= work_last_rows;
            first_filter <= work_first_filter;
            pixel <= work_first_pixel;
            left <= work_pixels;
            panels_left <= work_panels;
            rows_left <= (work_panels == 10'd1) ? work_last_rows : WIDE;
            filter <= work_first_filter;
        end else if (pop) begin
            filter <= tile_ends ? first_filter : filter + 16'd1;
            if (panel_ends) begin
                rows_left <= (panels_ahead == 10'd1) ? last_rows : WIDE;
                panels_left <= panels_ahead;
            end else rows_left <= rows_left - 6'd1;
            if (tile_ends) begin
                pixel <= pixel + {26'd0, nc};
                left <= left - {26'd0, nc};
            end
        end
    end

    wire [1:0] rows;
    fifo #(
        .WIDTH(54 + 16 * N),
        .DEPTH(2)
    ) buffer (
        .clk(clk),
        .rst(rst),
        .in_valid(pop),
        .in_ready(room),
        .in_data({filter, pixel, nc, in_data}),
        .out_valid(row_valid),
        .out_ready(row_ready),
        .out_data({row_filter, row_pixel, row_count, row_data}),
        .count(rows)
    );
    assign busy = active || (rows != 2'd0);
endmodule
