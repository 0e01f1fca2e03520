"""Validates an OpenAPI document: openapi.py FILE. Raises if it is none."""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
assert document["paths"], "it has no paths"
OpenAPIV31SpecValidator(document).validate()
print("ok")
