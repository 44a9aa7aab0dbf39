"""A small internet in memory, with a clock that is stepped: what publishers do, and what they would say of our manners."""
