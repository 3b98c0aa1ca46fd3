// FIFO between two clocks. Each side shows the other its pointer in Gray code, which the other takes in
// through two flip-flops.
//
// Timing   Pushed at an edge of in_clk, a word is valid from the second edge of out_clk after it on: the
//          first edge takes the pointer into the first flip-flop, the second into the second. A pop makes
//          room likewise after two edges of in_clk. An edge of the other clock at the very instant of a push
//          or pop does not count. in_ready and out_valid depend on registers of their own side only.
// Flags    On the pointers' Gray codes as they are, no way back to binary: empty when they are equal, full
//          when they differ in their two top bits and in these alone.
// Reset    in_rst and out_rst, each synchronous to its clock, are to be high together for at least three
//          edges of each clock. Nothing is written to the memory while in_rst is high.
// Storage  DEPTH words, a power of two from 2 on, written in in_clk and read asynchronously: out_data is stale
//          when nothing is valid. Zeroed at configuration.
// Source   C. E. Cummings, SNUG 2002, style 1; docs/machine-contract.md, section 8.
module async_fifo #(
    parameter WIDTH = 16,
    parameter DEPTH = 8
) (
    input  wire                     in_clk,
    input  wire                     in_rst,
    input  wire                     in_valid,
    output wire                     in_ready,
    input  wire [WIDTH-1:0]         in_data,
    output reg  [$clog2(DEPTH):0]   write_gray,

    input  wire                     out_clk,
    input  wire                     out_rst,
    output wire                     out_valid,
    input  wire                     out_ready,
    output wire [WIDTH-1:0]         out_data,
    output reg  [$clog2(DEPTH):0]   read_gray
);
    localparam PW = $clog2(DEPTH) + 1;
    localparam [PW-1:0] ZERO = {PW{1'b0}};
    localparam [PW-1:0] ONE = {{(PW - 1) {1'b0}}, 1'b1};
    localparam [PW-1:0] TOP_TWO = {PW{1'b1}} << (PW - 2);

    reg [WIDTH-1:0] mem [0:DEPTH-1];
    integer k;
    initial for (k = 0; k < DEPTH; k = k + 1) mem[k] = {WIDTH{1'b0}};

    // ---- The side that pushes
    reg [PW-1:0] written;
    reg [PW-1:0] read_sync1;
    reg [PW-1:0] read_sync2;
    wire [PW-1:0] written_next = written + ONE;
    assign in_ready = (write_gray != (read_sync2 ^ TOP_TWO));

    always @(posedge in_clk) begin
        if (!in_rst && in_valid && in_ready) mem[written[PW-2:0]] <= in_data;
    end

    always @(posedge in_clk) begin
        if (in_rst) begin
            written <= ZERO;
            write_gray <= ZERO;
            read_sync1 <= ZERO;
            read_sync2 <= ZERO;
        end else begin
            read_sync1 <= read_gray;
            read_sync2 <= read_sync1;
            if (in_valid && in_ready) begin
                written <= written_next;
                write_gray <= written_next ^ (written_next >> 1);
            end
        end
    end

    // ---- The side that pops
    reg [PW-1:0] read;
    reg [PW-1:0] write_sync1;
    reg [PW-1:0] write_sync2;
    wire [PW-1:0] read_next = read + ONE;
    assign out_valid = (read_gray != write_sync2);
    assign out_data = mem[read[PW-2:0]];

    always @(posedge out_clk) begin
        if (out_rst) begin
            read <= ZERO;
            read_gray <= ZERO;
            write_sync1 <= ZERO;
            write_sync2 <= ZERO;
        end else begin
            write_sync1 <= write_gray;
            write_sync2 <= write_sync1;
            if (out_valid && out_ready) begin
                read <= read_next;
                read_gray <= read_next ^ (read_next >> 1);
            end
        end
    end
endmodule
