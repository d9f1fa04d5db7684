#!/usr/bin/env python3
"""Writes suffix-parents.txt: names that are no public suffix but have public suffixes below them.

    suffix_parents.py RULES >suffix-parents.txt

RULES is the file `data/rules.txt` of the crate `psl`, in the version that Cargo.lock names. Parents of wildcards alone are
left out, because the crate itself tells them.
"""

import sys

with open(sys.argv[1], encoding="utf-8") as file:
    rules = [line.strip() for line in file]
rules = [rule for rule in rules if rule and not rule.startswith(("//", "!"))]
rules = [rule.encode("idna").decode() if not rule.isascii() else rule for rule in rules]
suffixes = {rule for rule in rules if not rule.startswith("*.")}
parents = set()
for rule in rules:
    labels = rule.removeprefix("*.").split(".")
    parents.update(".".join(labels[start:]) for start in range(1, len(labels)))
print("\n".join(sorted(parents - suffixes)))
