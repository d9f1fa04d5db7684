"""PyMISP judges what we write, and the double that stands in for a MISP server.

judge.py feed FOLDER          every file of a feed loads, and the lists are as PyMISP makes them
judge.py server URL KEY UUID  PyMISP, as its client, finds in the server what a MISP would have
"""

import json
import sys
import warnings
from pathlib import Path

from pymisp import MISPEvent, MISPObject, MISPSighting, PyMISP

warnings.simplefilter("ignore")
TEMPLATE = Path(__file__).parent.parent / "templates" / "ayumi-receipt" / "definition.json"


def check(condition, *what):
    if not condition:
        sys.exit("judge: " + " ".join(str(part) for part in what))


def check_receipt(receipt):
    """Builds the same object after the template, with every check of PyMISP on, and compares."""
    built = MISPObject("ayumi-receipt", strict=True, misp_objects_template_custom=json.loads(TEMPLATE.read_text()))
    for attribute in receipt.attributes:
        built.add_attribute(attribute.object_relation, value=attribute.value)
    check(built.template_uuid == receipt.template_uuid, "template", receipt.template_uuid)
    check(str(built.template_version) == str(receipt.template_version), "version", receipt.template_version)
    built.to_json()  # refuses an object without what its template requires
    for ours, theirs in zip(receipt.attributes, built.attributes):
        for key in ("type", "category", "to_ids", "disable_correlation"):
            check(ours.get(key) == theirs.get(key), ours.object_relation, key, ours.get(key), theirs.get(key))


def without_defaults(tags):
    """PyMISP leaves out what a tag does not state; MISP's own manifests state it."""
    defaults = {"colour": "", "local": False, "relationship_type": ""}
    return [{**defaults, **{key: value for key, value in tag.items() if value is not None}} for tag in tags]


def without_samples(text):
    """PyMISP unpacks samples, and takes the value from what is in them; some of the corpus are placeholders."""
    document = json.loads(text)
    event = document["Event"]
    lists = [event.get("Attribute") or []] + [thing.get("Attribute") or [] for thing in event.get("Object") or []]
    for attribute in (attribute for attributes in lists for attribute in attributes):
        if attribute["type"] == "malware-sample":
            attribute.pop("data", None)
    return document


def feed(folder):
    folder = Path(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    lines = (folder / "hashes.csv").read_text().splitlines()
    hashes = {}
    for line in lines:
        digest, uuid = line.split(",")
        hashes.setdefault(uuid, set()).add(digest)
    receipts = 0
    for uuid, entry in manifest.items():
        event = MISPEvent()
        event.load(without_samples((folder / f"{uuid}.json").read_text()), validate=True)
        check(event.uuid == uuid, "uuid", event.uuid, uuid)
        theirs = json.loads(json.dumps(event.manifest))[uuid]
        for key in ("info", "date"):
            check(theirs[key] == entry[key], uuid, key, theirs[key], entry[key])
        for key in ("timestamp", "analysis", "threat_level_id"):
            check(int(theirs[key]) == entry[key], uuid, key, theirs[key], entry[key])
        for key in ("name", "uuid"):
            check(theirs["Orgc"][key] == entry["Orgc"][key], uuid, "Orgc", theirs["Orgc"])
        names = {tag["name"] for tag in without_defaults(theirs["Tag"])}
        check(names == {tag["name"] for tag in entry["Tag"]}, uuid, "tags", theirs["Tag"], entry["Tag"])
        known = set(event.attributes_hashes("md5"))
        check(known == hashes.get(uuid, set()), uuid, "hashes", known ^ hashes.get(uuid, set()))
        check(event.to_feed()["Event"]["uuid"] == uuid, uuid, "is no event of a feed")
        for receipt in event.get_objects_by_name("ayumi-receipt"):
            check_receipt(receipt)
            receipts += 1
    check(receipts, "no event has a receipt")
    print(len(manifest), "events,", receipts, "receipts")


def server(url, key, uuid):
    misp = PyMISP(url, key)
    check(misp.misp_instance_version["version"] == "2.4.200", misp.misp_instance_version)
    event = misp.get_event(uuid, pythonify=True)
    check(isinstance(event, MISPEvent) and event.uuid == uuid, event)
    check(event.get_objects_by_name("ayumi-receipt"), "no receipt")
    found = misp.search(controller="events", uuid=[uuid], limit=10, page=1, metadata=True, pythonify=True)
    check([event.uuid for event in found] == [uuid], "search", found)
    check([event["uuid"] for event in misp.search_index()] == [uuid], "index")
    attribute = next(attribute for attribute in event.attributes if attribute.to_ids)
    sighting = MISPSighting()
    sighting.from_dict(type="1", source="pymisp")
    added = misp.add_sighting(sighting, attribute, pythonify=True)
    check(added.source == "pymisp", "sighting", added)
    seen = misp.search_sightings(context="event", context_id=event.id, include_attribute=True, pythonify=True)
    check(seen[-1]["attribute"].uuid == attribute.uuid, "sightings", seen)
    event.info = "edited"
    edited = misp.update_event(event, pythonify=True)
    check(edited.info == "edited", "edit", edited)
    check(misp.get_event("00000000-0000-4000-8000-000000000000")["errors"][0] == 404, "absent")
    check(misp.add_event(event)["errors"][0] == 404, "an event is there once")
    print("the double is as PyMISP expects a MISP to be")


if __name__ == "__main__":
    {"feed": feed, "server": server}[sys.argv[1]](*sys.argv[2:])
