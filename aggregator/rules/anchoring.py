"""What a syntax tree can be asked: where it must find a word, and what of it has a place among the words."""

from __future__ import annotations

from aggregator.rules.syntax import And, AtLeast, EntityRef, Field, Key, Near, Node, Not, Or, Pattern, Term


def anchored(node: Node) -> bool:
    """Whether ``node`` can only match where some word of it stands."""
    match node:
        case Term() | EntityRef():
            return True
        case And(parts=parts):
            return any(map(anchored, parts))
        case Or(parts=parts):
            return all(map(anchored, parts))
        case Field(part=part) | AtLeast(part=part):
            return anchored(part)
        case Near(left=left):
            return anchored(left)
        case Not() | Key() | Pattern():
            return False


def unpositional(node: Node) -> Node | None:
    """The first part that has no position, and so cannot stand beside NEAR or inside ATLEAST."""
    match node:
        case And() | Not() | Key() | Pattern():
            return node
        case Or(parts=parts):
            return next((bad for part in parts if (bad := unpositional(part))), None)
        case Field(part=part) | AtLeast(part=part):
            return unpositional(part)
        case Near() | Term() | EntityRef():
            return None


def unkept_pattern(node: Node, *, sure: bool = False) -> Pattern | None:
    """The first regular expression that would be put to the whole text of every article.

    ``sure``: a word that must occur, or the title alone, keeps it from that.
    """
    match node:
        case Pattern():
            return None if sure else node
        case And(parts=parts):
            held = sure or any(map(anchored, parts))
            return next((bad for part in parts if (bad := unkept_pattern(part, sure=held))), None)
        case Or(parts=parts):
            return next((bad for part in parts if (bad := unkept_pattern(part, sure=sure))), None)
        case Not(part=part):
            return unkept_pattern(part, sure=sure)
        case Field(name=name, part=part):
            return unkept_pattern(part, sure=sure or name == "title")
        case Term() | EntityRef() | Key() | Near() | AtLeast():
            return None
