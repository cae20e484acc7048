"""Which strikes suit a strategy: named templates laid on a chain, priced by the thousand, sifted and ranked."""
