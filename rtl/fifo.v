// FIFO with valid/ready on both sides: the skid buffer between blocks.
//
// Timing   in_ready = (count != DEPTH) and out_valid = (count != 0) depend on registers only.
//          A word pushed in cycle c is visible in cycle c+1. No bypass: an empty FIFO shows nothing of
//          what is being pushed, and a full one refuses a push even while it pops.
// Storage  DEPTH words (any integer >= 1), read asynchronously: out_data = mem[rd], stale when empty.
//          The memory is zeroed at configuration; reset clears the pointers and the count only, and
//          nothing is written while rst is high.
// Source   The machine contract, section 1.
module fifo #(
    parameter WIDTH = 16,
    parameter DEPTH = 16
) (
    input  wire                         clk,
    input  wire                         rst,
    input  wire                         in_valid,
    output wire                         in_ready,
    input  wire [WIDTH-1:0]             in_data,
    output wire                         out_valid,
    input  wire                         out_ready,
    output wire [WIDTH-1:0]             out_data,
    output reg  [$clog2(DEPTH+1)-1:0]   count
);
    localparam CW = $clog2(DEPTH + 1);
    // One word needs no address; a one-bit pointer that stays 0 avoids a zero-width range.
    localparam PW = (DEPTH > 1) ? $clog2(DEPTH) : 1;
    localparam [31:0] FULL32 = DEPTH;
    localparam [31:0] TOP32 = DEPTH - 1;
    localparam [CW-1:0] FULL = FULL32[CW-1:0];
    localparam [PW-1:0] TOP = TOP32[PW-1:0];

    reg [WIDTH-1:0] mem [0:DEPTH-1];
    reg [PW-1:0] rd;
    reg [PW-1:0] wr;

    wire push = in_valid && in_ready;
    wire pop = out_ready && out_valid;

    assign in_ready = (count != FULL);
    assign out_valid = (count != {CW{1'b0}});
    assign out_data = mem[rd];

    integer k;
    initial for (k = 0; k < DEPTH; k = k + 1) mem[k] = {WIDTH{1'b0}};

    always @(posedge clk) begin
        if (!rst && push) mem[wr] <= in_data;
    end

    always @(posedge clk) begin
        if (rst) begin
            count <= {CW{1'b0}};
            rd <= {PW{1'b0}};
            wr <= {PW{1'b0}};
        end else begin
            if (push) wr <= (wr == TOP) ? {PW{1'b0}} : wr + 1'b1;
            if (pop) rd <= (rd == TOP) ? {PW{1'b0}} : rd + 1'b1;
            if (push && !pop) count <= count + 1'b1;
            if (pop && !push) count <= count - 1'b1;
        end
    end
endmodule
