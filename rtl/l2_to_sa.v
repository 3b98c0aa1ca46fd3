// The address generators between the L2 cache and the array's input FIFOs: im2col on the fly. Two engines walk alike and
// independently, A through the panels of a half, B through the bands of activations:
//
//     work entry (filter block, band) -> tile of N output pixels -> panel -> k = bias, channel, kernel row, kernel column
//
// Ports    work: an entry, once its half of B is filled; at most two are outstanding. panels_ready: panels loaded of half 0 (low bits)
//          and 1. cfg_*: constant from an entry's accept until `drained`. l2a_*, l2b_*: the cache's read side. a, b: the slices; lane 0
//          and bank 0 least significant. done pulses when both engines have made the last read of an entry; busy: an entry is
//          outstanding; drained: none is, and no slice is under way or waits. a_wait: the A engine has an entry and awaits a panel;
//          b_wait: the B engine has no entry.
// Timing   All outputs are registers. A read started in cycle c has its address on the ports in c+1, its data on l2a_data or l2b_data in
//          c+3, and shows at the output in c+5. An entry accepted in c: A's first read starts in c+1 if its panel is there; the
//          column table is set up in c+1 and built two columns a cycle from c+2 on, B's first read of nc columns starts in
//          c+2+ceil(nc/2). done and the waits report the cycle before.
// Legal    What the component refuses does not occur: cfg_q < NB; cfg_u·cfg_in_w <= NB unless cfg_u is 1; addresses within B_WORDS;
//          coordinates of 19 bits and a sign; no two columns of a slice in one bank.
// Settled  Remainders, quotients and products of settings are taken when an entry comes that finds none outstanding.
// Source   The machine contract, sections 6 and 7.
module l2_to_sa #(
    parameter N = 4,
    parameter A_SLICES = 64,
    parameter B_WORDS = 64,
    // The smallest odd prime that is N or more.
    parameter NB = bank_count(N),
    parameter A_BITS = address_bits(A_SLICES),
    parameter B_BITS = address_bits(B_WORDS)
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   work_valid,
    output reg                    work_ready,
    input  wire                   work_half_a,
    input  wire                   work_half_b,
    input  wire [9:0]             work_panels,
    /* verilator lint_off UNUSED */
    input  wire [7:0]             work_last_rows,
    /* verilator lint_on UNUSED */
    input  wire [31:0]            work_pixels,
    input  wire [16:0]            work_row0,
    input  wire [15:0]            work_first_row,
    input  wire [15:0]            work_col0,
    input  wire [15:0]            work_kprime,
    input  wire [15:0]            work_channels,
    input  wire                   work_bias,
    input  wire                   work_opens,
    input  wire                   work_closes,
    input  wire [19:0]            panels_ready,
    input  wire [3:0]             cfg_bias_exp,
    input  wire [15:0]            cfg_kh,
    input  wire [15:0]            cfg_kw,
    input  wire [15:0]            cfg_stride_y,
    input  wire [15:0]            cfg_stride_x,
    input  wire [15:0]            cfg_dil_y,
    input  wire [15:0]            cfg_dil_x,
    input  wire [15:0]            cfg_pad_x,
    input  wire [15:0]            cfg_in_h,
    input  wire [15:0]            cfg_in_w,
    input  wire [15:0]            cfg_out_w,
    /* verilator lint_off UNUSED */
    input  wire [15:0]            cfg_q,
    input  wire [15:0]            cfg_u,
    /* verilator lint_on UNUSED */
    input  wire [15:0]            cfg_wbank,
    input  wire [15:0]            cfg_hband,
    output reg                    l2a_re,
    output reg                    l2a_half,
    output reg  [A_BITS-1:0]      l2a_addr,
    input  wire [16*N-1:0]        l2a_data,
    output reg                    l2b_re,
    output reg                    l2b_half,
    output reg  [B_BITS*NB-1:0]   l2b_addr,
    output reg  [NB-1:0]          l2b_en,
    input  wire [16*NB-1:0]       l2b_data,
    output wire                   a_valid,
    input  wire                   a_ready,
    output wire                   a_first,
    output wire                   a_last,
    output wire [$clog2(N+1)-1:0] a_m,
    output wire [$clog2(N+1)-1:0] a_nc,
    output wire [16*N-1:0]        a_data,
    output wire                   b_valid,
    input  wire                   b_ready,
    output wire [16*N-1:0]        b_data,
    output reg                    done,
    output reg                    busy,
    output reg                    drained,
    output reg                    a_wait,
    output reg                    b_wait
);
    function integer bank_count(input integer n);
        integer d;
        integer found;
        begin
            bank_count = (n < 3) ? 3 : n;
            found = 0;
            while (found == 0) begin
                found = 1;
                for (d = 2; d < bank_count; d = d + 1) if (bank_count % d == 0) found = 0;
                if (found == 0) bank_count = bank_count + 1;
            end
        end
    endfunction

    function integer address_bits(input integer words);
        begin
            address_bits = 1;
            while ((1 << address_bits) < words) address_bits = address_bits + 1;
        end
    endfunction

    localparam KB = address_bits(NB);
    localparam CW = $clog2(N + 1);
    localparam [31:0] N32 = N;
    localparam [CW-1:0] ALL = N32[CW-1:0];
    localparam [31:0] NB32 = NB;
    localparam [KB:0] END = NB32[KB:0];
    // Widths of dividends: of a setting, and of its product with a number below NB.
    localparam [15:0] NB16 = NB32[15:0];
    localparam DW = KB + 16;
    localparam [DW-1:0] DIVISOR = NB32[DW-1:0];

    // ---- The work queue: entry e at place e mod 2, numbers in two bits
    reg [1:0]  half_a;
    reg [1:0]  half_b;
    reg [9:0]  panels [0:1];
    reg [CW-1:0] last_rows [0:1];
    reg [31:0] pixels [0:1];
    reg [16:0] row0 [0:1];
    reg [15:0] first_row [0:1];
    reg [15:0] col0 [0:1];
    reg [15:0] kprime [0:1];
    reg [15:0] channels [0:1];
    reg [1:0]  bias;
    reg [1:0]  opens;
    reg [1:0]  closes;
    reg [1:0]  accepted;
    reg [1:0]  finished;
    reg [1:0]  a_entry;
    reg [1:0]  b_entry;
    reg [1:0]  table_entry;

    wire accepts = work_valid && work_ready;
    wire [1:0] accepted_next = accepted + {1'b0, accepts};
    wire a_entry_ends;
    wire b_entry_ends;
    wire table_entry_ends;
    wire [1:0] a_entry_next = a_entry + {1'b0, a_entry_ends};
    wire [1:0] b_entry_next = b_entry + {1'b0, b_entry_ends};
    wire finishes = (a_entry_next != finished) && (b_entry_next != finished);
    wire [1:0] finished_next = finished + {1'b0, finishes};
    wire [1:0] outstanding_next = accepted_next - finished_next;
    wire busy_next = (outstanding_next != 2'd0);
    wire a_idle_next;
    wire b_idle_next;

    always @(posedge clk) begin
        if (accepts && !rst) begin
            half_a[accepted[0]] <= work_half_a;
            half_b[accepted[0]] <= work_half_b;
            panels[accepted[0]] <= work_panels;
            last_rows[accepted[0]] <= work_last_rows[CW-1:0];
            pixels[accepted[0]] <= work_pixels;
            row0[accepted[0]] <= work_row0;
            first_row[accepted[0]] <= work_first_row;
            col0[accepted[0]] <= work_col0;
            kprime[accepted[0]] <= work_kprime;
            channels[accepted[0]] <= work_channels;
            bias[accepted[0]] <= work_bias;
            opens[accepted[0]] <= work_opens;
            closes[accepted[0]] <= work_closes;
        end
        if (rst) begin
            accepted <= 2'd0;
            finished <= 2'd0;
            a_entry <= 2'd0;
            b_entry <= 2'd0;
            table_entry <= 2'd0;
            done <= 1'b0;
            busy <= 1'b0;
            drained <= 1'b1;
            work_ready <= 1'b1;
        end else begin
            accepted <= accepted_next;
            finished <= finished_next;
            a_entry <= a_entry_next;
            b_entry <= b_entry_next;
            table_entry <= table_entry + {1'b0, table_entry_ends};
            done <= finishes;
            busy <= busy_next;
            drained <= !busy_next && a_idle_next && b_idle_next;
            work_ready <= !outstanding_next[1];
        end
    end

    // ---- Constants of the layer. Multiples of NB keep the dividend of −pad_x positive; 2^16 is no quotient modulo 2^B_BITS
    /* verilator lint_off UNUSED */
    wire [15:0] stride_rest = cfg_stride_x % NB16;
    wire [15:0] stride_quotient = cfg_stride_x / NB16;
    wire [15:0] dil_rest = cfg_dil_x % NB16;
    wire [15:0] dil_quotient = cfg_dil_x / NB16;
    wire [DW-1:0] pad_shifted = {NB32[KB-1:0], 16'd0} - {{KB{1'b0}}, cfg_pad_x};
    wire [DW-1:0] pad_rest = pad_shifted % DIVISOR;
    wire [DW-1:0] pad_quotient = pad_shifted / DIVISOR;
    wire [DW-1:0] row_rest = ({{KB{1'b0}}, cfg_stride_y} * {16'd0, cfg_q[KB-1:0]}) % DIVISOR;
    wire [DW-1:0] kernel_row_rest = ({{KB{1'b0}}, cfg_dil_y} * {16'd0, cfg_q[KB-1:0]}) % DIVISOR;
    wire [15:0] row_product = cfg_stride_y * cfg_wbank;
    wire [15:0] kernel_row_product = cfg_dil_y * cfg_wbank;
    wire [15:0] plane_product = cfg_hband * cfg_wbank;
    /* verilator lint_on UNUSED */
    reg [KB-1:0]     stride_mod;
    reg [B_BITS-1:0] stride_div;
    reg [KB-1:0]     dil_mod;
    reg [B_BITS-1:0] dil_div;
    reg [KB-1:0]     pad_mod;
    reg [B_BITS-1:0] pad_div;
    reg [B_BITS-1:0] row_step;
    reg [KB-1:0]     row_bank_step;
    reg [B_BITS-1:0] kernel_row_step;
    reg [KB-1:0]     kernel_row_bank_step;
    reg [B_BITS-1:0] plane_step;
    always @(posedge clk) begin
        if (accepts && (accepted == finished_next)) begin
            stride_mod <= stride_rest[KB-1:0];
            stride_div <= stride_quotient[B_BITS-1:0];
            dil_mod <= dil_rest[KB-1:0];
            dil_div <= dil_quotient[B_BITS-1:0];
            pad_mod <= pad_rest[KB-1:0];
            pad_div <= pad_quotient[B_BITS-1:0];
            row_step <= row_product[B_BITS-1:0];
            row_bank_step <= row_rest[KB-1:0];
            kernel_row_step <= kernel_row_product[B_BITS-1:0];
            kernel_row_bank_step <= kernel_row_rest[KB-1:0];
            plane_step <= plane_product[B_BITS-1:0];
        end
    end

    // ---- The A engine
    wire ea = a_entry[0];
    reg [31:0] a_pixels; // of finished tiles
    reg [9:0]  a_panel;
    reg [15:0] a_slice;
    reg [A_BITS-1:0] a_addr;
    wire a_has = (a_entry != accepted);
    wire [9:0] ready = half_a[ea] ? panels_ready[19:10] : panels_ready[9:0];
    wire a_awaits = a_has && (a_panel >= ready);
    wire a_room;
    wire a_starts = a_has && !a_awaits && a_room;
    wire [31:0] a_left = pixels[ea] - a_pixels;
    wire last_slice = (a_slice + 16'd1 == kprime[ea]);
    wire last_panel = (a_panel + 10'd1 == panels[ea]);
    wire a_last_tile = (a_left <= N32);
    assign a_entry_ends = a_starts && last_slice && last_panel && a_last_tile;
    wire tag_first = (a_slice == 16'd0) && opens[ea];
    wire tag_last = last_slice && closes[ea];
    wire [CW-1:0] tag_m = last_panel ? last_rows[ea] : ALL;
    wire [CW-1:0] tag_nc = (a_left < N32) ? a_left[CW-1:0] : ALL;

    always @(posedge clk) begin
        if (rst) begin
            a_wait <= 1'b0;
            l2a_re <= 1'b0;
            l2a_half <= 1'b0;
            l2a_addr <= {A_BITS{1'b0}};
            a_pixels <= 32'd0;
            a_panel <= 10'd0;
            a_slice <= 16'd0;
            a_addr <= {A_BITS{1'b0}};
        end else begin
            a_wait <= a_awaits;
            l2a_re <= a_starts;
            if (a_starts) begin
                l2a_half <= half_a[ea];
                l2a_addr <= a_addr;
                a_slice <= last_slice ? 16'd0 : a_slice + 16'd1;
                a_addr <= (last_slice && last_panel) ? {A_BITS{1'b0}} : a_addr + 1'b1;
                if (last_slice) a_panel <= last_panel ? 10'd0 : a_panel + 10'd1;
                if (last_slice && last_panel) a_pixels <= a_last_tile ? 32'd0 : a_pixels + N32;
            end
        end
    end

    l2_slice_fifo #(
        .WIDTH(16 * N),
        .TAG(2 + 2 * CW)
    ) a_slices (
        .clk(clk),
        .rst(rst),
        .room(a_room),
        .start(a_starts),
        .in_tag({tag_nc, tag_m, tag_last, tag_first}),
        .in_data(l2a_data),
        .idle_next(a_idle_next),
        .out_valid(a_valid),
        .out_ready(a_ready),
        .out_data(a_data),
        .out_tag({a_nc, a_m, a_last, a_first})
    );

    // ---- The column table, one tile and a buffer ahead
    wire et = table_entry[0];
    wire [31:0] table_pixels = pixels[et];
    wire [15:0] table_col0 = col0[et];
    wire [16:0] table_row0 = row0[et];
    wire [15:0] table_first_row = first_row[et];
    reg [1:0] b_tile;
    wire table_active;
    wire [1:0] built;
    /* verilator lint_off UNUSED */
    wire [1:0] ahead = built - b_tile;
    /* verilator lint_on UNUSED */
    wire table_begins = !table_active && (table_entry != accepted);
    wire table_steps = table_active && !ahead[1];
    wire [20*N-1:0] x;
    wire [20*N-1:0] y;
    wire [KB*N-1:0] x_mod;
    wire [B_BITS*N-1:0] base;
    wire [KB*N-1:0] bank;
    wire [CW-1:0] nc;
    l2_column_table #(
        .N(N),
        .BANKS(NB),
        .KB(KB),
        .AB(B_BITS)
    ) tile_columns (
        .clk(clk),
        .rst(rst),
        .begin_entry(table_begins),
        .pixels(table_pixels),
        .col0(table_col0),
        .row0(table_row0),
        .first_row(table_first_row),
        .step(table_steps),
        .out_w(cfg_out_w),
        .stride_y(cfg_stride_y),
        .stride_x(cfg_stride_x),
        .pad_x(cfg_pad_x),
        .w(cfg_wbank),
        .q(cfg_q[KB-1:0]),
        .stride_mod(stride_mod),
        .stride_div(stride_div),
        .pad_mod(pad_mod),
        .pad_div(pad_div),
        .row_step(row_step),
        .row_bank_step(row_bank_step),
        .active(table_active),
        .built(built),
        .ends_entry(table_entry_ends),
        .buffer(b_tile[0]),
        .x(x),
        .y(y),
        .x_mod(x_mod),
        .base(base),
        .bank(bank),
        .nc(nc)
    );

    // ---- The B engine
    wire eb = b_entry[0];
    wire [15:0] b_channels = channels[eb];
    reg [31:0] b_pixels; // of finished tiles
    reg [9:0]  b_panel;
    reg        past_bias;
    wire b_room;
    wire b_starts = (b_tile != built) && b_room;
    wire is_bias = bias[eb] && !past_bias;
    wire b_reads = b_starts && !is_bias;
    wire last_tap;
    wire panel_ends = b_reads && last_tap;
    wire tile_ends = panel_ends && (b_panel + 10'd1 == panels[eb]);
    wire [31:0] b_pixels_next = b_pixels + {{(32 - CW) {1'b0}}, nc};
    assign b_entry_ends = tile_ends && (b_pixels_next == pixels[eb]);

    wire [19:0] dx;
    wire [19:0] dy;
    wire [KB-1:0] tap_x_mod;
    wire [B_BITS-1:0] tap_base;
    wire [KB-1:0] tap_bank;
    l2_tap_counter #(
        .BANKS(NB),
        .KB(KB),
        .AB(B_BITS)
    ) tap (
        .clk(clk),
        .rst(rst),
        .advance(b_reads),
        .channels(b_channels),
        .kernel_h(cfg_kh),
        .kernel_w(cfg_kw),
        .dil_y(cfg_dil_y),
        .dil_x(cfg_dil_x),
        .in_w(cfg_in_w[KB-1:0]),
        .u(cfg_u[KB-1:0]),
        .dil_mod(dil_mod),
        .dil_div(dil_div),
        .row_step(kernel_row_step),
        .row_bank_step(kernel_row_bank_step),
        .plane_step(plane_step),
        .last(last_tap),
        .dx(dx),
        .dy(dy),
        .x_mod(tap_x_mod),
        .base(tap_base),
        .bank(tap_bank)
    );

    // Of each column: whether it has a word of a bank or the bias, which bank, and at which address.
    wire [N-1:0] reads;
    wire [N-1:0] biased;
    wire [KB*N-1:0] from_bank;
    wire [B_BITS*N-1:0] from_addr;
    genvar j;
    generate
        for (j = 0; j < N; j = j + 1) begin : column
            localparam [31:0] ME = j;
            localparam [CW-1:0] PLACE = ME[CW-1:0];
            wire counts = (PLACE < nc);
            wire [19:0] cx = x[20*j +: 20] + dx;
            wire [19:0] cy = y[20*j +: 20] + dy;
            wire in_image = !cx[19] && ({1'b0, cx} < {5'd0, cfg_in_w}) && !cy[19] && ({1'b0, cy} < {5'd0, cfg_in_h});
            wire [KB:0] bank_sum = {1'b0, bank[KB*j +: KB]} + {1'b0, tap_bank};
            wire [KB:0] x_sum = {1'b0, x_mod[KB*j +: KB]} + {1'b0, tap_x_mod};
            /* verilator lint_off UNUSED */
            wire [KB:0] bank_wrapped = (bank_sum >= END) ? bank_sum - END : bank_sum;
            /* verilator lint_on UNUSED */
            assign reads[j] = b_reads && counts && in_image;
            assign biased[j] = is_bias && counts;
            assign from_bank[KB*j +: KB] = bank_wrapped[KB-1:0];
            assign from_addr[B_BITS*j +: B_BITS] =
                base[B_BITS*j +: B_BITS] + tap_base + {{(B_BITS - 1) {1'b0}}, x_sum >= END};
        end
    endgenerate

    // Of each bank: whether a column reads it, and where.
    reg [NB-1:0] en;
    reg [B_BITS*NB-1:0] addr;
    integer b;
    integer i;
    always @* begin
        en = {NB{1'b0}};
        addr = {(B_BITS * NB) {1'b0}};
        for (b = 0; b < NB; b = b + 1) begin
            for (i = 0; i < N; i = i + 1) begin
                if (reads[i] && ({{(32 - KB) {1'b0}}, from_bank[KB*i +: KB]} == b)) begin
                    en[b] = 1'b1;
                    addr[B_BITS*b +: B_BITS] = addr[B_BITS*b +: B_BITS] | from_addr[B_BITS*i +: B_BITS];
                end
            end
        end
    end

    always @(posedge clk) begin
        if (rst) begin
            b_wait <= 1'b1;
            l2b_re <= 1'b0;
            l2b_half <= 1'b0;
            l2b_addr <= {(B_BITS * NB) {1'b0}};
            l2b_en <= {NB{1'b0}};
            b_tile <= 2'd0;
            b_pixels <= 32'd0;
            b_panel <= 10'd0;
            past_bias <= 1'b0;
        end else begin
            b_wait <= (b_entry == accepted);
            l2b_re <= b_reads;
            if (b_reads) begin
                l2b_half <= half_b[eb];
                l2b_addr <= addr;
                l2b_en <= en;
            end
            if (b_starts && is_bias) past_bias <= 1'b1;
            else if (panel_ends) past_bias <= 1'b0;
            if (panel_ends) b_panel <= tile_ends ? 10'd0 : b_panel + 10'd1;
            if (tile_ends) begin
                b_tile <= b_tile + 2'd1;
                b_pixels <= b_entry_ends ? 32'd0 : b_pixels_next;
            end
        end
    end

    // ---- The crossbar: its selection travels with the read, and is there when the words are
    localparam SELECT = (2 + KB) * N;
    reg [SELECT-1:0] select_1;
    reg [SELECT-1:0] select_2;
    reg [SELECT-1:0] select;
    always @(posedge clk) begin
        select_1 <= {biased, reads, from_bank};
        select_2 <= select_1;
        select <= select_2;
    end
    wire [N-1:0] has_bias = select[SELECT-1 -: N];
    wire [N-1:0] has_word = select[KB*N +: N];
    reg [16*N-1:0] words;
    integer c;
    integer k;
    always @* begin
        words = {(16 * N) {1'b0}};
        for (c = 0; c < N; c = c + 1) begin
            if (has_bias[c]) words[16*c +: 16] = 16'd1 << cfg_bias_exp;
            for (k = 0; k < NB; k = k + 1) begin
                if (has_word[c] && ({{(32 - KB) {1'b0}}, select[KB*c +: KB]} == k)) words[16*c +: 16] = l2b_data[16*k +: 16];
            end
        end
    end

    /* verilator lint_off UNUSED */
    wire b_tag;
    /* verilator lint_on UNUSED */
    l2_slice_fifo #(
        .WIDTH(16 * N),
        .TAG(1)
    ) b_slices (
        .clk(clk),
        .rst(rst),
        .room(b_room),
        .start(b_starts),
        .in_tag(1'b0),
        .in_data(words),
        .idle_next(b_idle_next),
        .out_valid(b_valid),
        .out_ready(b_ready),
        .out_data(b_data),
        .out_tag(b_tag)
    );
endmodule
