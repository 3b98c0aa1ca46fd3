// TOP: runs layers, each from a packed descriptor of 21 words of 32 bits, by the nest group -> filter block -> band -> pixel tile ->
// panel -> k, of which it does the outer three, or of parted sums all but k.
//
// Ports    As the component's; vectors are flat, number 0 least significant. state: IDLE 0, CONFIG 1, RUN 2, FLUSH 3, FENCE 4, DONE 5.
//          a_wait, drained, a_valid, b_valid, sa_ready and sa_room serve the component's counts of stall causes alone, which are not
//          built here.
// Timing   The descriptor accepted in cycle c: CONFIG and settings in c+1, first commands and collector's work in c+2, load[j] with unit
//          j's seed in c+2+j. One load a cycle at best; `done` frees halves, and `fill_done` completes a band, for what is valid in the
//          cycle after. Within an edge the order is: fill_done, done, loader, work, rows.
// Settled  What follows from the descriptor alone (panels of a group by the constant N, products of sizes) has CONFIG's cycle to do so.
//          Blocks, bands and parts end by comparison of sums with the sizes; a tile's rows and columns are N divided by out_w, which
//          a table of N comparisons gives.
// Source   The machine contract, sections 4, 6 and 9.
module top_controller #(
    parameter N = 4
) (
    input  wire         clk,
    input  wire         rst,
    input  wire         descriptor_valid,
    output wire         descriptor_ready,
    input  wire [671:0] descriptor_words,
    output reg          read_valid,
    input  wire         read_ready,
    output reg  [32:0]  read_addr,
    output reg  [31:0]  read_words,
    output reg          fill_valid,
    input  wire         fill_ready,
    output reg          fill_kind,
    output reg          fill_half,
    output reg  [15:0]  fill_addr,
    output reg  [15:0]  fill_channel,
    output wire [15:0]  fill_row,
    output reg  [15:0]  fill_rows,
    output reg          work_valid,
    input  wire         work_ready,
    output reg          work_half_a,
    output reg          work_half_b,
    output reg  [9:0]   work_panels,
    output reg  [7:0]   work_last_rows,
    output reg  [31:0]  work_pixels,
    output reg  [16:0]  work_row0,
    output reg  [15:0]  work_first_row,
    output reg  [15:0]  work_col0,
    output reg  [15:0]  work_kprime,
    output reg  [15:0]  work_channels,
    output reg          work_bias,
    output reg          work_opens,
    output reg          work_closes,
    output reg          rows_valid,
    input  wire         rows_ready,
    output reg  [9:0]   rows_panels,
    output reg  [5:0]   rows_last_rows,
    output reg  [15:0]  rows_first_filter,
    output reg  [31:0]  rows_first_pixel,
    output reg  [31:0]  rows_pixels,
    output reg  [2:0]   state,
    output wire         layer_done,
    output wire         flush,
    output wire [32:0]  cfg_base,
    output reg  [31:0]  seed,
    output reg  [N-1:0] load,
    output wire [19:0]  panels_ready,
    output wire [3:0]   cfg_bias_exp,
    output wire [15:0]  cfg_kh,
    output wire [15:0]  cfg_kw,
    output wire [15:0]  cfg_stride_y,
    output wire [15:0]  cfg_stride_x,
    output wire [15:0]  cfg_dil_y,
    output wire [15:0]  cfg_dil_x,
    output wire [15:0]  cfg_pad_x,
    output wire [15:0]  cfg_in_h,
    output wire [15:0]  cfg_in_w,
    output wire [15:0]  cfg_out_w,
    output wire [15:0]  cfg_q,
    output wire [15:0]  cfg_u,
    output wire [15:0]  cfg_wbank,
    output wire [15:0]  cfg_hband,
    output wire [4:0]   cfg_shift,
    output wire         cfg_relu,
    output wire         cfg_stochastic,
    output wire [1:0]   cfg_pool_mode,
    output wire [3:0]   cfg_pool_size_y,
    output wire [3:0]   cfg_pool_size_x,
    output wire [3:0]   cfg_pool_stride_y,
    output wire [3:0]   cfg_pool_stride_x,
    output wire [15:0]  cfg_pool_in_w,
    output wire [15:0]  cfg_pool_in_h,
    output wire [15:0]  cfg_pool_out_w,
    output wire [15:0]  cfg_pool_out_h,
    output wire [9:0]   cfg_pool_filters,
    output wire [31:0]  cfg_plane_words,
    input  wire         fill_done,
    input  wire         fill_done_kind,
    input  wire         fill_done_half,
    input  wire         done,
    /* verilator lint_off UNUSED */
    input  wire         a_wait,
    input  wire         drained,
    input  wire         a_valid,
    input  wire         b_valid,
    input  wire         sa_ready,
    input  wire         sa_room,
    /* verilator lint_on UNUSED */
    input  wire         collecting,
    input  wire         pooled,
    input  wire         idle
);
    localparam [31:0] N32 = N;
    localparam [15:0] N16 = N32[15:0];
    // Words of DDR3 that a slice takes.
    localparam [31:0] SLICE = 16 * ((N + 15) / 16);
    localparam [2:0] IDLE = 3'd0;
    localparam [2:0] CONFIG = 3'd1;
    localparam [2:0] RUN = 3'd2;
    localparam [2:0] FLUSH = 3'd3;
    localparam [2:0] FENCE = 3'd4;
    localparam [2:0] DONE = 3'd5;

    // ---- The descriptor: fields least significant first, none across two words
    /* verilator lint_off UNUSED */
    reg [671:0] d;
    /* verilator lint_on UNUSED */
    wire [20:0] d_input_page = d[0 +: 21];
    wire [15:0] d_groups = d[32 +: 16];
    wire [15:0] d_channels = d[48 +: 16];
    wire [15:0] d_in_h = d[64 +: 16];
    wire [15:0] d_in_w = d[80 +: 16];
    wire [15:0] d_kernel_h = d[96 +: 16];
    wire [15:0] d_kernel_w = d[112 +: 16];
    wire [15:0] d_stride_y = d[128 +: 16];
    wire [15:0] d_stride_x = d[144 +: 16];
    wire [15:0] d_dil_y = d[160 +: 16];
    wire [15:0] d_dil_x = d[176 +: 16];
    wire [15:0] d_pad_y = d[192 +: 16];
    wire [15:0] d_pad_x = d[208 +: 16];
    wire [15:0] d_out_h = d[224 +: 16];
    wire [15:0] d_out_w = d[240 +: 16];
    wire [15:0] d_filters = d[256 +: 16];
    wire [9:0] d_panels = d[272 +: 10];
    wire [16:0] d_kprime = d[288 +: 17];
    wire [20:0] d_weight_page = d[320 +: 21];
    wire d_parted = d[341];
    wire [15:0] d_part_channels = d[352 +: 16];
    wire d_bias = d[368];
    wire [3:0] d_bias_exp = d[369 +: 4];
    wire [15:0] d_band_rows = d[384 +: 16];
    wire [15:0] d_q = d[400 +: 16];
    wire [15:0] d_u = d[416 +: 16];
    wire [15:0] d_wbank = d[432 +: 16];
    wire [15:0] d_hband = d[448 +: 16];
    wire [4:0] d_shift = d[464 +: 5];
    wire d_relu = d[469];
    wire d_stochastic = d[470];
    wire [31:0] d_seed = d[480 +: 32];
    wire [31:0] d_image = d[512 +: 32];
    wire [15:0] d_layer = d[544 +: 16];
    wire [15:0] d_layers = d[560 +: 16];
    wire [1:0] d_pool_mode = d[576 +: 2];
    wire [3:0] d_pool_size_y = d[578 +: 4];
    wire [3:0] d_pool_size_x = d[582 +: 4];
    wire [3:0] d_pool_stride_y = d[586 +: 4];
    wire [3:0] d_pool_stride_x = d[590 +: 4];
    wire [15:0] d_pool_out_h = d[608 +: 16];
    wire [15:0] d_pool_out_w = d[624 +: 16];
    wire [20:0] d_output_page = d[640 +: 21];

    assign cfg_bias_exp = d_bias_exp;
    assign cfg_kh = d_kernel_h;
    assign cfg_kw = d_kernel_w;
    assign cfg_stride_y = d_stride_y;
    assign cfg_stride_x = d_stride_x;
    assign cfg_dil_y = d_dil_y;
    assign cfg_dil_x = d_dil_x;
    assign cfg_pad_x = d_pad_x;
    assign cfg_in_h = d_in_h;
    assign cfg_in_w = d_in_w;
    assign cfg_out_w = d_out_w;
    assign cfg_q = d_q;
    assign cfg_u = d_u;
    assign cfg_wbank = d_wbank;
    assign cfg_hband = d_hband;
    assign cfg_shift = d_shift;
    assign cfg_relu = d_relu;
    assign cfg_stochastic = d_stochastic;
    assign cfg_pool_mode = d_pool_mode;
    assign cfg_pool_size_y = d_pool_size_y;
    assign cfg_pool_size_x = d_pool_size_x;
    assign cfg_pool_stride_y = d_pool_stride_y;
    assign cfg_pool_stride_x = d_pool_stride_x;
    assign cfg_pool_in_w = d_out_w;
    assign cfg_pool_in_h = d_out_h;
    assign cfg_pool_out_w = d_pool_out_w;
    assign cfg_pool_out_h = d_pool_out_h;
    wire [31:0] block_filters = {22'd0, d_panels} * N32;
    /* verilator lint_off UNUSED */
    wire [31:0] most_filters = (block_filters < {16'd0, d_filters}) ? block_filters : {16'd0, d_filters};
    /* verilator lint_on UNUSED */
    assign cfg_pool_filters = most_filters[9:0];
    assign cfg_plane_words = {16'd0, d_pool_out_h} * {16'd0, d_pool_out_w};
    assign cfg_base = {d_output_page, 12'd0};

    // ---- Constants of the layer
    /* verilator lint_off UNUSED */
    wire [31:0] group_panels = ({16'd0, d_filters} + N32 - 32'd1) / N32;
    wire [31:0] rest_filters = {16'd0, d_filters} - (group_panels - 32'd1) * N32;
    /* verilator lint_on UNUSED */
    wire [15:0] panels_per_group = group_panels[15:0];
    wire [5:0] rest = rest_filters[5:0];
    wire [31:0] out_pixels = {16'd0, d_out_h} * {16'd0, d_out_w};
    wire [31:0] taps = {16'd0, d_kernel_h} * {16'd0, d_kernel_w};
    reg [5:0] tile_rows;
    integer k;
    always @* begin
        tile_rows = 6'd0;
        for (k = 1; k <= N; k = k + 1) if (k * {16'd0, d_out_w} <= N32) tile_rows = tile_rows + 6'd1;
    end
    /* verilator lint_off UNUSED */
    wire [31:0] tile_rest = N32 - {26'd0, tile_rows} * {16'd0, d_out_w};
    /* verilator lint_on UNUSED */
    wire [5:0] tile_cols = tile_rest[5:0];

    // ---- States
    wire accepts = descriptor_valid && descriptor_ready;
    wire retire_done;
    wire store_done;
    wire ends = retire_done && store_done && !rows_valid && !collecting;
    wire runs = (state == CONFIG || state == RUN) && !ends;
    assign descriptor_ready = (state == IDLE);
    assign flush = (state == FLUSH);
    assign layer_done = (state == DONE);
    always @(posedge clk) begin
        if (rst) state <= IDLE;
        else
            case (state)
                IDLE: if (accepts) state <= CONFIG;
                CONFIG, RUN: state <= ends ? FLUSH : RUN;
                FLUSH: if (idle && !pooled) state <= FENCE;
                FENCE: state <= DONE;
                default: state <= IDLE;
            endcase
        if (rst) d <= 672'd0;
        else if (accepts) d <= descriptor_words;
    end

    // ---- Seeds of the rounding units, one a cycle
    reg [6:0] unit;
    wire [31:0] unit32 = {25'd0, unit};
    wire [31:0] index = (d_image * {16'd0, d_layers} + {16'd0, d_layer}) * N32 + unit32 + 32'd1;
    wire [31:0] mixed_0 = d_seed + 32'h9e37_79b9 * index;
    wire [31:0] mixed_1 = (mixed_0 ^ (mixed_0 >> 16)) * 32'h85eb_ca6b;
    wire [31:0] mixed_2 = (mixed_1 ^ (mixed_1 >> 13)) * 32'hc2b2_ae35;
    wire [31:0] mixed = mixed_2 ^ (mixed_2 >> 16);
    integer j;
    always @(posedge clk) begin
        if (rst) begin
            unit <= 7'd0;
            seed <= 32'd0;
            load <= {N{1'b0}};
        end else if (accepts) unit <= 7'd0;
        else if (runs && (unit32 <= N32)) begin
            unit <= unit + 7'd1;
            if (unit32 < N32) seed <= (mixed == 32'd0) ? 32'd1 : mixed;
            for (j = 0; j < N; j = j + 1) begin
                if (unit32 == j + 1) load[j] <= 1'b0;
                else if (unit32 == j) load[j] <= 1'b1;
            end
        end
    end

    // ---- The four walks
    /* verilator lint_off UNUSED */
    wire [15:0] loader_group;
    wire [15:0] loader_panel0;
    wire [15:0] loader_y;
    wire [15:0] loader_col;
    wire [31:0] loader_pixel0;
    wire [15:0] loader_channel0;
    wire [1:0] loader_blocks;
    wire [1:0] loader_entries;
    wire loader_done;
    wire loader_first_part;
    wire loader_last_part;
    wire loader_last_band;
    wire loader_last_block;
    /* verilator lint_on UNUSED */
    /* verilator lint_off UNUSED */
    wire [15:0] compute_group;
    wire [15:0] compute_panel0;
    wire [15:0] compute_y;
    wire [15:0] compute_col;
    wire [31:0] compute_pixel0;
    wire [15:0] compute_channel0;
    wire [1:0] compute_blocks;
    wire [1:0] compute_entries;
    wire compute_done;
    wire compute_first_part;
    wire compute_last_part;
    wire compute_last_band;
    wire compute_last_block;
    /* verilator lint_on UNUSED */
    /* verilator lint_off UNUSED */
    wire [15:0] retire_group;
    wire [15:0] retire_panel0;
    wire [15:0] retire_y;
    wire [15:0] retire_col;
    wire [31:0] retire_pixel0;
    wire [15:0] retire_channel0;
    wire [1:0] retire_blocks;
    wire [1:0] retire_entries;
    wire retire_first_part;
    wire retire_last_part;
    wire retire_last_band;
    wire retire_last_block;
    /* verilator lint_on UNUSED */
    /* verilator lint_off UNUSED */
    wire [15:0] store_group;
    wire [15:0] store_panel0;
    wire [15:0] store_y;
    wire [15:0] store_col;
    wire [31:0] store_pixel0;
    wire [15:0] store_channel0;
    wire [1:0] store_blocks;
    wire [1:0] store_entries;
    wire store_first_part;
    wire store_last_part;
    wire store_last_band;
    wire store_last_block;
    /* verilator lint_on UNUSED */
    wire leave_band;
    wire gives_work;
    wire gives_rows;
    wire retires = runs && done;
    top_nest #(
        .N(N)
    ) loader_nest (
        .clk(clk),
        .rst(rst),
        .restart(accepts),
        .advance(leave_band),
        .parted(d_parted),
        .groups(d_groups),
        .channels(d_channels),
        .part_channels(d_part_channels),
        .panels(d_panels),
        .panels_per_group(panels_per_group),
        .band_rows(d_band_rows),
        .out_h(d_out_h),
        .out_w(d_out_w),
        .out_pixels(out_pixels),
        .tile_rows(tile_rows),
        .tile_cols(tile_cols),
        .group(loader_group),
        .panel0(loader_panel0),
        .y(loader_y),
        .col(loader_col),
        .pixel0(loader_pixel0),
        .channel0(loader_channel0),
        .blocks(loader_blocks),
        .entries(loader_entries),
        .done(loader_done),
        .first_part(loader_first_part),
        .last_part(loader_last_part),
        .last_band(loader_last_band),
        .last_block(loader_last_block)
    );
    top_nest #(
        .N(N)
    ) compute_nest (
        .clk(clk),
        .rst(rst),
        .restart(accepts),
        .advance(gives_work),
        .parted(d_parted),
        .groups(d_groups),
        .channels(d_channels),
        .part_channels(d_part_channels),
        .panels(d_panels),
        .panels_per_group(panels_per_group),
        .band_rows(d_band_rows),
        .out_h(d_out_h),
        .out_w(d_out_w),
        .out_pixels(out_pixels),
        .tile_rows(tile_rows),
        .tile_cols(tile_cols),
        .group(compute_group),
        .panel0(compute_panel0),
        .y(compute_y),
        .col(compute_col),
        .pixel0(compute_pixel0),
        .channel0(compute_channel0),
        .blocks(compute_blocks),
        .entries(compute_entries),
        .done(compute_done),
        .first_part(compute_first_part),
        .last_part(compute_last_part),
        .last_band(compute_last_band),
        .last_block(compute_last_block)
    );
    top_nest #(
        .N(N)
    ) retire_nest (
        .clk(clk),
        .rst(rst),
        .restart(accepts),
        .advance(retires),
        .parted(d_parted),
        .groups(d_groups),
        .channels(d_channels),
        .part_channels(d_part_channels),
        .panels(d_panels),
        .panels_per_group(panels_per_group),
        .band_rows(d_band_rows),
        .out_h(d_out_h),
        .out_w(d_out_w),
        .out_pixels(out_pixels),
        .tile_rows(tile_rows),
        .tile_cols(tile_cols),
        .group(retire_group),
        .panel0(retire_panel0),
        .y(retire_y),
        .col(retire_col),
        .pixel0(retire_pixel0),
        .channel0(retire_channel0),
        .blocks(retire_blocks),
        .entries(retire_entries),
        .done(retire_done),
        .first_part(retire_first_part),
        .last_part(retire_last_part),
        .last_band(retire_last_band),
        .last_block(retire_last_block)
    );
    top_nest #(
        .N(N)
    ) store_nest (
        .clk(clk),
        .rst(rst),
        .restart(accepts),
        .advance(gives_rows),
        .parted(1'b0),
        .groups(d_groups),
        .channels(d_channels),
        .part_channels(d_part_channels),
        .panels(d_panels),
        .panels_per_group(panels_per_group),
        .band_rows(d_band_rows),
        .out_h(d_out_h),
        .out_w(d_out_w),
        .out_pixels(out_pixels),
        .tile_rows(tile_rows),
        .tile_cols(tile_cols),
        .group(store_group),
        .panel0(store_panel0),
        .y(store_y),
        .col(store_col),
        .pixel0(store_pixel0),
        .channel0(store_channel0),
        .blocks(store_blocks),
        .entries(store_entries),
        .done(store_done),
        .first_part(store_first_part),
        .last_part(store_last_part),
        .last_band(store_last_band),
        .last_block(store_last_block)
    );
    wire loader_half_a = d_parted ? loader_entries[0] : loader_blocks[0];
    wire loader_half_b = loader_entries[0];
    wire compute_half_a = d_parted ? compute_entries[0] : compute_blocks[0];
    wire compute_half_b = compute_entries[0];
    wire retire_half_a = d_parted ? retire_entries[0] : retire_blocks[0];
    wire retire_half_b = retire_entries[0];
    wire frees_a = retires && (d_parted || retire_last_band);

    // ---- The loader's present step
    reg        is_panel;
    reg [9:0]  panel;   // panels of the block that were loaded
    reg [15:0] channel; // channel of the band
    /* verilator lint_off UNUSED */
    wire [31:0] loader_pixels;
    wire [16:0] loader_row0;
    wire [15:0] loader_first;
    wire [15:0] loader_rows;
    wire [15:0] loader_channels;
    wire loader_part_bias;
    wire [31:0] loader_slice;
    wire [31:0] loader_kprime;
    /* verilator lint_on UNUSED */
    top_band #(
        .N(N)
    ) loader_band (
        .parted(d_parted),
        .y(loader_y),
        .col(loader_col),
        .pixel0(loader_pixel0),
        .channel0(loader_channel0),
        .first_part(loader_first_part),
        .band_rows(d_band_rows),
        .out_h(d_out_h),
        .out_w(d_out_w),
        .out_pixels(out_pixels),
        .tile_rows(tile_rows),
        .tile_cols(tile_cols),
        .stride_y(d_stride_y),
        .pad_y(d_pad_y),
        .in_h(d_in_h),
        .kernel_h(d_kernel_h),
        .dil_y(d_dil_y),
        .all_channels(d_channels),
        .part_channels(d_part_channels),
        .taps(taps),
        .bias(d_bias),
        .pixels(loader_pixels),
        .row0(loader_row0),
        .first(loader_first),
        .rows(loader_rows),
        .channels(loader_channels),
        .part_bias(loader_part_bias),
        .slice(loader_slice),
        .kprime(loader_kprime)
    );
    wire [15:0] panels_left = panels_per_group - loader_panel0;
    wire [15:0] block_panels = loader_last_block ? panels_left : {6'd0, d_panels};
    wire [31:0] band_rows = {16'd0, loader_channels} * {16'd0, loader_rows};
    wire takes_planes = (loader_rows == d_in_h) && (d_hband == d_in_h) && (band_rows[31:16] == 16'd0);
    wire [15:0] command_rows = takes_planes ? band_rows[15:0] : loader_rows;
    wire has_rows = (loader_rows != 16'd0);
    wire has_load = is_panel || has_rows;

    // Addresses are modulo 2^33.
    wire [32:0] panel_number = {17'd0, loader_group} * {17'd0, panels_per_group} + {17'd0, loader_panel0} + {23'd0, panel};
    wire [32:0] panel_addr = {d_weight_page, 12'd0}
        + (panel_number * {16'd0, d_kprime} + {1'b0, loader_slice}) * {SLICE, 1'b0};
    wire [32:0] plane = {17'd0, loader_group} * {17'd0, d_channels} + {17'd0, loader_channel0} + {17'd0, channel};
    wire [32:0] band_addr = {d_input_page, 12'd0}
        + (plane * {17'd0, d_in_h} + {17'd0, loader_first}) * {16'd0, d_in_w, 1'b0};

    // ---- Halves: taken by the loader; panels loaded; commands given, done, all given
    reg [1:0]  a_taken;
    reg [9:0]  a_panels_0;
    reg [9:0]  a_panels_1;
    reg [1:0]  b_taken;
    reg [1:0]  b_all_given;
    reg [15:0] b_given [0:1];
    reg [15:0] b_done [0:1];
    assign panels_ready = {a_panels_1, a_panels_0};

    wire [1:0] a_freed = frees_a ? {retire_half_a, !retire_half_a} : 2'b00;
    wire [1:0] b_freed = retires ? {retire_half_b, !retire_half_b} : 2'b00;
    wire [1:0] a_taken_now = a_taken & ~a_freed;
    wire [1:0] b_taken_now = b_taken & ~b_freed;
    wire awaits = is_panel ? (panel == 10'd0) && a_taken_now[loader_half_a] : (channel == 16'd0) && b_taken_now[loader_half_b];
    wire both_taken = (!read_valid || read_ready) && (!fill_valid || fill_ready);
    wire loads = runs && both_taken && !loader_done && !awaits;
    wire loads_band = loads && !is_panel;
    wire band_goes_on = has_rows && ({1'b0, channel} + 17'd1 < {1'b0, loader_channels}) && !takes_planes;
    wire band_given = loads_band && !band_goes_on;
    wire [9:0] panel_next = panel + 10'd1;
    wire panels_given = is_panel ? (panel_next != 10'd1) && ({6'd0, panel_next} == block_panels) : ({6'd0, panel} >= block_panels);
    assign leave_band = is_panel ? loads && panels_given : band_given && panels_given;
    wire next_block = d_parted || (loader_last_part && loader_last_band);

    wire [1:0] note = (runs && fill_done) ? {fill_done_half, !fill_done_half} : 2'b00;
    wire [1:0] gives = (loads_band && has_rows) ? {loader_half_b, !loader_half_b} : 2'b00;
    wire [1:0] gives_all = band_given ? {loader_half_b, !loader_half_b} : 2'b00;
    wire [1:0] b_all_given_now = (b_all_given & ~b_freed) | gives_all;
    wire [15:0] b_given_0 = (b_freed[0] ? 16'd0 : b_given[0]) + {15'd0, gives[0]};
    wire [15:0] b_given_1 = (b_freed[1] ? 16'd0 : b_given[1]) + {15'd0, gives[1]};
    wire [15:0] b_done_0 = b_freed[0] ? 16'd0 : b_done[0] + {15'd0, note[0] && fill_done_kind};
    wire [15:0] b_done_1 = b_freed[1] ? 16'd0 : b_done[1] + {15'd0, note[1] && fill_done_kind};

    always @(posedge clk) begin
        if (rst || accepts) begin
            is_panel <= 1'b1;
            panel <= 10'd0;
            channel <= 16'd0;
            a_taken <= 2'b00;
            a_panels_0 <= 10'd0;
            a_panels_1 <= 10'd0;
            b_taken <= 2'b00;
            b_all_given <= 2'b00;
            b_given[0] <= 16'd0;
            b_given[1] <= 16'd0;
            b_done[0] <= 16'd0;
            b_done[1] <= 16'd0;
        end else if (runs) begin
            a_taken <= a_taken_now | ((loads && is_panel) ? {loader_half_a, !loader_half_a} : 2'b00);
            b_taken <= b_taken_now | (loads_band ? {loader_half_b, !loader_half_b} : 2'b00);
            a_panels_0 <= a_freed[0] ? 10'd0 : a_panels_0 + {9'd0, note[0] && !fill_done_kind};
            a_panels_1 <= a_freed[1] ? 10'd0 : a_panels_1 + {9'd0, note[1] && !fill_done_kind};
            b_all_given <= b_all_given_now;
            b_given[0] <= b_given_0;
            b_given[1] <= b_given_1;
            b_done[0] <= b_done_0;
            b_done[1] <= b_done_1;
            if (leave_band) is_panel <= next_block;
            else if (loads && is_panel) is_panel <= (panel_next != 10'd1);
            else if (band_given) is_panel <= 1'b1;
            if (leave_band && next_block) panel <= 10'd0;
            else if (loads && is_panel) panel <= panel_next;
            if (loads_band) channel <= band_given ? 16'd0 : channel + 16'd1;
        end
    end

    /* verilator lint_off UNUSED */
    wire [31:0] panel_words = loader_kprime * SLICE;
    wire [31:0] panel_slice = {22'd0, panel} * {15'd0, d_kprime};
    /* verilator lint_on UNUSED */
    assign fill_row = 16'd0;
    always @(posedge clk) begin
        if (rst) begin
            read_valid <= 1'b0;
            read_addr <= 33'd0;
            read_words <= 32'd0;
            fill_valid <= 1'b0;
            fill_kind <= 1'b0;
            fill_half <= 1'b0;
            fill_addr <= 16'd0;
            fill_channel <= 16'd0;
            fill_rows <= 16'd0;
        end else if (runs) begin
            read_valid <= (loads && has_load) || (read_valid && !read_ready);
            fill_valid <= (loads && has_load) || (fill_valid && !fill_ready);
            if (loads && has_load) begin
                read_addr <= is_panel ? panel_addr : band_addr;
                read_words <= is_panel ? panel_words : {16'd0, command_rows} * {16'd0, d_in_w};
                fill_kind <= !is_panel;
                fill_half <= is_panel ? loader_half_a : loader_half_b;
                fill_addr <= is_panel ? panel_slice[15:0] : 16'd0;
                fill_channel <= is_panel ? 16'd0 : channel;
                fill_rows <= is_panel ? loader_kprime[15:0] : command_rows;
            end
        end
    end

    // ---- Work for the address generators, once its half of B is loaded and fewer than two entries are outstanding
    /* verilator lint_off UNUSED */
    wire [31:0] compute_pixels;
    wire [16:0] compute_row0;
    wire [15:0] compute_first;
    wire [15:0] compute_rows;
    wire [15:0] compute_channels;
    wire compute_part_bias;
    wire [31:0] compute_slice;
    wire [31:0] compute_kprime;
    /* verilator lint_on UNUSED */
    top_band #(
        .N(N)
    ) compute_band (
        .parted(d_parted),
        .y(compute_y),
        .col(compute_col),
        .pixel0(compute_pixel0),
        .channel0(compute_channel0),
        .first_part(compute_first_part),
        .band_rows(d_band_rows),
        .out_h(d_out_h),
        .out_w(d_out_w),
        .out_pixels(out_pixels),
        .tile_rows(tile_rows),
        .tile_cols(tile_cols),
        .stride_y(d_stride_y),
        .pad_y(d_pad_y),
        .in_h(d_in_h),
        .kernel_h(d_kernel_h),
        .dil_y(d_dil_y),
        .all_channels(d_channels),
        .part_channels(d_part_channels),
        .taps(taps),
        .bias(d_bias),
        .pixels(compute_pixels),
        .row0(compute_row0),
        .first(compute_first),
        .rows(compute_rows),
        .channels(compute_channels),
        .part_bias(compute_part_bias),
        .slice(compute_slice),
        .kprime(compute_kprime)
    );
    wire [1:0] retired = retire_entries + {1'b0, retires};
    /* verilator lint_off UNUSED */
    wire [1:0] outstanding = compute_entries - retired;
    wire [15:0] compute_left = panels_per_group - compute_panel0;
    wire [15:0] store_left = panels_per_group - store_panel0;
    /* verilator lint_on UNUSED */
    wire loaded = compute_half_b
        ? b_all_given_now[1] && (b_done_1 == b_given_1)
        : b_all_given_now[0] && (b_done_0 == b_given_0);
    assign gives_work =
        runs && (!work_valid || work_ready) && !compute_done && loaded && !outstanding[1];
    always @(posedge clk) begin
        if (rst) begin
            work_valid <= 1'b0;
            work_half_a <= 1'b0;
            work_half_b <= 1'b0;
            work_panels <= 10'd0;
            work_last_rows <= 8'd0;
            work_pixels <= 32'd0;
            work_row0 <= 17'd0;
            work_first_row <= 16'd0;
            work_col0 <= 16'd0;
            work_kprime <= 16'd0;
            work_channels <= 16'd0;
            work_bias <= 1'b0;
            work_opens <= 1'b0;
            work_closes <= 1'b0;
        end else if (runs) begin
            work_valid <= gives_work || (work_valid && !work_ready);
            if (gives_work) begin
                work_half_a <= compute_half_a;
                work_half_b <= compute_half_b;
                work_panels <= compute_last_block ? compute_left[9:0] : d_panels;
                work_last_rows <= compute_last_block ? {2'd0, rest} : N32[7:0];
                work_pixels <= compute_pixels;
                work_row0 <= compute_row0;
                work_first_row <= compute_first;
                work_col0 <= compute_col;
                work_kprime <= compute_kprime[15:0];
                work_channels <= compute_channels;
                work_bias <= compute_part_bias;
                work_opens <= compute_first_part;
                work_closes <= compute_last_part;
            end
        end
    end

    // ---- Work for the collector
    wire [15:0] store_rows_left = d_out_h - store_y;
    wire [15:0] store_rows = (d_band_rows < store_rows_left) ? d_band_rows : store_rows_left;
    assign gives_rows = runs && (!rows_valid || rows_ready) && !store_done;
    always @(posedge clk) begin
        if (rst) begin
            rows_valid <= 1'b0;
            rows_panels <= 10'd0;
            rows_last_rows <= 6'd0;
            rows_first_filter <= 16'd0;
            rows_first_pixel <= 32'd0;
            rows_pixels <= 32'd0;
        end else if (runs) begin
            rows_valid <= gives_rows || (rows_valid && !rows_ready);
            if (gives_rows) begin
                rows_panels <= store_last_block ? store_left[9:0] : d_panels;
                rows_last_rows <= store_last_block ? rest : N32[5:0];
                rows_first_filter <= store_group * d_filters + store_panel0 * N16;
                rows_first_pixel <= {16'd0, store_y} * {16'd0, d_out_w};
                rows_pixels <= {16'd0, store_rows} * {16'd0, d_out_w};
            end
        end
    end
endmodule
