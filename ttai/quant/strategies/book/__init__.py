"""A live book while strategies are recognised in it: its lines, what is left of them, the shapes looked for."""
