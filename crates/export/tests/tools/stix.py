"""Validates STIX 2.1 files with the OASIS validator; its errors fail, and its warnings are counted."""
import sys

from stix2validator import ValidationOptions, validate_file

failed = False
for path in sys.argv[1:]:
    results = validate_file(path, ValidationOptions(version="2.1"))
    for result in results.object_results:
        for error in result.errors or []:
            failed = True
            print(f"{path}: {result.object_id}: {error}")
        for warning in result.warnings or []:
            print(f"warning: {warning}")
    failed = failed or not results.is_valid
sys.exit(failed)
