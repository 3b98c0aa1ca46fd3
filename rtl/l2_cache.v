// The L2 cache: two halves of A (filter panels, one slice of N words an address) and two halves of B (activations, in NB
// banks of single words), filled from wide beats while the other half is read.
//
// Ports    beat: 32 words, of which `count` from word `first` on are the command's next ones (`last` is not used: what a
//          command takes follows from the command). fill: kind 0, `rows` slices of A from slice `addr` on, each padded to a
//          multiple of 16 words; kind 1, `rows` rows of cfg_w words of B from row `row` of channel `channel` on, rows past
//          cfg_hband going on with row 0 of the next channel. Lane 0 and bank 0 least significant.
// Timing   A beat accepted in cycle c is written from c+1 on, a command's words from two cycles after its accept on. Of A one
//          segment a cycle, the rest of the oldest beat or of the slice; of B each bank, in each cycle, the first held word of
//          the active command that is its own. fill_done comes in the cycle after the last write. A read presented in c shows
//          from c+2 on. Both readys depend on registers only.
// Legal    What the component refuses does not occur: cfg_w, cfg_wbank, cfg_hband >= 1, cfg_q < NB, cfg_u from 1 to NB with
//          cfg_u·cfg_w <= NB unless cfg_u is 1; commands and beats that end together; no half read and written at one address.
// Division A channel by cfg_u is a multiplication by a reciprocal from a table of NB words; remainders are by the constant NB.
// Storage  Memories and their read registers are zeroed at configuration and know no reset. Four beats, each word with its bank
//          and address once its command is the active one.
// Source   The machine contract, section 6.
module l2_cache #(
    parameter N = 4,
    parameter A_SLICES = 64,
    parameter B_WORDS = 64,
    // The smallest odd prime that is N or more.
    parameter NB = bank_count(N),
    parameter A_BITS = address_bits(A_SLICES),
    parameter B_BITS = address_bits(B_WORDS)
) (
    input  wire                 clk,
    input  wire                 rst,
    input  wire                 beat_valid,
    output wire                 beat_ready,
    input  wire [511:0]         beat_data,
    input  wire [4:0]           beat_first,
    /* verilator lint_off UNUSED */
    input  wire [5:0]           beat_count, // 32 counts as 0 modulo 32
    input  wire                 beat_last,
    /* verilator lint_on UNUSED */
    input  wire                 fill_valid,
    output wire                 fill_ready,
    input  wire                 fill_kind,
    input  wire                 fill_half,
    input  wire [15:0]          fill_addr,
    input  wire [15:0]          fill_channel,
    input  wire [15:0]          fill_row,
    input  wire [15:0]          fill_rows,
    output reg                  fill_done,
    output reg                  fill_done_kind,
    output reg                  fill_done_half,
    input  wire [15:0]          cfg_w,
    input  wire [15:0]          cfg_q,
    input  wire [15:0]          cfg_u,
    input  wire [15:0]          cfg_wbank,
    input  wire [15:0]          cfg_hband,
    input  wire                 a_re,
    input  wire                 a_half,
    input  wire [A_BITS-1:0]    a_addr,
    output wire [16*N-1:0]      a_data,
    input  wire                 b_re,
    input  wire                 b_half,
    input  wire [B_BITS*NB-1:0] b_addr,
    input  wire [NB-1:0]        b_en,
    output wire [16*NB-1:0]     b_data
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
    localparam [31:0] BANKS32 = NB;
    // Parts of 16 words that a slice has in DDR3.
    localparam PARTS = (N + 15) / 16;
    localparam [31:0] PARTS32 = PARTS;
    localparam [4:0] PARTS5 = PARTS32[4:0];
    localparam [31:0] A_SLICES32 = A_SLICES;
    localparam [31:0] B_WORDS32 = B_WORDS;
    // Words of a memory; its address has two bits at least.
    localparam A_SIZE = (A_SLICES > 1) ? 2 * A_SLICES : 4;
    localparam B_SIZE = (B_WORDS > 1) ? 2 * B_WORDS : 4;
    localparam [A_BITS:0] A_HALF = A_SLICES32[A_BITS:0];
    localparam [B_BITS:0] B_HALF = B_WORDS32[B_BITS:0];

    // ---- Reciprocals: ceil(2^25/u), by which a channel below 2^16 is divided exactly
    reg [25:0] reciprocal [0:NB];
    integer entry;
    /* verilator lint_off UNUSED */
    integer ceiling;
    initial begin
        reciprocal[0] = 26'd0;
        for (entry = 1; entry <= NB; entry = entry + 1) begin
            ceiling = (33554432 + entry - 1) / entry;
            reciprocal[entry] = ceiling[25:0];
        end
    end
    /* verilator lint_on UNUSED */

    // ---- The held beats, oldest first: slot s is empty when none of its words waits
    reg [2047:0]     held_word;
    reg [127:0]      held_waits;
    reg [128*KB-1:0] held_bank;
    reg [128*B_BITS-1:0] held_addr;
    reg [3:0]        held_placed;

    // ---- The command being prepared, and the active one
    reg        next_have;
    reg        next_kind;
    reg        next_half;
    /* verilator lint_off UNUSED */
    reg [15:0] next_addr; // a legal one has A_BITS bits
    /* verilator lint_on UNUSED */
    reg [15:0] next_row;
    reg [15:0] next_rows;
    reg [15:0] next_div;
    reg [15:0] next_mod;
    reg        active;
    reg        kind;
    reg        half;
    reg [15:0] todo; // A: slices that are left
    reg [A_BITS-1:0] addr;
    reg [4:0]  part; // 16-word part of the slice that the coming word is in

    // ---- What this cycle writes of A: one or two parts of 16 words of the oldest beat
    wire low = |held_waits[15:0];
    wire high = |held_waits[31:16];
    wire writes_a = active && !kind && (low || high);
    wire two_parts = low && high && (part + 5'd1 != PARTS5);
    wire [4:0] part_next = part + (two_parts ? 5'd2 : 5'd1);
    wire slice_ends = (part_next == PARTS5);
    wire [31:0] goes_a = two_parts ? 32'hffff_ffff : low ? 32'h0000_ffff : 32'hffff_0000;

    // ---- What this cycle writes of B: of each bank the first of its words
    wire [127:0] candidates = held_waits
        & {{32{held_placed[3]}}, {32{held_placed[2]}}, {32{held_placed[1]}}, {32{held_placed[0]}}};
    wire writes_b = active && kind && (|candidates);
    wire [128*NB-1:0] goes_to;
    reg [127:0] goes_b;
    integer bank;
    always @* begin
        goes_b = 128'd0;
        for (bank = 0; bank < NB; bank = bank + 1) goes_b = goes_b | goes_to[128*bank +: 128];
    end

    wire ends_a = writes_a && slice_ends && (todo == 16'd1);
    wire ends_b = writes_b && all_placed && (goes_b == candidates);
    wire ends = ends_a || ends_b;

    // ---- Handshakes
    wire [127:0] stays = held_waits & ~(writes_b ? goes_b : 128'd0) & ~(writes_a ? {96'd0, goes_a} : 128'd0);
    wire [3:0] full = {|stays[127:96], |stays[95:64], |stays[63:32], |stays[31:0]};
    assign beat_ready = (full != 4'hf);
    assign fill_ready = !next_have || !active || ends;
    wire takes_beat = beat_valid && beat_ready;
    wire takes_fill = fill_valid && fill_ready;
    wire activates = next_have && (!active || ends);
    wire active_next = activates || (active && !ends);
    wire kind_next = activates ? next_kind : kind;

    // ---- Beats that stay move up; a new one goes behind them
    wire [7:0] from = {
        2'd3,
        (full[2:0] == 3'b111) ? 2'd2 : 2'd3,
        (full[1:0] == 2'b11) ? 2'd1 : ((full[1:0] != 2'b00) && full[2]) ? 2'd2 : 2'd3,
        full[0] ? 2'd0 : full[1] ? 2'd1 : full[2] ? 2'd2 : 2'd3
    };
    wire [2:0] count = {2'd0, full[0]} + {2'd0, full[1]} + {2'd0, full[2]} + {2'd0, full[3]};
    wire [4:0] beat_end = beat_first + beat_count[4:0] - 5'd1;
    reg [31:0] beat_waits;
    integer lane;
    always @* begin
        for (lane = 0; lane < 32; lane = lane + 1)
            beat_waits[lane] = (lane >= {27'd0, beat_first}) && (lane <= {27'd0, beat_end});
    end
    localparam SLOT = 512 + 32 * KB + 32 * B_BITS + 32 + 1;
    wire [2047:0] kept_word;
    wire [127:0] kept_waits;
    wire [128*KB-1:0] kept_bank;
    wire [128*B_BITS-1:0] kept_addr;
    wire [3:0] kept_placed;

    genvar s;
    generate
        for (s = 0; s < 4; s = s + 1) begin : slot
            localparam [1:0] PLACE = s;
            // All that a slot is about; it takes its own, that of the first later slot that stays, or the new beat's.
            wire [SLOT-1:0] mine = {
                held_word[512*s +: 512],
                held_bank[32*KB*s +: 32*KB],
                held_addr[32*B_BITS*s +: 32*B_BITS],
                stays[32*s +: 32],
                held_placed[s]
            };
            wire [1:0] source = from[2*s +: 2];
            wire [SLOT-1:0] later;
            if (s == 0) begin : first
                assign later = (source == 2'd1) ? slot[1].mine : (source == 2'd2) ? slot[2].mine : slot[3].mine;
            end else if (s == 1) begin : second
                assign later = (source == 2'd2) ? slot[2].mine : slot[3].mine;
            end else if (s == 2) begin : third
                assign later = slot[3].mine;
            end else begin : fourth
                assign later = mine;
            end
            wire [SLOT-1:0] stayed = (source == PLACE) ? mine : later;
            wire holds = (count > s);
            wire comes = takes_beat && (count == s);
            assign kept_word[512*s +: 512] = comes ? beat_data : stayed[SLOT-1 -: 512];
            assign kept_bank[32*KB*s +: 32*KB] = stayed[33+32*B_BITS +: 32*KB];
            assign kept_addr[32*B_BITS*s +: 32*B_BITS] = stayed[33 +: 32*B_BITS];
            assign kept_waits[32*s +: 32] = comes ? beat_waits : holds ? stayed[32:1] : 32'd0;
            assign kept_placed[s] = holds && stayed[0];
        end
    endgenerate

    // ---- Where the prepared command begins. A legal address has B_BITS bits
    /* verilator lint_off UNUSED */
    wire [15:0] plane_step = cfg_hband * cfg_wbank;
    wire [15:0] plane_bank = next_mod * cfg_w;
    wire [15:0] plane_addr = next_div * plane_step;
    wire [15:0] row_addr = plane_addr + next_row * cfg_wbank;
    wire [31:0] row_bank = ({16'd0, plane_bank} + {16'd0, next_row} * {16'd0, cfg_q}) % BANKS32;
    /* verilator lint_on UNUSED */

    // ---- Beats of the active command are placed: each of their words gets its bank and address
    wire [3:0] places;
    wire [128*KB-1:0] place_bank;
    wire [128*B_BITS-1:0] place_addr;
    wire all_placed;
    l2_row_walk #(
        .BANKS(NB),
        .KB(KB),
        .AB(B_BITS)
    ) rows (
        .clk(clk),
        .rst(rst),
        .start(activates),
        .start_rows(next_rows),
        .start_row(next_row),
        .start_row_bank(row_bank[KB-1:0]),
        .start_row_addr(row_addr[B_BITS-1:0]),
        .start_mod(next_mod[KB-1:0]),
        .start_plane_bank(plane_bank[KB-1:0]),
        .start_plane_addr(plane_addr[B_BITS-1:0]),
        .cfg_w(cfg_w),
        .cfg_q(cfg_q[KB-1:0]),
        .cfg_u(cfg_u[KB-1:0]),
        .cfg_wbank(cfg_wbank[B_BITS-1:0]),
        .cfg_hband(cfg_hband),
        .plane_step(plane_step[B_BITS-1:0]),
        .enable(active_next && kind_next),
        .waits(kept_waits),
        .has_place(kept_placed),
        .places(places),
        .bank(place_bank),
        .addr(place_addr),
        .finished(all_placed)
    );

    // ---- Registers of the fill
    /* verilator lint_off UNUSED */
    wire [41:0] quotient = {26'd0, fill_channel} * {16'd0, reciprocal[cfg_u[KB-1:0]]};
    /* verilator lint_on UNUSED */
    wire [15:0] divided = quotient[40:25];

    integer age;
    always @(posedge clk) begin
        held_word <= kept_word;
        for (age = 0; age < 4; age = age + 1) begin
            held_bank[32*KB*age +: 32*KB] <= places[age] ? place_bank[32*KB*age +: 32*KB] : kept_bank[32*KB*age +: 32*KB];
            held_addr[32*B_BITS*age +: 32*B_BITS] <= places[age]
                ? place_addr[32*B_BITS*age +: 32*B_BITS]
                : kept_addr[32*B_BITS*age +: 32*B_BITS];
        end
        if (rst) begin
            held_waits <= 128'd0;
            held_placed <= 4'd0;
            next_have <= 1'b0;
            next_kind <= 1'b0;
            next_half <= 1'b0;
            next_addr <= 16'd0;
            next_row <= 16'd0;
            next_rows <= 16'd0;
            next_div <= 16'd0;
            next_mod <= 16'd0;
            active <= 1'b0;
            kind <= 1'b0;
            half <= 1'b0;
            todo <= 16'd0;
            addr <= {A_BITS{1'b0}};
            part <= 5'd0;
            fill_done <= 1'b0;
            fill_done_kind <= 1'b0;
            fill_done_half <= 1'b0;
        end else begin
            held_waits <= kept_waits;
            held_placed <= kept_placed | places;
            if (takes_fill) begin
                next_kind <= fill_kind;
                next_half <= fill_half;
                next_addr <= fill_addr;
                next_row <= fill_row;
                next_rows <= fill_rows;
                next_div <= divided;
                next_mod <= fill_channel - divided * cfg_u;
            end
            if (takes_fill) next_have <= 1'b1;
            else if (activates) next_have <= 1'b0;
            active <= active_next;
            if (activates) begin
                kind <= next_kind;
                half <= next_half;
                todo <= next_rows;
                addr <= next_addr[A_BITS-1:0];
                part <= 5'd0;
            end else if (writes_a) begin
                part <= slice_ends ? 5'd0 : part_next;
                if (slice_ends) begin
                    addr <= addr + 1'b1;
                    todo <= todo - 16'd1;
                end
            end
            fill_done <= ends;
            if (ends) begin
                fill_done_kind <= kind;
                fill_done_half <= half;
            end
        end
    end

    // ---- A: a memory for each 16 lanes of a slice
    wire [A_BITS:0] a_write_at = (half ? A_HALF : {(A_BITS + 1) {1'b0}}) + {1'b0, addr};
    wire [A_BITS:0] a_read_at = (a_half ? A_HALF : {(A_BITS + 1) {1'b0}}) + {1'b0, a_addr};
    genvar g;
    generate
        for (g = 0; g < PARTS; g = g + 1) begin : a
            localparam LANES = (N - 16 * g < 16) ? N - 16 * g : 16;
            localparam [4:0] ME = g;
            reg [16*LANES-1:0] mem [0:A_SIZE-1];
            reg [16*LANES-1:0] latch;
            reg [16*LANES-1:0] shown;
            wire first_part = (part == ME);
            wire second_part = two_parts && (part + 5'd1 == ME);
            wire [16*LANES-1:0] word = (first_part && low) ? held_word[16*LANES-1:0] : held_word[256 +: 16*LANES];
            assign a_data[256*g +: 16*LANES] = shown;
            integer at;
            initial begin
                for (at = 0; at < A_SIZE; at = at + 1) mem[at] = {(16 * LANES) {1'b0}};
                latch = {(16 * LANES) {1'b0}};
                shown = {(16 * LANES) {1'b0}};
            end
            always @(posedge clk) begin
                if (!rst && writes_a && (first_part || second_part)) mem[a_write_at] <= word;
                if (a_re) latch <= mem[a_read_at];
                shown <= latch;
            end
        end
    endgenerate

    // ---- B: a memory a bank, and the choice of its word: the lowest bit of those that wait for it
    genvar n;
    generate
        for (n = 0; n < NB; n = n + 1) begin : b
            localparam [KB-1:0] ME = n;
            reg [15:0] mem [0:B_SIZE-1];
            reg [15:0] latch;
            reg [15:0] shown;
            reg [127:0] mine;
            reg [15:0] word;
            reg [B_BITS-1:0] to;
            wire [127:0] goes = mine & (~mine + 128'd1);
            integer w;
            always @* begin
                for (w = 0; w < 128; w = w + 1) mine[w] = candidates[w] && (held_bank[KB*w +: KB] == ME);
            end
            always @* begin
                word = 16'd0;
                to = {B_BITS{1'b0}};
                for (w = 0; w < 128; w = w + 1) begin
                    word = word | (held_word[16*w +: 16] & {16{goes[w]}});
                    to = to | (held_addr[B_BITS*w +: B_BITS] & {B_BITS{goes[w]}});
                end
            end
            assign goes_to[128*n +: 128] = goes;
            wire [B_BITS:0] write_at = (half ? B_HALF : {(B_BITS + 1) {1'b0}}) + {1'b0, to};
            wire [B_BITS:0] read_at = (b_half ? B_HALF : {(B_BITS + 1) {1'b0}}) + {1'b0, b_addr[B_BITS*n +: B_BITS]};
            assign b_data[16*n +: 16] = shown;
            integer at;
            initial begin
                for (at = 0; at < B_SIZE; at = at + 1) mem[at] = 16'd0;
                latch = 16'd0;
                shown = 16'd0;
            end
            always @(posedge clk) begin
                if (!rst && writes_b && (|goes)) mem[write_at] <= word;
                if (b_re && b_en[n]) latch <= mem[read_at];
                shown <= latch;
            end
        end
    endgenerate
endmodule
