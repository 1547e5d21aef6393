"""Finds the conditions of a C file and rewrites each so that a switch (mutant.h) can turn it around:
whole `if`s, operands of && and || in `if` and `return`, comparisons at their edge, RPL_TRY.
"""
import re
from collections import namedtuple

# text: the condition as it stands; key: names it whatever its line; number: its switch.
Mutant = namedtuple("Mutant", "number file line function kind text key")

EDGES = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|/\*.*?\*/|->|<<=?|>>=?|&&|\|\||[<>]=?|.', re.S)
FUNCTION = re.compile(r"^(?!static const|typedef|struct|enum|#)[a-z].*?\b(\w+)\(", re.M)
HEAD = re.compile(r"\b(if|return|RPL_TRY)\b\s*")


def closing(text, start):
    """Where the parenthesis at `start` closes."""
    depth = 0
    for token in TOKEN.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        if depth == 0:
            return token.start()
    raise ValueError("no closing parenthesis")


def split(text, operators):
    """[(operand, operator behind it)] at the top level; the last operator is None."""
    parts, depth, start = [], 0, 0
    for token in TOKEN.finditer(text):
        if token.group() in ("(", "[", "{"):
            depth += 1
        elif token.group() in (")", "]", "}"):
            depth -= 1
        elif depth == 0 and token.group() in operators:
            parts.append((text[start:token.start()], token.group()))
            start = token.end()
    parts.append((text[start:], None))
    return parts


def is_comment_or_string(text, at):
    return any(t.start() <= at < t.end() for t in TOKEN.finditer(text, max(0, text.rfind("\n", 0, at)), at + 1)
               if len(t.group()) > 2)


class Rewriter:
    def __init__(self, name, first_number):
        self.name, self.number, self.mutants, self.keys = name, first_number, [], {}

    def add(self, where, kind, text):
        line, function = where
        text = " ".join(text.split())
        key = f"{self.name} {function} {kind} {text}"
        self.keys[key] = self.keys.get(key, 0) + 1
        if self.keys[key] > 1:
            key += f" #{self.keys[key]}"
        self.mutants.append(Mutant(self.number, self.name, line, function, kind, text, key))
        self.number += 1
        return self.number - 1

    def comparison(self, where, text):
        parts = split(text, EDGES)
        if len(parts) != 2 or "?" in text or not re.search(r"\S", parts[0][0]):
            return text
        (left, operator), (right, _) = parts
        number = self.add(where, "edge", text)
        return f" MUTANT_EDGE({number}, {left.strip()}, {operator}, {EDGES[operator]}, {right.strip()})"

    def operand(self, where, text, negate):
        """An operand of a chain, which may be a chain in parentheses."""
        bare = text.strip()
        prefix = re.match(r"\s*", text).group()
        if bare.startswith("(") and closing(bare, 0) == len(bare) - 1:
            return f"{prefix}({self.condition(where, bare[1:-1], False)})"
        if not negate:
            return self.comparison(where, text)
        inner = self.comparison(where, text)
        return f" MUTANT_NOT({self.add(where, 'operand', text)}, {inner.strip()})"

    def condition(self, where, text, single):
        for operator in ("||", "&&"):
            parts = split(text, (operator,))
            if len(parts) > 1 and len(split(text, ("?",))) == 1:
                return operator.join(
                    f" ({self.condition(where, part, False)})" if split(part, ("&&",))[1:]
                    else self.operand(where, part, True) for part, _ in parts)
        return self.operand(where, text, not single)

    def rewrite(self, text):
        out, at = [], 0
        for head in HEAD.finditer(text):
            if head.start() < at or text[text.rfind("\n", 0, head.start()) + 1:].lstrip().startswith("#") or \
                    self.in_macro(text, head.start()) or is_comment_or_string(text, head.start()):
                continue
            function = [m.group(1) for m in FUNCTION.finditer(text, 0, head.start())]
            where = (text.count("\n", 0, head.start()) + 1, function[-1] if function else "-")
            made = self.statement(text, head, where)
            if made:
                end, replaced = made
                out += [text[at:head.start()], replaced]
                at = end
        return "".join(out) + text[at:]

    @staticmethod
    def in_macro(text, at):
        start = text.rfind("\n", 0, at)
        end = text.find("\n", at)
        return text[max(start - 1, 0)] == "\\" or text[end - 1] == "\\"

    def statement(self, text, head, where):
        """(end, new text) of what begins at `head`, or None."""
        word = head.group(1)
        if word == "return":
            end = text.index(";", head.end())
            inner = text[head.end():end]
            choice = split(inner, ("?",))
            if len(choice) > 1 and "{" not in inner:
                test = choice[0][0]
                return head.end() + len(test), f"return {self.whole(where, test)} "
            if '"' in inner or "{" in inner or not any(len(split(inner, (o,))) > 1 for o in ("&&", "||")):
                return None
            return end, "return" + self.condition(where, inner, False)
        if text[head.end():head.end() + 1] != "(":
            return None
        end = closing(text, head.end())
        inner = text[head.end() + 1:end]
        if word == "RPL_TRY":
            return end + 1, f"MUTANT_TRY({self.add(where, 'try', inner)}, {inner})"
        return end + 1, f"if ({self.whole(where, inner)})"

    def whole(self, where, text):
        changed = self.condition(where, text, True)
        return f"MUTANT_NOT({self.add(where, 'if', text)}, {changed.strip()})"


def rewrite(name, text, first_number):
    """(new text, mutants)"""
    r = Rewriter(name, first_number)
    return '#include "tests/mutants/mutant.h"\n#line 1\n' + r.rewrite(text), r.mutants
