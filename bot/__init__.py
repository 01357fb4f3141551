"""The running program: wiring, edges, clock. Nobody imports it."""
