"""What an encoder computes for one text, laid open: outputs, h_n, c_n, and which of their entries are the same."""
