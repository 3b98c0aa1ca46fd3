// The read pipeline of an engine of the address generators, and the FIFO of 32 slices behind it.
//
// Timing   A read that starts in cycle c (`start` high in c) has its data on in_data in c+3, counts in the level from c+5 on and,
//          with nothing before it, shows at the output in c+5. `room`, a register's: the level and the reads under way make less
//          than 32. Its tag is given with `start`. out_valid = level is not 0; a word leaves at the edge of a cycle with out_ready.
//          out_data and out_tag are registers and keep what they show while the level is 0.
// Ports    idle_next: after this edge no read is under way and no slice waits.
// Source   The machine contract, sections 1 and 7.
module l2_slice_fifo #(
    parameter WIDTH = 64,
    parameter TAG = 1
) (
    input  wire             clk,
    input  wire             rst,
    output wire             room,
    input  wire             start,
    input  wire [TAG-1:0]   in_tag,
    input  wire [WIDTH-1:0] in_data,
    output wire             idle_next,
    output reg              out_valid,
    input  wire             out_ready,
    output reg  [WIDTH-1:0] out_data,
    output reg  [TAG-1:0]   out_tag
);
    reg [WIDTH-1:0] data [0:31];
    reg [TAG-1:0] tags [0:31];
    integer k;
    initial begin
        for (k = 0; k < 32; k = k + 1) begin
            data[k] = {WIDTH{1'b0}};
            tags[k] = {TAG{1'b0}};
        end
    end

    reg [3:0] pipe;     // reads of the last four cycles, the latest in bit 0
    reg [5:0] reserved; // level and reads under way
    reg [5:0] level;
    reg [4:0] reserve;  // places to reserve, to fill and to show next
    reg [4:0] fill;
    reg [4:0] show;

    assign room = !reserved[5];
    wire takes = pipe[2];
    wire push = pipe[3];
    wire pop = out_valid && out_ready;
    wire [4:0] show_next = show + {4'd0, pop};
    wire [5:0] level_next = level + {5'd0, push} - {5'd0, pop};
    wire [5:0] reserved_next = reserved + {5'd0, start} - {5'd0, pop};
    assign idle_next = (reserved_next == 6'd0);

    always @(posedge clk) begin
        if (!rst && start) tags[reserve] <= in_tag;
        if (!rst && takes) data[fill] <= in_data;
    end

    always @(posedge clk) begin
        if (rst) begin
            pipe <= 4'd0;
            reserved <= 6'd0;
            level <= 6'd0;
            reserve <= 5'd0;
            fill <= 5'd0;
            show <= 5'd0;
            out_valid <= 1'b0;
            out_data <= {WIDTH{1'b0}};
            out_tag <= {TAG{1'b0}};
        end else begin
            pipe <= {pipe[2:0], start};
            reserved <= reserved_next;
            level <= level_next;
            if (start) reserve <= reserve + 5'd1;
            if (takes) fill <= fill + 5'd1;
            show <= show_next;
            out_valid <= (level_next != 6'd0);
            if ((pop || push) && (level_next != 6'd0)) begin
                out_data <= data[show_next];
                out_tag <= tags[show_next];
            end
        end
    end
endmodule
