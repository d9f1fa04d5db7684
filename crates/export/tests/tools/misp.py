"""Loads MISP files with PyMISP, and prints uuid, type and value of every attribute that it read, tab-separated."""
import json
import sys

from pymisp import MISPEvent, MISPObject


def attributes(document):
    if "Object" in document:
        loaded = MISPObject(document["Object"].get("name") or "unnamed")
        loaded.from_dict(**document["Object"])
        return loaded.attributes
    loaded = MISPEvent()
    loaded.load(document)
    assert json.loads(loaded.to_json())["uuid"] == loaded.uuid
    return loaded.attributes + [a for o in loaded.objects for a in o.attributes]


with open(sys.argv[1], encoding="utf-8") as file:
    whole = json.load(file)
for document in whole.get("response", [whole]):
    for attribute in attributes(document):
        print(attribute.type, json.dumps(attribute.value, default=str), sep="\t")
