"""An order looked at before anybody sends one: what it is, what speaks against it, what the broker says of it."""
