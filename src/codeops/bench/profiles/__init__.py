"""Which lines the processor spends its time on."""
