// WRITE: stores rows of results over AXI4, 256 bits a beat.
//
// Place    Pixel p of filter f goes to byte cfg_base + 2*(f*cfg_plane_words + p), cfg_base being even; both settings
//          are sampled as a row is accepted. row_count is in 1..N; a row ends within its plane and 8 GiB.
// Does     Filter f has combining buffer f mod 512, of one beat. A row is joined to what its buffer holds; beats
//          whose last word is there leave, and so does the beat that ends the plane; the rest stays in the
//          buffer. The beats of a row are one INCR burst of ID 0, cut at 4 KB only. A buffer with words of another
//          beat than the row's first leaves before it, as a burst of its own. Words that are not there have no
//          strobes.
// Timing   row_ready = fewer than two rows wait. Each cycle makes one beat of the first row, into the FIFO of two in
//          front of `w`, with the burst's first beat also AW; it waits while that FIFO is full, and for a
//          burst's first beat while AW is stalled or OUTSTANDING bursts are unanswered. A row takes max(1, beats
//          that leave) cycles; its rest goes to the buffer with its last beat. Accepted in cycle c, nothing in its
//          way: AW and the first W beat valid in c+2. b_ready is 1.
// Flush    While flush is high and no row waits, one buffer a cycle is looked at and what it holds sent, until
//          all are empty. It begins with buffer 0 and, if interrupted, goes on where it stopped.
// idle     No row, no buffered word, no beat, no unanswered burst.
// Trusts   that responses are OKAY, of ID 0, and no more than there are bursts.
// Source   The machine contract, section 8.
module write_dma #(
    parameter N = 4,
    parameter OUTSTANDING = 4
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             row_valid,
    output wire             row_ready,
    input  wire [15:0]      row_filter,
    input  wire [31:0]      row_pixel,
    input  wire [5:0]       row_count,
    input  wire [16*N-1:0]  row_data,
    /* verilator lint_off UNUSED */
    input  wire [32:0]      cfg_base, // even
    /* verilator lint_on UNUSED */
    input  wire [31:0]      cfg_plane_words,
    input  wire             flush,
    output wire             idle,
    output reg              aw_valid,
    input  wire             aw_ready,
    output wire [3:0]       aw_id,
    output wire [32:0]      aw_addr,
    output wire [7:0]       aw_len,
    output wire [2:0]       aw_size,
    output wire [1:0]       aw_burst,
    output wire             w_valid,
    input  wire             w_ready,
    output wire [255:0]     w_data,
    output wire [31:0]      w_strb,
    output wire             w_last,
    input  wire             b_valid,
    output wire             b_ready,
    /* verilator lint_off UNUSED */
    input  wire [3:0]       b_id,
    input  wire [1:0]       b_resp
    /* verilator lint_on UNUSED */
);
    // A row of N <= 63 words from any lane on lies in at most five beats.
    localparam LANES = 80;
    localparam [31:0] MOST32 = OUTSTANDING;
    localparam [4:0] MOST = MOST32[4:0];

    // ---- Rows that wait, with the place of their first word
    wire [31:0] word = cfg_base[32:1] + {16'd0, row_filter} * cfg_plane_words + row_pixel;
    wire [32:0] row_end = {1'b0, row_pixel} + {27'd0, row_count};
    wire row_ends = (row_end == {1'b0, cfg_plane_words});

    wire have;
    wire row_done;
    wire [8:0] row_slot;
    wire [27:0] first_beat;
    wire [3:0] first_lane;
    wire [5:0] words;
    wire ends_plane;
    wire [16*N-1:0] data;
    /* verilator lint_off UNUSED */
    wire [1:0] rows;
    /* verilator lint_on UNUSED */
    fifo #(
        .WIDTH(48 + 16 * N),
        .DEPTH(2)
    ) waiting (
        .clk(clk),
        .rst(rst),
        .in_valid(row_valid),
        .in_ready(row_ready),
        .in_data({row_filter[8:0], word, row_count, row_ends, row_data}),
        .out_valid(have),
        .out_ready(row_done),
        .out_data({row_slot, first_beat, first_lane, words, ends_plane, data}),
        .count(rows)
    );

    // ---- The combining buffers
    reg [511:0] occupied;
    reg [9:0] held; // how many are occupied
    reg [8:0] scan;
    reg [15:0] masks [0:511];
    reg [27:0] beats [0:511];
    wire [8:0] slot = have ? row_slot : scan;
    wire there = occupied[slot];
    wire [15:0] mask = there ? masks[slot] : 16'd0;
    wire [27:0] buffered_beat = beats[slot];
    wire [255:0] buffered;

    // ---- What this cycle is to do
    reg [2:0] group; // beats of the first row that were made
    wire [6:0] end_lane = {3'd0, first_lane} + {1'b0, words};
    wire whole = ends_plane || (end_lane[3:0] == 4'd0);
    // Beats that leave: all that are begun, or all that are full.
    wire [2:0] leaving = (whole && (end_lane[3:0] != 4'd0)) ? end_lane[6:4] + 3'd1 : end_lane[6:4];
    wire elsewhere = have && (group == 3'd0) && there && (buffered_beat != first_beat);
    wire flushing = !have && flush && (held != 10'd0);
    wire send_buffer = elsewhere || (flushing && there);
    wire send_row = have && !elsewhere && (leaving != 3'd0);

    reg [2:0] burst_left; // beats still to come of the burst whose address was shown
    reg [4:0] pending;
    wire beat_room;
    wire opens = (burst_left == 3'd0);
    wire may = beat_room && (!opens || ((pending != MOST) && (!aw_valid || aw_ready)));
    wire send = (send_buffer || send_row) && may;
    wire last_group = (group + 3'd1 == leaving);
    assign row_done = have && !elsewhere && ((leaving == 3'd0) || (may && last_group));
    wire keep = row_done && !whole;

    // ---- The beat: the row's words in their lanes, over those of the buffer
    wire [16*LANES-1:0] spread = {{(16 * (LANES - N)) {1'b0}}, data} << {first_lane, 4'd0};
    wire [LANES-1:0] covered = ~({LANES{1'b1}} << words) << first_lane;
    wire [15:0] group_mask = covered[16*group +: 16];
    wire [255:0] group_data = spread[256*group +: 256];
    wire [15:0] rest_mask = covered[16*leaving +: 16];
    wire [255:0] rest_data = spread[256*leaving +: 256];

    wire joins = send_row && (group == 3'd0);
    wire [15:0] joined = (send_buffer || joins) ? mask : 16'd0;
    wire [15:0] taken = send_row ? group_mask : 16'd0;
    wire [15:0] beat_mask = joined | taken;
    wire [255:0] beat_data;

    wire [27:0] beat = send_buffer ? buffered_beat : first_beat + {25'd0, group};
    wire [7:0] to_boundary = 8'd128 - {1'b0, beat[6:0]};
    wire [2:0] to_come = send_buffer ? 3'd1 : leaving - group;
    wire [2:0] length = ({5'd0, to_come} > to_boundary) ? to_boundary[2:0] : to_come;
    wire [2:0] after = (opens ? length : burst_left) - 3'd1;

    wire cleared = send && (send_buffer || joins);
    wire empties = cleared && there;
    wire fills = keep && (empties || !there);
    wire [9:0] held_next = held - {9'd0, empties} + {9'd0, fills};

    genvar i;
    generate
        for (i = 0; i < 16; i = i + 1) begin : lane
            reg [15:0] kept [0:511];
            integer k;
            initial for (k = 0; k < 512; k = k + 1) kept[k] = 16'd0;
            assign buffered[16*i +: 16] = kept[slot];
            assign beat_data[16*i +: 16] = taken[i] ? group_data[16*i +: 16] : buffered[16*i +: 16];
            always @(posedge clk) begin
                if (!rst && keep && rest_mask[i]) kept[slot] <= rest_data[16*i +: 16];
            end
        end
    endgenerate

    integer b;
    initial for (b = 0; b < 512; b = b + 1) begin
        masks[b] = 16'd0;
        beats[b] = 28'd0;
    end

    always @(posedge clk) begin
        if (!rst && keep) begin
            masks[slot] <= (cleared ? 16'd0 : mask) | rest_mask;
            beats[slot] <= first_beat + {25'd0, leaving};
        end
    end

    // ---- Beats in front of `w`, addresses, bursts without a response
    wire [15:0] sent_mask;
    wire [1:0] queued;
    fifo #(
        .WIDTH(273),
        .DEPTH(2)
    ) outgoing (
        .clk(clk),
        .rst(rst),
        .in_valid(send),
        .in_ready(beat_room),
        .in_data({after == 3'd0, beat_mask, beat_data}),
        .out_valid(w_valid),
        .out_ready(w_ready),
        .out_data({w_last, sent_mask, w_data}),
        .count(queued)
    );
    generate
        for (i = 0; i < 16; i = i + 1) begin : strobes
            assign w_strb[2*i +: 2] = {2{sent_mask[i]}};
        end
    endgenerate

    reg [27:0] aw_beat;
    reg [2:0] aw_beats;
    assign aw_id = 4'd0;
    assign aw_addr = {aw_beat, 5'd0};
    assign aw_len = {5'd0, aw_beats};
    assign aw_size = 3'd5;
    assign aw_burst = 2'd1;
    assign b_ready = 1'b1;
    assign idle = !have && (held == 10'd0) && (queued == 2'd0) && (pending == 5'd0);

    always @(posedge clk) begin
        if (send && opens) begin
            aw_beat <= beat;
            aw_beats <= length - 3'd1;
        end
    end

    always @(posedge clk) begin
        if (rst) begin
            occupied <= 512'd0;
            held <= 10'd0;
            scan <= 9'd0;
            group <= 3'd0;
            burst_left <= 3'd0;
            pending <= 5'd0;
            aw_valid <= 1'b0;
        end else begin
            if (keep) occupied[slot] <= 1'b1;
            else if (empties) occupied[slot] <= 1'b0;
            held <= held_next;
            if (flushing && (!there || send)) scan <= (held_next == 10'd0) ? 9'd0 : scan + 9'd1;
            if (row_done) group <= 3'd0;
            else if (send && send_row) group <= group + 3'd1;
            if (send) burst_left <= after;
            if (send && opens) aw_valid <= 1'b1;
            else if (aw_ready) aw_valid <= 1'b0;
            pending <= pending + {4'd0, send && opens} - {4'd0, b_valid};
        end
    end
endmodule
