"""The nouns that travel between rooms: frozen, slotted, picklable dataclasses and StrEnums, one module per noun."""
