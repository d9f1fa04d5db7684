#!/usr/bin/env python3
"""Writes types.tsv: each attribute type of MISP with the categories that it may have.

Usage: types.py describeTypes.json >types.tsv
PyMISP ships that file as pymisp/data/describeTypes.json (BSD-2-Clause). The numbers are those of ayumi_misp::Category.
"""
import json
import sys

described = json.load(open(sys.argv[1]))["result"]
number = {name: at for at, name in enumerate(described["categories"], 1)}
print("# MISP's attribute types and the categories of each, from the describeTypes.json of PyMISP 2.5.34.4; see types.py.")
for kind in described["types"]:
    allowed = [name for name, kinds in described["category_type_mappings"].items() if kind in kinds]
    print(kind, ",".join(str(number[name]) for name in allowed), sep="\t")
