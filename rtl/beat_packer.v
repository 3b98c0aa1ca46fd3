// Joins a command's beats of 256 bits in pairs to beats of 512 bits.
//
// Does     The first and second beat of a command become one, the third and fourth, and so on; the last of an
//          odd number goes alone, in the lower half. out_first is the lower half's first word; out_count the
//          words of both; out_last the upper half's, or that of the one alone.
// Timing   The beat that completes a pair, or is its command's last, accepted in cycle c: the wide beat is
//          visible in c+1. in_ready = (count != 2) and out_valid = (count != 0) depend on registers only, with
//          no bypass: a full packer refuses a beat even while one leaves.
// Storage  Two wide beats; a half that waits lies in the place behind the waiting ones. Lanes that nobody
//          wrote hold what was there before. Reset drops what is held, the memory stays.
// Source   The machine contract, sections 6 and 8.
module beat_packer (
    input  wire         clk,
    input  wire         rst,
    input  wire         in_valid,
    output wire         in_ready,
    input  wire [255:0] in_data,
    input  wire [3:0]   in_first,
    input  wire [4:0]   in_count,
    input  wire         in_last,
    output wire         out_valid,
    input  wire         out_ready,
    output wire [511:0] out_data,
    output wire [4:0]   out_first,
    output wire [5:0]   out_count,
    output wire         out_last
);
    reg [1:0] count;
    reg head;
    reg half; // the lower half is there, and waits
    reg [3:0] half_first;
    reg [4:0] half_words;
    reg [255:0] lower [0:1];
    reg [255:0] upper [0:1];
    reg [10:0] marks [0:1]; // {last, count, first}

    integer k;
    initial for (k = 0; k < 2; k = k + 1) begin
        lower[k] = 256'd0;
        upper[k] = 256'd0;
        marks[k] = 11'd0;
    end

    assign in_ready = (count != 2'd2);
    assign out_valid = (count != 2'd0);
    assign out_data = {upper[head], lower[head]};
    assign {out_last, out_count, out_first[3:0]} = marks[head];
    assign out_first[4] = 1'b0;

    wire comes = in_valid && in_ready;
    wire goes = out_ready && out_valid;
    wire whole = comes && (half || in_last);
    wire tail = head ^ count[0];
    wire [3:0] first = half ? half_first : in_first;
    wire [5:0] words = {1'b0, in_count} + (half ? {1'b0, half_words} : 6'd0);

    always @(posedge clk) begin
        if (!rst && comes) begin
            if (half) upper[tail] <= in_data;
            else lower[tail] <= in_data;
            half_first <= in_first;
            half_words <= in_count;
            marks[tail] <= {in_last, words, first};
        end
    end

    always @(posedge clk) begin
        if (rst) begin
            count <= 2'd0;
            head <= 1'b0;
            half <= 1'b0;
        end else begin
            if (comes) half <= !whole;
            if (goes) head <= !head;
            if (whole && !goes) count <= count + 2'd1;
            if (goes && !whole) count <= count - 2'd1;
        end
    end
endmodule
